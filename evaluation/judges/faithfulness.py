"""Faithfulness: the share of an output's claims that its context supports, claim by claim with evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.evaluation.gateway import Completion
from assay.evaluation.judges.claims import read_claims
from assay.evaluation.judges.counted import Counted
from assay.evaluation.judges.reading import Reading, read_object
from assay.evaluation.judges.row_texts import JudgedRow, documents_of

VERDICTS = ("supported", "unsupported", "contradicted")


@dataclass(frozen=True, kw_only=True)
class Faithfulness(Counted):
    """The share of the output's claims that its context supports, by a judge. Not applicable without a context.

    Definition: Supported claims / claims. A claim is one statement of fact that can be checked by itself; each is
        recorded with its verdict (supported, unsupported, contradicted) and the quote it rests on. A quote that stands
        in no document is told; with `strict` its claim counts as unsupported. An output without claims has no value.
    Range: 0 to 1.
    Direction: Higher is better.
    Source: Ragas, Es et al. 2023, arXiv 2309.15217, in one call instead of two.
    Pitfalls: The judge decides what a claim is, so that the same output can have another number of them; votes show how
        much that matters. Long outputs weigh as much as short ones.
    """

    name: str = "faithfulness"
    strict: bool = False

    instructions = """\
List every claim that OUTPUT makes, and decide of each whether the DOCUMENTS support it. A claim is one statement of
fact that can be checked by itself: split sentences that make several, put names in place of pronouns, and leave out
questions, greetings, opinions, and what OUTPUT says that it does not know.

supported: the claim follows from the DOCUMENTS; "evidence" is a passage of a document, word for word, that it follows
from. contradicted: a document says otherwise; "evidence" is that passage. unsupported: the DOCUMENTS do not say, even
if the claim is true; "evidence" is empty. OUTPUT without any claim makes an empty list."""
    parts = "claims"
    answer = (
        'with a list "claims"; each has "claim", then "evidence", then "verdict": "supported", "unsupported" or '
        '"contradicted"'
    )
    fields = ("claim", "evidence", "verdict")
    verdicts = VERDICTS
    shows = ("input", "output", "context")
    wrong_example = JudgedRow(
        input="How long may I return a pair of shoes?",
        output="You may return them within 90 days, and shipping is free.",
        context=["Shoes can be returned within 30 days. The customer pays for shipping."],
    )

    @property
    def parameters(self) -> dict[str, Any]:
        return {**super().parameters, "strict": self.strict}

    def read(self, answer: Completion, row: JudgedRow) -> Reading:
        claims = read_claims(read_object(answer, 'a list "claims"').get("claims"), VERDICTS, documents_of(row) or [])
        unquoted = sum(claim.get("evidence_found") is False for claim in claims)
        details = {"claims": claims, "quotes_not_in_context": unquoted}
        if not claims:
            return Reading(value=None, explanation="the output makes no claim", details=details)
        supported = [claim for claim in claims if claim["verdict"] == "supported"]
        if self.strict:
            supported = [claim for claim in supported if claim.get("evidence_found")]
        return Reading(
            value=len(supported) / len(claims),
            explanation=_told(len(supported), claims, unquoted),
            details=details,
        )


def _told(supported: int, claims: list[dict[str, Any]], unquoted: int) -> str:
    others = [f"{claim['verdict']}: {claim['claim']}" for claim in claims if claim["verdict"] != "supported"]
    told = [f"{supported} of {len(claims)} claims supported", *others]
    if unquoted:
        told.append(f"{unquoted} of the quotes given as evidence not in the context")
    return "; ".join(told)
