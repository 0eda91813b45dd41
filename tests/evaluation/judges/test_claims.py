"""Judges of claims, documents and citations: what is counted, what has no value, and which quotes are real."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ScorerError
from assay.evaluation.judges.citation_precision import CitationPrecision
from assay.evaluation.judges.citation_recall import CitationRecall
from assay.evaluation.judges.citations import citations_of
from assay.evaluation.judges.claims import is_quoted
from assay.evaluation.judges.context_precision import ContextPrecision, precision_of_ranking
from assay.evaluation.judges.context_recall import ContextRecall
from assay.evaluation.judges.faithfulness import Faithfulness
from assay.evaluation.judges.model_scorer import ModelScorer
from assay.evaluation.judges.row_texts import Document
from assay.scores import Score
from assay.settings import configure
from assay.traces import Span, Trace
from support.scripted_judge import Scripted, user_text

CONTEXT = ["Shoes can be returned within 30 days. The customer pays for shipping.", "Sandals are sold in Lisbon."]


@pytest.fixture(autouse=True)
def _untraced() -> None:
    configure(tracing=False)


async def judged(made: ModelScorer, *answers: Any, **row: Any) -> tuple[Score, Scripted]:
    gateway = Scripted(*(json.dumps(answer) for answer in answers))
    known = {"input": "q", "output": "a", "context": CONTEXT, **row}
    score = await dataclasses.replace(made, gateway=gateway)(**known)
    assert score is not None
    return score, gateway


def claim(text: str, verdict: str, evidence: str = "") -> dict[str, str]:
    return {"claim": text, "evidence": evidence, "verdict": verdict}


async def test_faithfulness_is_the_share_of_supported_claims_with_their_evidence() -> None:
    claims = [
        claim("Returns within 30 days", "supported", "returned within  30 DAYS"),
        claim("Shipping is free", "contradicted", "The customer pays for shipping."),
        claim("Founded in 1990", "unsupported"),
        claim("Sold in Lisbon", "supported", "Sandals are sold in Porto"),
    ]
    score, gateway = await judged(Faithfulness(), {"claims": claims})
    assert score.value == 0.5
    assert [each.get("evidence_found") for each in score.metadata["claims"]] == [True, True, None, False]
    assert score.explanation == (
        "2 of 4 claims supported; contradicted: Shipping is free; unsupported: Founded in 1990; "
        "1 of the quotes given as evidence not in the context"
    )
    assert score.metadata["quotes_not_in_context"] == 1
    assert (await judged(Faithfulness(strict=True), {"claims": claims}))[0].value == 0.25
    schema = gateway.asked[0]["response_format"]["json_schema"]["schema"]["properties"]["claims"]["items"]
    assert list(schema["properties"]) == ["claim", "evidence", "verdict"]


async def test_an_output_without_claims_has_no_value_but_a_cost() -> None:
    score, _ = await judged(Faithfulness(), {"claims": []})
    assert (score.value, score.explanation) == (None, "the output makes no claim")
    assert (score.metadata["calls"], score.metadata["cost_usd"]) == (1, 0.5)


async def test_a_claim_that_is_listed_twice_counts_once() -> None:
    claims = [claim("It is so", "supported"), claim("it is  SO", "supported"), claim("No", "unsupported")]
    assert (await judged(Faithfulness(), {"claims": claims}))[0].value == 0.5


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"claims": "none"},
        {"claims": ["It is so"]},
        {"claims": [{"verdict": "supported"}]},
        {"claims": [claim("c", "maybe")]},
        {"claims": {"claim": "c"}},
        [],
    ],
)
async def test_claims_that_cannot_be_read_are_a_failure(answer: Any) -> None:
    with pytest.raises(ScorerError, match="no verdict in 2 tries"):
        await judged(Faithfulness(), answer, answer)


async def test_votes_on_claims_are_averaged_and_most_votes_for_nothing_are_none() -> None:
    half, whole = (
        {"claims": [claim("a", "supported"), claim("b", "unsupported")]},
        {"claims": [claim("a", "supported")]},
    )
    score, _ = await judged(Faithfulness(votes=3), half, whole, whole)
    assert score.value == pytest.approx(5 / 6)
    assert score.metadata["values"] == [0.5, 1.0, 1.0]
    assert len(score.metadata["claims"]) == 1
    score, _ = await judged(Faithfulness(votes=2), {"claims": []}, whole)
    assert score.value is None


async def test_half_of_the_votes_failing_is_a_failure() -> None:
    with pytest.raises(ScorerError, match="1 of 2 votes failed"):
        await judged(Faithfulness(votes=2), {"claims": [claim("a", "supported")]}, "x", "y", "z")


async def test_context_recall_counts_the_claims_of_the_expected_answer() -> None:
    claims = [claim("30 days", "attributable", "within 30 days"), claim("No fee", "missing")]
    score, gateway = await judged(ContextRecall(), {"claims": claims}, expected="30 days, no fee", output="SECRET")
    assert (score.value, score.explanation) == (0.5, "1 of 2 claims in the context; missing: No fee")
    assert "SECRET" not in user_text(gateway.asked[0])
    assert await ContextRecall(gateway=Scripted())("q", "a", None, CONTEXT) is None


@pytest.mark.parametrize(
    ("relevant", "value"),
    [
        ([True, True], 1.0),
        ([False, True], 0.5),
        ([True, False, True], (1 + 2 / 3) / 2),
        ([False, False], 0.0),
    ],
)
async def test_context_precision_is_the_mean_precision_at_relevant_positions(
    relevant: list[bool], value: float
) -> None:
    context = [f"document {number}" for number in range(len(relevant))]
    documents = [
        {"document": number, "explanation": "", "verdict": "relevant" if is_relevant else "irrelevant"}
        for number, is_relevant in enumerate(relevant, start=1)
    ]
    score, _ = await judged(ContextPrecision(), {"documents": documents[::-1]}, context=context)
    assert score.value == pytest.approx(value)
    assert [each["verdict"] == "relevant" for each in score.metadata["documents"]] == relevant


@settings(max_examples=25)
@given(st.lists(st.booleans(), max_size=12))
def test_precision_of_a_ranking_follows_its_definition(relevant: list[bool]) -> None:
    at = [sum(relevant[:i]) / i for i in range(1, len(relevant) + 1) if relevant[i - 1]]
    assert precision_of_ranking(relevant) == pytest.approx(sum(at) / len(at) if at else 0.0)


@pytest.mark.parametrize("numbers", [[1], [1, 1], [1, 3], [0, 1], ["1", "2"], [1, 2, 3]])
async def test_documents_that_are_not_judged_once_each_are_a_failure(numbers: Sequence[Any]) -> None:
    said = {"documents": [{"document": number, "explanation": "", "verdict": "relevant"} for number in numbers]}
    with pytest.raises(ScorerError, match="each of the documents 1 to 2 once"):
        await judged(ContextPrecision(), said, said)


async def test_a_retrieval_that_found_nothing_has_no_precision() -> None:
    score, gateway = await judged(ContextPrecision(), context=[])
    assert (score.value, score.explanation, gateway.asked) == (None, "nothing was retrieved", [])


DOCUMENTS = [Document(content="one", id="doc-7"), Document(content="two", id="2024, annex"), Document(content="three")]


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("It is so [doc-7].", [("doc-7", 1, "It is so.")]),
        ("It is so. [1] More [3].", [("1", 1, "It is so."), ("3", 3, "More.")]),
        ("So [1, 3; 9].", [("1", 1, "So."), ("3", 3, "So."), ("9", None, "So.")]),
        ("So [2024, annex].", [("2024, annex", 2, "So.")]),
        ("As [1] says, it is so. Not this.", [("1", 1, "As says, it is so.")]),
        ("So [DOC-7] and [doc-99].", [("DOC-7", 1, "So and."), ("doc-99", None, "So and.")]),
        ("He said [sic] a [link](http://x/1) and [a note].", []),
        ("答えはこうです。【1】次です【3】。", [("1", 1, "答えはこうです。"), ("3", 3, "次です 。")]),
        ("[0] [4] [-1] [1e9] [99999999999999999999]", None),
        ("", []),
    ],
)
def test_citations_are_marks_in_brackets_that_mean_a_document(output: str, found: Any) -> None:
    known = [(each.mark, each.document, each.statement) for each in citations_of(output, DOCUMENTS)]
    if found is None:
        assert {document for _, document, _ in known} == {None}
    else:
        assert known == found


async def test_citations_of_what_was_not_retrieved_are_wrong_without_a_call() -> None:
    score, gateway = await judged(CitationPrecision(), output="It is so [7]. And so [doc-9].")
    assert (score.value, gateway.asked) == (0.0, [])
    assert score.metadata["not_retrieved"] == ["7", "doc-9"]
    assert (await judged(CitationPrecision(), output="It cites nothing."))[0].value is None


async def test_citation_precision_asks_about_the_documents_that_are_cited() -> None:
    documents = [{"id": "shoes", "content": CONTEXT[0]}, {"id": "sandals", "content": CONTEXT[1]}]
    trace = Trace(
        trace_id="1", spans=[Span(trace_id="1", span_id="1", name="s", kind="retriever", documents=documents)]
    )
    said = {
        "citations": [
            {"citation": 1, "explanation": "it says so", "verdict": "supports"},
            {"citation": 2, "explanation": "it does not", "verdict": "does_not"},
        ]
    }
    output = "Within 30 days [shoes]. For free [1]. In Rome [boots-2]."
    score, gateway = await judged(CitationPrecision(), said, output=output, context=None, trace=trace)
    assert score.value == pytest.approx(1 / 3)
    assert score.explanation == "1 of 3 citations right; not among what was retrieved: boots-2"
    shown = user_text(gateway.asked[0])
    assert "<citation-1-of-document-1-" in shown
    assert "Lisbon" not in shown


async def test_a_statement_whose_citations_do_not_exist_is_unsupported_whatever_the_judge_says() -> None:
    def statement(text: str, citations: Any, verdict: str) -> dict[str, Any]:
        return {"statement": text, "citations": citations, "explanation": "", "verdict": verdict}

    said = {
        "statements": [
            statement("a", "[1]", "supported"),
            statement("b", "9", "supported"),
            statement("c", "", "supported"),
            statement("d", ["2"], "unsupported"),
        ]
    }
    score, _ = await judged(CitationRecall(), said)
    assert score.value == 0.25
    notes = [each.get("note") for each in score.metadata["statements"]]
    assert notes == [None, "none of its citations is of what was retrieved", "it cites nothing", None]
    assert (await judged(CitationRecall(), {"statements": []}))[0].value is None


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        ("within 30 days", True),
        ("WITHIN\n30  days", True),
        ('"within 30 days."', True),
        ("Shoes can ... 30 days", True),
        ("30 days … Shoes can", False),
        ("within 90 days", False),
        ("shipping. Sandals", False),
        ("", False),
        ("...", False),
    ],
)
def test_quotes_are_looked_for_in_the_documents(quote: str, found: bool) -> None:
    assert is_quoted(quote, [Document(content=text) for text in CONTEXT]) is found
