"""Charts as places on a screen: gaps, intervals, links, the period before, and hostile names in their markup."""

from __future__ import annotations

import re

import pytest

from assay.collector.pages.charts import units
from assay.collector.pages.charts.bars import bars
from assay.collector.pages.charts.chart import Chart, Mark, Series
from assay.collector.pages.charts.frame import Frame
from assay.collector.pages.charts.heat import heat, level_of
from assay.collector.pages.charts.lines import lines
from assay.collector.pages.charts.palette import OTHERS, SHAPES, slots
from assay.collector.pages.templating import make_environment
from support.hostile import STRINGS
from support.html_parts import parts_of

HOUR = 3600 * 10**9
FRAME = Frame(start_ns=490_000 * HOUR, width_ns=HOUR, count=4, links=[f"/hour/{n}" for n in range(4)])
DRAW = make_environment().from_string(
    '{% import "charts.html" as charts %}<div class="chart">{{ charts.drawing(chart) }}{{ charts.legend(chart) }}'
    "{{ charts.data(chart) }}</div>"
)


def drawn(chart: Chart) -> str:
    return DRAW.render(chart=chart)


def test_what_is_unknown_leaves_a_gap_and_a_value_alone_is_a_dot() -> None:
    chart = lines("Latency", FRAME, [Series(name="p95", values=[1, 2, None, 3])])
    assert [stroke.path.count("L") for stroke in chart.strokes] == [1]
    assert [dot.x for dot in chart.dots] == [87.5]
    assert [row[1].text for row in chart.rows] == ["1", "2", "–", "3"]


def test_nothing_known_is_empty_and_not_zero() -> None:
    chart = lines("Latency", FRAME, [Series(name="p95", values=[None] * 4)])
    assert chart.is_empty
    assert (chart.strokes, chart.dots) == ([], [])
    assert "nothing is known" in chart.label


def test_an_interval_is_a_band_around_the_values_that_have_one() -> None:
    series = Series(name="helpful", values=[0.5, 0.6, None, 0.7], low=[0.4, 0.5, None, 0.6], high=[0.6, 0.7, None, 0.8])
    chart = lines("Score", FRAME, [series], unit=units.SCORE, within_one=True)
    assert [band.path.endswith("Z") for band in chart.bands] == [True, True]
    assert chart.rows[0][2].text == "0.40 to 0.60"
    assert [tick.label for tick in chart.y_ticks] == ["0", "0.25", "0.5", "0.75", "1"]


def test_the_period_before_is_drawn_beneath_and_listed() -> None:
    chart = lines("Latency", FRAME, [Series(name="p95", values=[1, 2, 3, 4], before=[2, 2, 2, 2])])
    assert [stroke.is_before for stroke in chart.strokes] == [True, False]
    assert [entry.name for entry in chart.legend] == ["p95", "period before"]
    assert chart.head == ["Time (UTC)", "p95", "Period before"]


def test_bars_stand_upon_each_other_and_one_error_among_many_is_seen() -> None:
    chart = bars(
        "Traces",
        FRAME,
        [Series(name="ok", values=[5000, 0, 9, 1]), Series(name="errors", values=[1, 0, 0, 2], tone="ge")],
    )
    first_ok, first_error = [box for box in chart.boxes if box.x == chart.boxes[0].x]
    assert first_error.y + first_error.height == first_ok.y
    assert first_error.height >= 1.5
    assert len({box.x for box in chart.boxes}) == 3


def test_every_mark_leads_to_its_list_by_pointer_and_by_keyboard() -> None:
    series = [Series(name="errors", values=[1, 2, 3, 4], tone="ge", links=[f"/errors/{n}" for n in range(4)])]
    for chart in (bars("Errors", FRAME, series), lines("Errors", FRAME, series)):
        links = [link for link in parts_of(drawn(chart)).named("a") if link["href"].startswith("/")]
        by_pointer = {link["href"] for link in links if link.get("tabindex") == "-1"}
        by_keyboard = {link["href"] for link in links if "tabindex" not in link}
        assert by_pointer == by_keyboard == {*(f"/hour/{n}" for n in range(4)), *(f"/errors/{n}" for n in range(4))}


def test_the_drawing_is_one_picture_with_a_label() -> None:
    chart = lines("Latency", FRAME, [Series(name="p95", values=[100, 200, None, 300])], unit=units.TIME)
    assert chart.label.startswith("Latency, 2025-11-24 16:00 UTC to 2025-11-24 20:00 UTC: p95 from 100 ms to 300 ms")
    [picture] = [svg for svg in parts_of(drawn(chart)).named("svg") if svg.get("role") == "img"]
    assert picture["aria-label"] == chart.label


def test_marks_that_stand_close_are_all_there_but_not_all_written() -> None:
    marks = [Mark(time_ns=FRAME.start_ns + n * HOUR // 20, label=f"v{n}", title=f"version {n}") for n in range(3)]
    outside = Mark(time_ns=FRAME.end_ns, label="later", title="later")
    chart = bars("Traces", FRAME, [Series(name="ok", values=[1, 1, 1, 1])], marks=[*marks, outside])
    assert [(mark.label, mark.title) for mark in chart.marks] == [
        ("v0", "version 0"),
        ("", "version 1"),
        ("", "version 2"),
    ]


def test_a_heat_map_has_a_row_for_each_band_and_the_most_is_darkest() -> None:
    chart = heat("Latency", FRAME, [1.0, 2.0, 4.0], {(0, 1.0): 1, (0, 4.0): 1000, (3, 2.0): 0}, unit=units.TIME)
    assert [(box.level, box.y) for box in chart.boxes] == [(1, 110.0), (5, 14.0)]
    assert [level_of(count, 1000) for count in (1, 3, 10, 100, 1000)] == [1, 1, 2, 4, 5]


def test_a_group_keeps_its_looks_whatever_its_rank() -> None:
    names = ["gpt-4o", "claude", "gemini"]
    assert slots(names)["claude"] == slots(["claude"])["claude"]
    many = slots([f"model {n}" for n in range(9)])
    assert sorted(many.values()) == [*SHAPES, OTHERS, OTHERS, OTHERS]


@pytest.mark.parametrize("text", STRINGS)
def test_hostile_names_are_text(text: str) -> None:
    chart = lines(
        text,
        FRAME,
        [Series(name=text, values=[1, 2, None, 3], links=["/a"] * 4, href="/b"), Series(name="other", values=[1] * 4)],
        marks=[Mark(time_ns=FRAME.start_ns + HOUR, label=text, title=text, href="/m")],
    )
    allowed = {
        "svg",
        "line",
        "path",
        "rect",
        "text",
        "title",
        "a",
        "div",
        "ul",
        "li",
        "span",
        "b",
        "details",
        "summary",
    }
    allowed |= {"table", "thead", "tbody", "tr", "th", "td", "time"}
    assert set(re.findall(r"<(\w+)", drawn(chart))) <= allowed
