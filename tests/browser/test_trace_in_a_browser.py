"""The page of a trace in a real browser: large trees, zoom, panes, and scripts that say what the server says."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from assay.collector import pages
from assay.collector.pages import formats
from assay.collector.pages.traces.critical_path import critical_path
from assay.collector.pages.traces.trace_shape import self_times, trace_shape
from assay.collector.pages.traces.tree_payload import INLINE, chunks, head
from assay.collector.pages.traces.zoom import Window
from support.page_data import PROJECT, FakeSource, columns_of, span, trace_of

NewPage = Callable[..., Page]
SCRIPTS = Path(pages.__file__).parent / "static" / "js"
TRACE = f"/p/{PROJECT}/traces/{9:032x}"
ALIKE = INLINE  # equal siblings


def large_trace() -> list[dict[str, Any]]:
    """A root, thousands of equal calls below it, one of which failed, and below the last span a chain of 20."""
    trace_id, root = f"{9:032x}", f"{1:016x}"
    calls = [
        span(
            trace_id, n, parent_span_id=root, name="chat", kind="llm", start_ms=n, status="error" if n == 700 else "ok"
        )
        for n in range(2, ALIKE + 2)
    ]
    chain = [
        span(
            trace_id,
            n,
            parent_span_id=f"{n - 1 if n > ALIKE + 2 else 1:016x}",
            name=f"deep {n - ALIKE - 1}",
            start_ms=n,
        )
        for n in range(ALIKE + 2, ALIKE + 22)
    ]
    return [span(trace_id, 1, name="root", kind="agent", duration_ms=ALIKE + 100.0), *calls, *chain]


@pytest.fixture(scope="module")
def large(serve: Callable[[Any], str]) -> str:
    source = FakeSource()
    source.by_project[PROJECT] = [trace_of(large_trace())]
    return serve(source)


def selected(page: Page) -> Any:
    return page.locator("[role=treeitem][aria-selected=true]")


def test_a_large_trace_is_a_few_lines_that_open_and_can_be_searched(new_page: NewPage, large: str) -> None:
    page = new_page(large)
    page.goto(f"{TRACE}?span={1:016x}")
    group = page.get_by_role("treeitem").nth(1)
    expect(group).to_contain_text("5,000 chat")
    expect(group).to_contain_text("p50 10 ms")
    assert page.evaluate("document.querySelectorAll('*').length") <= 600
    page.keyboard.press("e")
    expect(page.locator("#span h2")).to_contain_text("chat")
    expect(selected(page)).to_have_attribute("aria-posinset", "699")
    expect(selected(page)).to_have_attribute("aria-setsize", "5000")
    assert page.evaluate("document.querySelectorAll('*').length") <= 600
    page.keyboard.press("/")
    page.keyboard.type("deep 20")
    expect(page.locator("output")).to_have_text(re.compile("^1 found"))
    page.keyboard.press("Enter")
    expect(selected(page)).to_contain_text("deep 20")
    expect(selected(page)).to_have_attribute("aria-level", "21")
    expect(selected(page).locator(".name")).to_have_attribute("data-badge", "20")
    expect(page.locator("[data-ancestors] a")).to_have_text(["deep 16", "deep 17", "deep 18", "deep 19"])
    page.wait_for_url("**find=deep+20**")


def test_time_is_zoomed_by_keys_and_panes_are_moved_by_keys(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    page.goto(f"/p/{PROJECT}/traces/{0:032x}?span={2:016x}")
    page.get_by_role("tree").focus()
    page.keyboard.press("z")
    page.wait_for_url("**zoom=4-316**")
    expect(page.locator(".tree-head")).to_contain_text("+100 ms")
    expect(page.get_by_role("slider", name="Zoom from")).to_have_attribute("aria-valuetext", "4 ms")
    page.get_by_role("slider", name="Zoom to").press("End")
    page.keyboard.press("Z")
    expect(page.get_by_role("button", name="Whole time")).to_be_hidden()
    page.get_by_role("separator").press("ArrowRight")
    expect(page.get_by_role("separator")).to_have_attribute("aria-valuenow", "56")
    page.reload()
    expect(page.get_by_role("separator")).to_have_attribute("aria-valuenow", "56")


def scripts(*names: str) -> str:
    """Modules as one text, without what makes them modules."""
    text = "".join((SCRIPTS / f"{name}.js").read_text("utf-8") for name in names)
    return re.sub(r"^import .*\n|^export ", "", text, flags=re.MULTILINE)


def test_scripts_say_what_the_server_says(new_page: NewPage, site: str) -> None:
    page = new_page(site)
    spans = large_trace()[-40:]
    shape = trace_shape(columns_of(spans))
    given = {"head": head(shape), "chunks": list(chunks(shape, critical_path(shape), 7))}
    times = [0, 0.0004, 0.42, 9.94, 9.96, 640, 999.4, 1200, 9940, 59_400, 125_000, 4_320_000, 90_000_000]
    counts = [0, 7, 999, 1000, 1_234_567]
    costs = [0, 0.00042, 0.0124, 1.239, 1204.4]
    program = f"""
    (given) => {{
      {scripts("tree_columns", "tree_fold", "tree_search", "tree_layout")}
      const columns = new SpanColumns(given.head);
      for (const chunk of given.chunks) columns.add(chunk);
      const fold = new Fold(columns);
      return {{
        ids: [...fold.lines.slice(0, fold.count)].map((line) => columns.idOf(line)),
        found: [...Array(columns.count).keys()].every((one) => columns.withId(columns.idOf(one)) === one),
        alone: [...columns.selfTimes()],
        order: [...fullOrder(columns)],
        places: [...fold.places],
        times: given.times.map(durationText), counts: given.counts.map(countText), costs: given.costs.map(costText),
        ticks: given.lengths.map((length) => ticksOf(length).map(([, ms]) => durationText(ms))),
        next: [nextLargest([1, 5, 5, 0], -1, 4), nextLargest([1, 5, 5, 0], 1, 4), nextLargest([1, 5, 5, 0], 0, 4)],
      }};
    }}
    """
    lengths = [2480, 180, 0.005, 0, 39_600_000]
    found = page.evaluate(
        program, json.loads(json.dumps({**given, "times": times, "counts": counts, "costs": costs, "lengths": lengths}))
    )
    assert found["found"]
    assert sorted(found["ids"]) == sorted(one["span_id"] for one in spans)
    assert found["order"] == found["places"]
    assert found["alone"] == [time // 1000 for time in self_times(shape)]
    assert found["times"] == [formats.duration(one) for one in times]
    assert found["counts"] == [formats.count(one) for one in counts]
    assert found["costs"] == [formats.cost(one) for one in costs]
    assert found["ticks"] == [[tick.label for tick in Window(0, round(one * 1e6)).ticks()] for one in lengths]
    assert found["next"] == [1, 2, 1]
