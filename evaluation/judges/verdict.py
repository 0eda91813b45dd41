"""`Judge`: a model gives a verdict from a closed list, after saying why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from assay.errors import ConfigurationError
from assay.evaluation.gateway import Completion
from assay.evaluation.judges.ballots import Ballot
from assay.evaluation.judges.model_scorer import ModelScorer
from assay.evaluation.judges.panel import majority, no_majority, record, voted
from assay.evaluation.judges.prompt import ALL_TEXTS, JudgePrompt, framed, json_object, one_of
from assay.evaluation.judges.reading import Reading, choice, read_object, text
from assay.evaluation.judges.row_texts import JudgedRow
from assay.prompts import PromptVersion
from assay.scores import ScoreValue

# Lists of verdicts that mean yes and no: their value is a bool, so that they have a rate
PASS_FAIL = (("pass", "fail"), ("yes", "no"), ("true", "false"), ("correct", "incorrect"))

ANSWER = 'first "explanation", your reasons in one to three sentences, then "verdict", one of:\n{labels}'
SHAPE = '{{"explanation": "...", "verdict": "..."}}, the verdict one of: {labels}'


@dataclass(frozen=True, slots=True)
class Anchor:
    """A verdict, what it is worth, and when to give it, where its name is not enough."""

    label: str
    value: ScoreValue
    meaning: str = ""


@dataclass(frozen=True, kw_only=True)
class Judge(ModelScorer):
    """A scorer that asks a model for a verdict.

    `choices` maps every verdict the model may give to the value that is recorded. The explanation comes before the
    verdict, the answer is structured, one that cannot be used is asked for once more and then is a failure, never a
    value. The judged texts are fenced with a word made from a hash of all of them: a text that could guess it would
    have to contain its own hash. The same texts make the same request, so that an evaluation can be repeated and its
    answers kept.

    With `models` or `votes` the verdict is the one that more than half of all votes are for. Where none is, the score
    has no value and its explanation says how the votes fell, unless `tie_break` names a verdict for that case. When
    votes failed, and a majority is missing for that, the judge has failed.

    Recorded in the score's metadata: the models asked for and those that answered, tokens, cost, calls, the prompt's
    hash and registered version, the votes with their entropy in bits, and of a panel every vote by itself.
    """

    instructions: str
    choices: Mapping[str, ScoreValue] = field(default_factory=dict)  # of a built-in judge: those of its anchors
    descriptions: Mapping[str, str] = field(default_factory=dict)  # what a verdict means, where its name is not enough
    needs_expected: bool = False
    tie_break: str | None = None
    registered: PromptVersion | None = field(default=None, repr=False)  # stands in for the instructions and the frame

    shows: ClassVar[tuple[str, ...]] = ("input", "output", "expected")
    optional: ClassVar[frozenset[str]] = frozenset({"expected"})
    anchors: ClassVar[tuple[Anchor, ...]] = ()

    def __post_init__(self) -> None:
        if not self.choices:
            meanings = {anchor.label: anchor.meaning for anchor in self.anchors if anchor.meaning}
            object.__setattr__(self, "choices", {anchor.label: anchor.value for anchor in self.anchors})
            object.__setattr__(self, "descriptions", {**meanings, **self.descriptions})
        elif not isinstance(self.choices, Mapping):
            object.__setattr__(self, "choices", named_values(self.choices))
        verdicts: list[Any] = list(self.choices)
        if odd := [label for label in verdicts if not isinstance(label, str)]:
            raise ConfigurationError(
                f"Judge {self.name!r}: verdicts are texts, and {odd[0]!r} is none.", hint='E.g. {"good": 1, "bad": 0}.'
            )
        labels = {label.strip().casefold() for label in self.choices}
        if len(labels) < 2 or len(labels) < len(self.choices):
            raise ConfigurationError(
                f"Judge {self.name!r} needs two different choices or more, not {list(self.choices)}."
            )
        if unknown := set(self.descriptions) - set(self.choices):
            raise ConfigurationError(f"Judge {self.name!r} describes {sorted(unknown)}, which are none of its choices.")
        if self.tie_break is not None and self.tie_break not in self.choices:
            raise ConfigurationError(
                f"Judge {self.name!r} breaks ties with {self.tie_break!r}, which is none of its choices."
            )
        if "expected" in self.prompt.variables:
            object.__setattr__(self, "needs_expected", True)
        super().__post_init__()

    @property
    def range(self) -> tuple[float, float] | None:
        values = [float(value) for value in self.choices.values() if not isinstance(value, str)]
        return (min(values), max(values)) if len(values) == len(self.choices) else None

    @property
    def best_verdict(self) -> str:
        """The verdict of the best value; of labels without an order, the first."""
        if self.range is None:
            return next(iter(self.choices))
        best = max if self.direction == "higher" else min
        return best(self.choices, key=lambda label: float(self.choices[label]))

    @property
    def parameters(self) -> dict[str, Any]:
        said = {"instructions": self.instructions, "choices": dict(self.choices)}
        return {**super().parameters, **said, **({"tie_break": self.tie_break} if self.tie_break else {})}

    @cached_property
    def prompt(self) -> JudgePrompt:
        labels = ", ".join(f'"{label}"' for label in self.choices)
        return JudgePrompt(
            template=self._template(labels),
            schema=json_object({"explanation": {"type": "string"}, "verdict": one_of(self.choices)}),
            shape=SHAPE.format(labels=labels),
            config={"choices": dict(self.choices)},
            format=self._format(),
        )

    def prepare(self) -> dict[str, Any]:
        """As every judge; one that was made of a registered prompt has its version already."""
        if self.registered is None or not self.registered.is_registered:
            return super().prepare()
        known = {"prompt": self.registered.name, "version": self.registered.version, "hash": self.version}
        self._prepared.update(known)
        return known

    def read(self, answer: Completion, row: JudgedRow) -> Reading:
        said = read_object(answer, 'a text "verdict"')
        label = choice(said.get("verdict"), list(self.choices))
        return Reading(value=self.choices[label], label=label, explanation=text(said.get("explanation")))

    def decide(self, ballots: Sequence[Ballot]) -> Reading:
        read = [ballot.reading for ballot in ballots if ballot.reading is not None]
        votes = voted(ballots)
        won = majority([reading.label for reading in read if reading.label is not None], len(ballots))
        if won is not None:
            first = next(reading for reading in read if reading.label == won)
            return Reading(value=first.value, label=won, explanation=first.explanation, details=votes)
        if failure := no_majority(ballots, {**record(ballots), **votes, **self._identity()}):
            raise failure
        fell = ", ".join(f"{count} for {label!r}" for label, count in votes["votes"].items())
        told = f"no verdict has a majority of the {len(ballots)} votes: {fell}"
        if self.tie_break is None:
            return Reading(value=None, explanation=told, details={**votes, "tie": True})
        broken = f"{told}; ties count as {self.tie_break!r}"
        value = self.choices[self.tie_break]
        return Reading(value=value, label=self.tie_break, explanation=broken, details={**votes, "tie": True})

    def _lacks_expected(self, row: JudgedRow) -> bool:
        return row.expected is None and (self.needs_expected or super()._lacks_expected(row))

    def _template(self, labels: str) -> Sequence[Mapping[str, Any]]:
        if self.registered is not None and not isinstance(self.registered.template, str):
            return self.registered.template
        return framed(
            self.instructions,
            answer=ANSWER.format(labels=labels),
            verdicts=listed(self.choices, self.descriptions),
            user=self._texts_message(),
        )

    def _texts_message(self) -> str:
        """Template of the message in which the texts stand."""
        return ALL_TEXTS

    def _format(self) -> str:
        is_whole = self.registered is not None and not isinstance(self.registered.template, str)
        return self.registered.template_format if self.registered is not None and is_whole else "simple"


def listed(choices: Iterable[str], descriptions: Mapping[str, str]) -> str:
    """The verdicts with what they mean, as a model reads them."""
    lines = [f'- "{label}"' + (f": {descriptions[label]}" if label in descriptions else "") for label in choices]
    return "\n".join(["Choose exactly one verdict:", *lines])


def named_values(given: Any) -> dict[str, ScoreValue]:
    """Verdicts given as a list: those that mean yes and no are True and False, numbers themselves, others their names.

    Raises:
        ConfigurationError: it is no list of different texts or numbers.
    """
    labels = () if isinstance(given, str) else tuple(given)
    if (
        not labels
        or not all(isinstance(label, str | int | float) for label in labels)
        or len(set(labels)) < len(labels)
    ):
        raise ConfigurationError(f"A judge needs two different choices or more, as a list or a mapping, not {given!r}.")
    if tuple(str(label).casefold() for label in labels) in PASS_FAIL:
        return {str(labels[0]): True, str(labels[1]): False}
    return {str(label): label for label in labels}
