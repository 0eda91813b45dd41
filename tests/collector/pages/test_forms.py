"""Forms of the pages: what they ask for, that nobody else's form does anything, that nothing typed is lost."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from assay.errors import Conflict, Forbidden, InvalidRequest, TemplateError
from support.hostile import STRINGS
from support.html_parts import Parts, forms_of, parts_of
from support.page_data import PROJECT, FakeSource
from support.pages_app import pages_app

EDIT = f"/p/{PROJECT}/prompts/qa/v/3/edit"
EDIT_TEXT = f"/p/{PROJECT}/prompts/qa/v/1/edit"
ALIASES = f"/p/{PROJECT}/prompts/qa/aliases"
TEST = f"/p/{PROJECT}/ab/qa-tone"


@pytest.fixture(scope="module")
def module_source() -> FakeSource:
    return FakeSource()


@pytest.fixture(scope="module")
def module_client(module_source: FakeSource) -> Iterator[TestClient]:
    headers = {"accept": "text/html", "sec-fetch-site": "same-origin"}
    with TestClient(pages_app(module_source), follow_redirects=False, headers=headers) as client:
        yield client


@pytest.fixture
def source(module_source: FakeSource) -> FakeSource:
    module_source.desk.asked.clear()
    module_source.desk.refusal = None
    return module_source


@pytest.fixture
def client(module_client: TestClient, source: FakeSource) -> TestClient:
    module_client.cookies.clear()
    return module_client


def form_of(client: TestClient, address: str, *, action: str | None = None) -> dict[str, Any]:
    """The fields of the page's first form that changes something, or of its first one for `action`."""
    found = [form for form in forms_of(client.get(address).text) if "form_token" in form]
    return dict(next(form for form in found if action is None or form.get("action") == [action]))


def said(parts: Parts) -> str:
    return " ".join(" ".join(parts.texts).split())


# Who may send one -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [EDIT, ALIASES, TEST])
@pytest.mark.parametrize("fault", ["no token", "token of another session", "no session", "another site"])
def test_a_form_that_was_not_made_for_this_browser_changes_nothing(
    client: TestClient, source: FakeSource, address: str, fault: str
) -> None:
    fields = {**form_of(client, address), "action": "move", "reason": "why"}
    headers = {}
    if fault == "no token":
        del fields["form_token"]
    elif fault == "token of another session":
        client.cookies.clear()
        client.get(address)
    elif fault == "no session":
        client.cookies.clear()
    else:
        headers = {"sec-fetch-site": "same-site"}
    assert client.post(address, data=fields, headers=headers).status_code == 403
    assert source.desk.asked == []


def test_the_session_is_kept_from_scripts_and_other_sites(client: TestClient) -> None:
    cookie = client.get(ALIASES).headers["set-cookie"]
    assert re.search(r"assay_session=[0-9a-f]{32}; HttpOnly; Path=/; SameSite=lax", cookie)
    assert "set-cookie" not in client.get(ALIASES).headers


def test_over_tls_the_session_belongs_to_this_host_alone(source: FakeSource) -> None:
    with TestClient(pages_app(source), base_url="https://testserver") as secure:
        cookie = secure.get(ALIASES).headers["set-cookie"]
    assert re.search(r"__Host-assay_session=[0-9a-f]{32}; HttpOnly; Path=/; SameSite=lax; Secure", cookie)


def test_a_page_without_forms_starts_no_session(client: TestClient) -> None:
    assert "assay_session" not in client.get(f"/p/{PROJECT}/prompts/qa").headers.get("set-cookie", "")


# A new version ----------------------------------------------------------------------------------------------------


def test_a_form_sent_unchanged_holds_the_version_as_it_is(client: TestClient, source: FakeSource) -> None:
    fields = form_of(client, EDIT)
    answer = client.post(EDIT, data={**fields, "action": "review"})
    assert "Template and configuration are the same." in said(parts_of(answer.text))
    client.post(EDIT, data={**fields, "action": "register", "commit_message": "why"})
    version = source.prompt_objects["qa"][0]
    content = source.desk.asked[-1][1]["content"]
    assert content == {name: version[name] for name in content}


