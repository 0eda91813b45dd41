"""Made-up data that shows every part of the pages in every state. Pure: the shapes are those of the real pages."""

from __future__ import annotations

from typing import Any

from assay.collector.pages.charts.bars import bars
from assay.collector.pages.charts.chart import Chart, Mark, Series
from assay.collector.pages.charts.frame import Frame
from assay.collector.pages.charts.heat import heat
from assay.collector.pages.charts.lines import lines
from assay.collector.pages.charts.means import (
    axis_of_course,
    axis_of_means,
    difference_shape,
    mean_shape,
    points_over_time,
)
from assay.collector.pages.charts.palette import ERROR
from assay.collector.pages.charts.units import COUNT, TIME
from assay.collector.pages.experiments.spread import spread
from assay.collector.pages.prompts.prompt_pages import diff_context
from assay.collector.pages.source import Row
from assay.collector.pages.traces.critical_path import critical_path
from assay.collector.pages.traces.messages import messages_of
from assay.collector.pages.traces.span_tree import SpanTree
from assay.collector.pages.traces.trace_shape import trace_shape

START_NS = 1_795_255_200 * 10**9
HOUR_NS = 3600 * 10**9
MOMENT = "2026-11-21T10:00:00.123456789Z"
LONG = "a name that nobody would choose, which goes on and on until no column is wide enough for it"
FAILED_TOOL = {"error": "TimeoutError: no answer within 30 s"}

# What one reader said: text, thinking, calls with and without their results, what was sent along.
MESSAGES = [
    {"role": "system", "parts": [{"type": "text", "content": "You are a support assistant.\nAnswer briefly.\n" * 6}]},
    {"role": "user", "parts": [{"type": "text", "content": "Where is my parcel?"}]},
    {
        "role": "assistant",
        "parts": [
            {"type": "reasoning", "content": "The number is in the order."},
            {"type": "tool_call", "id": "1", "name": "find_order", "arguments": {"user": "u7", "newest": True}},
            {"type": "tool_call", "id": "2", "name": "ask_courier", "arguments": '{"number": "JD01"}'},
        ],
    },
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "1", "response": {"number": "JD01", "items": 2}}]},
    {"role": "tool", "parts": [{"type": "tool_call_response", "id": "2", "response": FAILED_TOOL}]},
]
ANSWER = [
    {
        "role": "assistant",
        "finish_reason": "length",
        "parts": [
            {"type": "text", "content": "It left **yesterday**:\n\n- parcel `JD01`\n- [tracking](https://example.com/)"}
        ],
    }
]
JSON: Row = {
    "text": 'two lines,\nand "quotes"',
    "number": 12.5,
    "right": True,
    "nothing": None,
    "empty": [],
    "list": [{"id": 1}, {"id": 2}],
    "embedding": [0.1] * 64,
}
STACK = """Traceback (most recent call last):
  File "/srv/bot/support.py", line 41, in answer
    text = ask_model(question)
openai.RateLimitError: 429, try again in 2 s"""
SPANS = (  # name, kind, status, parent, start and time in ms, tokens
    ("answer", "agent", "ok", None, 0, 1900.0, None),
    ("search", "retriever", "ok", 0, 10, 300.0, None),
    ("rerank", "reranker", "ok", 0, 320, 120.0, None),
    ("find_order", "tool", "error", 0, 450, 200.0, None),
    ("chat gpt-4o-mini", "llm", "ok", 0, 660, 1100.0, 452),
    (LONG, "chain", "unset", 4, 700, 40.0, None),
    ("still running", "task", "in_progress", 0, 1800, None, None),
)


