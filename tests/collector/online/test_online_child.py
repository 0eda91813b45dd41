"""The real child of online scoring, over HTTP and pipes: what it makes of definitions and of traces."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from assay.collector.online.scoring import MODULE
from assay.collector.server import Server
from support.gateway_servers import Judging, serving
from support.openai_server import OpenAIServer
from support.queried import SECOND, span, store_spans


@pytest.fixture(scope="module")
def model() -> Iterator[OpenAIServer]:
    with serving(Judging) as server:
        yield server


@pytest.fixture(scope="module")
def collector(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(data_dir=tmp_path_factory.mktemp("online") / ".assay")
    server.start()
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def _gateway(model: OpenAIServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of the child, which gets the variables of this process when it is first asked."""
    monkeypatch.setenv("ASSAY_GATEWAY_URL", model.url)
    monkeypatch.setenv("ASSAY_GATEWAY_API_KEY", "k")


@pytest.fixture(scope="module")
def api(collector: Server) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{collector.url}/api/v1", params={"project": "shop"}, timeout=120) as client:
        yield client


def ask(collector: Server, method: str, **params: Any) -> Any:
    worker = collector.service.workers.get(MODULE, "shop")
    return worker.ask(method, {"project": "shop", "id": "i", "version": 1, **params}, timeout_s=300)


def until(look: Callable[[], Any], within_s: float = 60.0) -> Any:
    """What `look` finds, as soon as it finds something."""
    deadline = time.monotonic() + within_s
    while not (found := look()):
        assert time.monotonic() < deadline, "nothing was found in time"
        time.sleep(0.05)
    return found


def store(collector: Server, number: int, **fields: Any) -> str:
    """A trace of one span that was received long ago; its id."""
    said = {"input": "How do I get a refund?", "output": "Of course: press the button.", "name": "ask"}
    row = span(number, 1, start=number * SECOND, **{**said, **fields})
    store_spans(collector.service, [{**row, "project": "shop", "received_at": number * SECOND}])
    return str(row["trace_id"])


@pytest.mark.parametrize(
    ("definition", "said"),
    [
        ({"scorer": "bliss", "parameters": {}}, "no scorer 'bliss'"),
        ({"scorer": "exact_match", "parameters": {}}, "needs an expected value"),
        ({"scorer": "corpus_bleu", "parameters": {}}, "whole experiments"),
        ({"scorer": "contains", "parameters": {"colour": "red"}}, "cannot be made"),
        ({"scorer": "groundedness", "parameters": {"gateway": "x"}}, "'gateway' cannot be given"),
        ({"judge": {"instructions": "Is it kind?", "choices": ["yes"]}}, "choices|verdicts"),
        ({"judge": {"prompt": "prompts:/judges/nowhere/3"}}, "nowhere"),
    ],
)
def test_a_definition_that_makes_no_scorer_is_refused_with_the_reason(
    api: httpx.Client, definition: dict[str, Any], said: str
) -> None:
    answer = api.post("/online-scorers", json={"name": "x", "definition": definition})
    assert answer.status_code == 400, answer.text
    assert re.search(said, answer.json()["error"]["message"])
    assert api.get("/online-scorers").json()["items"] == []


