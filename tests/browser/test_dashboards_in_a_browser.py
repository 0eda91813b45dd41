"""Dashboards over a real collector in a browser: charts are kept as pictures."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from assay.collector.pages import urls
from assay.collector.server import Server
from support.figure_store import DAY_OF_DATA, NOON, PROJECT, spans_of
from support.queried import SECOND, store_spans

NewPage = Callable[..., Page]
BOARD = urls.dashboard(PROJECT, "overview", **DAY_OF_DATA)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = Server(data_dir=tmp_path_factory.mktemp("shop") / ".assay")
    server.start()
    hours = range(1, 13)
    store_spans(server.service, [span for hour in hours for span in spans_of(hour, NOON - hour * 3600 * SECOND)])
    yield server.url
    server.stop()


def test_a_chart_is_kept_as_a_picture(new_page: NewPage, shop: str) -> None:
    page = new_page(shop)
    page.goto(BOARD)
    with page.expect_download() as kept:
        page.get_by_role("button", name="PNG of Latency").click()
    picture = Path(kept.value.path()).read_bytes()
    assert kept.value.suggested_filename == "Latency.png"
    assert picture.startswith(b"\x89PNG")
    assert struct.unpack(">I", picture[16:20]) == (1600,)  # twice as wide as the chart, for sharp screens
    expect(page.get_by_role("button", name="PNG of Latency")).to_be_enabled()