def test_the_difference_is_shown_before_anything_is_registered(client: TestClient, source: FakeSource) -> None:
    fields = form_of(client, EDIT)
    assert "Register as" not in client.get(EDIT).text
    contents = [fields["content"][0] + "\r\n{{more}}", *fields["content"][1:]]
    answer = client.post(EDIT, data={**fields, "content": contents, "action": "review"})
    shown = said(parts_of(answer.text))
    assert "more is new: callers must pass it." in shown
    assert "Register as v4" in shown
    assert source.desk.asked == []


def test_a_version_is_registered_with_its_reason_and_what_it_was_made_from(
    client: TestClient, source: FakeSource
) -> None:
    fields = form_of(client, EDIT_TEXT) | {
        "content": "Say\r\n{{what}}",
        "commit_message": "shorter",
        "author": " mira ",
    }
    answer = client.post(EDIT_TEXT, data={**fields, "action": "register"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/p/{PROJECT}/prompts/qa/v/3?done=registered")
    what, given = source.desk.asked[-1]
    assert (what, given["content"]["template"], given["content"]["response_format"]) == (
        "register",
        "Say\n{{what}}",
        None,
    )
    assert (given["commit_message"], given["author"], given["parent"], given["seen"]) == ("shorter", "mira", 1, 3)
    assert "Registered as a new version." in client.get(answer.headers["location"]).text


def test_messages_are_added_and_removed_without_losing_what_was_typed(client: TestClient) -> None:
    fields = form_of(client, EDIT) | {"content": ["first", "history", "third"]}
    added = client.post(EDIT, data={**fields, "action": "add"}).text
    assert added.count('name="content"') == 4
    removed = client.post(EDIT, data={**fields, "action": "remove-1"}).text
    assert removed.count('name="content"') == 2
    assert ">\nfirst</textarea>" in added
    assert ">\nfirst</textarea>" not in removed
    assert ">\nthird</textarea>" in removed


@pytest.mark.parametrize(
    ("field", "text", "problem"),
    [
        ("config", "{", "Configuration: this is no JSON"),
        ("config", "[1]", "Configuration: this is not an object"),
        ("tools", '{"a": 1}', "Tools: this is not a list of objects"),
        ("tags", '{"team": 1}', "The value of a tag is no text."),
    ],
)
def test_what_cannot_be_read_is_said_above_what_was_typed(
    client: TestClient, source: FakeSource, field: str, text: str, problem: str
) -> None:
    answer = client.post(EDIT, data={**form_of(client, EDIT), field: text, "action": "register"})
    assert answer.status_code == 400
    assert problem in said(parts_of(answer.text))
    assert text in parts_of(answer.text).text
    assert source.desk.asked == []


@pytest.mark.parametrize(
    ("refusal", "status"),
    [
        (Conflict("Version 4 was registered while you wrote."), 409),
        (TemplateError("Line 2 opens a variable."), 400),
        (InvalidRequest("There is no commit message."), 400),
        (Forbidden("The key may not."), 403),
    ],
)
def test_a_refusal_is_said_above_what_was_typed(
    client: TestClient, source: FakeSource, refusal: Any, status: int
) -> None:
    source.desk.refusal = refusal
    fields = form_of(client, EDIT_TEXT) | {"content": "my long work", "commit_message": "my reason"}
    answer = client.post(EDIT_TEXT, data={**fields, "action": "register"})
    assert answer.status_code == status
    parts = parts_of(answer.text)
    assert refusal.message in parts.text
    assert "my long work" in parts.text
    assert "my reason" in [one.get("value") for one in parts.named("input")]


@pytest.mark.parametrize("fields", [{"seen": "x"}, {"content": []}, {"role": ["user"]}])
def test_a_form_that_is_not_ours_is_refused(client: TestClient, fields: dict[str, Any]) -> None:
    answer = client.post(EDIT, data={**form_of(client, EDIT), **fields, "action": "register"})
    assert answer.status_code == 400


def test_a_form_that_is_too_large_is_refused(client: TestClient) -> None:
    fields = form_of(client, EDIT_TEXT)
    assert client.post(EDIT_TEXT, data={**fields, "content": "x" * 5_000_000}).status_code == 400


# Aliases ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("action", "fields", "asked", "done"),
    [
        ("move", {"alias": "beta", "version": "1"}, ("set_alias", {"alias": "beta", "version": 1}), "was moved"),
        ("roll back", {}, ("roll_back_alias", {"alias": "challenger", "from_version": 3}), "taken back"),
        ("protect", {"gate": " "}, ("protect_alias", {"protected": True, "gate": None}), "is protected now"),
        ("protect", {"gate": "a >= 0"}, ("protect_alias", {"protected": True, "gate": "a >= 0"}), "is protected now"),
        ("unprotect", {}, ("protect_alias", {"alias": "production", "protected": False}), "not protected any more"),
        ("remove", {}, ("delete_alias", {"alias": "challenger"}), "was removed"),
    ],
)
def test_aliases_are_changed_with_a_reason(
    client: TestClient, source: FakeSource, action: str, fields: dict[str, str], asked: Any, done: str
) -> None:
    sent = form_of(client, ALIASES, action=action) | fields | {"reason": " because ", "author": "mira"}
    answer = client.post(ALIASES, data=sent)
    assert answer.status_code == 303
    what, given = source.desk.asked[-1]
    assert (what, given["reason"], given["author"]) == (asked[0], "because", "mira")
    assert asked[1].items() <= given.items()
    assert done in client.get(answer.headers["location"]).text


@pytest.mark.parametrize("fields", [{"reason": " "}, {"alias": ""}, {"version": "x"}, {"action": "sell"}])
def test_an_alias_is_not_moved_without_a_reason_or_a_target(
    client: TestClient, source: FakeSource, fields: dict[str, str]
) -> None:
    sent = form_of(client, ALIASES, action="move") | {"reason": "why"} | fields
    assert client.post(ALIASES, data=sent).status_code == 400
    assert source.desk.asked == []


# A/B tests --------------------------------------------------------------------------------------------------------


def test_a_test_is_stopped_with_a_reason_and_what_the_report_would_ship_is_chosen(
    client: TestClient, source: FakeSource
) -> None:
    answer = client.post(TEST, data=form_of(client, TEST) | {"reason": "it won"})
    assert answer.headers["location"] == f"{TEST}?done=stopped"
    what, given = source.desk.asked[-1]
    assert (what, given["promote"], given["alias"], given["reason"]) == (
        "stop_ab_test",
        "short",
        "production",
        "it won",
    )


def test_a_test_is_not_stopped_without_a_reason(client: TestClient, source: FakeSource) -> None:
    assert client.post(TEST, data=form_of(client, TEST) | {"promote": ""}).status_code == 400
    assert source.desk.asked == []


# Whatever was typed -----------------------------------------------------------------------------------------------


def test_what_was_typed_comes_back_as_text(client: TestClient, source: FakeSource) -> None:
    source.desk.refusal = InvalidRequest(STRINGS[0], hint=STRINGS[1])
    everything = "".join(STRINGS)
    for address, fields in (
        (EDIT_TEXT, {"action": "register"}),
        (ALIASES, {"action": "move", "version": "1"}),
        (TEST, {}),
    ):
        typed = dict.fromkeys(("content", "commit_message", "author", "reason", "alias", "gate"), everything)
        answer = client.post(address, data=form_of(client, address) | typed | fields)
        parts = parts_of(answer.text)
        assert not {"img", "iframe", "pwned"} & {tag for tag, _ in parts.elements}
        assert not [name for _, attributes in parts.elements for name in attributes if name.startswith("on")]
        assert (parts.unbalanced, parts.open) == ([], [])
        assert STRINGS[0] in parts.text
