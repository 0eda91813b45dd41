"""Equivalence: does the output mean the same as the expected text?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide whether OUTPUT and EXPECTED mean the same: whoever knows the one learns nothing from the other that matters, in
either direction. Wording, order, language, style and formatting do not count. A number, a name, a condition or a
negation that differs does; so does a statement that only one of them makes. INPUT says what matters."""


@dataclass(frozen=True, kw_only=True)
class Equivalence(Judge):
    """True when a judge finds that the output means the same as the expected text. Not applicable without one.

    Definition: Each of the two follows from the other, in what matters for the input.
    Range: 0 or 1.
    Direction: Higher is better.
    Source: Bidirectional entailment, as in semantic equivalence of Kuhn et al. 2023, arXiv 2302.09664.
    Pitfalls: Stricter than Correctness, which allows further details. Where texts only have to be near each other,
        EmbeddingSimilarity is cheaper.
    """

    name: str = "equivalence"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("equivalent", True, "each follows from the other"),
        Anchor("different", False, "one of them says something that matters and the other not"),
    )
    needs_expected: bool = True

    wrong_example = JudgedRow(
        input="When does the shop open?",
        output="It opens at nine on weekdays and stays closed on Saturdays.",
        expected="It opens at ten, Saturdays included.",
    )
