"""Details of spans, sessions, scores by hand and data sets as pages: what they show, what their forms do."""

from __future__ import annotations

import base64
import copy
from typing import Any
from urllib.parse import unquote

import pytest
from fastapi.testclient import TestClient

from assay.collector.pages import urls
from assay.collector.pages.content.media import LARGEST_INLINE, File
from support.html_parts import Parts, forms_of, parts_of
from support.page_data import BASE_ID, PROJECT, FakeSource

TRACE = "0" * 32
SPAN = f"{5:016x}"
FORMS = {"sec-fetch-site": "same-origin"}
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg' onload='window.pwned=1'/>"


def opened(client: TestClient, address: str, status: int = 200) -> Parts:
    answer = client.get(address)
    assert answer.status_code == status, answer.text
    return parts_of(answer.text)


def words(parts: Parts) -> str:
    return " ".join(" ".join(parts.texts).split())


def form(client: TestClient, address: str, action: str | None = None) -> dict[str, Any]:
    found = [one for one in forms_of(client.get(address).text) if "form_token" in one]
    return dict(next(one for one in found if action is None or one.get("action") == [action]))


def with_part(source: FakeSource, part: dict[str, Any]) -> None:
    """Give the last model call a message with this part."""
    trace = copy.deepcopy(source.by_project[PROJECT][0])
    trace["spans"][4]["input_messages"].append({"role": "user", "parts": [part]})
    source.by_project[PROJECT][0] = trace


# Tabs -------------------------------------------------------------------------------------------------------------


def test_every_tab_is_a_link_that_works_without_scripts(client: TestClient) -> None:
    page = opened(client, urls.trace(PROJECT, TRACE, span=SPAN))
    tabs = [link for link in page.named("a") if "data-fragment" in link and "tab=" in link["href"]]
    assert [link["href"].partition("tab=")[2].partition("#")[0] for link in tabs][:6] == [
        *("messages", "io", "attributes", "events", "scores", "raw")
    ]
    for link in tabs:
        assert client.get(link["href"]).status_code == 200
        assert client.get(link["data-fragment"]).headers["x-assay-fragment"] == "1"


def test_messages_are_markdown_until_plain_text_is_asked_for(client: TestClient) -> None:
    address = urls.trace(PROJECT, TRACE, span=SPAN, tab="messages")
    assert "**Short answer:**" not in words(opened(client, address))
    [toggle] = [link for link in opened(client, address).named("a") if "data-text-toggle" in link]
    assert "**Short answer:**" in words(opened(client, toggle["href"]))


def test_plain_text_stays_chosen_from_tab_to_tab(client: TestClient) -> None:
    page = opened(client, urls.trace(PROJECT, TRACE, span=SPAN, tab="messages", text="plain"))
    tabs = [
        link for link in page.named("a") if "tab=" in link.get("data-fragment", "") and "data-text-toggle" not in link
    ]
    assert len(tabs) >= 6
    assert all("text=plain" in link["data-fragment"] and "text=plain" in link["href"] for link in tabs)


def test_attributes_are_found_by_a_form_that_works_without_scripts(client: TestClient) -> None:
    page = client.get(f"/p/{PROJECT}/traces/{TRACE}?span={SPAN}&tab=attributes").text
    form = next(form for form in forms_of(page) if "attribute" in form)
    assert (form["span"], form["tab"]) == ([SPAN], ["attributes"])
    [*before] = parts_of(page).named("th")
    found = client.get(f"/p/{PROJECT}/traces/{TRACE}?span={SPAN}&tab=attributes&attribute=no+such+thing").text
    assert 'value="no such thing"' in found
    assert len(list(parts_of(found).named("th"))) < len(before)


def test_dropped_attributes_are_told_with_the_line_that_helps(client: TestClient, source: FakeSource) -> None:
    source.by_project[PROJECT][0]["spans"][4]["dropped_attributes_count"] = 31
    text = words(opened(client, urls.span_details(PROJECT, TRACE, SPAN)))
    assert "31 attributes of this span were dropped" in text
    assert "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT=4096" in text


def test_a_span_can_be_downloaded_whole(client: TestClient) -> None:
    answer = client.get(urls.span_json(PROJECT, TRACE, SPAN))
    assert answer.json()["span_id"] == SPAN
    assert "attachment" in answer.headers["content-disposition"]


# Files ------------------------------------------------------------------------------------------------------------


def blob(content: bytes, kind: str) -> dict[str, Any]:
    return {"type": "blob", "mime_type": kind, "content": base64.b64encode(content).decode()}


def test_a_picture_is_shown_from_an_address_made_of_its_content(client: TestClient, source: FakeSource) -> None:
    with_part(source, blob(PNG, "image/png"))
    page = opened(client, urls.span_details(PROJECT, TRACE, SPAN, tab="messages"))
    [picture] = page.named("img")
    assert picture["src"].endswith(File(content=PNG, media_type="image/png").digest)
    answer = client.get(picture["src"])
    assert (answer.content, answer.headers["content-type"]) == (PNG, "image/png")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert answer.headers["content-disposition"].startswith("inline")


