"""The view of a trace over time: one band for each agent, in it what ran side by side in lanes. Pure; drawn as SVG."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass

from assay.collector.pages.source import Row
from assay.collector.pages.traces.opened_trace import OpenedTrace
from assay.collector.pages.traces.span_tree import SpanRow
from assay.collector.pages.traces.trace_shape import TraceShape

MOST_MARKS = 1_000  # drawn; of more, those that took longest
LANE_PX = 20


@dataclass(frozen=True, slots=True)
class Mark:
    row: SpanRow
    y: int


@dataclass(frozen=True, slots=True)
class Band:
    """What one agent did itself, its own agents left to their bands."""

    agent: SpanRow
    marks: list[Mark]
    height: int


def timeline_view(opened: OpenedTrace) -> Row:
    shape, tree, window = opened.shape, opened.tree, opened.window
    shown = [n for n in range(len(shape)) if not shape.child_counts[n] and tree.row(n).left is not None]
    drawn = sorted(shown, key=lambda number: shape.lengths[number], reverse=True)[:MOST_MARKS]
    agents = agents_of(shape)
    bands: dict[int, list[int]] = {}
    for number in sorted(drawn, key=lambda one: (shape.begins[one], one)):
        bands.setdefault(agents[number], []).append(number)
    return {
        "bands": [_band(opened, agent, numbers) for agent, numbers in sorted(bands.items())],
        "ticks": window.ticks(),
        "window": window,
        "left_out": len(shown) - len(drawn),
    }


def agents_of(shape: TraceShape) -> list[int]:
    """For each span the nearest agent that it is below, or is; without one, its topmost span."""
    kinds = shape.column("kind")
    agents: list[int] = []
    for number, parent in enumerate(shape.parents):
        is_band = parent < 0 or kinds[number] == "agent"
        agents.append(number if is_band else agents[parent])
    return agents


def lanes(times: Iterable[tuple[int, int]]) -> list[int]:
    """A lane for each of these, given as begin and end in the order of their begin, so that none overlap in one."""
    ends: list[tuple[int, int]] = []  # of lanes in use: when it is free again, and which
    free: list[int] = []
    placed: list[int] = []
    count = 0
    for begin, end in times:
        while ends and ends[0][0] <= begin:
            heapq.heappush(free, heapq.heappop(ends)[1])
        if free:
            lane = heapq.heappop(free)
        else:
            lane, count = count, count + 1
        placed.append(lane)
        heapq.heappush(ends, (max(end, begin + 1), lane))
    return placed


def _band(opened: OpenedTrace, agent: int, numbers: list[int]) -> Band:
    shape = opened.shape
    in_lanes = lanes((shape.begins[n], shape.begins[n] + shape.lengths[n]) for n in numbers)
    marks = [Mark(opened.tree.row(n), lane * LANE_PX) for n, lane in zip(numbers, in_lanes, strict=True)]
    return Band(opened.tree.row(agent), marks, (max(in_lanes) + 1) * LANE_PX)
