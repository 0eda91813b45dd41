"""ContextSufficiency: is what was retrieved enough to answer from?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide whether the DOCUMENTS hold all that is needed to answer INPUT, by somebody who knows nothing else of the matter.
Where there is EXPECTED, the answer is to state all that it states. Documents that are beside the point do no harm."""


@dataclass(frozen=True, kw_only=True)
class ContextSufficiency(Judge):
    """True when a judge finds that the question can be answered from the context alone. Not applicable without one.

    Definition: Everything needed to answer the input (and to state the expected answer, where there is one) is in
        the documents that were retrieved. The output is not looked at.
    Range: 0 or 1.
    Direction: Higher is better.
    Source: "sufficient context", Joren et al. 2024, arXiv 2411.06037.
    Pitfalls: Without an expected value the judge has to know what a full answer is. It says nothing of what is
        superfluous: see ContextPrecision.
    """

    name: str = "context_sufficiency"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("sufficient", True, "INPUT can be answered in full from the DOCUMENTS"),
        Anchor("insufficient", False, "something that the answer needs is not in them; say what"),
    )
    shows = ("input", "context", "expected")
    optional = frozenset({"expected"})
    wrong_example = JudgedRow(
        input="How long may I return a pair of shoes?",
        context=["Our shoes are made of leather and come in all sizes."],
        expected="30 days",
    )
