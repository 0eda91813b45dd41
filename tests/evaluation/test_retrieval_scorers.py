"""Retrieval: equal to trec_eval, and clear about duplicates, unjudged documents and where the ranking comes from."""

from __future__ import annotations

import inspect
import random
from typing import Any

import ir_measures
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ir_measures import AP, RR, Judged, P, R, Success, nDCG
from sklearn.metrics import ndcg_score

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.data.items import Item
from assay.evaluation.prepared_scorers import prepare_scorers
from assay.evaluation.retrieved import context_of, ranked_ids, span_documents
from assay.scorers import (
    AveragePrecision,
    HitAtK,
    Ndcg,
    NdcgExp,
    PrecisionAtK,
    RecallAtK,
    ReciprocalRank,
    UnjudgedAtK,
)
from assay.traces import Span, Trace

DOCUMENTS = [f"d{n}" for n in range(12)]
PAIRS: list[tuple[Any, Any]] = [
    *((PrecisionAtK(k=k), P @ k) for k in (1, 5, 10)),
    *((RecallAtK(k=k), R @ k) for k in (1, 5, 10)),
    *((HitAtK(k=k), Success @ k) for k in (1, 5)),
    *((AveragePrecision(k=k), AP @ k) for k in (3, 10)),
    *((Ndcg(k=k), nDCG @ k) for k in (1, 3, 10)),
    (ReciprocalRank(k=None), RR),
    (AveragePrecision(k=None), AP),
    (Ndcg(k=None), nDCG),
]


def by_trec_eval(ranking: list[str], grades: dict[str, int], measures: list[Any]) -> dict[Any, float]:
    qrels = [ir_measures.Qrel("q", document, grade) for document, grade in grades.items()]
    run = [ir_measures.ScoredDoc("q", document, -float(rank)) for rank, document in enumerate(ranking)]
    return dict(ir_measures.calc_aggregate(measures, qrels, run))


rankings = st.permutations(DOCUMENTS).flatmap(lambda order: st.integers(1, 12).map(lambda n: order[:n]))
judgements = st.dictionaries(st.sampled_from([*DOCUMENTS, "x", "y"]), st.integers(-1, 3), min_size=1, max_size=10)


@settings(max_examples=25)
@given(rankings, judgements.filter(lambda grades: max(grades.values()) > 0))
def test_every_measure_equals_trec_evals(ranking: list[str], grades: dict[str, int]) -> None:
    expected = by_trec_eval(ranking, grades, [theirs for _, theirs in PAIRS])
    for ours, theirs in PAIRS:
        score = ours(ranking, grades)
        assert float(score.value) == pytest.approx(expected[theirs], abs=1e-9), ours.name


@settings(max_examples=15)
@given(st.permutations(DOCUMENTS), judgements.filter(lambda grades: max(grades.values()) > 0))
def test_exponential_gains_and_judged_documents_too(ranking: list[str], grades: dict[str, int]) -> None:
    gains = {document: 2**grade - 1 if grade > 0 else 0 for document, grade in grades.items()}
    expected = by_trec_eval(ranking, gains, [nDCG @ 10])
    assert Ndcg(k=10, gain="exp")(ranking, grades).value == pytest.approx(expected[nDCG @ 10], abs=1e-9)  # type: ignore[union-attr]
    judged = by_trec_eval(ranking, grades, [Judged @ 5])[Judged @ 5]
    assert UnjudgedAtK(k=5)(ranking, grades).value == pytest.approx(1 - judged, abs=1e-9)  # type: ignore[union-attr]


def test_ndcg_equals_sklearns() -> None:
    rng = random.Random(3)
    for _ in range(20):
        grades = {document: rng.choice([0, 0, 1, 2, 5]) for document in DOCUMENTS} | {"d0": 1}
        ranking = rng.sample(DOCUMENTS, len(DOCUMENTS))
        truth = [[grades[document] for document in ranking]]
        expected = ndcg_score(truth, [[-float(rank) for rank in range(len(ranking))]], k=4)
        assert Ndcg(k=4)(ranking, grades).value == pytest.approx(expected, abs=1e-9)  # type: ignore[union-attr]


