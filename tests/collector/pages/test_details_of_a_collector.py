"""Conversations, scores by hand and data sets over a real collector: what is written there is stored."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from assay.collector.pages import urls
from assay.collector.server import Server
from support.html_parts import Parts, forms_of, parts_of
from support.otlp import PROTOBUF, recorded

PROJECT = "shop/support"
SESSION = "chat/7 'x'"
PICTURE = b"\x89PNG\r\n\x1a\npicture"


def text(role: str, content: str) -> dict[str, Any]:
    return {"role": role, "parts": [{"type": "text", "content": content}]}


ASKED = {**text("user", "What is this?")}
ASKED["parts"].append({"type": "blob", "mime_type": "image/png", "content": base64.b64encode(PICTURE).decode()})
CALLED = {"role": "assistant", "parts": [{"type": "tool_call", "id": "c1", "name": "look", "arguments": {"at": 1}}]}
FOUND = {"role": "tool", "parts": [{"type": "tool_call_response", "id": "c1", "response": {"seen": "a parcel"}}]}


def model_call(sent: list[Any], received: list[Any]) -> dict[str, str]:
    messages = {"gen_ai.input.messages": json.dumps(sent), "gen_ai.output.messages": json.dumps(received)}
    return {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m", **messages}


@pytest.fixture
def browser(collector: Server) -> Iterator[httpx.Client]:
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    with httpx.Client(base_url=collector.url, timeout=60, headers=headers, follow_redirects=True) as client:
        yield client


@pytest.fixture
def trace_id(collector: Server) -> str:
    in_session = {"input.value": "What is this?", "output.value": "A parcel.", "session.id": SESSION}
    with recorded(assay__project=PROJECT, service__name="x") as recorder:
        with recorder.tracer.start_as_current_span("answer", attributes=in_session) as root:
            for sent, received in (([ASKED], [CALLED]), ([ASKED, CALLED, FOUND], [text("assistant", "A **parcel**.")])):
                recorder.tracer.start_span("chat", attributes=model_call(sent, received)).end()
        body = recorder.body()
    httpx.post(f"{collector.url}/v1/traces", content=body, headers=PROTOBUF, timeout=60).raise_for_status()
    return f"{root.get_span_context().trace_id:032x}"


def opened(answer: httpx.Response) -> tuple[Parts, str]:
    assert answer.status_code == 200, answer.text
    parts = parts_of(answer.text)
    return parts, " ".join(" ".join(parts.texts).split())


def form(browser: httpx.Client, address: str, action: str) -> dict[str, Any]:
    found = forms_of(browser.get(address).text)
    return dict(next(one for one in found if one.get("action") == [action]))


def test_a_trace_is_a_conversation_with_its_picture_and_what_the_tool_found(
    browser: httpx.Client, trace_id: str
) -> None:
    page, told = opened(browser.get(urls.trace(PROJECT, trace_id, view="chat")))
    assert told.count("What is this?") == 1
    assert told.index("look") < told.index("a parcel") < told.index("parcel .")
    [picture] = page.named("img")
    assert browser.get(picture["src"]).content == PICTURE


def test_a_session_shows_its_turns_and_leads_to_their_traces(browser: httpx.Client, trace_id: str) -> None:
    page, told = opened(browser.get(urls.session(PROJECT, SESSION)))
    assert "What is this?" in told
    assert urls.trace(PROJECT, trace_id) in [link["href"] for link in page.named("a")]
    assert browser.get(f"{urls.session(PROJECT, SESSION)}.json").json()["traces"][0]["trace_id"] == trace_id


def test_scores_by_hand_are_stored_replaced_and_deleted(browser: httpx.Client, trace_id: str) -> None:
    page = urls.trace_scores(PROJECT, trace_id)

    def stored() -> list[tuple[str, Any]]:
        found = browser.get("/api/v1/scores", params={"project": PROJECT, "trace_id": trace_id}).json()["items"]
        return sorted((score["name"], score["value"]) for score in found)

    for value in ("yes", "no"):  # said again, it replaces
        opened(browser.post(page, data=form(browser, page, "score") | {"name": "good", "value": value, "author": "A"}))
    for note in ("one", "two"):  # notes stand beside each other
        opened(browser.post(page, data=form(browser, page, "note") | {"note": note, "author": "A"}))
    assert stored() == [("good", False), ("note", "one"), ("note", "two")]
    _, told = opened(browser.get(page))
    assert "good" in told
    score = next(one for one in forms_of(browser.get(page).text) if one.get("action") == ["delete"])
    opened(browser.post(page, data=score))
    assert len(stored()) == 2
    named = parts_of(browser.get(page).text).named("option")
    assert "note" in [option.get("value") for option in named]


def test_traces_go_to_a_data_set_and_come_again_without_doubling(browser: httpx.Client, trace_id: str) -> None:
    address = urls.send(PROJECT, "dataset", ref=[trace_id], next=urls.traces(PROJECT))
    for expected, version in (("none", 1), ("output", 2)):
        sent = next(one for one in forms_of(browser.get(address).text) if "ref" in one)
        sent |= {"dataset": ["parcels"], "expected": [expected]}
        answer = browser.post(urls.send(PROJECT, "dataset"), data=sent)
        assert f"1 item added to parcels, version {version}" in opened(answer)[1]
    items = browser.get("/api/v1/datasets/parcels/items", params={"project": PROJECT}).json()["items"]
    assert [(item["id"], item["input"], item["expected"]) for item in items] == [
        (trace_id, "What is this?", "A parcel.")
    ]
    assert items[0]["metadata"]["trace_id"] == trace_id
