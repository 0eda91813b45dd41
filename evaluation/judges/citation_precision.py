"""CitationPrecision: does every document that an output cites support what it is cited for?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.evaluation.gateway import Completion
from assay.evaluation.judges.citations import Citation, citations_of
from assay.evaluation.judges.counted import Counted
from assay.evaluation.judges.reading import Reading, Unusable, choice, objects, read_object, text
from assay.evaluation.judges.row_texts import NO_CONTEXT, JudgedRow, NotApplicable, document_blocks, documents_of
from assay.scores import Score

VERDICTS = ("supports", "does_not")


@dataclass(frozen=True, kw_only=True)
class CitationPrecision(Counted):
    """The share of an output's citations that are right: of a document that was retrieved, and that supports it.

    Definition: Right citations / citations. First by code: a mark that is the id or the number of no document that was
        retrieved is wrong, and where all are the model is not asked. Then by a judge: whether the document supports the
        statement that it is cited for. Not applicable without a context; an output that cites nothing has no value.
    Range: 0 to 1.
    Direction: Higher is better.
    Source: Citation precision of ALCE, Gao et al. 2023, arXiv 2305.14627, with a judge for its model of entailment.
    Pitfalls: Citations are marks in square brackets, [1] or [doc-7] or [1, 3]. A document that supports a part of a
        statement counts, unlike in ALCE, where it has to be needed for it.
    """

    name: str = "citation_precision"

    instructions = """\
Each CITATION is a statement of an answer to INPUT, and the number of the document that it cites. Decide of each whether
that document supports the statement, or the part of it that a citation is needed for. What other documents say does not
count, nor does whether the statement is true."""
    parts = "citations"
    answer = (
        'with a list "citations", one entry for each citation in their order; each has "citation", its number, then '
        '"explanation", a short reason, then "verdict": "supports" or "does_not"'
    )
    fields = ("citation", "explanation", "verdict")
    verdicts = VERDICTS
    shows = ("input", "output", "context")
    hostile_in = "context"  # of the output it sees the sentences with a citation alone
    wrong_example = JudgedRow(
        input="How long may I return a pair of shoes?",
        output="You may return them within 90 days [1].",
        context=["Shoes can be returned within 30 days."],
    )

    async def judged(self, row: JudgedRow) -> Score:
        documents = documents_of(row)
        if documents is not None:
            citations = citations_of(row.output, documents)
            if not any(citation.document for citation in citations):
                return self._score(_counted(citations, []), {"calls": 0, **self._identity()})
        return await super().judged(row)

    def texts(self, row: JudgedRow) -> dict[str, Any]:
        documents = documents_of(row)
        if documents is None:
            raise NotApplicable(NO_CONTEXT)
        known = [citation for citation in citations_of(row.output, documents) if citation.document]
        cited = {f"document-{citation.document}" for citation in known}
        blocks = {name: content for name, content in document_blocks(documents).items() if name in cited}
        # the number of the document is in the tag, where no judged text can reach
        statements = {
            f"citation-{number}-of-document-{citation.document}": citation.statement
            for number, citation in enumerate(known, start=1)
        }
        return {"input": row.input, **blocks, **statements}

    def read(self, answer: Completion, row: JudgedRow) -> Reading:
        citations = citations_of(row.output, documents_of(row) or [])
        known = sum(citation.document is not None for citation in citations)
        said = objects(read_object(answer, 'a list "citations"').get("citations"), "citations")
        by_number = {str(each.get("citation")): each for each in said}
        if len(said) != known or set(by_number) != {str(number) for number in range(1, known + 1)}:
            raise Unusable(f"it does not judge each of the citations 1 to {known} once")
        judged = [
            (choice(by_number[str(number)].get("verdict"), VERDICTS), text(by_number[str(number)].get("explanation")))
            for number in range(1, known + 1)
        ]
        return _counted(citations, judged)


def _counted(citations: list[Citation], judged: list[tuple[str, str]]) -> Reading:
    """All citations with their verdicts: `judged` are those of the documents that there are, in order."""
    waiting = iter(judged)
    told = []
    for citation in citations:
        verdict, why = ("not_retrieved", "") if citation.document is None else next(waiting)
        told.append(
            {
                "mark": citation.mark,
                "statement": citation.statement,
                "document": citation.document,
                "verdict": verdict,
                "explanation": why,
            }
        )
    unknown = [each["mark"] for each in told if each["document"] is None]
    details = {"citations": told, "not_retrieved": unknown}
    if not told:
        return Reading(value=None, explanation="the output cites nothing", details=details)
    right = sum(each["verdict"] == "supports" for each in told)
    words = f"{right} of {len(told)} citations right"
    if unknown:
        words += f"; not among what was retrieved: {', '.join(map(str, unknown))}"
    return Reading(value=right / len(told), explanation=words, details=details)
