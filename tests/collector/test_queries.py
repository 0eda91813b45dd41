"""What readers get: pages without gap or repeat, sums that add up, the shape of traces, news."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector import near, queries, trace_list
from assay.collector.nested_calls import NestedCalls
from assay.collector.news import last_row, news
from assay.collector.pages.formats import nanoseconds
from assay.collector.queries import StatsQuery
from assay.collector.service import Service
from assay.collector.skeleton import arrange
from assay.collector.summed_parts import SummedParts
from assay.collector.trace_blocks import TraceBlocks
from assay.collector.trace_find import find_in_trace
from assay.collector.trace_memory import TraceMemory
from assay.errors import CollectorUnavailable, InvalidRequest
from support.queried import SECOND, span, store_spans

DAY = 86_400 * SECOND
NOON = 1_795_262_400 * SECOND  # 2026-11-21 12:00 UTC
CALL = {"kind": "llm", "operation": "chat", "input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


def conversation(trace: int, start: int, project: str = "test", **fields: Any) -> list[dict[str, Any]]:
    """An agent around a model call that two layers saw, and a tool that failed."""
    user = f"user {trace % 3}"
    spans = [
        span(trace, 0, start=start, lasts=9 * SECOND, name="answer", kind="agent", user_id=user, **fields),
        span(trace, 1, start=start + SECOND, parent=0, name="outer", cost_usd=0.5, request_model="m", **CALL),
        span(trace, 2, start=start + SECOND, parent=1, name="inner", cost_usd=0.5, response_model="m", **CALL),
        span(trace, 3, start=start + 2 * SECOND, parent=0, name="look up", kind="tool", status="error"),
    ]
    return [{**each, "project": project} for each in spans]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Forty traces over two months, some of which reach over hours into those that started later."""
    service = Service(tmp_path_factory.mktemp("queries") / ".assay")
    blocks = service.store.trace_blocks = TraceBlocks(block_rows=16)
    service.store.nested_calls, service.store.summed_parts = NestedCalls(blocks), SummedParts(blocks, part_rows=16)
    spans = []
    for trace in range(40):
        start = NOON - (trace**2) * 3600 * SECOND
        session = {"session_id": f"session {trace // 4}"} if trace < 20 else {}
        spans += conversation(trace, start, input=f"question {trace}", **session)
        if trace % 5 == 0:
            spans.append(span(trace, 9, start=start + 40 * DAY, parent=0, name="late"))
    store_spans(service, spans)
    store_spans(service, conversation(3, NOON - 5 * SECOND, project="twin"))  # the same id in another project
    long = {"long": "y" * 500 + " thread", "nested": {"k": ["z" * 300]}}
    texts = [
        span(50, 0, start=NOON, project="long", input="x" * 3000 + " needle at the end", attributes=long),
        span(51, 0, start=NOON + SECOND, project="long", input="a needle", attributes={"long": "tiny"}),
    ]
    alone = [span(60, number, start=NOON - DAY, project="alone", **CALL) for number in range(2)]
    store_spans(service, texts + alone)
    scores = [
        {"id": str(trace), "project": "test", "name": "helpful", "value": str(trace % 2), "source": "user",
         "status": "scored", "trace_id": f"{trace:032x}", "created_at": 1}
        for trace in range(10)
    ]  # fmt: skip
    service.append({"score_log": scores})
    yield service
    service.close()


def numbers(items: list[dict[str, Any]]) -> list[int]:
    return [int(item["trace_id"], 16) for item in items]


def every_page(service: Service, limit: int, **asked: Any) -> list[dict[str, Any]]:
    items, cursor = [], None
    while True:
        page = queries.list_traces(service.store, limit=limit, cursor=cursor, **asked)
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items


