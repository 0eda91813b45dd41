"""The filter language: what it finds, what it refuses, and that nothing else gets through."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector import queries
from assay.collector.filter import compile_filter
from assay.collector.service import Service
from assay.errors import InvalidRequest
from support.otlp import recorded

CHAT = {
    "gen_ai.operation.name": "chat",
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": "gpt-4o-mini",
    "gen_ai.usage.input_tokens": 100,
    "gen_ai.usage.output_tokens": 20,
}


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Two traces: `support` (an agent over a chat call and a tool), and `health`, which has no model call."""
    directory: Path = tmp_path_factory.mktemp("filter")
    service = Service(directory / ".assay")
    with recorded(service__name="shop", deployment__environment__name="production") as recorder:
        tracer = recorder.tracer
        attributes = {
            "openinference.span.kind": "AGENT",
            "input.value": "refund please",
            "tag.tags": ["beta", "eu"],
            "metadata": '{"plan": "pro", "seats": 3}',
            "session.id": "s1",
        }
        with tracer.start_as_current_span("support", attributes=attributes) as root:
            trace_id = f"{root.get_span_context().trace_id:032x}"
            with tracer.start_as_current_span("chat gpt-4o-mini", attributes=CHAT):
                pass
            with tracer.start_as_current_span(
                "lookup", attributes={"http.route": "/ask", "retries": 2, "error.type": "X"}
            ):
                pass
        with tracer.start_as_current_span("health"):
            pass
    service.ingest(recorder.body()).result()
    score = {
        "id": "1",
        "project": "shop",
        "name": "helpful",
        "value": "0.25",
        "source": "user",
        "status": "scored",
        "trace_id": trace_id,
        "created_at": 1,
    }
    service.append({"score_log": [score, {**score, "id": "2", "name": "correct", "value": "true"}]})
    yield service
    service.close()


def names(service: Service, filter: str) -> list[str]:
    return sorted(trace["name"] for trace in queries.list_traces(service.store, project="shop", filter=filter).items)


@pytest.mark.parametrize(
    "filter",
    [
        "name = 'support'",
        "name == 'support' and status <> 'error'",
        "not name = 'health'",
        "name in ('support', 'other')",
        "name like 'supp%'",
        "input ilike '%REFUND%'",
        "name not ilike 'h%'",
        "total_tokens = 120",
        "total_tokens between 100 and 130",
        "total_tokens > 1e2",
        "-1 < total_tokens",
        "span_count >= 3 and error_count = 1",
        "total_tokens is not null",
        "tags = 'beta'",
        "'eu' in tags",
        "metadata.plan = 'pro'",
        "metadata['seats'] > 2",
        "session_id = 's1'",
        "models = 'gpt-4o-mini'",
        "kind = 'llm'",
        "provider = 'openai' and request_model like 'gpt%'",
        "attributes['http.route'] = '/ask'",
        "attributes['retries'] >= 2",
        "attributes.retries = 2",
        "any(kind = 'llm' and input_tokens = 100)",
        "not any(name = 'health')",
        "child(name = 'lookup' and status = 'error')",
        "scores.helpful < 0.5",
        "scores['helpful'] is not null",
        "scores.correct = true",
        "scores.correct > 0.5",
        "scores.correct = 1 and scores.correct between 0.5 and 1",
        "(name = 'support' or name = 'x') and true",
        "start_time > now() - interval 1 day and name = 'support'",
        "start_time > '2020-01-01' and end_time > '2020-01-01T10:00:00Z' and kind = 'agent'",
    ],
)
def test_a_filter_finds_the_one_trace_it_describes(service: Service, filter: str) -> None:
    assert names(service, filter) == ["support"]


@pytest.mark.parametrize("filter", [None, "", "  ", "true", "environment = 'production'"])
def test_a_filter_that_says_nothing_finds_everything(service: Service, filter: str) -> None:
    assert names(service, filter) == ["health", "support"]


@pytest.mark.parametrize(
    "filter",
    [
        "start_time > '0001-01-01'",
        "start_time > '1600-02-03T04:05:06Z'",
        "start_time < '9999-12-31'",
        "start_time between '0001-01-01' and '9999-12-31'",
        "start_time > now() - interval 100000 day",
        "start_time < now() + interval 100000 day",
        "start_time > now() - interval 99999999999 year",
        "start_time < '9999-12-31' - interval 1 second",
        "any(start_time > '0001-01-01' and end_time < now() + interval 9000 month)",
    ],
)
def test_times_that_no_span_can_have_are_earlier_or_later_than_all(service: Service, filter: str) -> None:
    assert names(service, filter) == ["health", "support"]
    assert len(queries.list_spans(service.store, project="shop", filter=filter.replace("any", "")).items) > 2


@pytest.mark.parametrize("filter", ["start_time < '0001-01-01'", "start_time > now() + interval 99999999 day"])
def test_nothing_starts_beyond_the_times_that_spans_can_have(service: Service, filter: str) -> None:
    assert names(service, filter) == []


