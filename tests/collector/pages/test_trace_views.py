"""The page of a trace in each of its views, over made-up data and over a real collector."""

from __future__ import annotations

import csv
import gzip
import io
import json

import httpx
import pytest
from fastapi.testclient import TestClient

from assay.collector.pages import urls
from assay.collector.pages.shell.keys import KEYS
from assay.collector.pages.traces.tree_payload import INLINE
from assay.collector.pages.traces.tree_view import FIRST_ROWS, ROWS_WITHOUT_SCRIPT
from assay.collector.server import Server
from support.html_parts import parts_of
from support.otlp import PROTOBUF, recorded
from support.page_data import PROJECT, FakeSource, span, trace_of
from support.shared_collector import running_collector

__all__ = ["running_collector"]  # a fixture

TRACES = f"/p/{PROJECT}/traces"
TRACE = f"{TRACES}/{0:032x}"
LONG = f"{TRACES}/{9:032x}"


def long_trace(source: FakeSource, size: int) -> None:
    root = f"{1:016x}"
    spans = [span(f"{9:032x}", 1)] + [span(f"{9:032x}", n, parent_span_id=root, start_ms=n) for n in range(2, size + 1)]
    source.by_project[PROJECT] = [trace_of(spans)]


def ids_in(html: str) -> list[str]:
    return [one["data-span"] for one in parts_of(html).named("a") if "data-span" in one]


def test_the_first_lines_are_there_at_once_and_more_where_there_are_no_scripts(
    client: TestClient, source: FakeSource
) -> None:
    long_trace(source, 501)
    html = client.get(f"{LONG}?span={1:016x}").text
    at_once = html[: html.index("<noscript>")]
    assert ids_in(at_once) == [f"{n:016x}" for n in range(1, FIRST_ROWS + 1)]
    assert len(ids_in(html)) == ROWS_WITHOUT_SCRIPT
    assert "Spans 1 to 200 of 501" in " ".join(parts_of(html).text.split())
    rest = client.get(f"{LONG}?rows=401").text
    assert ids_in(rest)[-1] == f"{501:016x}"
    assert "Next 200" not in rest


def test_a_selected_span_is_among_the_lines_wherever_it_stands(client: TestClient, source: FakeSource) -> None:
    long_trace(source, 501)
    [current] = [
        one
        for one in parts_of(client.get(f"{LONG}?span={400:016x}").text).named("a")
        if "aria-current" in one and "data-span" in one
    ]
    assert current["data-span"] == f"{400:016x}"


def test_a_tree_is_in_the_page_or_where_it_is_large_comes_in_chunks(client: TestClient, source: FakeSource) -> None:
    def payload() -> dict[str, object]:
        html = client.get(LONG).text
        start = html.index("data-spans>") + len("data-spans>")
        found: dict[str, object] = json.loads(html[start : html.index("</script>", start)])
        return found

    long_trace(source, 30)
    assert len(payload()["chunks"]) == 1  # type: ignore[arg-type]
    long_trace(source, INLINE + 1)
    large = payload()
    assert "chunks" not in large
    streamed = client.get(str(large["url"]))
    assert streamed.headers["content-encoding"] == "gzip"
    assert sum(len(json.loads(line)["kind"]) for line in streamed.text.splitlines()) == large["count"]
    plain = client.get(str(large["url"]), headers={"accept-encoding": "identity"})  # its state is forgotten: made again
    assert plain.text == streamed.text


def test_a_name_cannot_end_the_data_of_the_page(client: TestClient, source: FakeSource) -> None:
    trace = trace_of([span(f"{9:032x}", 1, name="</script><script>alert(1)</script>\u2028<!--")])
    source.by_project[PROJECT] = [trace]
    html = client.get(LONG).text
    data = html[html.index("data-spans>") : html.index("</section>", html.index("data-spans>"))]
    assert data.count("<") == 1
    assert "\u2028" not in data


def test_a_part_of_the_time_is_shown_as_the_address_asks(client: TestClient) -> None:
    whole, part = client.get(TRACE).text, client.get(f"{TRACE}?zoom=1150-1245").text
    assert whole.count("<rect ") > part.count("<rect ") > 0
    assert "+50 ms" in part


def test_every_view_is_a_link_that_keeps_the_span_and_the_list(client: TestClient) -> None:
    asked = f"?span={4:016x}&q=refund&from=-7d"
    links = {one.get("href", "") for one in parts_of(client.get(f"{TRACE}{asked}").text).named("a")}
    for view in ("chat", "timeline", "table", "json"):
        assert f"{TRACE}?span={4:016x}&view={view}&q=refund&from=-7d" in links
    assert f"{TRACE}/older?q=refund&from=-7d" in links


def test_the_timeline_shows_each_span_that_does_something_once(client: TestClient) -> None:
    html = client.get(f"{TRACE}?view=timeline").text
    timeline = html[html.index('class="timeline"') : html.index('id="span"')]
    assert sorted(ids_in(timeline)) == [f"{n:016x}" for n in (1, 2, 3, 4, 5)]