# Traces -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("project", ["test", None])
@pytest.mark.parametrize("n_spans", [3, 40, 5_000])
def test_a_list_without_a_filter_is_that_of_a_filter_which_leaves_nothing_out(
    service: Service, project: str | None, n_spans: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However few of the newest spans are looked at first: some traces reach far beyond them."""
    monkeypatch.setattr(trace_list, "MANY_SPANS", n_spans)
    for limit in (1, 7, 100):
        monkeypatch.setattr(service.store, "trace_memory", TraceMemory())
        listed = queries.list_traces(service.store, project=project, limit=limit)
        monkeypatch.setattr(service.store, "trace_memory", TraceMemory())
        assert listed == queries.list_traces(service.store, project=project, limit=limit, filter="span_count > 0")
        assert [row["start_time"] for row in listed.items] == sorted(
            (row["start_time"] for row in every_page(service, 50, project=project)), reverse=True
        )[:limit]


@pytest.mark.parametrize(
    ("project", "filter", "found"),
    [
        ("test", "search('question')", 40),
        ("test", "search('question 1') and error_count > 0", 11),
        ("test", "input ilike '%question 3%' and start_time < now()", 11),
        ("long", "search('NEEDLE')", 2),
        (None, "search('e')", 42),
    ],
)
def test_a_search_that_looks_back_slice_by_slice_finds_what_one_look_at_everything_does(
    service: Service, monkeypatch: pytest.MonkeyPatch, project: str | None, filter: str, found: int
) -> None:
    whole = every_page(service, 15, project=project, filter=filter)
    monkeypatch.setattr(near, "SLICE_GROWTH", 2)
    monkeypatch.setattr(service.store, "trace_blocks", TraceBlocks(block_rows=2))
    assert every_page(service, 15, project=project, filter=filter) == whole
    assert len(whole) == found


@pytest.mark.parametrize("filter", ["search('needle')", "not search('needle')", "any(search('needle'))", "search('e')"])
def test_a_search_for_spans_finds_slice_by_slice_what_one_look_at_everything_does(
    service: Service, monkeypatch: pytest.MonkeyPatch, filter: str
) -> None:
    whole = queries.list_spans(service.store, project=None, filter=filter, limit=1000).items
    monkeypatch.setattr(near, "SLICE_GROWTH", 2)
    monkeypatch.setattr(service.store, "trace_blocks", TraceBlocks(block_rows=2))
    assert queries.list_spans(service.store, project=None, filter=filter, limit=1000).items == whole
    assert whole


@pytest.mark.parametrize("n_traces", [3, 5_000])
@pytest.mark.parametrize("project", ["test", None])
@pytest.mark.parametrize(
    ("filter", "large"),
    [
        ("duration_ms > 100000", lambda row: row["duration_ms"] > 100_000),
        ("total_tokens >= 120", lambda row: (row["total_tokens"] or 0) >= 120),
        ("total_tokens > 240", lambda row: False),
        ("span_count = 5", lambda row: row["span_count"] == 5),
        ("cost_usd > 0.4 and error_count = 1", lambda row: (row["cost_usd"] or 0) > 0.4),
    ],
)
def test_traces_with_large_sums_are_found_however_far_back_each_look_reaches(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    project: str | None,
    filter: str,
    large: Callable[[dict[str, Any]], bool],
    n_traces: int,
) -> None:
    expected = [row for row in every_page(service, 100, project=project) if large(row)]
    monkeypatch.setattr(trace_list, "SPANS_PER_TRACE", 1)
    monkeypatch.setattr(trace_list, "MANY_SPANS", n_traces)
    monkeypatch.setattr(near, "SUMS_GROWTH", 2)
    monkeypatch.setattr(service.store, "trace_blocks", TraceBlocks(block_rows=4))
    assert every_page(service, 3, project=project, filter=filter) == expected
    early = [row for row in expected if row["start_time"] < "2026-11-01"]
    before = every_page(service, 3, project=project, filter=f"{filter} and start_time < '2026-11-01'")
    assert before == early


@pytest.mark.parametrize("filter", ["kind = 'llm' and request_model = 'old'", "request_model = 'old' and kind = 'llm'"])
def test_traces_far_back_are_found_by_whichever_condition_leads_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, filter: str
) -> None:
    service = Service(tmp_path / ".assay")
    calls = [
        span(trace, 0, start=NOON - trace * DAY, request_model="new" if trace < 20 else "old", **CALL)
        for trace in range(30)
    ]
    store_spans(service, [{**call, "project": "test"} for call in calls])
    monkeypatch.setattr(trace_list, "SPANS_PER_TRACE", 2)
    monkeypatch.setattr(trace_list, "MANY_SPANS", 8)
    monkeypatch.setattr(trace_list, "Near", Mock(side_effect=AssertionError("every trace was looked at")))
    assert numbers(every_page(service, 3, project="test", filter=filter)) == list(range(20, 30))
    service.close()


@pytest.mark.parametrize("limit", [15, 1000])
@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        (None, range(40)),
        ("kind = 'llm'", range(40)),
        ("any(name = 'late')", range(0, 40, 5)),
        ("not any(name = 'late') and duration_ms < 10000", [n for n in range(40) if n % 5]),
        ("session_id in ('session 1', 'session 4')", [4, 5, 6, 7, 16, 17, 18, 19]),
        ("duration_ms > 100000", range(0, 40, 5)),
        ("total_tokens >= 120 and span_count < 5", [n for n in range(40) if n % 5]),
        ("scores.helpful = 1", [1, 3, 5, 7, 9]),
        ("start_time < '2026-11-20T12:00:00Z' and start_time >= '2026-11-10'", range(5, 17)),
        ("search('question 1')", [1, *range(10, 20)]),
    ],
)
def test_pages_of_traces_come_newest_first_without_gap_or_repeat(
    service: Service, filter: str | None, expected: Any, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    if limit < 100:  # too few spans are looked at to fill a page at once
        monkeypatch.setattr("assay.collector.trace_list.SPANS_PER_TRACE", 1)
        monkeypatch.setattr("assay.collector.trace_list.MANY_SPANS", 40)
    assert numbers(every_page(service, limit, project="test", filter=filter)) == list(expected)


@pytest.mark.parametrize("order_by", ["duration_ms desc", "span_count desc", "name", "cost_usd", "user_id desc"])
def test_pages_in_another_order_hold_every_trace_once(
    service: Service, order_by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.collector.trace_list.LARGEST_PER_TRACE", 1)
    whole = every_page(service, 1000, project="test", order_by=order_by)
    assert numbers(every_page(service, 15, project="test", order_by=order_by)) == numbers(whole)
    assert sorted(numbers(whole)) == list(range(40))


def test_the_largest_of_those_that_match_are_given(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.trace_list.LARGEST_PER_TRACE", 2)
    asked = {"project": "test", "filter": "any(user_id = 'user 1')", "order_by": "duration_ms desc"}
    assert sorted(numbers(every_page(service, 4, **asked))) == list(range(1, 40, 3))


def test_traces_of_one_id_in_two_projects_are_two_traces(service: Service) -> None:
    found = [(item["project"], int(item["trace_id"], 16)) for item in every_page(service, 20, project=None)]
    assert len(found) == 44
    assert ("twin", 3) in found


@pytest.mark.parametrize("few", [0, 10_000], ids=["in SQL", "in Python"])
def test_rows_say_what_the_view_for_people_says(service: Service, few: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.trace_rows.FEW_SPANS", few)
    items = every_page(service, 1000, project="test")
    with service.store.read() as db:
        view = db.execute("SELECT * FROM traces WHERE project = 'test' ORDER BY start_time DESC")
        names = [column[0] for column in view.description]
        rows = [dict(zip(names, row, strict=True)) for row in view.fetchall()]
    same = [name for name in names if name not in ("start_time", "end_time", "scores", "metadata", "tags")]
    assert [{name: item[name] for name in same} for item in items] == [{n: row[n] for n in same} for row in rows]
    assert [item["scores"] for item in items] == [orjson.loads(row["scores"] or "{}") for row in rows]


def test_a_call_seen_by_two_layers_counts_once(service: Service) -> None:
    row = queries.list_traces(service.store, project="test", limit=1).items[0]
    assert (row["total_tokens"], row["cost_usd"], row["models"]) == (120, 0.5, ["m"])


@pytest.mark.parametrize(
    ("filter", "expected"),
    [
        ("search('needle')", [51, 50]),
        ("search('100%')", []),
        ("input ilike '%NEEDLE at the end'", [50]),
        ("input = 'a needle'", [51]),
        ("input <> 'a needle'", [50]),
        ("attributes['long'] like '%thread'", [50]),
        ("attributes['long'] <> 'tiny'", [50]),
        ("attributes['long'] is not null", [51, 50]),
        ("attributes['nested'] ilike '%ZZZ%'", [50]),
        ("attributes['missing'] is null", [51, 50]),
    ],
)
def test_what_is_too_long_to_lie_in_the_row_is_found_all_the_same(
    service: Service, filter: str, expected: list[int]
) -> None:
    for ask in (queries.list_traces, queries.list_spans):
        assert numbers(ask(service.store, project="long", filter=filter).items) == expected


# Stats ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "group_by", "bucket"),
    [
        ("spans", (), None),
        ("spans", ("model",), "1d"),
        ("spans", ("name", "status"), "1w"),
        ("traces", ("model", "tag"), None),
        ("traces", ("user_id",), "1d"),
    ],
)
def test_sums_of_all_groups_are_those_of_the_rows(
    service: Service, of: str, group_by: tuple[str, ...], bucket: str | None
) -> None:
    query = StatsQuery(
        of=of, project="test", measures=("total_tokens", "cost_usd"), group_by=group_by, bucket=bucket, limit=1000
    )
    rows = queries.stats(service.store, query)
    assert sum(row["total_tokens"] or 0 for row in rows) == 40 * 120
    assert sum(row["cost_usd"] or 0 for row in rows) == 40 * 0.5


def test_figures_stand_beside_those_of_the_period_before(service: Service) -> None:
    query = StatsQuery(of="traces", project="test", start=NOON - 5 * 3600 * SECOND, end=NOON + 1)
    (row,) = queries.stats(service.store, query, previous=True)
    assert (row["count"], row["previous"]["count"]) == (3, 1)


def test_a_score_comes_with_its_interval(service: Service) -> None:
    query = StatsQuery(of="traces", project="test", measures=("scores.helpful",))
    (row,) = queries.stats(service.store, query)
    score = row["scores.helpful"]
    assert (score["n"], score["mean"]) == (10, 0.5)
    assert (round(score["ci_low"], 3), round(score["ci_high"], 3)) == (0.237, 0.763)  # Wilson


@pytest.mark.parametrize(
    ("measure", "largest"), [("latency_p95_ms", "answer"), ("total_tokens", "inner"), ("error_count", "look up")]
)
def test_of_many_groups_the_largest_are_given(service: Service, measure: str, largest: str) -> None:
    query = StatsQuery(project="test", group_by=("name",), limit=1, bucket="1w", measures=(measure,))
    assert {row["name"] for row in queries.stats(service.store, query)} == {largest}


def test_calls_that_stand_alone_all_count(service: Service) -> None:
    query = StatsQuery(project="alone", measures=("model_calls", "total_tokens"))
    assert queries.stats(service.store, query) == [{"model_calls": 2, "total_tokens": 240}]


@pytest.mark.parametrize(
    "wrong", [{"measures": ("nope",)}, {"group_by": ("input",)}, {"bucket": "2d"}, {"of": "x"}, {"filter": "kind ="}]
)
def test_what_cannot_be_counted_is_refused_with_what_can(service: Service, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest) as refused:
        queries.stats(service.store, StatsQuery(**wrong))
    assert refused.value.hint


def test_too_long_an_answer_is_refused(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.stats.MAX_ROWS", 3)
    with pytest.raises(InvalidRequest, match="more than 3 rows"):
        queries.stats(service.store, StatsQuery(project="test", bucket="1m"))


# Sessions, values -------------------------------------------------------------------------------------------------


def test_sessions_are_summed_up_over_their_traces(service: Service) -> None:
    first, *_ = queries.list_sessions(service.store, project="test").items
    assert (first["session_id"], first["trace_count"], first["total_tokens"]) == ("session 0", 4, 480)
    assert (first["last_input"], first["user_ids"]) == ("question 0", ["user 0", "user 1", "user 2"])


@pytest.mark.parametrize("filter", [None, "kind = 'llm'"])
def test_pages_of_sessions_follow_each_other(service: Service, filter: str | None) -> None:
    found, cursor = [], None
    while True:
        page = queries.list_sessions(service.store, project="test", filter=filter, limit=2, cursor=cursor)
        found += [item["session_id"] for item in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert sorted(found) == [f"session {number}" for number in range(5)]


def test_a_session_tells_its_traces_in_order_of_time(service: Service) -> None:
    found = queries.get_session(service.store, "session 1", project="test")
    assert found is not None
    assert numbers(found["traces"]) == [7, 6, 5, 4]
    assert queries.get_session(service.store, "it's none", project="test") is None


def test_values_are_completed_the_most_frequent_first(service: Service) -> None:
    assert queries.distinct_values(service.store, "kind", project="test")[0] == {"value": "llm", "count": 80}
    assert queries.distinct_values(service.store, "name", project="test", prefix="LOOK") == [
        {"value": "look up", "count": 40}
    ]
    with pytest.raises(InvalidRequest, match="no list of values"):
        queries.distinct_values(service.store, "input", project="test")


# One trace --------------------------------------------------------------------------------------------------------


def test_pages_of_a_trace_end_by_size(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.span_list.MAX_PAGE_BYTES", 6_000)
    found, cursor = [], None
    while True:
        trace = queries.get_trace(service.store, f"{5:032x}", project="test", cursor=cursor)
        assert trace is not None
        assert len(trace["spans"]) <= 2
        found += [each["name"] for each in trace["spans"]]
        cursor = trace["next_cursor"]
        if cursor is None:
            break
    assert found == ["answer", "outer", "inner", "look up", "late"]


def test_the_outline_of_a_trace_says_the_same_as_its_spans(service: Service) -> None:
    whole = queries.get_trace(service.store, f"{5:032x}", project="test")
    outline = queries.get_outline(service.store, f"{5:032x}", project="test", most=1000)
    assert whole is not None
    assert outline is not None
    columns = outline.pop("columns")
    assert {key: whole[key] for key in outline} == outline
    for name in columns.keys() - {"start_ns", "model"}:
        assert list(columns[name]) == [span[name] for span in whole["spans"]]
    models = [span["response_model"] or span["request_model"] for span in whole["spans"]]
    assert list(columns["model"]) == models
    assert list(columns["start_ns"]) == [nanoseconds(span["start_time"]) for span in whole["spans"]]


def test_an_outline_is_cut_where_it_is_long_and_its_row_is_not(service: Service) -> None:
    outline = queries.get_outline(service.store, f"{5:032x}", project="test", most=2)
    assert outline is not None
    assert len(outline["columns"]["span_id"]) == 2
    assert outline["span_count"] > 2


def test_a_text_is_found_in_one_trace_and_in_no_other(service: Service) -> None:
    found = [
        find_in_trace(service.store, f"{trace:032x}", "search('needle at the end')", project="long")
        for trace in (50, 51, 52)
    ]
    assert found == [[f"{50:08x}{0:08x}"], [], None]


def test_there_is_no_outline_of_a_trace_that_never_arrived(service: Service) -> None:
    assert queries.get_outline(service.store, "f" * 32, project="test", most=10) is None
    assert queries.project_of_trace(service.store, "f" * 32) is None
    assert queries.project_of_trace(service.store, f"{5:032x}") == "test"


def test_the_skeleton_has_every_parent_before_its_children(service: Service) -> None:
    first = queries.get_skeleton(service.store, f"{5:032x}", project="test", limit=3)
    assert first is not None
    rest = queries.get_skeleton(service.store, f"{5:032x}", project="test", limit=3, cursor=first["next_cursor"])
    assert rest is not None
    assert first["parent"] + rest["parent"] == [-1, 0, 0, 0, 1]
    names = [page["names"][place] for page in (first, rest) for place in page["name"]]
    assert names == ["answer", "outer", "look up", "late", "inner"]
    assert (rest["first"], rest["next_cursor"]) == (3, None)


def test_one_span_is_read_whole(service: Service) -> None:
    found = queries.get_span(service.store, f"{5:032x}", f"{5:08x}{2:08x}")
    assert found is not None
    assert (found["name"], found["attributes"]) == ("inner", {})
    assert queries.get_span(service.store, f"{5:032x}", "none") is None


@given(st.lists(st.integers(-1, 12), max_size=12))
def test_any_parents_make_a_tree_with_every_span_once(parents: list[int]) -> None:
    ids = [str(number) for number in range(len(parents))]
    tree = arrange(ids, [None if parent < 0 else str(parent) for parent in parents])
    assert sorted(place for place in tree.order if place is not None) == list(range(len(ids)))
    assert all(parent < place for place, parent in enumerate(tree.parents))
    made_up = bool(tree.order) and tree.order[0] is None
    assert all(parent >= 0 for parent in parents) or len(parents) == 0 or tree.parents.count(-1) >= 1
    assert made_up == any(parent == 0 and tree.order[0] is None for parent in tree.parents)


# News -------------------------------------------------------------------------------------------------------------


def test_news_are_what_was_committed_since_and_matches(service: Service) -> None:
    store, live = service.store, service.live
    before, commits = last_row(store), live.commits
    store_spans(service, conversation(900, NOON, project="news"))
    assert live.commits > commits
    found = news(store, "traces", "kind = 'llm'", "news", before)
    assert numbers(found.items) == [900]
    assert [each["name"] for each in news(store, "spans", "status = 'error'", "news", before).items] == ["look up"]
    assert news(store, "spans", None, "news", found.last_row).items == []


def test_news_are_searched_through_their_long_texts(service: Service) -> None:
    before = last_row(service.store)
    texts = ("y" * 3000 + " a pin", "z" * 3000)
    store_spans(service, [span(910 + n, 0, start=NOON, project="pins", input=text) for n, text in enumerate(texts)])
    assert numbers(news(service.store, "spans", "search('PIN')", "pins", before).items) == [910]
    assert numbers(news(service.store, "spans", "not search('PIN')", "pins", before).items) == [911]


def test_who_is_far_behind_is_told_how_much_was_missed(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.news.MAX_BEHIND", 2)
    last = last_row(service.store)
    found = news(service.store, "spans", None, None, last - 10)
    assert (len(found.items), found.missed, found.last_row) == (2, 8, last)


def test_only_so_many_may_follow(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.collector.live.MAX_CLIENTS", 1)
    with service.live.follower(), pytest.raises(CollectorUnavailable, match="follow already"), service.live.follower():
        pass
    assert service.live.clients == 0