@pytest.mark.parametrize(
    "filter",
    [
        "any(kind = 'llm' and name = 'lookup')",
        "child(child(kind = 'llm'))",
        "total_tokens is null and name = 'support'",
        "scores.helpful > 0.5",
        "scores.missing = 1",
        "scores.correct < 0.5",
        "attributes['retries'] > 'x'",
        "project = 'other' or false",
    ],
)
def test_a_filter_that_nothing_matches_finds_nothing(service: Service, filter: str) -> None:
    assert names(service, filter) == []


def test_a_filter_cannot_look_into_another_project(service: Service) -> None:
    page = queries.list_traces(service.store, project="other", filter="project = 'shop' or true or any(true)")
    assert page.items == []


@pytest.mark.parametrize(
    ("filter", "says"),
    [
        ("staus = 'error'", "'staus' at character 1 is not a field. Did you mean status?"),
        ("name = 'a' and durration_ms > 1", "'durration_ms' at character 16"),
        ("duration_ms > 'long'", "compares a number with a text"),
        ('kind = "llm"', "single quotes"),
        ("duration_ms > 2s", "'s' at character 16: is a word too many"),
        ("status = error", "Did you mean error_count? Text is written in single quotes"),
        ("start_time > 'yesterday'", "needs a time"),
        (
            "name = 'a' and status = 'eror'",
            "at character 16: matches nothing: there are only unset, ok, error, in_progress, interrupted",
        ),
        ("status in ('error', 'failed')", "only unset, ok, error, in_progress, interrupted"),
        ("tags > 3", "a list is asked with"),
        ("name =", "character 6"),
        ("name", "is not a condition"),
        ("name = 'a'; drop table span_log", "one expression"),
        ("drop table span_log", "is not a condition"),
        ("name = (select 1)", "is not a field or a value"),
        ("read_text('/etc/passwd') = 'x'", "is not a field or a value"),
        ("exists (select 1)", "is not a condition"),
        ("name in (select name from traces)", "in needs a list"),
        ("attributes[1] = 2", "key in quotes"),
        ("start_time > now() - interval 1 fortnight", "is not a time"),
        ("start_time > 'soon' - interval 1 day", "needs a time"),
        ("(" * 2000 + "true" + ")" * 2000, "filter"),
        ("name = '" + "x" * 5000 + "'", "at most"),
    ],
)
def test_a_filter_that_is_none_is_refused_and_the_message_points_at_it(
    service: Service, filter: str, says: str
) -> None:
    with pytest.raises(InvalidRequest, match="filter") as refused:
        names(service, filter)
    assert says in str(refused.value)


def test_values_of_the_user_never_become_part_of_the_sql() -> None:
    hostile = "x' OR 1=1 --"
    compiled = compile_filter("name = '" + hostile.replace("'", "''") + "'", "traces", "t")
    assert hostile not in compiled.sql
    assert compiled.parameters == [hostile]


WORDS = [
    "name",
    "status",
    "tags",
    "attributes['a']",
    "scores.x",
    "metadata.a",
    "'a'",
    "1",
    "-2.5",
    "now()",
    "start_time",
]
WORDS += [
    "=",
    "<>",
    ">",
    "<=",
    "like",
    "ilike",
    "in",
    "is",
    "not",
    "null",
    "and",
    "or",
    "(",
    ")",
    ",",
    "any(",
    "child(",
    "between",
]


@given(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join) | st.text(max_size=60))
def test_any_text_is_answered_or_refused_but_never_breaks(service: Service, text: str) -> None:
    for ask in (queries.list_traces, queries.list_spans):
        with contextlib.suppress(InvalidRequest):  # the one error there may be
            assert len(ask(service.store, project="shop", filter=text).items) <= 4


@pytest.mark.parametrize("order_by", ["cost_usd desc", "start_time", "duration_ms asc", "name", "total_tokens desc"])
@pytest.mark.parametrize("limit", [1, 3])
def test_pages_follow_each_other_without_gap_or_repeat(service: Service, order_by: str, limit: int) -> None:
    whole = queries.list_spans(service.store, project="shop", order_by=order_by).items
    found, cursor = [], None
    while True:
        page = queries.list_spans(service.store, project="shop", order_by=order_by, limit=limit, cursor=cursor)
        found += page.items
        cursor = page.next_cursor
        if cursor is None:
            break
    assert [span["span_id"] for span in found] == [span["span_id"] for span in whole]
    assert len(found) == 4


@pytest.mark.parametrize("order_by", ["tags", "nope", "name; drop table x", "name desc asc"])
def test_an_order_by_anything_but_a_field_is_refused(service: Service, order_by: str) -> None:
    with pytest.raises(InvalidRequest, match="order_by"):
        queries.list_spans(service.store, project="shop", order_by=order_by)


@pytest.mark.parametrize("cursor", ["x", "e30=", "bnVsbA==", "WzEsMl0="])
def test_a_cursor_that_is_none_is_refused(service: Service, cursor: str) -> None:
    with pytest.raises(InvalidRequest, match="cursor"):
        queries.list_spans(service.store, project="shop", cursor=cursor)