@pytest.mark.parametrize(
    ("sort", "first"), [("", 1), ("-self_ms", 5), ("name", 1), ("-total_tokens", 5), ("nonsense", 1)]
)
def test_the_table_is_sorted_as_the_address_says(client: TestClient, sort: str, first: int) -> None:
    html = client.get(f"{TRACE}?view=table&sort={sort}").text
    table = html[html.index("<tbody>") : html.index("</tbody>")]
    assert ids_in(table)[0] == f"{first:016x}"
    assert len(ids_in(table)) == 5


def test_the_table_is_a_file_too(client: TestClient, source: FakeSource) -> None:
    source.by_project[PROJECT] = [trace_of([span(f"{9:032x}", 1, name="=1+1")])]
    answer = client.get(f"{LONG}.csv?sort=-duration_ms")
    [row] = csv.DictReader(io.StringIO(answer.text))
    assert (row["span_id"], row["name"], row["duration_ms"]) == (f"{1:016x}", "'=1+1", "10.0")


def test_json_is_read_span_by_span_and_found_by_name(client: TestClient) -> None:
    html = client.get(f"{TRACE}?view=json&find=CHAT").text
    parts = [one["data-lazy"] for one in parts_of(html).named("details") if "data-lazy" in one]
    assert parts == [f"{TRACE}/spans/{n:016x}/json" for n in (3, 5)]
    fragment = client.get(parts[0])
    assert fragment.headers["x-assay-fragment"] == "1"
    assert "gpt-4o-mini-2024-07-18" in fragment.text


def test_spans_that_were_not_read_are_told_of(client: TestClient, source: FakeSource) -> None:
    source.by_project[PROJECT] = [trace_of([span(f"{9:032x}", 1)], span_count=20_001)]
    assert "This page holds the first 1 of 20,001 spans" in " ".join(parts_of(client.get(LONG).text).text.split())


def test_the_help_knows_the_keys_of_a_trace() -> None:
    known = {key for group in KEYS.values() for one in group for key in one.keys.split(" / ")}
    assert {"e", "E", "x", "$", "n", "N", "z", "Shift+Z", "[", "]", "y", "f", "h", "j", "k", "l"} <= known


# Over a real collector --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sent(running_collector: Server) -> list[str]:
    """Ids of three traces, the oldest first; the second is about a refund."""
    ids = []
    for words in ("one", "a refund of 100 %", "three"):
        with recorded(assay__project="neighbours", service__name="x") as recorder:
            with recorder.tracer.start_as_current_span("answer", attributes={"input.value": words}) as root:
                recorder.tracer.start_span("search", attributes={"output.value": f"about {words}"}).end()
            body = recorder.body()
        httpx.post(f"{running_collector.url}/v1/traces", content=body, headers=PROTOBUF, timeout=60).raise_for_status()
        ids.append(f"{root.get_span_context().trace_id:032x}")
    return ids


@pytest.fixture(scope="module")
def reader(running_collector: Server) -> httpx.Client:
    return httpx.Client(base_url=running_collector.url, timeout=60, headers={"accept": "text/html"})


def test_neighbours_are_those_of_the_list_that_the_reader_came_from(reader: httpx.Client, sent: list[str]) -> None:
    def beside(trace_id: str, where: str, **query: str) -> str:
        answer = reader.get(urls.with_query(f"{urls.trace('neighbours', trace_id)}/{where}", **query))
        assert answer.status_code == 302
        return answer.headers["location"]

    assert beside(sent[0], "newer") == urls.trace("neighbours", sent[1])
    assert beside(sent[2], "older", q="one") == urls.trace("neighbours", sent[0], q="one")
    assert beside(sent[0], "newer", q="refund", view="table") == urls.trace(
        "neighbours", sent[1], view="table", q="refund"
    )
    assert beside(sent[2], "newer") == urls.trace("neighbours", sent[2]), "there is none: the reader stays"
    said = reader.get(f"{urls.trace('neighbours', sent[2])}/newer", follow_redirects=True).text
    assert "This is the newest of the traces of this project." in said
    assert reader.get(f"{urls.trace('neighbours', 'f' * 32)}/newer").status_code == 404


def test_what_spans_hold_is_found_by_the_server(reader: httpx.Client, sent: list[str]) -> None:
    address = f"{urls.trace('neighbours', sent[1])}/found"
    both = reader.get(address, params={"find": "REFUND of"}).json()
    assert (len(both["span_ids"]), both["cut"]) == (2, False)
    assert len(reader.get(address, params={"find": "about"}).json()["span_ids"]) == 1
    assert reader.get(address, params={"find": "nowhere"}).json()["span_ids"] == []
    assert reader.get(address, params={"find": ""}).status_code == 400


def test_the_stream_of_a_real_trace_is_compressed_where_the_reader_can_read_that(
    reader: httpx.Client, sent: list[str]
) -> None:
    address = f"{urls.trace('neighbours', sent[0])}/tree"
    with reader.stream("GET", address, headers={"accept-encoding": "gzip"}) as answer:
        packed = b"".join(answer.iter_raw())
    assert gzip.decompress(packed) == reader.get(address, headers={"accept-encoding": "identity"}).content
