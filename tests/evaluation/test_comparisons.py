"""One baseline and several candidates: one family of tests, one gate for all, and what to plan next."""

from __future__ import annotations

from typing import Any

import pytest

import assay
from assay.errors import ConfigurationError, GateFailed
from assay.evaluation import EvaluationResult, evaluate
from assay.evaluation.comparison import compare_family, compare_rows, compare_run_values, overall_verdict
from assay.evaluation.summary import SummaryRow, summarise_rows
from assay.scorers import ExactMatch
from support.evaluation_rows import row

Rows = list[dict[str, Any]]


def passes(x: int, y: int, n: int = 40) -> Rows:
    return [row(f"i{i}", x=i < x, y=i < y) for i in range(n)]


def of_the_run(scorer: str, value: float | None) -> SummaryRow:
    (found,) = summarise_rows([row("a", **{scorer: 1.0})])
    return SummaryRow(**{**found.to_dict(), "mean": value, "ci_low": None, "ci_high": None, "level": "run"})


def test_scorers_and_candidates_are_one_family() -> None:
    first, second = compare_family(passes(10, 10), [passes(16, 20), passes(18, 10)])
    p = sorted(each.p for each in [*first, *second] if each.p is not None)
    assert first[1].p_corrected == pytest.approx(4 * p[0])
    assert {each.correction for each in [*first, *second]} == {"Holm, 4 tests (2 candidates)"}
    assert compare_family(passes(10, 10), [passes(16, 20)])[0] == compare_rows(passes(10, 10), passes(16, 20))


def test_a_score_of_the_whole_run_is_compared_by_its_difference_and_never_tested() -> None:
    (found,) = compare_run_values([of_the_run("bleu", 20.0)], [of_the_run("bleu", 23.0), of_the_run("chrf", 50.0)])
    assert (found.scorer, found.difference, found.p, found.ci_low, found.level) == ("bleu", 3.0, None, None, "run")
    assert found.verdict == "Not tested: a score of the whole run is one number per run: shown, not tested."
    assert overall_verdict([found]) == "not tested: bleu"


def test_the_items_that_would_do_are_a_number() -> None:
    (found,) = compare_rows(
        [row(f"i{i}", x=i % 2 > 0) for i in range(60)], [row(f"i{i}", x=i % 3 > 0) for i in range(60)]
    )
    assert found.detectable_effect is not None
    assert found.difference
    assert found.items_needed == pytest.approx(60 * (found.detectable_effect / found.difference) ** 2, abs=1)


def answer(right: int) -> Any:
    def task(n: int) -> int:
        return n if n < right else -1

    return task


DATA = [{"id": f"i{n}", "input": {"n": n}, "expected": n} for n in range(40)]


def run(right: int, name: str, **options: Any) -> EvaluationResult:
    return evaluate(DATA, answer(right), scorers=[ExactMatch()], name=name, progress=False, **options)


@pytest.fixture
def results(collector: object) -> list[EvaluationResult]:
    return [run(20, "base"), run(38, "good"), run(4, "bad")]


def test_candidates_are_compared_gated_and_planned_for(results: list[EvaluationResult]) -> None:
    base, good, bad = results
    compared = assay.compare(baseline=base.id, candidates=[good, bad.id])
    assert [each.scorers[0].outcome for each in compared] == ["improved", "regressed"]
    assert list(compared.table["candidate_id"]) == [good.id, bad.id]
    assert compared[0].scorers[0].correction == "Holm, 2 tests (2 candidates)"
    losses = compared.rows("losses")
    assert set(losses["candidate_id"]) == {bad.id}
    assert len(losses) == 16
    assert f"good ({good.id}): improved: exact_match" in compared.verdict

    gate = compared.gate("exact_match >= baseline - 0.02")
    assert [each.verdict for each in gate.results] == ["passed", "failed"]
    with pytest.raises(GateFailed, match=f"failed: exact_match >= baseline - 0.02 .bad {bad.id}: difference -0.4"):
        gate.check()
    assert good.compare(base).gate("exact_match >= baseline + 0.2", alpha=0.5).passed
    assert not good.compare(base).gate("exact_match >= baseline + 0.35", alpha=1e-6).passed
    assert good.gate("exact_match >= 0.8").check().passed
    assert base.gate("exact_match >= 0.5").verdict == "not enough evidence"
    assert base.gate("exact_match >= 0.45", alpha=0.9).passed

    (line,) = good.lines()
    assert line == "exact_match 0.950 [0.835, 0.986] 95 % Wilson, n=40 of 40 rows"

    alone, together = assay.power(good, delta=0.1), assay.power(good.id, delta=0.1, baseline=base)
    assert "one run: a correlation of 0.5 between versions is assumed" in str(alone)
    assert together["exact_match"].basis == "the differences seen on 40 items of both runs"
    assert together.table["items_needed"][0] > 40


@pytest.mark.usefixtures("collector")
def test_what_cannot_be_compared_or_planned_is_refused() -> None:
    result = run(3, "alone")
    with pytest.raises(ConfigurationError, match="compare needs a list of candidates"):
        assay.compare(result, [])
    with pytest.raises(ConfigurationError, match="cannot be compared with itself"):
        assay.compare(result, [result])
    with pytest.raises(ConfigurationError, match="A difference to find must not be 0"):
        assay.power(result, delta=0)
    with pytest.raises(ConfigurationError, match=r"no scorer 'other' to plan for\. There are: exact_match"):
        assay.power(result, delta=0.1, scorer="other")
