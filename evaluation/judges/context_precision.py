"""ContextPrecision: are the relevant documents among those retrieved, and at the top?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from assay.evaluation.gateway import Completion
from assay.evaluation.judges.counted import Counted
from assay.evaluation.judges.reading import Reading, Unusable, choice, objects, read_object, text
from assay.evaluation.judges.row_texts import JudgedRow, NotApplicable, documents_of

VERDICTS = ("relevant", "irrelevant")


def precision_of_ranking(relevant: Sequence[bool]) -> float:
    """The mean of precision@i over the positions i of relevant documents; 0 when none of the documents is."""
    positions = [position for position, is_relevant in enumerate(relevant, start=1) if is_relevant]
    return fmean(count / position for count, position in enumerate(positions, start=1)) if positions else 0.0


@dataclass(frozen=True, kw_only=True)
class ContextPrecision(Counted):
    """How far up the relevant documents stand among those retrieved, by a judge of each document.

    Definition: The mean of precision@i over the positions i of relevant documents, where precision@i is the share of
        relevant ones among the first i; 0 when documents were retrieved and none is relevant. A document is relevant
        when it helps to answer the input, or to state the expected answer where there is one. Not applicable without a
        context; a retrieval that found nothing has no value.
    Range: 0 to 1.
    Direction: Higher is better.
    Source: Average precision over what was retrieved, as Ragas has it, Es et al. 2023, arXiv 2309.15217.
    Pitfalls: It does not see what was not retrieved: one relevant document at the top is 1, whatever is missing. See
        ContextRecall.
    """

    name: str = "context_precision"

    instructions = """\
Decide of each of the DOCUMENTS, by itself, whether it helps to answer INPUT: it states something that a good answer
needs. Where there is EXPECTED, that is the right answer. Being about the same subject is not enough, and that another
document says the same is no fault."""
    parts = "documents"
    answer = (
        'with a list "documents", one entry for each document in their order; each has "document", its number, then '
        '"explanation", a short reason, then "verdict": "relevant" or "irrelevant"'
    )
    fields = ("document", "explanation", "verdict")
    verdicts = VERDICTS
    shows = ("input", "context", "expected")
    optional = frozenset({"expected"})
    wrong_example = JudgedRow(
        input="How long may I return a pair of shoes?",
        context=["Our office in Lisbon has a lovely view of the river."],
        expected="30 days",
    )

    def texts(self, row: JudgedRow) -> dict[str, object]:
        if documents_of(row) == []:
            raise NotApplicable("nothing was retrieved")
        return super().texts(row)

    def read(self, answer: Completion, row: JudgedRow) -> Reading:
        documents = documents_of(row) or []
        said = objects(read_object(answer, 'a list "documents"').get("documents"), "documents")
        by_number = {each.get("document"): each for each in said}
        if len(said) != len(documents) or set(by_number) != set(range(1, len(documents) + 1)):
            raise Unusable(f"it does not judge each of the documents 1 to {len(documents)} once")
        judged = [
            {
                "document": number,
                "id": document.id,
                "verdict": choice(by_number[number].get("verdict"), VERDICTS),
                "explanation": text(by_number[number].get("explanation")),
            }
            for number, document in enumerate(documents, start=1)
        ]
        relevant = [each["verdict"] == "relevant" for each in judged]
        at = ", ".join(str(each["document"]) for each in judged if each["verdict"] == "relevant")
        return Reading(
            value=precision_of_ranking(relevant),
            explanation=f"{sum(relevant)} of {len(relevant)} documents relevant" + (f": {at}" if at else ""),
            details={"documents": judged},
        )
