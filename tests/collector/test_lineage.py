"""Where a version of a prompt came to: figures that add up, intervals that are those of the raw values, times."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.lineage import carried, lineage
from assay.collector.registry.prompt_aliases import Change
from assay.collector.server import Server
from assay.collector.service import Service
from assay.evaluation.statistics import Estimate, interval_of_sums, mean_interval, proportion_interval
from support.queried import SECOND, span, store_spans

DAY = 86_400 * SECOND
NOON = 1_795_262_400 * SECOND  # 2026-11-21 12:00 UTC
CALL = {"kind": "llm", "operation": "chat", "input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


def used(trace: int, start: int, version: int = 2, *, cost: float | None = 0.01, **fields: Any) -> list[dict[str, Any]]:
    """A trace that used a version: it was filled in in a chain, and a call was seen by two layers."""
    prompt = {"prompt_name": "qa", "prompt_version": version, "user_id": f"u{trace % 4}", **fields}
    return [
        span(trace, 0, start=start, lasts=4 * SECOND, kind="agent", status="error" if trace % 5 == 0 else "ok"),
        span(trace, 1, start=start, parent=0, lasts=3 * SECOND, kind="chain", **prompt),
        span(trace, 2, start=start, parent=1, lasts=2 * SECOND, cost_usd=cost, **CALL, **prompt),
        span(trace, 3, start=start, parent=2, lasts=(1 + trace) * SECOND, cost_usd=cost, **CALL, **prompt),
    ]


def score(trace: int, name: str, value: str | None, **fields: Any) -> dict[str, Any]:
    of = {"trace_id": f"{trace:032x}", "created_at": 1, "source": "user", "status": "scored"}
    return {"id": f"{name} {trace} {value}", "project": "test", "name": name, "value": value, **of, **fields}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("lineage") / ".assay")
    for template in ("{{a}}", "{{a}}!", "{{a}}?"):
        service.registry.prompts.register("test", "qa", template, "changed", author="mira")
    spans = [one for trace in range(10) for one in used(trace, NOON + (trace // 5) * DAY)]
    spans += used(20, NOON, cost=None)  # the price is not known
    spans += used(30, NOON, experiment_id="e" * 32)
    spans += used(40, NOON, version=1, ab_test="tone", ab_arm="control")
    store_spans(service, spans)
    store_spans(service, [{**one, "project": "twin"} for one in used(50, NOON)])
    scores = [score(trace, "helpful", "true" if trace % 2 else "false") for trace in range(10)]
    scores += [score(trace, "stars", str(trace % 5 + 1)) for trace in range(10)]
    scores += [score(trace, "tone", '"warm"' if trace else '"cold"') for trace in range(3)]
    # said again by the same user: the newest counts
    scores += [score(1, "helpful", "false", created_at=0), score(2, "stars", "5", created_at=0)]
    scores += [score(4, "tone", None, status="failed", error="timeout"), score(30, "helpful", "true")]
    service.append({"score_log": scores})
    yield service
    service.close()


@pytest.fixture(scope="module")
def second(service: Service) -> dict[str, Any]:
    return lineage(service.store, service.registry, "test", "qa", 2)


def test_traces_and_calls_are_counted_once(second: dict[str, Any]) -> None:
    assert second["traces"] == {
        "count": 12,
        "in_experiments": 1,
        "first": "2026-11-21T12:00:00.000000000Z",
        "last": "2026-11-22T12:00:00.000000000Z",
        "error_count": 4,
        "error_rate": 4 / 12,
    }
    calls = second["calls"]
    assert (calls["count"], calls["priced_calls"], calls["total_tokens_per_call"]) == (12, 11, 120)
    assert calls["latency_p50_ms"] == 6500.0


def test_the_cost_of_a_call_is_of_those_whose_price_is_known(second: dict[str, Any]) -> None:
    assert second["calls"]["cost_usd"] == pytest.approx(0.11)
    per_call = second["calls"]["cost_usd_per_call"]
    assert (per_call["n"], per_call["mean"]) == (11, pytest.approx(0.01))


def test_scores_are_those_of_live_traces_with_an_interval_that_knows_their_users(second: dict[str, Any]) -> None:
    helpful, stars, tone = second["scores"]
    users = [trace % 4 for trace in range(10)]
    expected = proportion_interval([trace % 2 for trace in range(10)], clusters=users)
    assert_same(helpful, expected)
    assert_same(stars, mean_interval([trace % 5 + 1 for trace in range(10)], clusters=users))
    assert (tone["mean"], tone["n"], tone["labels"], tone["failed"]) == (None, 0, {"warm": 2, "cold": 1}, 1)


def test_scores_over_time_go_by_the_day_of_the_trace(second: dict[str, Any]) -> None:
    helpful = second["scores"][0]
    assert [(day["time"][:10], day["n"]) for day in helpful["over_time"]] == [("2026-11-21", 5), ("2026-11-22", 5)]
    assert helpful["bucket"] == "1d"


def test_a_long_time_is_summed_up_by_weeks(service: Service) -> None:
    store_spans(service, [{**one, "project": "long"} for day in (0, 99) for one in used(60 + day, NOON + day * DAY)])
    service.append({"score_log": [{**score(60, "helpful", "true"), "project": "long"}]})
    service.registry.prompts.register("long", "qa", "a", "first")
    service.registry.prompts.register("long", "qa", "b", "second")
    assert lineage(service.store, service.registry, "long", "qa", 2)["scores"][0]["bucket"] == "1w"


def test_what_never_ran_has_unknown_figures_not_zeros(service: Service) -> None:
    third = lineage(service.store, service.registry, "test", "qa", 3)
    assert third["traces"]["count"] == 0
    figures = [third["traces"]["error_rate"], third["calls"]["cost_usd"], third["calls"]["latency_p50_ms"]]
    assert [*figures, third["calls"]["cost_usd_per_call"]] == [None] * 4
    assert (third["scores"], third["experiments"], third["ab_tests"], third["aliases"]) == ([], [], [], [])


def test_experiments_are_found_by_their_traces_and_by_what_they_wrote_down(service: Service) -> None:
    experiments = service.registry.experiments
    experiments.create("test", "by trace", id="e" * 32)
    said = {"used": {"prompts": [{"name": "qa", "version": 2}]}}
    experiments.create("test", "by word", config=said)
    experiments.create("test", "another version", config={"used": {"prompts": [{"name": "qa", "version": 1}]}})
    experiments.create("twin", "another project", config=said)
    found = lineage(service.store, service.registry, "test", "qa", 2)["experiments"]
    assert [(one["name"], one["traces"]) for one in found] == [("by word", None), ("by trace", 1)]


def test_the_arms_that_a_version_was_are_named(service: Service) -> None:
    [arm] = lineage(service.store, service.registry, "test", "qa", 1)["ab_tests"]
    assert (arm["name"], arm["arm"], arm["traces"]) == ("tone", "control", 1)


def move(alias: str, source: int | None, target: int | None, day: int, **fields: Any) -> dict[str, Any]:
    at = f"2026-10-{day:02}T09:00:00.000000Z"
    return {"alias": alias, "from_version": source, "to_version": target, "moved_at": at, "author": "mira", "reason": None, **fields}  # fmt: skip  # noqa: E501


MOVES = [
    move("production", 3, 2, 20, reason="v3 is slower", author="jo"),
    move("production", 2, 3, 15),
    move("challenger", 2, None, 12),
    move("production", 1, 2, 10, reason="better"),
    move("challenger", None, 2, 5),
    move("production", None, 1, 1),
]


def test_an_alias_is_carried_from_the_move_that_brought_it_to_the_one_that_took_it_away() -> None:
    stays = [
        (stay["alias"], stay["from"][:10], (stay["to"] or "still")[:10], stay["reason"]) for stay in carried(MOVES, 2)
    ]
    assert stays == [
        ("production", "2026-10-20", "still", "v3 is slower"),
        ("production", "2026-10-10", "2026-10-15", "better"),
        ("challenger", "2026-10-05", "2026-10-12", None),
    ]
    [first] = carried(MOVES, 1)
    assert (first["next_version"], first["ended_by"], first["end_reason"]) == (2, "mira", "better")


def test_lineage_is_asked_over_http_by_number_and_by_alias(collector: Server) -> None:
    prompts = collector.service.registry.prompts
    prompts.register("test", "team/qa", "{{a}}", "first")
    change = Change(author="mira")
    collector.service.registry.aliases.set("test", "team/qa", "production", 1, change)
    for reference in ("1", "production", "latest"):
        url = f"{collector.url}/api/v1/prompts/team%2Fqa/versions/{reference}/lineage"
        found = httpx.get(url, params={"project": "test"}).json()
        assert (found["version"], found["traces"]["count"]) == (1, 0)
        assert [stay["alias"] for stay in found["aliases"]] == ["production"]
    assert httpx.get(f"{collector.url}/api/v1/prompts/team%2Fqa/versions/9/lineage").status_code == 404


# The sums that the store makes, against the same figures from the raw values --------------------------------------


def sums_of(values: list[float], clusters: list[int], *, binary: bool) -> Estimate:
    mean = sum(values) / len(values) if values else None
    totals: dict[int, list[float]] = {}
    for value, cluster in zip(values, clusters, strict=True):
        totals.setdefault(cluster, []).append(value)
    spread = None if mean is None else sum((sum(group) - len(group) * mean) ** 2 for group in totals.values())
    equal = len(set(values)) < 2
    return interval_of_sums(
        n=len(values), clusters=len(totals), mean=mean, spread=spread, all_equal=equal, binary=binary
    )


def assert_same(found: Any, expected: Estimate) -> None:
    get = found.get if isinstance(found, dict) else lambda name: getattr(found, {"mean": "value"}.get(name, name))
    for name, value in (("mean", expected.value), ("low", expected.low), ("high", expected.high)):
        assert get(name) == (None if value is None else pytest.approx(value, rel=1e-9, abs=1e-9)), name
    assert (get("n"), get("method"), get("reason")) == (expected.n, expected.method, expected.reason)


@given(st.lists(st.tuples(st.sampled_from([1.0, 2.0, 4.5, -3.0]), st.integers(0, 3)), max_size=12))
def test_intervals_from_sums_are_those_of_the_values_by_cluster(data: list[tuple[float, int]]) -> None:
    values, clusters = [value for value, _ in data], [cluster for _, cluster in data]
    independent = len(set(clusters)) == len(clusters)
    expected = mean_interval(values, clusters=None if independent else clusters)
    assert_same(sums_of(values, clusters, binary=False), expected)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3)), max_size=12))
def test_rates_from_sums_are_those_of_the_values_by_cluster(data: list[tuple[bool, int]]) -> None:
    values, clusters = [float(value) for value, _ in data], [cluster for _, cluster in data]
    independent = len(set(clusters)) == len(clusters)
    expected = proportion_interval(values, clusters=None if independent else clusters)
    assert_same(sums_of(values, clusters, binary=True), expected)
