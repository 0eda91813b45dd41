"""Comparisons: paired by item, corrected, and silent where the data say nothing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.evaluation.comparison import ComparisonRow, compare_rows, item_changes, overall_verdict
from support.evaluation_rows import FAILED, row

Rows = list[dict[str, Any]]


def only(baseline: Rows, candidate: Rows, **options: Any) -> ComparisonRow:
    (compared,) = compare_rows(baseline, candidate, **options)
    return compared


def passes(count: int, n: int, start: int = 0) -> Rows:
    """`n` items, of which `count` from `start` on are right."""
    return [row(f"i{i}", x=start <= i < start + count) for i in range(n)]


def test_a_clear_gain_is_an_improvement_with_an_interval_above_0() -> None:
    compared = only(passes(10, 40), passes(30, 40))
    assert compared.outcome == "improved"
    assert (compared.wins, compared.ties, compared.losses) == (20, 20, 0)
    assert compared.difference == 0.5
    assert compared.ci_low is not None
    assert compared.ci_low > 0
    assert compared.verdict.startswith("Improved by 0.5 (95 % interval")


def test_where_lower_is_better_a_gain_is_a_regression() -> None:
    compared = only(passes(10, 40), passes(30, 40), directions={"x": "lower"})
    assert (compared.outcome, compared.wins, compared.losses) == ("regressed", 0, 20)


def test_too_few_items_that_differ_are_told_as_such() -> None:
    compared = only(passes(10, 20), passes(13, 20))
    assert compared.outcome == "unclear"
    assert "only 3 of 20 items differ, and an exact test needs 6 that do to tell" in compared.verdict


def test_an_unclear_difference_says_how_many_items_would_do() -> None:
    baseline, candidate = passes(20, 40), passes(20, 40, start=8)
    candidate[30] = row("i30", x=True)
    candidate[31] = row("i31", x=True)
    compared = only(baseline, candidate)
    assert compared.outcome == "unclear"
    assert compared.detectable_effect == pytest.approx(0.305, abs=0.02)
    assert "to tell one of 0.05, about 1," in compared.verdict


def test_five_numbers_cannot_be_told_apart() -> None:
    compared = only([row(str(i), x=0.5) for i in range(5)], [row(str(i), x=0.5 + i) for i in range(5)])
    assert (compared.outcome, compared.ci_low) == ("undecided", None)
    assert compared.verdict == "Cannot be told: 5 items cannot tell: the test needs 6."


def test_pairs_are_matched_by_item_whatever_the_order() -> None:
    baseline, candidate = passes(10, 40), passes(30, 40)
    assert only(baseline, candidate[::-1]) == only(baseline[::-1], candidate)


def test_rows_scored_on_one_side_only_are_lost_not_counted_as_0() -> None:
    baseline = passes(20, 40)
    candidate = [row("i0", x=FAILED), row("i1", status="task_error"), *passes(20, 40)[2:]]
    compared = only(baseline, candidate)
    assert (compared.n_paired, compared.n_lost) == (38, 2)
    assert compared.baseline_mean == compared.mean == 18 / 38


def test_nothing_is_tested_when_more_than_a_tenth_is_lost_unless_asked() -> None:
    candidate = [row(f"i{i}", x=FAILED) for i in range(5)] + passes(20, 40)[5:]
    compared = only(passes(20, 40), candidate)
    assert (compared.outcome, compared.p, compared.n_lost) == ("undecided", None, 5)
    assert "5 of 40 common items were not scored in both" in compared.verdict
    assert "max_lost=0.13" in compared.verdict
    assert only(passes(20, 40), candidate, max_lost=0.13).p is not None


def test_items_of_one_experiment_only_are_unmatched_and_do_not_stop_the_test() -> None:
    compared = only(passes(20, 40), passes(20, 60))
    assert (compared.n_paired, compared.n_unmatched, compared.n_lost) == (40, 20, 0)
    assert compared.p is not None


def test_items_that_a_scorer_does_not_apply_to_in_either_are_left_out() -> None:
    baseline, candidate = [row("n", x=None), *passes(10, 20)], [row("n", x=None), *passes(10, 20)]
    assert (only(baseline, candidate).n_paired, only(baseline, candidate).n_lost) == (20, 0)


def test_experiments_without_a_common_item_cannot_be_compared() -> None:
    compared = only([row("a", x=True)], [row("b", x=True)])
    assert compared.verdict == "Cannot be told: no item was scored in both experiments."


def test_labels_are_counted_and_not_tested() -> None:
    compared = only([row("a", x="dry"), row("b", x="warm")], [row("a", x="dry"), row("b", x="dry")])
    assert (compared.p, compared.verdict) == (None, "Cannot be told: labels have no order; 1 of 2 changed.")


def test_only_scorers_of_both_are_compared_in_the_candidates_order() -> None:
    compared = compare_rows([row("a", x=True, y=True, z=True)], [row("a", w=True, y=True, x=True)])
    assert [each.scorer for each in compared] == ["y", "x"]


def test_several_scorers_are_corrected_by_holm() -> None:
    def rows(x: int, y: int) -> Rows:
        return [row(f"i{i}", x=i < x, y=i < y) for i in range(40)]

    first, second = compare_rows(rows(10, 10), rows(16, 20))
    assert (first.p, first.p_corrected) == (pytest.approx(0.03125), pytest.approx(0.03125))
    assert second.p_corrected == pytest.approx(2 * second.p)  # type: ignore[operator]
    assert first.correction == "Holm, 2 scorers"


def test_a_gain_that_only_counts_alone_is_told_as_such() -> None:
    baseline = [row(f"i{i}", x=i < 10, y=i < 10) for i in range(40)]
    candidate = [row(f"i{i}", x=i < 16, y=i < 11) for i in range(40)]
    gained, _ = compare_rows(baseline, candidate)
    assert gained.outcome == "unclear"
    assert "alone it would count (p 0.031), among Holm, 2 scorers it does not" in gained.verdict


def test_one_scorer_alone_needs_no_correction() -> None:
    compared = only(passes(10, 40), passes(30, 40))
    assert (compared.correction, compared.p_corrected) == (None, compared.p)


def test_repeats_are_averaged_before_they_are_paired() -> None:
    baseline = [row(f"i{i}", r, x=r == 0) for i in range(40) for r in range(2)]
    candidate = [row(f"i{i}", r, x=True) for i in range(40) for r in range(2)]
    compared = only(baseline, candidate)
    assert (compared.n_paired, compared.difference) == (40, 0.5)
    assert compared.method is not None
    assert "McNemar" not in compared.method


def test_clusters_of_items_are_kept_together() -> None:
    baseline = [row(f"i{i}", cluster=str(i // 10), x=i / 40) for i in range(40)]
    candidate = [row(f"i{i}", cluster=str(i // 10), x=i / 40 + 1) for i in range(40)]
    assert only(baseline, candidate).method == "sign-flip permutation, exact, 4 clusters"


values = st.sampled_from([True, False, None, FAILED])


@given(st.lists(st.tuples(values, values), min_size=1, max_size=30))
def test_swapping_the_sides_swaps_the_signs(pairs: list[tuple[Any, Any]]) -> None:
    old = [row(str(i), x=a) for i, (a, _) in enumerate(pairs)]
    new = [row(str(i), x=b) for i, (_, b) in enumerate(pairs)]
    there, back = compare_rows(old, new, max_lost=1.0), compare_rows(new, old, max_lost=1.0)
    for one, other in zip(there, back, strict=True):
        assert (one.wins, one.losses, one.ties, one.n_lost) == (other.losses, other.wins, other.ties, other.n_lost)
        assert one.p == other.p
        if one.ci_low is not None and other.ci_high is not None:
            assert one.ci_low == pytest.approx(-other.ci_high, abs=1e-12)


@given(st.lists(st.tuples(values, values), min_size=1, max_size=30))
def test_every_item_has_one_change(pairs: list[tuple[Any, Any]]) -> None:
    old = [row(str(i), x=a) for i, (a, _) in enumerate(pairs)]
    new = [row(str(i), x=b) for i, (_, b) in enumerate(pairs)]
    applicable = sum(not (a is None and b is None) for a, b in pairs)
    assert len(item_changes(old, new)) == applicable


@pytest.mark.parametrize(
    ("rows", "verdict"),
    [
        pytest.param([], "The experiments have no scorer in common: nothing can be compared.", id="none"),
        pytest.param(compare_rows(passes(10, 40), passes(30, 40)), "improved: x", id="improved"),
        pytest.param(compare_rows(passes(9, 40), passes(10, 40)), "no clear difference: x", id="unclear"),
    ],
)
def test_the_verdict_names_the_scorers(rows: list[ComparisonRow], verdict: str) -> None:
    assert overall_verdict(rows) == verdict
