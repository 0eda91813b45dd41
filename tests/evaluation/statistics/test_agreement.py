"""Agreement against scikit-learn, statsmodels, recorded packages, and the tables of the papers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score
from statsmodels.stats.inter_rater import aggregate_raters, to_table
from statsmodels.stats.inter_rater import cohens_kappa as statsmodels_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from assay.evaluation import statistics as s

RECORDED = json.loads((Path(__file__).parents[2] / "data/statistics/agreement.json").read_text(encoding="utf-8"))

# Two abstractors on 100 pregnancies: Gwet 2014, Handbook of Inter-Rater Reliability; figures of the R package irrCAC.
ABSTRACTORS = [[13, 0, 0], [0, 20, 7], [0, 4, 56]]
# Two raters on 125 items, nearly all of one kind: Gwet 2008, Computing inter-rater reliability, table 1.
PARADOX = [[118, 5], [2, 0]]
# Four observers on twelve units with gaps: Krippendorff 2011, Computing Krippendorff's alpha-reliability, part D.
OBSERVERS = list(
    zip(
        [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
        [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
        strict=True,
    )
)
# Six psychiatrists on thirty patients, five diagnoses: Fleiss 1971, table 1, as counts of the diagnoses.
PATIENTS = (
    "00060 03003 01401 00006 03030 20400 00402 20310 20040 00006 10050 11040 03300 10050 02031 "
    "00501 30012 51000 02040 10203 00006 01050 02013 20040 10041 05010 40002 02040 10500 00006"
)


def raters(table: list[list[int]]) -> tuple[list[int], list[int]]:
    """Both raters' labels behind a table of how often each pair of labels was given."""
    pairs = [(i, j) for i, row in enumerate(table) for j, count in enumerate(row) for _ in range(count)]
    return [i for i, _ in pairs], [j for _, j in pairs]


labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=5, max_size=60)


@settings(max_examples=40)
@given(labels, st.sampled_from([None, "linear", "quadratic"]))
def test_cohens_kappa_is_scikit_learns_with_statsmodels_interval(pairs: list[tuple[int, int]], weights: Any) -> None:
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    result = s.cohen_kappa(a, b, weights=weights, labels=range(4))
    if result.value is None:
        assert len({*a, *b}) == 1
        return
    assert result.value == pytest.approx(cohen_kappa_score(a, b, weights=weights, labels=range(4)), abs=1e-9)
    with np.errstate(all="ignore"):
        expected = statsmodels_kappa(to_table(pairs, bins=[-0.5, 0.5, 1.5, 2.5, 3.5])[0], wt=weights)
    if result.low is None or result.high is None:
        assert not expected.var_kappa > 1e-12
        assert "the spread of kappa cannot be estimated" in (result.reason or "")
        return
    assert result.stderr == pytest.approx(math.sqrt(expected.var_kappa), abs=1e-9)
    assert result.low == pytest.approx(max(expected.kappa_low, -1), abs=1e-6)
    assert result.high == pytest.approx(min(expected.kappa_upp, 1), abs=1e-6)


def test_cohens_kappa_of_a_published_table() -> None:
    result = s.cohen_kappa(*raters(ABSTRACTORS))
    assert result.value == pytest.approx(0.7964094, abs=1e-7)
    assert result.stderr == pytest.approx(0.05891072, abs=1e-8)


def test_where_one_label_prevails_kappa_is_near_0_and_ac1_is_not() -> None:
    a, b = raters(PARADOX)
    assert s.raw_agreement(a, b).value == pytest.approx(0.944)
    assert s.cohen_kappa(a, b).value == pytest.approx(-0.0234, abs=5e-5)
    assert s.gwet_ac1(list(zip(a, b, strict=True))).value == pytest.approx(0.9408, abs=5e-5)
    assert s.prevalence(a, b) == {0: pytest.approx(243 / 250), 1: pytest.approx(7 / 250)}


def test_ac1_of_a_published_table() -> None:
    result = s.gwet_ac1(list(zip(*raters(ABSTRACTORS), strict=True)))
    assert result.value == pytest.approx(0.8493305, abs=1e-7)
    assert result.stderr == pytest.approx(0.04321747, abs=3e-4)  # there with n, here with n - 1


def test_fleiss_and_ac1_of_published_ratings_with_gaps() -> None:
    """Gwet 2014, page 120: the same data as Krippendorff's."""
    fleiss, ac1 = s.fleiss_kappa(OBSERVERS), s.gwet_ac1(OBSERVERS)
    assert (fleiss.value, fleiss.stderr) == (pytest.approx(0.76117, abs=1e-5), pytest.approx(0.15302, abs=1e-5))
    assert (ac1.value, ac1.stderr) == (pytest.approx(0.77544, abs=1e-5), pytest.approx(0.14295, abs=1e-5))
    assert (ac1.low, ac1.high) == (pytest.approx(0.461, abs=5e-4), 1.0)


def test_fleiss_kappa_of_the_paper() -> None:
    """Thirty patients, six raters: .430."""
    ratings = [[k for k, count in enumerate(row) for _ in range(int(count))] for row in PATIENTS.split()]
    assert s.fleiss_kappa(ratings).value == pytest.approx(0.430, abs=5e-4)


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, 2), min_size=3, max_size=3), min_size=2, max_size=30))
def test_fleiss_kappa_is_statsmodels(ratings: list[list[int]]) -> None:
    result = s.fleiss_kappa(ratings)
    if result.value is None:
        assert len({label for row in ratings for label in row}) == 1
        return
    assert result.value == pytest.approx(statsmodels_fleiss(aggregate_raters(ratings, n_cat=3)[0]), abs=1e-9)


