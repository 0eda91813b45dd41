"""Groundedness: does the output say nothing that its context does not?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide whether everything that OUTPUT states as a fact follows from the DOCUMENTS. What INPUT itself says may be
repeated. General knowledge is no support: what the DOCUMENTS do not say is unsupported, even if it is true. Greetings,
questions, and saying that something is not known state no fact."""


@dataclass(frozen=True, kw_only=True)
class Groundedness(Judge):
    """True when a judge finds everything that the output states in its context. Not applicable without a context.

    Definition: Every statement of fact in the output follows from the documents that were retrieved, or from the
        input. The context is the field `context` of the output or of the item, else what the retriever spans of the
        row's trace returned; retrievers that found nothing are an empty context.
    Range: 0 or 1.
    Direction: Higher is better.
    Source: Attributable to identified sources, Rashkin et al. 2021, arXiv 2112.12870.
    Pitfalls: One verdict on the whole output says little of a long one: Faithfulness counts its claims. It does not
        say whether the context is right, nor whether the question is answered.
    """

    name: str = "groundedness"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("grounded", True, "everything that OUTPUT states follows from the DOCUMENTS"),
        Anchor("ungrounded", False, "something in OUTPUT does not follow from the DOCUMENTS, or contradicts them"),
    )
    shows = ("input", "output", "context")
    wrong_example = JudgedRow(
        input="How long may I return a pair of shoes?",
        output="You may return them within 90 days, and shipping is free.",
        context=["Shoes can be returned within 30 days. The customer pays for shipping."],
    )
