"""Correctness: a judge that compares the output with the expected answer, or with the facts it must state."""

from __future__ import annotations

from dataclasses import dataclass, field

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide whether OUTPUT is a correct answer to INPUT, given EXPECTED, which holds the right answer or the facts that a
right answer must state.

OUTPUT is correct when it states everything that EXPECTED states, in whatever words, and nothing that contradicts it.
Further details that do not contradict it are no fault, nor are length, style or politeness. Numbers must agree,
allowing for how they are written and for units that are converted correctly. An output that does not answer, or
answers something else, is incorrect."""


@dataclass(frozen=True, kw_only=True)
class Correctness(Judge):
    """True when a judge finds the output correct by the expected answer. Not applicable to items without one.

    Definition: The output states all that the expected answer, or every fact of a list of them, states, and
        contradicts none of it.
    Range: 0 or 1.
    Direction: Higher is better.
    Source: Reference-guided grading, Zheng et al. 2023, arXiv 2306.05685.
    Pitfalls: A judge errs; call its rate a judge's rate, not accuracy, until it was compared with people's labels.
        An expected answer with more in it than was asked for makes right answers incorrect.
    """

    model: str | None = field(default=None, kw_only=False)
    name: str = "correctness"
    instructions: str = INSTRUCTIONS
    needs_expected: bool = True

    anchors = (Anchor("correct", True), Anchor("incorrect", False))
    wrong_example = JudgedRow(
        input="What is the capital of Australia?",
        output="The capital of Australia is Sydney.",
        expected="Canberra",
    )