def shown() -> Row:
    """What templates/dev/components.html needs that is the same in both themes."""
    scale = axis_of_means([])
    rows = [
        {"mean": mean, "ci_low": mean - 0.06, "ci_high": mean + 0.05, "time": f"2026-11-{day:02}"}
        for day, mean in enumerate((0.71, 0.74, 0.69, 0.82, 0.86), 1)
    ]
    axis = axis_of_course(rows)
    marks = [{"scores": [{"name": "tone", "status": "scored", "value": value}]} for value in (1, 2, 2, 3, 3, 3, 4)]
    return {
        "moment": MOMENT,
        "long": LONG,
        "messages": messages_of(MESSAGES, ANSWER),
        "json": JSON,
        "stack": STACK,
        "tree": tree().rows(),
        "mean": mean_shape({"mean": 0.7, "ci_low": 0.61, "ci_high": 0.8}, scale),
        "differences": [
            ("improved", difference_shape({"difference": 0.1, "ci_low": 0.02, "ci_high": 0.2, "outcome": "improved"})),
            (
                "regressed",
                difference_shape({"difference": -0.1, "ci_low": -0.2, "ci_high": -0.01, "outcome": "regressed"}),
            ),
            ("no clear difference", difference_shape({"difference": 0.02, "ci_low": -0.1, "ci_high": 0.14})),
        ],
        "course": {"axis": axis, "points": points_over_time(rows, range(len(rows)), axis)},
        "spread": spread(marks, "tone"),
        "before": VERSIONS[0],
        "after": VERSIONS[1],
        **diff_context(*VERSIONS),
    }


VERSIONS: tuple[Row, Row] = (
    {
        "name": "qa",
        "version": 1,
        "config": {},
        "template": [
            {"role": "system", "content": "Answer the question in one sentence."},
            {"role": "user", "content": "{{question}}"},
        ],
    },
    {
        "name": "qa",
        "version": 2,
        "config": {},
        "template": [
            {"role": "system", "content": "Answer the question from the articles, in one short sentence."},
            {"role": "user", "content": "{{question}}"},
            {"role": "user", "content": "Articles: {{articles}}"},
        ],
    },
)


def charts(theme: str) -> list[Chart]:
    """One of each kind; `theme` makes their titles differ, as titles on one page must."""
    frame = Frame(start_ns=START_NS, width_ns=HOUR_NS, count=8, links=["/dev/components"] * 8)
    mark = [Mark(time_ns=START_NS + 5 * HOUR_NS, label="qa@production v2", title="qa v2 became production")]
    ok = Series(name="ok", values=(8, 9, None, 7, 9, 8, 10, 4), total=55)
    failed = Series(name="errors", values=(1, 0, None, 2, 2, 0, 0, 1), tone=ERROR, total=6)
    groups = [
        Series(name=name, tone=f"g{number}", values=[number + 1 + 0.2 * hour for hour in range(8)], total=number + 1)
        for number, name in enumerate(("gpt-4o", "gpt-4o-mini", "claude", "gemini", "llama", LONG))
    ]
    rate = Series(
        name="p95",
        values=(900, 950, None, 1200, 1100, 1000, 990, 1010),
        before=(800, 810, 820, 830, 840, 850, 860, 870),
        low=(800, 850, None, 1000, 950, 900, 890, 900),
        high=(1000, 1050, None, 1500, 1300, 1100, 1080, 1120),
    )
    bands = (1.0, 10.0, 100.0)
    counts = {(hour, band): (hour * 3 + number * 5) % 17 for hour in range(8) for number, band in enumerate(bands)}
    return [
        bars(f"Bars, {theme}", frame, [ok, failed], unit=COUNT, marks=mark, before=(9, 9, 9, 9, 9, 9, 9, 9)),
        lines(f"A line with its interval, {theme}", frame, [rate], unit=TIME),
        lines(f"Lines of groups, {theme}", frame, groups, unit=COUNT),
        heat(f"Heat, {theme}", frame, bands, counts, unit=TIME),
    ]


def tree() -> SpanTree:
    ids = [f"{number:016x}" for number in range(1, len(SPANS) + 1)]
    columns: dict[str, list[Any]] = {
        "span_id": ids,
        "parent_span_id": [None if parent is None else ids[parent] for _, _, _, parent, *_ in SPANS],
        "name": [span[0] for span in SPANS],
        "kind": [span[1] for span in SPANS],
        "status": [span[2] for span in SPANS],
        "start_ns": [START_NS + span[4] * 1_000_000 for span in SPANS],
        "duration_ms": [span[5] for span in SPANS],
        "total_tokens": [span[6] for span in SPANS],
        "cost_usd": [None if span[6] is None else 0.0001 for span in SPANS],
        "model": [None for _ in SPANS],
    }
    shape = trace_shape(columns)
    return SpanTree(shape, critical=critical_path(shape))
