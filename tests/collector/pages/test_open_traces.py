"""The page of a trace that runs, or whose program is gone: it says so in words, and in its bars."""

from __future__ import annotations

import re

import pytest
from fastapi.testclient import TestClient

from support.html_parts import parts_of
from support.page_data import PROJECT, FakeSource
from support.pages_app import pages_app

TRACES = f"/p/{PROJECT}/traces"


@pytest.mark.parametrize(
    ("status", "pill", "time"),
    [("in_progress", "running", "1 m 34 s so far"), ("interrupted", "interrupted", "1 m 34 s interrupted")],
)
def test_a_trace_without_an_end_says_so_in_words(status: str, pill: str, time: str) -> None:
    source = FakeSource()
    trace = source.by_project[PROJECT][0]
    for one in (trace, trace["spans"][0]):
        one |= {"status": status, "end_time": None, "duration_ms": 94_000.0}
    with TestClient(pages_app(source)) as client:
        html = client.get(f"{TRACES}/{trace['trace_id']}?span={trace['spans'][0]['span_id']}").text
    assert re.search(rf'<h1>.*<span class="state \w+">{pill}</span>', html)
    assert " ".join(parts_of(html).text.split()).count(time) == 3, "of the trace, of the row, of the details"
    assert len(re.findall(r'<a class="d\d+ k-\w+ open', html)) == 1, "its bar is hatched"


def test_an_ended_trace_has_no_word_beside_its_times() -> None:
    with TestClient(pages_app(FakeSource())) as client:
        html = client.get(f"{TRACES}/{0:032x}").text
    assert 'class="note"' not in html
    assert not re.findall(r'<a class="d\d+ k-\w+ open', html)
