"""Dashboards in the registry: made, renamed, changed, deleted, and each change in the audit log."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from assay.collector.registry import Registry
from assay.collector.registry.dashboards import MOST_CHARTS
from assay.errors import Conflict, InvalidRequest, NotFound

CHARTS = [{"measure": "cost", "by": "model", "q": ""}]


def test_a_dashboard_is_kept_renamed_and_deleted(registry: Registry) -> None:
    made = registry.dashboards.create("p", " team/week ", CHARTS, author="Ada")
    assert (made["name"], made["charts"], made["author"]) == ("team/week", CHARTS, "Ada")
    other = [{"measure": "traces", "by": "", "q": "status = 'error'"}]
    changed = registry.dashboards.change("p", "team/week", new_name="week", charts=other)
    assert (changed["name"], changed["charts"], changed["author"]) == ("week", other, "Ada")
    assert changed["updated_at"] > changed["created_at"] == made["created_at"]
    assert registry.dashboards.all("p") == [changed] == [registry.dashboards.get("p", "week")]
    registry.dashboards.delete("p", "week")
    assert registry.dashboards.all("p") == []
    actions = [entry["action"] for entry in registry.audit.page(project="p").items]
    assert actions[:3] == ["dashboard.delete", "dashboard.change", "dashboard.create"]


def test_projects_have_dashboards_of_their_own(registry: Registry) -> None:
    registry.dashboards.create("p", "week", CHARTS)
    registry.dashboards.create("q", "week", CHARTS * 2)
    assert [len(one["charts"]) for one in registry.dashboards.all("q")] == [2]


def test_a_name_is_used_once(registry: Registry) -> None:
    registry.dashboards.create("p", "a", CHARTS)
    registry.dashboards.create("p", "b", CHARTS)
    with pytest.raises(Conflict, match="'a' already"):
        registry.dashboards.create("p", "a", CHARTS)
    with pytest.raises(Conflict, match="'a' already"):
        registry.dashboards.change("p", "b", new_name="a", charts=CHARTS)


@pytest.mark.parametrize(
    ("name", "number"), [("", 1), ("x\ny", 1), ("x" * 201, 1), ("fine", 0), ("fine", MOST_CHARTS + 1)]
)
def test_what_cannot_be_a_dashboard_is_refused(registry: Registry, name: str, number: int) -> None:
    with pytest.raises(InvalidRequest) as refused:
        registry.dashboards.create("p", name, CHARTS * number)
    assert refused.value.hint


def test_what_is_not_there_cannot_be_changed(registry: Registry) -> None:
    for ask in (
        lambda: registry.dashboards.get("p", "x"),
        lambda: registry.dashboards.delete("p", "x"),
        lambda: registry.dashboards.change("p", "x", new_name="y", charts=CHARTS),
    ):
        with pytest.raises(NotFound, match="no dashboard 'x'"):
            ask()


def test_moves_of_aliases_are_found_by_their_time(registry: Registry) -> None:
    for name in ("qa", "mail"):
        registry.prompts.register("p", name, f"{name} one", "first")
        registry.aliases.set("p", name, "production", 1)
    registry.prompts.register("other", "qa", "one", "first")
    registry.aliases.set("other", "qa", "production", 1)
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    moves = registry.aliases.moves_between("p", start, end, limit=10)
    assert [(move["name"], move["to_version"]) for move in moves] == [("mail", 1), ("qa", 1)]
    assert registry.aliases.moves_between("p", end, end + timedelta(days=1), limit=10) == []
