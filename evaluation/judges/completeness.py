"""Completeness: does the output do all that was asked?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide whether OUTPUT does all that INPUT asks for: every question answered, every part of the task done, every
condition of form kept. Where there is EXPECTED, all that it holds is asked for as well. First list for yourself what is
asked for, then look for each. Do not judge whether what is said is true, nor reward length."""


@dataclass(frozen=True, kw_only=True)
class Completeness(Judge):
    """How much of what was asked the output does, by a judge.

    Definition: Complete (1): every part of the request is dealt with, and every part of the expected value where
        there is one; partial (0.5): a part is missing; incomplete (0): the main part is missing, or most of them.
    Range: 0, 0.5 or 1.
    Direction: Higher is better.
    Source: Written for Assay.
    Pitfalls: A wrong answer can be complete. With expected values that hold more than was asked for, ask for the
        recall of facts instead: Correctness with a list of them.
    """

    name: str = "completeness"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("complete", 1.0, "every part of the request is dealt with"),
        Anchor("partial", 0.5, "a part of the request is missing; say which"),
        Anchor("incomplete", 0.0, "the main part of the request is missing, or most of its parts"),
    )
    wrong_example = JudgedRow(
        input="Name the three primary colours of light, and say who first split white light with a prism.",
        output="I like colours.",
    )
