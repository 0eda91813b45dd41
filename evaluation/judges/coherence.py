"""Coherence: does the output hang together?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide how well OUTPUT hangs together as a text: each part follows from those before it, it does not contradict itself,
what pronouns stand for is clear, it does not break off. Judge neither whether it is true nor whether it answers INPUT;
a short text, a list or a piece of code can be fully coherent."""


@dataclass(frozen=True, kw_only=True)
class Coherence(Judge):
    """How well the output hangs together as a text, by a judge.

    Definition: Coherent (1): every part follows from the others, without contradiction or gap; uneven (0.5): it can
        be followed, with a jump, a repetition or an unclear reference; incoherent (0): it cannot be followed, or
        contradicts itself.
    Range: 0, 0.5 or 1.
    Direction: Higher is better.
    Source: "coherence" of SummEval, Fabbri et al. 2020, arXiv 2007.12626, with three levels for its five.
    Pitfalls: Fluent nonsense is coherent. Texts of today's models nearly always are: differences are small.
    """

    name: str = "coherence"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("coherent", 1.0, "every part follows from the others, without contradiction or gap"),
        Anchor("uneven", 0.5, "it can be followed, but with a jump, a repetition or an unclear reference"),
        Anchor("incoherent", 0.0, "it cannot be followed, breaks off, or contradicts itself"),
    )
    shows = ("input", "output")
    wrong_example = JudgedRow(
        input="Why is the sky blue?",
        output="Because they do. Blue is never in the sky, which is blue. However it therefore went home, and the",
    )