@pytest.mark.parametrize(
    ("content", "kind", "served"),
    [
        pytest.param(SVG, "image/svg+xml", "application/octet-stream", id="svg"),
        pytest.param(SVG, "image/png", "application/octet-stream", id="svg-that-says-it-is-a-png"),
        pytest.param(b"<script>window.pwned=1</script>", "text/html", "application/octet-stream", id="html"),
        pytest.param(b"%PDF-1.7", "application/pdf", "application/pdf", id="pdf"),
        pytest.param(b"RIFF0000WAVE", "audio/wav", "audio/wav", id="audio"),
        pytest.param(PNG + bytes(LARGEST_INLINE), "image/png", "image/png", id="large-picture"),
    ],
)
def test_everything_else_is_only_ever_saved(
    client: TestClient, source: FakeSource, content: bytes, kind: str, served: str
) -> None:
    with_part(source, blob(content, kind))
    page = opened(client, urls.span_details(PROJECT, TRACE, SPAN, tab="messages"))
    assert page.named("img") == []
    [link] = [link for link in page.named("a") if "/files/" in link["href"]]
    answer = client.get(link["href"])
    assert answer.headers["content-type"].partition(";")[0] == served
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.content == content


def test_a_picture_elsewhere_is_a_link_that_says_where(client: TestClient, source: FakeSource) -> None:
    with_part(source, {"type": "uri", "modality": "image", "uri": "https://cdn.example/x.png"})
    page = opened(client, urls.span_details(PROJECT, TRACE, SPAN, tab="messages"))
    assert page.named("img") == []
    assert "load from cdn.example" in words(page)


def test_a_file_that_no_message_has_is_not_found(client: TestClient) -> None:
    assert client.get(f"{urls.span_files(PROJECT, TRACE, SPAN)}/{'0' * 40}").status_code == 404


# Scores by hand ---------------------------------------------------------------------------------------------------


def test_a_score_and_a_note_are_written_and_taken_back(client: TestClient, source: FakeSource) -> None:
    tab = urls.trace(PROJECT, TRACE, span=SPAN, tab="scores")
    typed = form(client, tab, "score") | {"name": "correct", "value": "no", "explanation": "made up", "author": "Ada"}
    answer = client.post(urls.trace_scores(PROJECT, TRACE), data=typed, headers=FORMS)
    assert answer.status_code == 303
    assert "tab=scores" in answer.headers["location"]
    stored = vars(source)["scores_added"]
    assert [stored[0][key] for key in ("name", "value", "source", "author", "span_id", "explanation")] == [
        *("correct", "false", "human", "Ada", SPAN, "made up")
    ]
    note = form(client, tab, "note") | {"note": "look\nhere", "span_id": ""}
    assert note["author"] == ["Ada"]  # the name is remembered
    client.post(urls.trace_scores(PROJECT, TRACE), data=note, headers=FORMS)
    assert (stored[1]["name"], stored[1]["value"], stored[1]["span_id"]) == ("note", '"look\\nhere"', None)
    page = urls.trace_scores(PROJECT, TRACE, span=SPAN)
    deleted = form(client, page, "delete")
    assert client.post(urls.trace_scores(PROJECT, TRACE), data=deleted, headers=FORMS).status_code == 303
    assert [row["name"] for row in stored] == ["note"]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"name": "correct", "value": "perhaps"}, "neither yes nor no"),
        ({"name": " ", "value": "yes"}, "no name"),
        ({"name": "x", "type": "number", "value": "many"}, "is no number"),
        ({"action": "delete", "score_id": "not there"}, "no such score"),
        ({"action": "else"}, "Nothing was chosen"),
        ({"name": "x", "value": "yes", "span_id": "f" * 16}, "no span"),
    ],
)
def test_what_is_refused_is_said_above_the_form_with_what_was_typed(
    client: TestClient, source: FakeSource, typed: dict[str, str], said: str
) -> None:
    sent = form(client, urls.trace_scores(PROJECT, TRACE), "score") | {"explanation": "because <b>"} | typed
    answer = client.post(urls.trace_scores(PROJECT, TRACE), data=sent, headers=FORMS)
    assert answer.status_code in (400, 404)
    assert said in words(parts_of(answer.text))
    assert vars(source).get("scores_added", []) == []
    shown = next(one for one in forms_of(answer.text) if one.get("action") == ["score"])
    assert shown["explanation"] == ["because <b>"]


def test_nobody_deletes_what_another_wrote(client: TestClient, source: FakeSource) -> None:
    other = source.trace(TRACE)["scores"][0]["id"]
    sent = form(client, urls.trace_scores(PROJECT, TRACE), "score") | {"action": "delete", "score_id": other}
    answer = client.post(urls.trace_scores(PROJECT, TRACE), data=sent, headers=FORMS)
    assert answer.status_code == 403


