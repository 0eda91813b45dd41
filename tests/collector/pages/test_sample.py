"""Sample traces: loaded from an empty page with a button, seen as such, deleted like any others."""

from __future__ import annotations

import re

import httpx

from assay.collector.decode_json import decode_json_request
from assay.collector.pages import urls
from assay.collector.pages.traces.sample import TURNS, sample_request
from assay.collector.server import Server

PROJECT = "first steps"
NOW = 1_800_000_000 * 10**9


def test_every_span_is_taken_and_ends_before_now() -> None:
    decoded = decode_json_request(sample_request(NOW, "ab" * 12))
    assert not decoded.rejected
    assert len(decoded.spans) == 3 * len(TURNS)
    assert len({span.span_id for span in decoded.spans}) == len(decoded.spans)
    assert all(span.start_time < span.end_time < NOW for span in decoded.spans)


def test_an_empty_project_gets_samples_by_a_button_and_loses_them_again(collector: Server) -> None:
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=collector.url, timeout=60, headers=headers, follow_redirects=True) as browser:
        page = browser.get(urls.traces(PROJECT)).text
        assert f'action="{urls.traces(PROJECT)}/sample"' in page
        token = re.search(r'name="form_token" value="(\w+)"', page)
        assert token is not None
        listed = browser.post(f"{urls.traces(PROJECT)}/sample", data={"form_token": token[1]})
        assert f"{len(TURNS)} sample traces were loaded" in listed.text
        refs = re.findall(r'name="ref" value="([^"]+)"', listed.text)
        assert len(refs) == len(TURNS)
        assert "Load sample data" not in listed.text
        deleted = browser.post(f"{urls.traces(PROJECT)}/delete", data={"form_token": token[1], "ref": refs})
        assert "Deleted 12 traces" in deleted.text
        assert "Load sample data" in deleted.text


def test_no_other_site_can_load_samples(collector: Server) -> None:
    answer = httpx.post(f"{collector.url}{urls.traces(PROJECT)}/sample", data={"form_token": "0"}, timeout=60)
    assert answer.status_code == 403