@pytest.mark.parametrize(
    ("scale", "expected"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorffs_alpha_of_the_paper(scale: Any, expected: float) -> None:
    assert s.krippendorff_alpha(OBSERVERS, scale=scale, resamples=20).value == pytest.approx(expected, abs=5e-4)


@pytest.mark.parametrize("case", RECORDED, ids=lambda case: f"{len(case['ratings'])}x{len(case['ratings'][0])}")
def test_agreement_of_many_raters_is_that_of_other_packages(case: dict[str, Any]) -> None:
    """krippendorff 0.9 to 1e-9, irrCAC 0.4.4 to the five digits that it gives."""
    for scale, expected in case["alpha"].items():
        value = s.krippendorff_alpha(case["ratings"], scale=scale, resamples=2).value
        assert value == pytest.approx(expected, abs=1e-9)
    assert s.gwet_ac1(case["ratings"]).value == pytest.approx(case["ac1"], abs=5.1e-6)
    assert s.fleiss_kappa(case["ratings"]).value == pytest.approx(case["fleiss"], abs=5.1e-6)


def test_alphas_interval_is_drawn_over_items_and_repeats_with_its_seed() -> None:
    ratings = RECORDED[1]["ratings"]
    result = s.krippendorff_alpha(ratings, resamples=30, seed=3)
    assert result.low is not None
    assert result.high is not None
    assert result.low < result.value < result.high  # type: ignore[operator]
    assert result == s.krippendorff_alpha(ratings, resamples=30, seed=3)
    assert result != s.krippendorff_alpha(ratings, resamples=30, seed=4)


def test_ordinal_labels_in_words_have_the_order_that_is_declared() -> None:
    words = {1: "poor", 2: "fair", 3: "good", 4: "great", 5: "best"}
    told = [[words.get(label) if label else None for label in row] for row in OBSERVERS]
    result = s.krippendorff_alpha(told, scale="ordinal", labels=list(words.values()), resamples=2)
    assert result.value == pytest.approx(0.815, abs=5e-4)


CONSTANT = [["yes", "yes"]] * 5


@pytest.mark.parametrize(
    ("result", "reason"),
    [
        pytest.param(s.cohen_kappa(["yes"] * 5, ["yes"] * 5), "both raters gave one label only ('yes')", id="kappa"),
        pytest.param(s.cohen_kappa([], []), "no item was labelled by both", id="kappa-of-nothing"),
        pytest.param(s.cohen_kappa([None, 1], [1, None]), "no item was labelled by both", id="kappa-of-gaps"),
        pytest.param(s.fleiss_kappa(CONSTANT), "one label only", id="fleiss"),
        pytest.param(s.gwet_ac1(CONSTANT), "one label only", id="ac1"),
        pytest.param(s.gwet_ac1([["a"], ["b"]]), "no item was labelled by two raters", id="ac1-of-one-rater"),
        pytest.param(s.krippendorff_alpha(CONSTANT), "one label only", id="alpha"),
        pytest.param(s.krippendorff_alpha([]), "no item was labelled by two raters", id="alpha-of-nothing"),
        pytest.param(s.raw_agreement([], []), "no item was labelled by both", id="raw"),
    ],
)
def test_undefined_agreement_is_none_with_a_reason(result: s.Estimate, reason: str) -> None:
    assert (result.value, result.low, result.high) == (None, None, None)
    assert result.reason is not None
    assert reason in result.reason


def test_perfect_agreement_has_a_value_and_no_interval_of_width_0() -> None:
    a = ["yes", "no"] * 10
    for result in (s.cohen_kappa(a, a), s.gwet_ac1(list(zip(a, a, strict=True)))):
        assert (result.value, result.low) == (1.0, None)
        assert "agree on all 20 items" in (result.reason or "")


def test_a_rater_who_gives_one_label_only_has_a_kappa_of_0_and_no_interval() -> None:
    result = s.cohen_kappa(["yes"] * 10, ["yes"] * 7 + ["no"] * 3)
    assert (result.value, result.low) == (pytest.approx(0.0, abs=1e-12), None)
    assert result.reason == "one rater gave one label only: the spread of kappa cannot be estimated"


def test_weights_need_an_order() -> None:
    with pytest.raises(ValueError, match=r"no order of their own: say labels="):
        s.cohen_kappa(["low", "high"], ["high", "low"], weights="linear")
    declared = s.cohen_kappa(["a", "b", "c"], ["a", "b", "b"], weights="linear", labels=["a", "b", "c"])
    assert declared.value == pytest.approx(cohen_kappa_score([0, 1, 2], [0, 1, 1], weights="linear"))


def test_a_label_that_was_not_declared_is_named() -> None:
    with pytest.raises(ValueError, match=r"'maybe' is not among the labels"):
        s.cohen_kappa(["yes", "maybe"], ["yes", "no"], labels=["yes", "no"])


def test_ac1_counts_labels_that_nobody_gave() -> None:
    ratings = list(zip(*raters(PARADOX), strict=True))
    assert s.gwet_ac1(ratings, labels=[0, 1, 2]).value > s.gwet_ac1(ratings).value  # type: ignore[operator]


def test_a_scale_of_distances_needs_numbers() -> None:
    with pytest.raises(ValueError, match=r"an interval scale needs numbers, not 'high'"):
        s.krippendorff_alpha([["high", "low"], ["low", "low"]], scale="interval")
