"""Relevance: does the output deal with what was asked?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide how far OUTPUT deals with what INPUT asks for. Judge only whether it is about the matter, not whether it is true,
complete or well written. Saying that the answer is not known, or why it cannot be given, deals with the matter."""


@dataclass(frozen=True, kw_only=True)
class Relevance(Judge):
    """How far the output deals with what the input asks for, by a judge; whether it is true does not count.

    Definition: Relevant (1): all of the output serves the request; partly (0.5): it serves the request, and holds
        much that does not, or misses the point of it; irrelevant (0): nothing in it serves the request.
    Range: 0, 0.5 or 1.
    Direction: Higher is better.
    Source: The "relevance" of Ragas and TruLens, as one verdict with written anchors.
    Pitfalls: A wrong answer to the right question is relevant. Use Correctness or Groundedness beside it.
    """

    name: str = "relevance"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("relevant", 1.0, "OUTPUT serves the request as a whole, apart from a sentence or two"),
        Anchor("partly", 0.5, "OUTPUT serves the request, but much of it does not, or it misses the point"),
        Anchor("irrelevant", 0.0, "nothing in OUTPUT serves the request"),
    )
    shows = ("input", "output")
    wrong_example = JudgedRow(
        input="How do I reset my password?",
        output="Our office in Lisbon has a lovely view of the river.",
    )
