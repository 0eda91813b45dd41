"""Correctness: a judge that compares the output with the expected answer, or with the facts it must state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from assay.evaluation.judges.verdict import Judge
from assay.scores import ScoreValue

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

    Definition: the output states all that the expected answer, or every fact of a list of them, states, and
    contradicts none of it.

    Range: 0 or 1. Direction: higher is better.

    Source: reference-guided grading, Zheng et al. 2023, arXiv 2306.05685.

    Pitfalls: a judge errs; call its rate a judge's rate, not accuracy, until it was compared with people's labels. An
    expected answer with more in it than was asked for makes right answers incorrect.
    """

    name: str = "correctness"
    instructions: str = field(default=INSTRUCTIONS, repr=False)
    choices: Mapping[str, ScoreValue] = field(default_factory=lambda: {"correct": True, "incorrect": False})
    needs_expected: bool = True

    wrong_example: ClassVar[dict[str, Any]] = {
        "input": "What is the capital of Australia?",
        "output": "The capital of Australia is Sydney.",
        "expected": "Canberra",
    }
