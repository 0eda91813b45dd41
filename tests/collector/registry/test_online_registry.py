"""What is set while the collector runs: settings that are kept, online scorers and their work, alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from assay.collector.registry import Registry
from assay.collector.registry.online_work import Outcome
from assay.errors import Conflict, NotFound
from support.registries import open_new

DECLARED: dict[str, Any] = {
    "definition": {"scorer": "contains", "parameters": {"text": "refund"}},
    "source": "code",
    "filter": "status = 'ok'",
    "sample_rate": 0.5,
    "quiet_s": 30.0,
    "limits": {"calls_per_day": 100},
}
RULE = {"measure": "error_rate", "above": 0.1}


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def registry(tmp_path: Path, clock: Clock) -> Iterator[Registry]:
    opened = open_new(tmp_path / "registry.db", clock)
    yield opened
    opened.close()


def actions(registry: Registry) -> list[str]:
    return [entry["action"] for entry in registry.audit.page(limit=100).items]


def test_a_setting_is_kept_until_it_is_forgotten_and_every_change_is_audited(registry: Registry) -> None:
    before = len(actions(registry))
    registry.kept_settings.set("retention_days", 30)
    registry.kept_settings.set("retention_days", 30)
    assert registry.kept_settings.all()["retention_days"]["value"] == 30
    registry.kept_settings.set("retention_days", None)
    assert registry.kept_settings.all() == {}
    assert actions(registry)[: len(actions(registry)) - before] == ["settings.set"] * 2


def test_another_definition_is_another_version_and_another_filter_is_not(registry: Registry) -> None:
    made = registry.online_scorers.create("p", "refunds", DECLARED, cursor_ns=5)
    assert (made["version"], made["state"], made["cursor_ns"]) == (1, "active", 5)
    assert registry.online_scorers.change("p", "refunds", {**DECLARED, "filter": None})["version"] == 1
    other = {**DECLARED, "definition": {"scorer": "word_count", "parameters": {}}}
    assert registry.online_scorers.change("p", "refunds", other)["version"] == 2
    assert actions(registry)[:3] == ["online_scorer.change", "online_scorer.change", "online_scorer.create"]


def test_names_of_online_scorers_are_a_projects_own(registry: Registry) -> None:
    registry.online_scorers.create("p", "tone", DECLARED, cursor_ns=0)
    registry.online_scorers.create("q", "tone", DECLARED, cursor_ns=0)
    with pytest.raises(Conflict):
        registry.online_scorers.create("p", "tone", DECLARED, cursor_ns=0)
    with pytest.raises(NotFound):
        registry.online_scorers.get("r", "tone")


def test_a_trace_waits_once_and_what_has_no_room_is_counted(registry: Registry) -> None:
    scorer = registry.online_scorers.create("p", "tone", DECLARED, cursor_ns=0)["id"]
    work = registry.online_work
    assert work.add(scorer, ["a", "b"], cursor_ns=10, room=10) == 2
    assert work.add(scorer, ["b", "c", "d", "e"], cursor_ns=20, room=1) == 1
    assert work.due(scorer, 10) == [("a", 0), ("b", 0), ("c", 0)]
    assert work.figures(scorer)["today"]["left_out"] == 2
    assert registry.online_scorers.get("p", "tone")["cursor_ns"] == 20


def test_what_was_done_is_not_due_again_and_a_retry_is_in_its_time(registry: Registry, clock: Clock) -> None:
    scorer = registry.online_scorers.create("p", "tone", DECLARED, cursor_ns=0)["id"]
    work = registry.online_work
    work.add(scorer, ["a", "b"], cursor_ns=10, room=10)
    later = clock.now + timedelta(minutes=1)
    work.note(
        scorer,
        [
            Outcome(trace_id="a", state="scored", version=1, calls=2, cost_usd=0.5),
            Outcome(trace_id="b", state="failed", version=1, error="no answer", retry_at=later),
        ],
    )
    assert work.add(scorer, ["a", "b"], cursor_ns=10, room=10) == 0
    assert work.due(scorer, 10) == []
    found = work.figures(scorer)
    assert (found["waiting"], found["retrying"], found["today"]["scored"], found["today"]["failed"]) == (1, 1, 1, 0)
    assert (found["today"]["calls"], found["today"]["cost_usd"]) == (2, 0.5)
    assert found["last_errors"][0]["error"] == "no answer"
    clock.now = later
    assert work.due(scorer, 10) == [("b", 1)]


def test_each_day_has_figures_of_its_own(registry: Registry, clock: Clock) -> None:
    scorer = registry.online_scorers.create("p", "tone", DECLARED, cursor_ns=0)["id"]
    registry.online_work.note(scorer, [Outcome(trace_id="a", state="scored", version=1, cost_usd=1.0)])
    clock.now += timedelta(days=1)
    assert registry.online_work.figures(scorer)["today"]["cost_usd"] == 0
    assert [day["day"] for day in registry.online_work.figures(scorer)["days"]] == ["2026-11-22"]


def test_a_removed_scorer_takes_its_work_along(registry: Registry) -> None:
    scorer = registry.online_scorers.create("p", "tone", DECLARED, cursor_ns=0)["id"]
    registry.online_work.add(scorer, ["a"], cursor_ns=1, room=1)
    registry.online_scorers.remove("p", "tone")
    assert registry.online_work.add(scorer, ["b"], cursor_ns=1, room=1) == 0
    registry.online_work.note(scorer, [Outcome(trace_id="a", state="scored", version=1)])
    assert registry.online_work.due(scorer, 10) == []


def test_an_alert_turns_once_and_remembers_what_became_of_telling(registry: Registry, clock: Clock) -> None:
    alerts = registry.alerts
    made = alerts.create("p", "errors", RULE, {"webhook": "https://example.org/hook"}, told={"webhook": "example.org"})
    turned = [alerts.turn(made["id"], "fired", value=0.2, n=50, rule=RULE) for _ in range(2)]
    assert turned == [True, False]
    [(event, alert)] = alerts.to_tell()
    assert (event["kind"], event["value"], alert["state"]) == ("fired", 0.2, "firing")
    alerts.told(event["id"], error="refused", retry_at=clock.now + timedelta(seconds=9))
    assert alerts.to_tell() == []
    clock.now += timedelta(seconds=9)
    alerts.told(alerts.to_tell()[0][0]["id"])
    [kept] = alerts.events("p", "errors").items
    assert (kept["delivery"], kept["attempts"], kept["error"]) == ("delivered", 2, None)
    assert "/hook" not in str(registry.audit.page(action="alert").items)


def test_an_alert_that_was_changed_or_switched_off_is_not_turned_by_what_was_measured_before(
    registry: Registry,
) -> None:
    made = registry.alerts.create("p", "errors", RULE, None)
    registry.alerts.change("p", "errors", {**RULE, "above": 0.5}, None)
    assert not registry.alerts.turn(made["id"], "fired", value=0.2, n=50, rule=RULE)
    registry.alerts.switch("p", "errors", on=False)
    assert not registry.alerts.turn(made["id"], "fired", value=0.9, n=50, rule={**RULE, "above": 0.5})
    registry.alerts.remove("p", "errors")
    assert registry.alerts.all("p") == []


def test_when_a_key_was_used_is_written_down_apart_from_its_check(registry: Registry, clock: Clock) -> None:
    made = registry.keys.create("ci", ["read"])
    registry.keys.verify(made["key"])
    assert registry.keys.page().items[0]["last_used_at"] is None
    registry.keys.note_used()
    assert registry.keys.page().items[0]["last_used_at"] == "2026-11-22T12:00:00.000000Z"
