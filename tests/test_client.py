"""The API client: what it sends, what it makes of answers, and what it does when nobody answers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
import respx

from assay.client import ERRORS, Client, current_client
from assay.collector.api.errors import STATUS
from assay.errors import AssayError, CollectorUnavailable, InvalidRequest, PromptNotFound
from assay.settings import configure, load_settings

URL = "http://collector.test"


@pytest.fixture
def client() -> Iterator[Client]:
    client = Client(load_settings(endpoint=URL + "/", project="shop", api_key="k"))
    yield client
    client.close()


@respx.mock
def test_a_request_names_the_project_and_carries_the_key(client: Client) -> None:
    route = respx.get(f"{URL}/api/v1/traces", params={"project": "shop", "limit": "5"}).respond(json={"items": []})
    assert client.get("/traces", limit=5, filter=None) == {"items": []}
    assert route.calls[0].request.headers["authorization"] == "Bearer k"


@respx.mock
def test_a_list_is_followed_page_by_page(client: Client) -> None:
    respx.get(f"{URL}/api/v1/spans", params={"cursor": "next"}).respond(json={"items": [{"n": 2}], "next_cursor": None})
    respx.get(f"{URL}/api/v1/spans").respond(json={"items": [{"n": 0}, {"n": 1}], "next_cursor": "next"})
    assert [item["n"] for item in client.pages("/spans")] == [0, 1, 2]


@respx.mock
def test_an_error_of_the_api_becomes_ours(client: Client) -> None:
    body = {"error": {"code": "prompt_not_found", "message": "no prompt 'x'.", "hint": "Try y."}}
    respx.get(f"{URL}/api/v1/prompts/x").respond(404, json=body)
    with pytest.raises(PromptNotFound, match="Try y"):
        client.get("/prompts/x")


@respx.mock
@pytest.mark.parametrize(("status", "kind"), [(503, CollectorUnavailable), (500, AssayError)])
def test_an_answer_that_is_not_the_apis_is_told_as_it_is(client: Client, status: int, kind: type[AssayError]) -> None:
    respx.get(f"{URL}/api/v1/traces").respond(status, text="<html>gateway</html>")
    with pytest.raises(kind, match="<html>gateway"):
        client.get("/traces")


@respx.mock
def test_a_connection_that_fails_once_is_tried_again(client: Client) -> None:
    route = respx.get(f"{URL}/api/v1/traces")
    route.side_effect = [httpx.ConnectError("gone"), httpx.Response(200, json={})]
    assert client.get("/traces") == {}


@respx.mock
def test_a_request_that_may_have_arrived_is_not_sent_again(client: Client) -> None:
    route = respx.post(f"{URL}/api/v1/scores")
    route.side_effect = httpx.ReadTimeout("slow")
    with pytest.raises(CollectorUnavailable, match="may have done what was asked"):
        client.post("/scores", json={})
    assert route.call_count == 1


def test_nobody_there_is_said_with_what_to_do() -> None:
    client = Client(load_settings(endpoint="http://127.0.0.1:9"))
    with pytest.raises(CollectorUnavailable, match="assay serve"):
        client.get("/traces")
    client.close()


def test_every_code_of_the_api_has_an_error_here() -> None:
    assert {code for _, _, code in STATUS} - set(ERRORS) == {"internal"}


def test_the_client_follows_the_settings(collector: object) -> None:
    first = current_client()
    assert current_client() is first
    configure(project="another")
    assert current_client() is not first


def test_a_filter_that_is_none_is_refused_over_the_wire(collector: object) -> None:
    with pytest.raises(InvalidRequest, match="Did you mean status"):
        current_client().get("/traces", filter="staus = 'ok'")
