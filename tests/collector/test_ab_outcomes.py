"""What the store knows of the units of an A/B test: one row each, with what came of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from assay.collector import ab_outcomes
from assay.collector.ab_metrics import MetricSpec, metric_spec
from assay.collector.service import Service
from assay.evaluation.ab.report import UnitOutcome
from support.queried import SECOND, span, store_spans

BEGIN = datetime(2026, 11, 1, 12, tzinfo=UTC)
BEGIN_NS = int(BEGIN.timestamp()) * SECOND
HOUR = 3600 * SECOND
NOW = BEGIN + timedelta(days=3)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One store for all: each test has an A/B test of its own name, and traces of its own."""
    opened = Service(tmp_path_factory.mktemp("outcomes") / ".assay")
    yield opened
    opened.close()


class World:
    """Traces and scores of one A/B test, written as rows."""

    _traces = 0

    def __init__(self, service: Service, test: str) -> None:
        self.service, self.test = service, test

    def trace(self, unit: str, arm: str, *, hours: float = 0.0, calls: int = 1, **root: Any) -> str:
        """A trace with an exposure, some hours after the beginning, and model calls of a dollar each."""
        World._traces += 1
        number, start = World._traces, BEGIN_NS + int(hours * HOUR)
        phase = root.pop("phase", 1)
        attributes = {"assay.ab_test.unit": unit, "assay.ab_test.phase": phase, "assay.ab_test.weight": 0.5}
        link = {"ab_test": self.test, "ab_arm": arm}
        spans = [span(number, 1, start=start, attributes=attributes, **link, **root)]
        spans += [
            span(number, 2 + call, parent=1, start=start, kind="llm", cost_usd=1.0, total_tokens=1, **link)
            for call in range(calls)
        ]
        store_spans(self.service, spans)
        return f"{number:032x}"

    def score(self, value: Any, *, hours: float = 0.0, name: str = "helpful", **subject: Any) -> None:
        row = dict.fromkeys(
            ("explanation", "author", "trace_id", "span_id", "session_id", "experiment_id", "item_id", "repeat")
        )
        status = {"status": "scored" if value is not None else "scorer_error"}
        about = {"project": "test", "name": name, "value": value, "source": "user", "error": None, "metadata": None}
        created = {"created_at": BEGIN_NS + int(hours * HOUR), "id": f"{self.test}-{hours}-{subject}-{name}"}
        self.service.append({"score_log": [{**row, **status, **about, **created, **subject}]})

    def units(self, *metrics: str, window_hours: float | None = None, **more: Mapping[str, Any]) -> list[UnitOutcome]:
        specs: dict[str, MetricSpec] = {name: metric_spec(name, None, {}) for name in metrics}
        specs |= {name: metric_spec(name, given, {}) for name, given in more.items()}
        return ab_outcomes.units_of(
            self.service.store, "test", self.test, specs, since=BEGIN, now=NOW, window_hours=window_hours
        )


@pytest.fixture
def world(service: Service, request: pytest.FixtureRequest) -> World:
    return World(service, request.node.name)


def values(units: list[UnitOutcome], metric: str) -> dict[str, float | None]:
    return {unit.unit: unit.values[metric] for unit in units}


def test_a_unit_is_one_row_however_many_traces_it_has(world: World) -> None:
    for helpful, hours in (("true", 0), ("false", 1), ("true", 2), ("true", 3)):
        world.score(helpful, trace_id=world.trace("ada", "short", hours=hours), hours=hours)
    world.score("false", trace_id=world.trace("ben", "control", hours=5), hours=5)
    ada, ben = world.units("scores.helpful")
    assert (ada.unit, ada.arm, ada.phase, ada.exposed_at, ada.values) == (
        *("ada", "short", 1, BEGIN),
        {"scores.helpful": 0.75},
    )
    assert (ben.unit, ben.arm, ben.values) == ("ben", "control", {"scores.helpful": 0.0})


def test_scores_of_the_trace_of_a_span_and_of_the_session_all_count(world: World) -> None:
    first = world.trace("ada", "short", session_id="s-ada")
    world.score("1", trace_id=first)
    world.score("0", trace_id=world.trace("ada", "short", hours=1), span_id="0" * 16, hours=1)
    world.score("0.5", session_id="s-ada", hours=2)
    world.trace("ben", "short", session_id="s-ben")
    world.score("1", session_id="s-ben", hours=1)
    assert values(world.units("scores.helpful"), "scores.helpful") == {"ada": 0.5, "ben": 1.0}


def test_what_was_said_of_a_session_before_the_exposure_does_not_count(world: World) -> None:
    world.trace("ada", "short", hours=2, session_id="s-early")
    world.score("0", session_id="s-early", hours=1)
    assert values(world.units("scores.helpful"), "scores.helpful") == {"ada": None}


def test_the_newest_word_of_the_same_person_counts(world: World) -> None:
    trace = world.trace("ada", "short")
    world.score("false", trace_id=trace, hours=1)
    world.score("true", trace_id=trace, hours=2)
    assert values(world.units("scores.helpful"), "scores.helpful") == {"ada": 1.0}


def test_what_is_not_known_is_none_and_never_zero(world: World) -> None:
    world.trace("unscored", "short", calls=0)
    world.score(None, trace_id=world.trace("failed", "short", hours=1), hours=1)
    world.score('"good"', trace_id=world.trace("label", "short", hours=2), hours=2)
    units = world.units("scores.helpful", "cost_usd")
    assert values(units, "scores.helpful") == {"unscored": None, "failed": None, "label": None}
    assert values(units, "cost_usd") == {"unscored": None, "failed": 1.0, "label": 1.0}