def test_a_score_without_the_token_of_the_form_is_refused(client: TestClient, source: FakeSource) -> None:
    sent = {"action": "score", "name": "x", "value": "yes", "type": "bool"}
    assert client.post(urls.trace_scores(PROJECT, TRACE), data=sent, headers=FORMS).status_code == 403
    assert vars(source).get("scores_added", []) == []


# To a data set ----------------------------------------------------------------------------------------------------

REFS = [TRACE, f"{TRACE}/{SPAN}", f"experiment:{BASE_ID}/q01"]


@pytest.mark.parametrize(("expected", "values"), [("none", [None, None]), ("output", ["Open", "Open"])])
def test_traces_spans_and_rows_become_items(
    client: TestClient, source: FakeSource, expected: str, values: list[str | None]
) -> None:
    back = urls.traces(PROJECT)
    sent = form(client, urls.send(PROJECT, "dataset", ref=REFS, next=back)) | {"dataset": "hard", "expected": expected}
    answer = client.post(urls.send(PROJECT, "dataset"), data=sent, headers=FORMS)
    assert (answer.status_code, answer.headers["location"]) == (303, back)
    [(name, items)] = vars(source)["sent"]
    assert (name, [item["id"] for item in items]) == ("hard", [TRACE, SPAN, "q01"])
    assert [item["metadata"]["trace_id"] for item in items[:2]] == [TRACE, TRACE]
    assert [item["expected"] and item["expected"][:4] for item in items[:2]] == values
    assert items[2]["expected"]  # what a row brings along stays
    told = words(opened(client, back))
    assert "3 items added to hard, version 4" in told


def test_what_goes_in_is_shown_before_it_does(client: TestClient, source: FakeSource) -> None:
    page = opened(client, urls.send(PROJECT, "dataset", ref=REFS))
    text = words(page)
    assert "Add 3 items" in text
    assert "How do I reset my password?" in text
    assert [option["value"] for option in page.named("option")][:2] == ["support-qa", "hard/questions"]
    assert "sent" not in vars(source) or vars(source)["sent"] == []


@pytest.mark.parametrize(
    ("refs", "said"),
    [
        (["nonsense"], "names nothing"),
        (["f" * 32], "1 left out"),
        ([], "Nothing was chosen"),
    ],
)
def test_what_makes_no_item_is_told(client: TestClient, refs: list[str], said: str) -> None:
    answer = client.get(urls.send(PROJECT, "dataset", ref=refs))
    assert said in words(parts_of(answer.text))
    assert not any("dataset" in one for one in forms_of(answer.text))


def test_a_failed_trace_has_no_output_to_expect(client: TestClient, source: FakeSource) -> None:
    sent = form(client, urls.send(PROJECT, "dataset", ref=[f"{3:032x}"])) | {"dataset": "x", "expected": "output"}
    client.post(urls.send(PROJECT, "dataset"), data=sent, headers=FORMS)
    [(_, [item])] = vars(source)["sent"]
    assert (item["expected"], "output" in item) == (None, False)


def test_after_it_nobody_is_led_to_another_site(client: TestClient) -> None:
    sent = form(client, urls.send(PROJECT, "dataset", ref=REFS)) | {"next": "https://evil.example"}
    answer = client.post(urls.send(PROJECT, "dataset"), data=sent, headers=FORMS)
    assert answer.headers["location"] == "/"


# Conversations ----------------------------------------------------------------------------------------------------


def test_a_session_is_a_conversation_with_a_link_to_each_trace(client: TestClient, source: FakeSource) -> None:
    page = opened(client, urls.session(PROJECT, "session-7"))
    assert [one["class"] for one in page.named("article")] == ["bubble user", "bubble assistant"] * 3
    links = [link["href"] for link in page.named("a")]
    for trace in source.by_project[PROJECT][:3]:
        assert urls.trace(PROJECT, trace["trace_id"]) in links
    assert "correctness" in words(page)
    assert client.get(f"{urls.session(PROJECT, 'session-7')}.json").json()["trace_count"] == 5
    [later] = [link for link in links if "after=next" in link]
    assert "First turns" in words(opened(client, later))


def test_a_session_that_there_is_not_is_a_page_that_says_so(client: TestClient, source: FakeSource) -> None:
    source.by_project["empty"] = []
    assert "no session" in words(opened(client, urls.session("empty", "gone"), 404))


def test_a_whole_trace_is_read_as_one_conversation(client: TestClient) -> None:
    page = opened(client, urls.trace(PROJECT, TRACE, view="chat"))
    assert [one["class"] for one in page.named("article")] == [
        *("bubble system", "bubble user", "bubble assistant output", "bubble assistant output")
    ]
    assert unquote(urls.trace(PROJECT, TRACE, span=SPAN)) in [unquote(link["href"]) for link in page.named("a")]
