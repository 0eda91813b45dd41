"""What all scorers that ask a model have in common: who is asked, how the row is shown, what is recorded."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.gateway import Completion, Gateway, default_gateway, model_name
from assay.evaluation.judges.ballots import Ballot, Voters, collect
from assay.evaluation.judges.panel import check_answered, record
from assay.evaluation.judges.prompt import JudgePrompt
from assay.evaluation.judges.reading import Reading
from assay.evaluation.judges.registered import register
from assay.evaluation.judges.row_texts import JudgedRow, NotApplicable, shown_texts
from assay.evaluation.judges.variables import arguments_for, text_of
from assay.evaluation.summary import Direction
from assay.scores import Score, ScoreValue
from assay.settings import current_settings
from assay.traces import Trace
from assay.tracing import start_span
from assay.tracing.prompt_link import link_prompt

if TYPE_CHECKING:
    from assay.evaluation.judges.injection import InjectionReport

MAX_VOTES = 100


@dataclass(frozen=True, kw_only=True)
class ModelScorer(ABC):
    """Base of every scorer that asks a model. A kind of judge says what is asked, how it is read, what it comes to.

    Args:
        model: as LiteLLM names it; the setting `judge_model` if not given.
        models: a panel: each of them is asked.
        votes: how often each model is asked; each time is a call of its own, also where answers are cached.
        temperature: None leaves it to the model. One that takes none is asked again without, and then remembered.
        seed: sent with the first vote, one more with each vote after it; None sends none.
        max_tokens: of an answer; one that is cut off there is asked for once more and then is a failure.
        gateway: what the calls go through; the one that the settings describe if not given.
    """

    name: str
    model: str | None = None
    models: Sequence[str] = ()
    votes: int = 1
    temperature: float | None = 0.0
    seed: int | None = None
    max_tokens: int | None = None
    direction: Direction = "higher"
    gateway: Gateway | None = field(default=None, repr=False, compare=False)
    _prepared: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)

    source: ClassVar[str] = "llm"
    shows: ClassVar[tuple[str, ...]] = ("input", "output")  # in the order in which the model reads it
    optional: ClassVar[frozenset[str]] = frozenset()  # of those, what a row may lack
    wrong_example: ClassVar[JudgedRow | None] = None  # a row that deserves a bad verdict: self-tests begin with it
    hostile_in: ClassVar[str] = "output"  # where self-tests put hostile texts, if it is shown

    def __post_init__(self) -> None:
        if self.model is not None and self.models:
            raise ConfigurationError(f"Judge {self.name!r} has a model and models.", hint="models= alone is a panel.")
        if isinstance(self.models, str):
            raise ConfigurationError(f"Judge {self.name!r}: models= is a list of models, not {self.models!r}.")
        if len({model_name(model) for model in self.models}) < len(self.models):
            raise ConfigurationError(
                f"Judge {self.name!r} names a model twice: {list(self.models)}.", hint="Use votes=."
            )
        if type(self.votes) is not int or not 1 <= self.votes <= MAX_VOTES:
            raise ConfigurationError(f"Judge {self.name!r}: votes= is a number from 1 to {MAX_VOTES}.")
        object.__setattr__(self, "__signature__", self._signature())

    # What a kind of judge says

    @property
    @abstractmethod
    def prompt(self) -> JudgePrompt: ...

    @abstractmethod
    def read(self, answer: Completion, row: JudgedRow) -> Reading:
        """What an answer says. Raises Unusable when it says nothing that can be used."""

    @abstractmethod
    def decide(self, ballots: Sequence[Ballot]) -> Reading:
        """What the ballots come to; at least one has been read. Its details become metadata."""

    def texts(self, row: JudgedRow) -> dict[str, Any]:
        """What the model is shown, by name. Raises NotApplicable when there is nothing to judge."""
        all_texts = shown_texts(row, self.shows, self.optional) if self.prompt.takes_all_texts else {}
        named = {name: text_of(row, name) for name in self.prompt.variables if name not in all_texts}
        return {**all_texts, **named}

    @property
    @abstractmethod
    def best_verdict(self) -> str:
        """The verdict that an output which talks to the judge would ask for."""

    def is_better(self, value: ScoreValue, other: ScoreValue) -> bool:
        """Is one value better than another? Of labels, which have no order, any other one counts as better."""
        if isinstance(value, str) or isinstance(other, str):
            return value != other
        return value > other if self.direction == "higher" else value < other

    def can_improve(self, value: ScoreValue) -> bool:
        """Is there a better value than this?"""
        ends: tuple[float, float] | None = getattr(self, "range", None)
        return ends is None or any(self.is_better(end, value) for end in ends)

    def injection_test(self, **options: Any) -> InjectionReport:
        """Can a wrong answer talk this judge into a better verdict? See `assay.scorers.injection_test`."""
        from assay.evaluation.judges.injection import injection_test

        return injection_test(self, **options)

    # What is read of every scorer

    @property
    def needs_trace(self) -> bool:
        return "trace" in inspect.signature(self).parameters

    @property
    def trace_is_optional(self) -> bool:
        """What it reads from the trace may be in the row's fields instead."""
        return "steps" not in (*self.shows, *self.prompt.variables)

    @property
    def version(self) -> str:
        """A hash of everything the model is told apart from the texts."""
        return self.prompt.hash

    @property
    def parameters(self) -> dict[str, Any]:
        own = {"votes": self.votes, "seed": self.seed, "max_tokens": self.max_tokens}
        return {
            "model": self.asked_model,
            "temperature": self.temperature,
            **({"models": self.asked_models} if self.models else {}),
            **{name: value for name, value in own.items() if value not in (None, 1)},
        }

    @property
    def asked_models(self) -> list[str]:
        return [model_name(model) for model in self.models or (self.model or current_settings().judge_model,)]

    @property
    def asked_model(self) -> str:
        """The model that is asked; of a panel, all of them."""
        return ", ".join(self.asked_models)

    def prepare(self) -> dict[str, Any]:
        """Register the prompt as a version of "judges/<name>", or find the version that it is. Once before a run."""
        self._prepared.update(register(self.name, self.prompt, self._commit_message()))
        return dict(self._prepared)

    async def __call__(
        self,
        input: Any = None,
        output: Any = None,
        expected: Any = None,
        context: Any = None,
        trace: Trace | ScorerError | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Score | None:
        row = JudgedRow(
            input=input, output=output, expected=expected, context=context, trace=trace, metadata=metadata or {}
        )
        if self._lacks_expected(row):
            return None
        return await self.judged(row)

    async def judged(self, row: JudgedRow) -> Score:
        """Judge a row. What there is nothing to judge of has no value, and the explanation says why."""
        try:
            texts = self.texts(row)
        except NotApplicable as nothing:
            return self._score(Reading(value=None, explanation=str(nothing)), {})
        with start_span(self.name, kind="evaluator") as span:
            if self._prepared.get("version"):
                link_prompt(self._prepared["prompt"], self._prepared["version"])
            span.set_inputs(texts)
            ballots = await collect(self.prompt, texts, lambda answer: self.read(answer, row), self._voters())
            metadata = {**record(ballots), **self._identity(), "trace_id": span.trace_id}
            check_answered(ballots, metadata)
            score = self._score(self.decide(ballots), metadata)
            span.set_outputs({"value": score.value, "explanation": score.explanation})
        return score

    def _score(self, reading: Reading, metadata: Mapping[str, Any]) -> Score:
        label = {} if reading.label is None else {"label": reading.label}
        return Score(
            name=self.name,
            value=reading.value,
            explanation=reading.explanation,
            source="llm",
            metadata={**metadata, **label, **reading.details},
        )

    def _identity(self) -> dict[str, Any]:
        """Which prompt this was."""
        registered = {"prompt": self._prepared.get("prompt"), "prompt_version": self._prepared.get("version")}
        return {"prompt_hash": self.version, **{name: value for name, value in registered.items() if value is not None}}

    def _voters(self) -> Voters:
        return Voters(
            models=self.asked_models,
            votes=self.votes,
            gateway=self.gateway or default_gateway(),
            temperature=self.temperature,
            seed=self.seed,
            max_tokens=self.max_tokens,
        )

    def _lacks_expected(self, row: JudgedRow) -> bool:
        return row.expected is None and "expected" in self.shows and "expected" not in self.optional

    def _commit_message(self) -> str:
        return f"{type(self).__name__} as assay.scorers has it"

    def _signature(self) -> inspect.Signature:
        """The arguments that this judge has a use for: an evaluation hands those over and fetches no others."""
        shown = self.shows if self.prompt.takes_all_texts else ()
        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        return inspect.Signature(
            [
                inspect.Parameter(name, kind)
                if name in ("input", "output")
                else inspect.Parameter(name, kind, default=None)
                for name in arguments_for([*shown, *self.prompt.variables])
            ]
        )
