"""What the page of an A/B test keeps out of the way of its figures."""

from __future__ import annotations

from fastapi.testclient import TestClient

from support.page_data import PROJECT, FakeSource
from support.pages_app import pages_app


def test_methods_of_effects_stand_below_their_table() -> None:
    with TestClient(pages_app(FakeSource())) as client:
        table, _, below = client.get(f"/p/{PROJECT}/ab/qa-tone").text.partition("<summary>Methods</summary>")
    assert "sequential multinomial test" not in table
    assert "sequential multinomial test" in below


def test_one_unit_is_not_called_units() -> None:
    source = FakeSource()
    source.reports["qa-tone"]["arms"][0]["metrics"]["cost_usd"] |= {"n": 1, "missing": 0}
    with TestClient(pages_app(source)) as client:
        html = client.get(f"/p/{PROJECT}/ab/qa-tone").text
    assert "<small>1 unit</small>" in html
    assert ">1 units" not in html
