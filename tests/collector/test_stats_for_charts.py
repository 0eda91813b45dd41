"""What charts ask of the store: measures of some spans, scores over time, what was first seen, how much there is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from assay.collector import queries
from assay.collector.queries import StatsQuery
from assay.collector.service import Service
from assay.errors import InvalidRequest
from support.queried import SECOND, span, store_spans

HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
NOON = 1_795_262_400 * SECOND  # 2026-11-21 12:00 UTC
CALL = {"kind": "llm", "operation": "chat", "input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Ten traces, one an hour: after the sixth another release and version; each third fails, and so does its tool."""
    service = Service(tmp_path_factory.mktemp("charts") / ".assay")
    spans, scores = [], []
    for trace in range(10):
        start, status = NOON + trace * HOUR, "error" if trace % 3 == 0 else "ok"
        release = {"release": "2" if trace > 5 else "1"}
        asked = {"prompt_name": "qa", "prompt_version": 2 if trace > 5 else 1, "response_model": f"m{trace % 2}"}
        spans += [
            span(trace, 0, start=start, lasts=8 * SECOND, status=status, user_id=f"u{trace % 2}", **release),
            span(trace, 1, start=start + SECOND, lasts=2 * SECOND, parent=0, cost_usd=0.5, **release, **asked, **CALL),
            span(trace, 2, start=start + 4 * SECOND, parent=0, kind="tool", tool_name="t", status=status, **release),
        ]
        for number in range(2):  # two people on each trace
            scores.append(
                {"id": f"{trace} {number}", "project": "test", "name": "helpful", "value": str(trace % 2)}
                | {"source": "user", "status": "scored", "trace_id": f"{trace:032x}", "created_at": 1}
            )
    store_spans(service, spans)
    store_spans(service, [{**one, "project": "twin"} for one in spans[:3]])
    service.append({"score_log": scores})
    yield service
    service.close()


def test_roots_calls_and_tools_are_measured_apart(service: Service) -> None:
    measures = ("root_count", "root_error_count", "root_latency_p50_ms", "model_latency_p50_ms", "model_error_count")
    query = StatsQuery(project="test", measures=(*measures, "tool_calls", "tool_error_count", "tool_latency_p95_ms"))
    assert queries.stats(service.store, query) == [
        {
            **{"root_count": 10, "root_error_count": 4, "root_latency_p50_ms": 8000, "model_latency_p50_ms": 2000},
            **{"model_error_count": 0, "tool_calls": 10, "tool_error_count": 4, "tool_latency_p95_ms": 1000},
        }
    ]


def test_spans_are_counted_of_the_traces_that_match(service: Service) -> None:
    for project in ("test", None):
        query = StatsQuery(
            project=project, measures=("model_calls", "cost_usd"), trace_filter="status = 'error' and span_count = 3"
        )
        [row] = queries.stats(service.store, query)
        assert row == {"model_calls": 4 + (project is None), "cost_usd": 2 + 0.5 * (project is None)}


def test_a_filter_over_traces_looks_at_whole_traces_near_the_time(service: Service) -> None:
    query = StatsQuery(
        **{"project": "test", "measures": ("tool_calls",), "trace_filter": "any(kind = 'llm')"},  # type: ignore[arg-type]
        start=NOON + 3 * SECOND,  # the first trace's root and call lie before
        end=NOON + HOUR,
    )
    assert queries.stats(service.store, query) == [{"tool_calls": 1}]


def test_of_traces_there_is_one_filter(service: Service) -> None:
    with pytest.raises(InvalidRequest) as refused:
        queries.stats(service.store, StatsQuery(of="traces", trace_filter="status = 'ok'"))
    assert refused.value.hint


