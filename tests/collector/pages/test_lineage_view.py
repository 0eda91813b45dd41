"""What came of a version, as charts and filters."""

from __future__ import annotations

from typing import Any

from assay.collector.filter import compile_trace_filter
from assay.collector.pages.charts.means import axis_of_course, points_over_time
from assay.collector.pages.prompts.lineage_view import filter_of_arm, filter_of_version, score_lines
from support.prompt_page_data import lineage, score_over_time


def line(**over: Any) -> Any:
    [found] = score_lines({"scores": [{**score_over_time("helpful", 0.5, 1.0), **over}]})
    return found


def test_a_course_runs_from_left_to_right_and_better_is_higher() -> None:
    found = line()
    places = [point.x for point in found.points]
    assert places == sorted(places)
    best = max(found.points, key=lambda point: point.row["mean"])
    assert best.y == min(point.y for point in found.points)
    assert all(point.top < point.y < point.bottom for point in found.points)


def test_the_ends_of_an_axis_are_those_of_the_figures() -> None:
    axis = axis_of_course([{"mean": 2.0, "ci_low": 1.0, "ci_high": 4.0}])
    assert [round(end, 9) for end in axis.ends] == [1.0, 4.0]


def test_one_bucket_is_no_course() -> None:
    assert line(over_time=score_over_time("x", 0.5, 1.0)["over_time"][:1]).points == []


def test_figures_that_are_all_the_same_have_an_axis() -> None:
    rows = [{"mean": 1.0, "ci_low": None, "ci_high": None}] * 2
    points = points_over_time(rows, [1, 2], axis_of_course(rows))
    assert [(point.y, point.top) for point in points] == [(50.0, None), (50.0, None)]


def test_a_score_of_labels_has_no_mean_and_no_course() -> None:
    tone = score_lines(lineage(2))[-1]
    assert (tone.row["mean"], tone.points, tone.shape.mean) == (None, [], None)


def test_filters_can_be_asked_whatever_the_names() -> None:
    for text in (filter_of_version("it's", 2), filter_of_arm("qa'", "a' or 1=1")):
        assert compile_trace_filter(text).span_conditions