def test_a_judge_scores_live_traces_and_never_what_it_did_itself(
    api: httpx.Client, collector: Server, model: OpenAIServer
) -> None:
    traces = [store(collector, number, session_id="s") for number in (1, 2)]
    store(collector, 3, status="error")
    judge = {"instructions": "Is the answer kind?", "choices": ["yes", "no"], "model": "openai/gpt-4o-mini"}
    declared = {
        "name": "kind",
        "definition": {"judge": judge},
        "filter": "session_id = 's'",
        "quiet_s": 1,
        "limits": {"usd_per_day": 1.0},
        "since": "1970-01-01T00:00:00Z",
    }
    made = api.post("/online-scorers", json=declared)
    assert made.status_code == 201, made.text
    assert (made.json()["source"], made.json()["version"]) == ("llm", 1)

    def scored() -> dict[str, Any] | None:
        found = api.get("/online-scorers/kind").json()
        return found if found["today"]["scored"] == 2 else None

    figures = until(scored)
    assert figures["today"]["calls"] == 2
    assert figures["today"]["cost_usd"] > 0
    asked = len(model.requests)
    for trace_id in traces:
        [score] = api.get(f"/traces/{trace_id}").json()["scores"]
        assert (score["name"], score["source"], type(score["value"])) == ("kind", "llm", bool)
        [kept] = api.get("/scores", params={"trace_id": trace_id}).json()["items"]
        assert kept["author"] == "online:kind"
        assert kept["metadata"]["online_scorer_version"] == 1
        assert kept["metadata"]["cost_usd"] > 0
        judged = kept["metadata"]["trace_id"]
        told = until(
            lambda judged=judged: api.get(f"/traces/{judged}", params={"project": "shop-judges"}).json().get("spans")
        )
        assert told[0]["kind"] == "evaluator"
        assert told[0]["metadata"]["judged_trace_id"] == trace_id
    # The child's own traces are in the store now, and complete: nobody judges them
    mine = {**declared, "name": "again", "filter": None, "definition": {"scorer": "word_count"}}
    assert api.post("/online-scorers", json=mine, params={"project": "shop-judges"}).status_code == 201
    collector.service.online.step()
    assert api.get("/online-scorers/again", params={"project": "shop-judges"}).json()["waiting"] == 0
    assert len(model.requests) == asked


def test_an_answer_that_got_lost_is_not_paid_for_again(collector: Server, model: OpenAIServer) -> None:
    trace_id = store(collector, 10)
    judge = {"judge": {"instructions": "Is it brief?", "model": "openai/gpt-4o-mini"}}
    first = ask(collector, "score", name="brief", definition=judge, trace_id=trace_id)
    asked = len(model.requests)
    assert (
        ask(collector, "score", name="brief", definition=judge, trace_id=trace_id)["scores"][0]["value"]
        == (first["scores"][0]["value"])
    )
    assert len(model.requests) == asked


def test_a_model_that_is_away_is_an_outage_and_one_that_refuses_the_texts_is_not(
    collector: Server, model: OpenAIServer
) -> None:
    trace_id = store(collector, 11)
    judge = {"judge": {"instructions": "Is it short?", "model": "openai/gpt-4o-mini"}}
    model.reply(status=401, error="no such key")
    away = ask(collector, "score", name="short", definition=judge, trace_id=trace_id)
    assert "no such key" in away["outage"]
    for _ in range(3):
        model.reply(status=400, error="content policy")
    refused = ask(collector, "score", name="short", definition=judge, trace_id=trace_id)
    assert (refused["outage"], refused["scores"][0]["value"]) == (None, None)
    assert "content policy" in refused["scores"][0]["error"]
    model.replies.clear()


def test_scorers_of_code_read_outputs_and_whole_traces(collector: Server) -> None:
    trace_id = store(collector, 12)
    words = ask(collector, "score", name="words", definition={"scorer": "word_count"}, trace_id=trace_id)
    assert [(score["name"], score["value"], score["source"]) for score in words["scores"]] == [("words", 5, "code")]
    contains = {"scorer": "contains", "parameters": {"phrases": "BUTTON", "case_sensitive": False}}
    assert ask(collector, "score", name="b", definition=contains, trace_id=trace_id)["scores"][0]["value"] is True
    steps = ask(collector, "score", name="errors", definition={"scorer": "error_spans"}, trace_id=trace_id)
    assert steps["scores"][0]["value"] == 0


def test_what_has_no_answer_or_is_gone_has_nothing_to_score(collector: Server) -> None:
    failed = store(collector, 13, status="error")
    for trace_id in (failed, "e" * 32):
        answer = ask(collector, "score", name="words", definition={"scorer": "word_count"}, trace_id=trace_id)
        assert answer == {"scores": [], "outage": None}