def test_a_call_seen_by_two_layers_counts_once_within_a_time(service: Service) -> None:
    around = [
        span(70, 0, start=NOON, lasts=HOUR, project="nested", cost_usd=1.0, **CALL),
        span(70, 1, start=NOON + HOUR // 2, parent=0, project="nested", cost_usd=1.0, **CALL),
    ]
    store_spans(service, around)
    query = StatsQuery(project="nested", measures=("model_calls", "cost_usd"), start=NOON, end=NOON + SECOND)
    assert queries.stats(service.store, query) == [{"model_calls": 0, "cost_usd": None}]


def test_latencies_fall_into_bands_of_powers_of_two(service: Service) -> None:
    query = StatsQuery(project="test", group_by=("latency_band_ms",), measures=("count",))
    found = {row["latency_band_ms"]: row["count"] for row in queries.stats(service.store, query)}
    assert found == {4096: 10, 1024: 10, 512: 10}


def test_scores_of_a_trace_count_once_and_have_an_interval(service: Service) -> None:
    [row] = queries.score_stats(service.store, project="test", start=NOON, end=NOON + DAY)
    assert (row["name"], row["n"], row["mean"]) == ("helpful", 10, 0.5)
    assert (round(row["ci_low"], 3), round(row["ci_high"], 3)) == (0.237, 0.763)  # Wilson, of ten traces and not twenty
    assert queries.score_stats(service.store, project="twin", start=NOON, end=NOON + DAY) == []


@pytest.mark.parametrize(
    ("group_by", "means"),
    [(("user_id",), {"u0": 0, "u1": 1}), (("model",), {"m0": 0, "m1": 1}), (("release",), {"1": 0.5, "2": 0.5})],
)
def test_scores_are_grouped_by_what_the_trace_or_its_calls_have(
    service: Service, group_by: tuple[str, ...], means: dict[str, float]
) -> None:
    rows = queries.score_stats(service.store, project="test", start=NOON, end=NOON + DAY, group_by=group_by)
    assert {row[group_by[0]]: row["mean"] for row in rows} == means


def test_scores_over_time_are_those_of_the_traces_that_match(service: Service) -> None:
    rows = queries.score_stats(
        service.store, project="test", start=NOON, end=NOON + DAY, bucket="1d", trace_filter="status = 'error'"
    )
    assert [(row["time"], row["n"], row["mean"]) for row in rows] == [(NOON - DAY // 2, 4, 0.5)]


def test_releases_and_versions_are_marked_where_they_are_first_seen(service: Service) -> None:
    found = queries.first_seen(service.store, project="test", since=NOON, start=NOON + HOUR, end=NOON + DAY)
    assert [(one["release"], one["prompt_name"], one["prompt_version"], one["time"]) for one in found] == [
        ("2", None, None, NOON + 6 * HOUR),
        (None, "qa", 2, NOON + 6 * HOUR + SECOND),
    ]


def test_how_much_there_is_is_known_before_anything_is_summed_up(service: Service) -> None:
    counts = queries.span_counts(service.store, project="test", start=NOON, end=NOON + 3 * HOUR, bucket="1h")
    assert counts == {NOON: 3, NOON + HOUR: 3, NOON + 2 * HOUR: 3}
    assert queries.time_span(service.store, "test") == (NOON, NOON + 9 * HOUR + 4 * SECOND)
    assert queries.time_span(service.store, "nothing") is None


def test_two_periods_are_figured_beside_their_buckets(service: Service) -> None:
    measures = ("count", "latency_p95_ms")
    asked = {"project": "test", "measures": measures, "start": NOON, "end": NOON + 10 * HOUR, "bucket": "6h"}
    parted = queries.stats(service.store, StatsQuery(**asked, parted_at=NOON + 4 * HOUR))  # type: ignore[arg-type]
    buckets = queries.stats(service.store, StatsQuery(**asked))  # type: ignore[arg-type]
    assert [row | {"is_later": None} for row in buckets] == [row for row in parted if row["time"]]
    for is_later, start, end in ((False, NOON, NOON + 4 * HOUR), (True, NOON + 4 * HOUR, NOON + 10 * HOUR)):
        whole = StatsQuery(project="test", measures=measures, start=start, end=end)
        [alone] = queries.stats(service.store, whole)
        assert alone | {"time": None, "is_later": is_later} in parted


def test_scores_of_two_periods_are_those_of_each_alone(service: Service) -> None:
    start, until, since, end = NOON, NOON + 3 * HOUR, NOON + 5 * HOUR, NOON + 9 * HOUR
    both = queries.score_stats(service.store, project="test", start=start, end=end, gap=(until, since), parted_at=since)
    alone = [
        row | {"time": first}
        for first, last in ((start, until), (since, end))
        for row in queries.score_stats(service.store, project="test", start=first, end=last)
    ]
    assert [row["n"] for row in alone] == [3, 4]
    assert both == alone


def test_groups_of_two_periods_are_those_of_each_alone(service: Service) -> None:
    measures, start, until, since, end = ("count", "error_count"), NOON, NOON + 3 * HOUR, NOON + 5 * HOUR, NOON + DAY
    groupings = {
        "names": queries.Grouped("name", "parent_span_id is null"),
        "models": queries.Grouped("model", "kind = 'llm'"),
    }
    found = queries.compared_groups(
        service.store,
        groupings,
        project="test",
        measures=measures,
        start=start,
        end=end,
        parted_at=since,
        gap=(until, since),
        limit=1,  # the largest in each period
    )
    for name, one in groupings.items():
        now, before = (
            queries.stats(
                service.store,
                StatsQuery(
                    project="test",
                    measures=measures,
                    group_by=(one.key,),
                    filter=one.filter,
                    start=first,
                    end=last,
                    limit=1,
                ),
            )
            for first, last in ((since, end), (start, until))
        )
        assert len(now) == len(before) == 1
        assert found[name] == (now, before)


def test_of_a_score_that_was_said_again_the_last_one_counts(service: Service) -> None:
    store_spans(service, [span(80, 0, start=NOON, project="again")])
    said = {"project": "again", "name": "right", "source": "user", "status": "scored", "trace_id": f"{80:032x}"}
    values = (("1", "0"), ("3", "1"), ("2", "0"))
    service.append({"score_log": [{**said, "id": at, "created_at": int(at), "value": value} for at, value in values]})
    [row] = queries.score_stats(service.store, project="again", start=NOON, end=NOON + DAY)
    assert (row["n"], row["mean"]) == (1, 1)