def test_figures_of_traces_are_means_over_the_traces_of_a_unit(world: World) -> None:
    world.trace("ada", "short", calls=1)
    world.trace("ada", "short", calls=3, status="error", lasts=4 * SECOND)
    units = world.units("cost_usd", "latency", "error_rate", "total_tokens")
    assert units[0].values == {"cost_usd": 2.0, "latency": 2500.0, "error_rate": 0.5, "total_tokens": 2.0}


def test_any_filter_expression_is_a_metric(world: World) -> None:
    world.score("true", trace_id=world.trace("ada", "short", calls=2, input="refund please"))
    world.trace("ada", "short", hours=1)
    world.trace("ben", "control")
    units = world.units(
        refunds={"of": "input ilike '%refund%'"},
        two_calls={"of": "any(kind = 'llm' and cost_usd > 0.5) and span_count = 3"},
        liked={"of": "scores.helpful = true"},
    )
    assert values(units, "refunds") == {"ada": 0.5, "ben": 0.0}
    assert values(units, "two_calls") == {"ada": 0.5, "ben": 0.0}
    assert values(units, "liked") == {"ada": 0.5, "ben": 0.0}


def test_what_comes_after_the_window_does_not_count(world: World) -> None:
    trace = world.trace("ada", "short")
    world.trace("ada", "short", hours=30, calls=5)
    world.score("true", trace_id=trace, hours=23)
    world.score("false", trace_id=trace, hours=25, author="another")
    [ada] = world.units("scores.helpful", "cost_usd", window_hours=24)
    assert (ada.values, ada.closed) == ({"scores.helpful": 1.0, "cost_usd": 1.0}, True)
    [ada] = world.units("scores.helpful", cost_usd={"window_hours": 48}, window_hours=24)
    assert ada.values == {"scores.helpful": 1.0, "cost_usd": 3.0}


def test_a_unit_is_open_until_its_longest_window_is_over(world: World) -> None:
    world.trace("early", "short", hours=1)
    world.trace("late", "short", hours=71)
    closed = {unit.unit: unit.closed for unit in world.units("cost_usd", window_hours=24)}
    assert closed == {"early": True, "late": False}
    assert [unit.closed for unit in world.units("cost_usd", latency={"window_hours": 71.5})] == [False, False]
    assert [unit.closed for unit in world.units("cost_usd")] == [True, True]


def test_a_late_score_is_there_once_it_has_come(world: World) -> None:
    trace = world.trace("ada", "short")
    assert values(world.units("scores.helpful"), "scores.helpful") == {"ada": None}
    world.score("true", trace_id=trace, hours=40)
    assert values(world.units("scores.helpful"), "scores.helpful") == {"ada": 1.0}


def test_a_unit_seen_in_two_arms_comes_once_for_each_and_without_values(world: World) -> None:
    world.trace("ada", "short")
    world.trace("ada", "control", hours=1)
    world.trace("ben", "control", hours=2)
    found = [(unit.unit, unit.arm, unit.values["cost_usd"]) for unit in world.units("cost_usd")]
    assert sorted(found, key=str) == [("ada", "control", None), ("ada", "short", None), ("ben", "control", 1.0)]


def test_the_phase_is_that_of_the_first_exposure(world: World) -> None:
    world.trace("ada", "short", phase=1)
    world.trace("ada", "short", phase=2, hours=5)
    assert [(unit.phase, unit.values["cost_usd"]) for unit in world.units("cost_usd")] == [(1, 1.0)]


def test_other_tests_and_other_projects_are_not_counted(service: Service, world: World) -> None:
    world.trace("ada", "short")
    World(service, "another").trace("ben", "short")
    attributes = {"assay.ab_test.unit": "eve"}
    store_spans(
        service,
        [span(900, 1, start=BEGIN_NS, project="twin", ab_test=world.test, ab_arm="short", attributes=attributes)],
    )
    assert [unit.unit for unit in world.units("cost_usd")] == ["ada"]


def test_first_exposures_of_earlier_phases_are_told(service: Service, world: World) -> None:
    world.trace("ada", "short", phase=1)
    world.trace("ben", "control", phase=2, hours=1)
    world.trace("ada", "short", phase=2, hours=2)
    assert ab_outcomes.first_exposures(service.store, "test", world.test, BEGIN, before_phase=2, limit=10) == [
        ("ada", "short", 1)
    ]
    assert ab_outcomes.first_exposure(service.store, "test", world.test, BEGIN, ["ben"]) == ("control", 2)
    assert ab_outcomes.first_exposure(service.store, "test", world.test, BEGIN, ["nobody"]) is None


def test_caps_are_twice_what_nearly_all_recent_traces_stay_below(service: Service) -> None:
    assert ab_outcomes.usual_caps(service.store, "caps") == {}
    traces = [span(1000 + n, 1, start=BEGIN_NS + n, lasts=n * SECOND // 10, project="caps") for n in range(1, 201)]
    store_spans(service, traces)
    caps = ab_outcomes.usual_caps(service.store, "caps")
    assert caps["duration_ms"] == pytest.approx(2 * 19_800, rel=0.02)
    assert "cost_usd" not in caps