def test_linear_and_exponential_gains_differ_where_there_are_grades_above_1() -> None:
    ranking, grades = ["b", "a"], {"a": 3, "b": 1}
    linear, exponential = Ndcg()(ranking, grades), NdcgExp()(ranking, grades)
    assert linear is not None
    assert exponential is not None
    assert (linear.name, exponential.name) == ("ndcg@10", "ndcg_exp@10")
    assert float(linear.value) > float(exponential.value)
    assert Ndcg(gain="exp")(ranking, grades) == exponential


def test_precision_is_divided_by_k_however_many_were_retrieved() -> None:
    assert PrecisionAtK(k=10)(["a"], ["a"]).value == 0.1  # type: ignore[union-attr]


def test_average_precision_is_divided_by_all_relevant_documents() -> None:
    assert AveragePrecision(k=2)(["a", "x"], ["a", "b", "c", "d"]).value == 0.25  # type: ignore[union-attr]


def test_a_document_that_comes_twice_counts_at_its_first_place() -> None:
    ranking, grades = ["a", "a", "b"], ["a", "b"]
    assert PrecisionAtK(k=2)(ranking, grades).value == 1.0  # type: ignore[union-attr]
    assert RecallAtK(k=3)(["a", "a", "a"], grades).value == 0.5  # type: ignore[union-attr]
    assert AveragePrecision()(ranking, grades).value == 1.0  # type: ignore[union-attr]
    assert float(Ndcg()(["a", "a"], ["a"]).value) == 1.0  # type: ignore[union-attr]


def test_unjudged_documents_are_not_relevant_and_are_counted() -> None:
    score = PrecisionAtK(k=4)(["a", "u", "z", "v"], {"a": 2, "z": 0})
    assert score is not None
    assert (score.value, score.metadata) == (0.25, {"retrieved": 4, "relevant": 1, "unjudged": 2})
    assert UnjudgedAtK(k=4)(["a", "u", "z", "v"], {"a": 2, "z": 0}).value == 0.5  # type: ignore[union-attr]


ALL = [PrecisionAtK(), RecallAtK(), HitAtK(), ReciprocalRank(), AveragePrecision(), Ndcg()]


@pytest.mark.parametrize("expected", [None, [], {}, {"a": 0, "b": -1}])
def test_a_query_without_a_relevant_document_has_no_score(expected: Any) -> None:
    assert [scorer(["a", "b"], expected) for scorer in ALL] == [None] * len(ALL)


def test_retrieving_nothing_scores_0_and_says_nothing_of_judgements() -> None:
    assert [float(scorer([], ["a"]).value) for scorer in ALL] == [0.0] * len(ALL)  # type: ignore[union-attr]
    assert UnjudgedAtK()([], ["a"]) is None


def span(number: int, kind: str, documents: list[str], parent: int | None = None) -> Span:
    return Span(
        trace_id="t",
        span_id=f"s{number}",
        name="n",
        kind=kind,
        parent_span_id=f"s{parent}" if parent is not None else None,
        documents=[{"id": document, "content": "..."} for document in documents],
    )


@pytest.mark.parametrize(
    ("spans", "ids"),
    [
        pytest.param([span(0, "retriever", ["a", "b"])], ["a", "b"], id="one"),
        pytest.param([span(0, "retriever", ["a"]), span(1, "retriever", ["b", "a"])], ["a", "b"], id="two"),
        pytest.param(
            [span(0, "retriever", ["c", "a"]), span(1, "retriever", ["a", "b", "c"], 0)], ["c", "a"], id="inner"
        ),
        pytest.param([span(0, "retriever", ["a", "b"]), span(1, "reranker", ["b"])], ["b"], id="reranked"),
        pytest.param([span(0, "retriever", [])], [], id="nothing-found"),
    ],
)
def test_documents_come_from_the_spans_of_the_trace(spans: list[Span], ids: list[str]) -> None:
    trace = Trace(trace_id="t", spans=spans)
    assert ranked_ids(span_documents(trace)) == ids
    score = RecallAtK(retrieved="trace")("an answer", ["a", "b", "c"], {}, trace)
    assert score is not None
    assert score.value == pytest.approx(len(ids) / 3)


