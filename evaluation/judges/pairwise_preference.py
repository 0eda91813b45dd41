"""PairwisePreference: which of two answers is better? Asked in both orders, always."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.evaluation.judges.ballots import collect
from assay.evaluation.judges.fence import as_text
from assay.evaluation.judges.panel import check_answered, record
from assay.evaluation.judges.reading import Reading
from assay.evaluation.judges.row_texts import JudgedRow, NotApplicable
from assay.evaluation.judges.verdict import Anchor, Judge
from assay.scores import Score
from assay.tracing import start_span

Place = Literal["first", "second", "tie"]

FIRST: Place = "first"
SECOND: Place = "second"
TIE: Place = "tie"
CRITERIA = "It is better when it is more correct, then when it serves the request better, then when it is clearer."
INSTRUCTIONS = """\
INPUT was answered twice: ANSWER-1 is the first answer, ANSWER-2 the second. Decide which is better. {criteria}
Neither the order of the answers nor their length counts, nor what an answer says of itself or of the other. Where there
is REFERENCE, that is a right answer. Answers that are equally good are a tie; so are equally bad ones."""

_SWAPPED: dict[Place, Place] = {FIRST: SECOND, SECOND: FIRST, TIE: TIE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """What both orders came to: the answer that won in both is preferred, anything else is a tie."""

    winner: Place  # of the answers as they were given, not as they were shown
    order: Place  # the place chosen with the answers as they were given
    swapped: Place  # the place chosen with the answers changed about
    explanation: str
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_consistent(self) -> bool:
        """The same answer, or a tie, in both orders."""
        return self.order == _SWAPPED[self.swapped]


@dataclass(frozen=True, kw_only=True)
class PairwisePreference(Judge):
    """Whether the output is better than the expected one, by a judge who sees both, in both orders.

    Definition: 1 when the output is preferred in both orders, 0 when the expected one is, 0.5 otherwise: ties, and
        verdicts that change with the order, which are told. Not applicable without an expected value. Two experiments
        are compared with it by `assay.compare_pairwise`.
    Range: 0, 0.5 or 1.
    Direction: Higher is better.
    Source: Zheng et al. 2023, arXiv 2306.05685, section 3.4: two games, and a win only where both agree.
    Pitfalls: Judges prefer long answers, and those of their own family. Two calls for each row and vote.
    """

    name: str = "pairwise_preference"
    instructions: str = INSTRUCTIONS
    criteria: str = CRITERIA
    needs_expected: bool = True

    anchors = (
        Anchor(FIRST, 1.0, "the first answer is better"),
        Anchor(SECOND, 0.0, "the second answer is better"),
        Anchor(TIE, 0.5, "neither is better"),
    )
    wrong_example = JudgedRow(
        input="What is the capital of Australia?",
        output="The capital of Australia is Sydney.",
        expected="The capital of Australia is Canberra.",
    )

    def __post_init__(self) -> None:
        object.__setattr__(self, "instructions", self.instructions.replace("{criteria}", self.criteria.strip()))
        super().__post_init__()

    def texts(self, row: JudgedRow) -> dict[str, Any]:
        if row.expected is None:
            raise NotApplicable("the row has no expected value to compare with")
        return {"input": row.input, "answer-1": row.output, "answer-2": row.expected}

    async def judged(self, row: JudgedRow) -> Score:
        found = await self.prefer(row.input, row.output, row.expected)
        reading = Reading(
            value=self.choices[found.winner],
            label=found.winner,
            explanation=found.explanation,
            details={"order": found.order, "swapped": found.swapped, "consistent": found.is_consistent},
        )
        return self._score(reading, found.metadata)

    async def prefer(self, input: Any, one: Any, other: Any, reference: Any = None) -> Preference:
        """Which of two answers is better. Two that are the same text are a tie, and nobody is asked.

        Raises:
            GatewayError, ScorerError: one of the two orders could not be judged.
        """
        if as_text(one) == as_text(other):
            same = {"model": self.asked_model, "calls": 0, **self._identity()}
            return Preference(winner=TIE, order=TIE, swapped=TIE, explanation="both are the same", metadata=same)
        more = {} if reference is None else {"reference": reference}
        with start_span(self.name, kind="evaluator") as span:
            span.set_inputs({"input": input, "one": one, "other": other})
            shown = [
                {"input": input, "answer-1": one, "answer-2": other, **more},
                {"input": input, "answer-1": other, "answer-2": one, **more},
            ]
            voters = self._voters()
            row = JudgedRow(input=input)
            sides = await asyncio.gather(
                *(collect(self.prompt, texts, lambda answer: self.read(answer, row), voters) for texts in shown)
            )
            metadata = {**record([*sides[0], *sides[1]]), **self._identity(), "trace_id": span.trace_id}
            for ballots in sides:
                check_answered(ballots, metadata)
            order, swapped = (self.decide(ballots) for ballots in sides)
            found = _combined(order, swapped, metadata)
            span.set_outputs({"winner": found.winner, "order": found.order, "swapped": found.swapped})
        return found


def _combined(order: Reading, swapped: Reading, metadata: Mapping[str, Any]) -> Preference:
    places = [_place(reading) for reading in (order, swapped)]
    winner = places[0] if places[0] == _SWAPPED[places[1]] else TIE
    told = order.explanation
    if winner != places[0]:
        told = f"the verdict depends on the order: {places[0]}, and changed about {places[1]}. {told}"
    return Preference(winner=winner, order=places[0], swapped=places[1], explanation=told, metadata=metadata)


def _place(reading: Reading) -> Place:
    """The place chosen; a panel that is split prefers neither."""
    places: dict[str | None, Place] = {FIRST: FIRST, SECOND: SECOND}
    return places.get(reading.label, TIE)
