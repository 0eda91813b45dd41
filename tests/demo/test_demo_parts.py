"""The demo's parts, each by itself: what the assistant does, which model is asked, when a version goes live."""

from __future__ import annotations

import socket
from types import SimpleNamespace
from typing import Any

import pytest

from assay.collector.server import Server
from assay.demo import conversations, prompts
from assay.demo.assistant import Assistant, order_status, search, use_tool
from assay.demo.experiments import decide
from assay.demo.model import available_model
from assay.demo.stand_in import StandIn
from assay.demo.tour import find_or_start_collector, run
from assay.embedded import stop_embedded
from assay.errors import ConfigurationError, GatewayError, PromptNotFound
from assay.settings import configure
from assay.tracing import runtime


@pytest.fixture(autouse=True)
def _end_tracing() -> Any:
    yield
    runtime.reset()
    stop_embedded()


def outcomes(**by_scorer: str) -> list[Any]:
    return [SimpleNamespace(scorer=name, outcome=outcome) for name, outcome in by_scorer.items()]


@pytest.mark.parametrize(
    ("rows", "promote", "said"),
    [
        pytest.param(outcomes(correctness="improved", concise="unclear"), True, "improved", id="better"),
        pytest.param(outcomes(correctness="unclear", concise="improved"), False, "do not show", id="not-shown"),
        pytest.param(outcomes(correctness="improved", concise="regressed"), False, "concise regressed", id="worse"),
        pytest.param(outcomes(concise="improved"), False, "do not show", id="not-judged"),
    ],
)
def test_a_version_goes_live_only_when_it_is_more_often_right_and_nothing_is_worse(
    rows: list[Any], promote: bool, said: str
) -> None:
    decision = decide(rows)
    assert decision.promote is promote
    assert said in decision.reason


@pytest.mark.usefixtures("collector")
def test_search_finds_the_page_that_answers() -> None:
    assert search("How long is the LED lamp covered by the warranty?")[0]["id"] == "warranty"


@pytest.mark.usefixtures("collector")
def test_what_goes_wrong_in_a_tool_is_told_to_the_model() -> None:
    call = SimpleNamespace(id="call_1", function=SimpleNamespace(arguments='{"order": "M-00000"}'))
    assert use_tool(call)["content"] == '{"error": "There is no order M-00000"}'
    with pytest.raises(LookupError, match="M-00000"):
        order_status("M-00000")


@pytest.mark.usefixtures("collector")
def test_the_assistant_answers_from_pages_and_from_the_order_table() -> None:
    with available_model() as model:
        careful = Assistant(model.client, model.name, prompts.register()[1])
        assert careful.answer("How many hours a day is the lamp on?").startswith("The lamp is on for 16 hours")
        assert "shipped" in careful.answer("Where is my order M-10455?")


@pytest.mark.usefixtures("collector")
def test_registering_the_prompts_twice_makes_two_versions_only() -> None:
    with pytest.raises(PromptNotFound):
        prompts.live()
    prompts.register()
    versions = prompts.register()
    assert [version.version for version in versions] == [1, 2]
    prompts.put_live(versions[1], "for the test")
    assert prompts.live().version == 2


@pytest.mark.usefixtures("collector")
def test_a_failed_request_does_not_keep_the_next_from_being_served() -> None:
    with available_model() as model:
        traces = conversations.converse(Assistant(model.client, model.name, prompts.register()[0]))
    assert len(traces) == conversations.QUESTIONS
    assert None not in traces.values()


@pytest.mark.parametrize("kind", [None, "litellm_proxy", "portkey"])
def test_a_gateway_that_is_set_is_asked_in_place_of_the_stand_in(kind: str | None) -> None:
    with StandIn(aliases=["gpt-4o-mini"]) as gateway:
        configure(gateway=kind, gateway_url=gateway.url, portkey_config="pc-1")
        with available_model() as model:
            assert str(model.client.base_url).rstrip("/") == gateway.url
            assert model.name == "gpt-4o-mini"
            assert "stand-in" not in model.described


def test_a_model_that_does_not_answer_is_told_at_once_with_the_way_out() -> None:
    with StandIn() as gateway:
        configure(gateway_url=gateway.url, judge_model="openai/gpt-none")
        with pytest.raises(GatewayError, match=r"gpt-none.*does not exist.*stand-in answers"), available_model():
            pytest.fail("there is no such model")


def test_a_collector_that_serves_the_directory_is_used(collector: Server) -> None:
    assert find_or_start_collector(collector.data_dir, None) == collector.url


def test_a_taken_port_is_an_error_only_when_it_was_asked_for(tmp_path: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match="--port"):
            find_or_start_collector(tmp_path, port)
        configure(port=port)
        assert f":{port}" not in find_or_start_collector(tmp_path, None)


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.demo.tour.NEEDED", ("a_package_that_is_not_there",))
    with pytest.raises(ImportError, match=r"a_package_that_is_not_there.*pip install 'assay\[all\]'"):
        run(exit=True)
