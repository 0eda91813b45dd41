"""Bradley-Terry ratings against choix, and on Agresti's baseball season."""

from __future__ import annotations

import choix
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.evaluation import statistics as s

# American League 1987, wins of the row over the column: Agresti, Categorical Data Analysis, section 10.6.
SEASON = {
    "Milwaukee": [0, 7, 9, 7, 7, 9, 11],
    "Detroit": [6, 0, 7, 5, 11, 9, 9],
    "Toronto": [4, 6, 0, 7, 7, 8, 12],
    "New York": [6, 8, 6, 0, 6, 7, 10],
    "Boston": [6, 2, 6, 7, 0, 7, 12],
    "Cleveland": [4, 4, 5, 6, 6, 0, 6],
    "Baltimore": [2, 4, 1, 3, 1, 7, 0],
}
PUBLISHED = {"Milwaukee": 1.58, "Detroit": 1.44, "Toronto": 1.29, "New York": 1.25, "Boston": 1.11, "Cleveland": 0.68}


def test_the_ratings_of_a_published_season() -> None:
    teams = list(SEASON)
    games = [(team, teams[j], 1.0) for team in teams for j, wins in enumerate(SEASON[team]) for _ in range(wins)]
    found = s.bradley_terry(games, resamples=20)
    last = found.ratings["Baltimore"].value
    assert last is not None
    told = {team: round(each.value - last, 2) for team, each in found.ratings.items()}  # type: ignore[operator]
    assert told == {**PUBLISHED, "Baltimore": 0.0}
    assert list(found.ratings)[:2] == ["Milwaukee", "Detroit"]
    assert sum(each.value or 0 for each in found.ratings.values()) == pytest.approx(0, abs=1e-9)


verdicts = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.sampled_from([0.0, 1.0])).filter(lambda v: v[0] != v[1]),
    min_size=10,
    max_size=60,
)


@settings(max_examples=25)
@given(verdicts)
def test_the_ratings_are_choixs_wherever_they_exist(drawn: list[tuple[int, int, float]]) -> None:
    found = s.bradley_terry([(str(a), str(b), share) for a, b, share in drawn], resamples=1)
    if not found.ratings:
        assert found.reason
        return
    names = sorted(found.ratings)
    place = {name: i for i, name in enumerate(names)}
    data = [(place[str(a)], place[str(b)]) if share else (place[str(b)], place[str(a)]) for a, b, share in drawn]
    expected = choix.mm_pairwise(len(names), data, max_iter=200_000, tol=1e-13)
    ours = np.array([found.ratings[name].value for name in names])
    assert ours == pytest.approx(expected - expected.mean(), abs=1e-6)


def test_a_tie_is_half_a_win_for_each() -> None:
    tied = s.bradley_terry([("a", "b", 0.5), ("a", "b", 0.5), ("a", "b", 1.0)], resamples=1)
    split = s.bradley_terry([("a", "b", 1.0), ("b", "a", 1.0), ("a", "b", 1.0)], resamples=1)
    assert tied.ratings["a"].value == pytest.approx(split.ratings["a"].value)
    assert tied.win_probability("a", "b") == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("drawn", "reason"),
    [
        pytest.param([], "no pair was judged", id="nothing"),
        pytest.param(
            [("a", "b", 1.0), ("b", "a", 1.0), ("c", "d", 0.5)], "never compared with each other", id="islands"
        ),
        pytest.param([("a", "b", 1.0), ("a", "c", 1.0), ("b", "c", 0.5)], "a never lost", id="undefeated"),
        pytest.param([("a", "b", 0.5), ("a", "c", 1.0), ("b", "c", 1.0)], "c never won", id="winless"),
        pytest.param(
            [("a", "b", 0.5), ("c", "d", 0.5), ("a", "c", 1.0), ("b", "d", 1.0)],
            "beat all the others",
            id="two-leagues",
        ),
    ],
)
def test_strengths_without_a_finite_value_are_none_with_a_reason(
    drawn: list[tuple[str, str, float]], reason: str
) -> None:
    found = s.bradley_terry(drawn)
    assert not found.ratings
    assert reason in (found.reason or "")


def test_intervals_are_drawn_over_rows() -> None:
    """Ten verdicts on each of six rows tell less than sixty on rows of their own."""
    rng = np.random.default_rng(4)
    rows = np.repeat(np.arange(12), 10)
    chance = np.repeat(rng.uniform(0.2, 0.9, 12), 10)
    drawn = [("a", "b", float(rng.random() < p)) for p in chance]
    by_row, alone = s.bradley_terry(drawn, rows=rows.tolist(), resamples=60), s.bradley_terry(drawn, resamples=60)
    widths = [found.ratings["a"].high - found.ratings["a"].low for found in (by_row, alone)]  # type: ignore[operator]
    assert widths[0] > widths[1]
    assert by_row == s.bradley_terry(drawn, rows=rows.tolist(), resamples=60)


def test_ties_alone_give_equal_strengths_and_no_interval() -> None:
    found = s.bradley_terry([("a", "b", 0.5)] * 10, resamples=5)
    assert [(each.value, each.low) for each in found.ratings.values()] == [(0.0, None), (0.0, None)]
    assert found.reason == "all resamples give the same strengths: their spread cannot be estimated"


def test_a_candidate_against_itself_is_no_verdict() -> None:
    with pytest.raises(ValueError, match="is no verdict on two candidates"):
        s.bradley_terry([("a", "a", 1.0)])


def test_elo_is_the_same_ratings_on_another_scale() -> None:
    found = s.bradley_terry([("a", "b", 1.0)] * 10 + [("b", "a", 1.0)], resamples=1)
    elo = found.elo()
    assert 1 / (1 + 10 ** ((elo["b"] - elo["a"]) / 400)) == pytest.approx(10 / 11)
