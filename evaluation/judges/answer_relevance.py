"""AnswerRelevance: does the answer answer the question? One verdict, no generated questions."""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide whether OUTPUT answers the question in INPUT, as somebody who asked it would see it. Judge whether there is an
answer to this very question, not whether it is true. An answer that says that the question cannot be answered from what
is known does not answer it."""


@dataclass(frozen=True, kw_only=True)
class AnswerRelevance(Judge):
    """Whether the answer answers the question, by one verdict of a judge.

    Definition: Answers (1): it answers this question; partly (0.5): it answers a part of it, or a question near it;
        evades (0): it answers something else, or nothing.
    Range: 0, 0.5 or 1.
    Direction: Higher is better.
    Source: Ragas' answer relevance (Es et al. 2023, arXiv 2309.15217) asks for generated questions and compares
        their embeddings; one verdict depends on no embedding model.
    Pitfalls: "I do not know" is 0 here and relevant to Relevance. Truth does not count: see Faithfulness.
    """

    name: str = "answer_relevance"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("answers", 1.0, "OUTPUT answers the question in INPUT"),
        Anchor("partly", 0.5, "OUTPUT answers a part of it, or a question near it"),
        Anchor("evades", 0.0, "OUTPUT answers something else, or nothing"),
    )
    shows = ("input", "output")
    wrong_example = JudgedRow(
        input="How long may I return a pair of shoes?",
        output="We sell shoes in all sizes, and our sandals are very popular this year.",
    )
