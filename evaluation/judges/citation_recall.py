"""CitationRecall: is everything that an output states covered by a citation that supports it?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.evaluation.gateway import Completion
from assay.evaluation.judges.citations import position
from assay.evaluation.judges.claims import normalised
from assay.evaluation.judges.counted import Counted
from assay.evaluation.judges.reading import Reading, Unusable, choice, objects, read_object, text
from assay.evaluation.judges.row_texts import JudgedRow, documents_of

VERDICTS = ("supported", "unsupported")


@dataclass(frozen=True, kw_only=True)
class CitationRecall(Counted):
    """The share of an output's statements that a citation of theirs supports.

    Definition: Statements of fact that carry a citation which supports them / statements of fact. A judge lists them
        with the marks that they carry and whether the documents cited support them; code then holds every mark against
        the ids and numbers of what was retrieved, and a statement without one that exists is unsupported whatever the
        judge says. Not applicable without a context; an output that states nothing has no value.
    Range: 0 to 1.
    Direction: Higher is better.
    Source: Citation recall of ALCE, Gao et al. 2023, arXiv 2305.14627, with a judge for its model of entailment.
    Pitfalls: Statements that need no citation count as well. The judge decides what a statement is.
    """

    name: str = "citation_recall"

    instructions = """\
List every statement of fact that OUTPUT makes, with the citations that stand in or right behind it: marks in square
brackets, each the id or the number of a document. Decide of each whether the documents that it cites support it, taken
together. What a document says that is not cited there does not count. Questions, greetings, and what OUTPUT says that
it does not know, state no fact."""
    parts = "statements"
    answer = (
        'with a list "statements"; each has "statement", then "citations", its marks with a comma between them, then '
        '"explanation", a short reason, then "verdict": "supported" or "unsupported"'
    )
    fields = ("statement", "citations", "explanation", "verdict")
    verdicts = VERDICTS
    shows = ("input", "output", "context")
    wrong_example = JudgedRow(
        input="How long may I return a pair of shoes?",
        output="You may return them within 90 days [1]. Shipping is free.",
        context=["Shoes can be returned within 30 days."],
    )

    def read(self, answer: Completion, row: JudgedRow) -> Reading:
        documents = documents_of(row) or []
        found: dict[str, dict[str, Any]] = {}
        for each in objects(read_object(answer, 'a list "statements"').get("statements"), "statements"):
            statement = text(each.get("statement"))
            if not statement:
                raise Unusable('a statement has no text "statement"')
            marks = _marks(each.get("citations"))
            known = [mark for mark in marks if position(mark, documents) is not None]
            verdict = choice(each.get("verdict"), VERDICTS)
            told = {"statement": statement, "citations": marks, "explanation": text(each.get("explanation"))}
            if verdict == "supported" and not known:
                told["note"] = "none of its citations is of what was retrieved" if marks else "it cites nothing"
                verdict = "unsupported"
            found.setdefault(normalised(statement), {**told, "verdict": verdict})
        statements = list(found.values())
        if not statements:
            return Reading(value=None, explanation="the output states nothing", details={"statements": []})
        right = sum(each["verdict"] == "supported" for each in statements)
        lacking = [each["statement"] for each in statements if each["verdict"] == "unsupported"]
        words = [f"{right} of {len(statements)} statements supported by a citation", *lacking]
        return Reading(value=right / len(statements), explanation="; ".join(words), details={"statements": statements})


def _marks(said: Any) -> list[str]:
    """Marks as models write them: a text with commas, or a list."""
    parts = said if isinstance(said, list) else str(said or "").replace(";", ",").split(",")
    return [mark for mark in (str(part).strip().strip("[]").strip() for part in parts) if mark]
