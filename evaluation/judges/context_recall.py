"""ContextRecall: the share of the expected answer's claims that the context holds."""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.gateway import Completion
from assay.evaluation.judges.claims import read_claims
from assay.evaluation.judges.counted import Counted
from assay.evaluation.judges.reading import Reading, read_object
from assay.evaluation.judges.row_texts import JudgedRow, documents_of

VERDICTS = ("attributable", "missing")


@dataclass(frozen=True, kw_only=True)
class ContextRecall(Counted):
    """The share of the expected answer's claims that the context holds, by a judge.

    Definition: Claims of the expected value that follow from the documents retrieved / claims of the expected value.
        Each is recorded with its verdict and the quote it rests on; a quote that stands in no document is told. Not
        applicable without an expected value or a context; an expected value without claims has no value.
    Range: 0 to 1.
    Direction: Higher is better.
    Source: Ragas, Es et al. 2023, arXiv 2309.15217.
    Pitfalls: The output is not looked at. Where the ids of the right documents are known, recall at k needs no judge.
    """

    name: str = "context_recall"
    needs_expected: bool = True

    instructions = """\
List every claim that EXPECTED makes, which is the right answer to INPUT, and decide of each whether it follows from the
DOCUMENTS. A claim is one statement of fact that can be checked by itself: split sentences that make several, and put
names in place of pronouns.

attributable: the claim follows from the DOCUMENTS; "evidence" is a passage of a document, word for word, that it
follows from. missing: it does not, even if it is true; "evidence" is empty."""
    parts = "claims"
    answer = 'with a list "claims"; each has "claim", then "evidence", then "verdict": "attributable" or "missing"'
    fields = ("claim", "evidence", "verdict")
    verdicts = VERDICTS
    shows = ("input", "context", "expected")
    wrong_example = JudgedRow(
        input="How long may I return a pair of shoes?",
        context=["Our shoes are made of leather and come in all sizes."],
        expected="Shoes can be returned within 30 days.",
    )

    def read(self, answer: Completion, row: JudgedRow) -> Reading:
        claims = read_claims(read_object(answer, 'a list "claims"').get("claims"), VERDICTS, documents_of(row) or [])
        unquoted = sum(claim.get("evidence_found") is False for claim in claims)
        details = {"claims": claims, "quotes_not_in_context": unquoted}
        if not claims:
            return Reading(value=None, explanation="the expected value makes no claim", details=details)
        missing = [claim["claim"] for claim in claims if claim["verdict"] == "missing"]
        found = len(claims) - len(missing)
        told = [f"{found} of {len(claims)} claims in the context", *(f"missing: {claim}" for claim in missing)]
        if unquoted:
            told.append(f"{unquoted} of the quotes given as evidence not in the context")
        return Reading(value=found / len(claims), explanation="; ".join(told), details=details)