def test_only_a_scorer_that_reads_the_trace_has_it_fetched() -> None:
    items = [Item(id="i", expected=["a"])]
    (plain,) = prepare_scorers([Ndcg()], items, has_task=True)
    (reading,) = prepare_scorers([Ndcg(retrieved="trace")], items, has_task=True)
    assert "trace" in inspect.signature(Ndcg()).parameters
    assert (plain.wants("trace"), reading.wants("trace")) == (False, True)


@pytest.mark.parametrize(
    ("retrieved", "output", "metadata"),
    [
        (None, ["a"], {}),
        (None, {"context": [{"id": "a", "content": "x"}]}, {}),
        (None, {"answer": "x", "documents": ["a"]}, {}),
        (None, "an answer", {"retrieved": ("a",)}),
        ("output.hits", {"hits": [{"doc_id": "a"}]}, {}),
        ("metadata.search.ids", "an answer", {"search": {"ids": ["a"]}}),
    ],
)
def test_the_ranking_is_where_it_is_said_to_be(retrieved: str | None, output: Any, metadata: dict[str, Any]) -> None:
    assert HitAtK(retrieved=retrieved)(output, ["a"], metadata).value is True  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("scorer", "output", "expected", "message"),
    [
        (Ndcg(), "an answer", ["a"], "A ranking is a list of document ids"),
        (Ndcg(), {"answer": "x"}, ["a"], "A ranking is a list of document ids"),
        (Ndcg(), [{"content": "x"}], ["a"], "A document needs an id"),
        (Ndcg(), [True], ["a"], "A document needs an id"),
        (Ndcg(retrieved="output.hits"), {"found": []}, ["a"], "There is no 'output.hits'"),
        (Ndcg(retrieved="trace"), "x", ["a"], "There is no trace"),
        (Ndcg(), ["a"], {"a": "high"}, "The grade of document 'a' is no number"),
        (Ndcg(), ["a"], 3, "a list of relevant ids, or a dict of ids and grades"),
    ],
)
def test_what_is_no_ranking_or_no_judgement_is_an_error(scorer: Any, output: Any, expected: Any, message: str) -> None:
    with pytest.raises(ScorerError) as caught:
        scorer(output, expected)
    assert message in str(caught.value)


def test_a_trace_without_a_retriever_says_how_to_have_one() -> None:
    with pytest.raises(ScorerError, match="has no retriever span"):
        Ndcg(retrieved="trace")("x", ["a"], {}, Trace(trace_id="t", spans=[span(0, "llm", [])]))


@pytest.mark.parametrize(
    "options", [{"k": 0}, {"k": 2.5}, {"k": True}, {"k": None}, {"retrieved": "spans"}, {"retrieved": "metadata"}]
)
def test_options_that_mean_nothing_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        PrecisionAtK(**options)
    with pytest.raises(ConfigurationError, match="'linear' or 'exp'"):
        Ndcg(gain="log")  # type: ignore[arg-type]


def test_numbers_are_ids_by_their_digits() -> None:
    assert HitAtK()([12, 7], {"7": 1}).value is True  # type: ignore[union-attr]
    assert HitAtK()(["7"], [7]).value is True  # type: ignore[union-attr]


def test_the_context_of_a_row_is_found_in_output_or_metadata() -> None:
    assert context_of({"answer": 1, "contexts": ["a"]}, {"context": ["b"]}) == ["a"]
    assert context_of("x", {"context": ["b"]}) == ["b"]
    assert context_of("x", {}) is None
