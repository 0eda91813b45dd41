"""The playground's own process: one answer told as it is made and kept as a trace, and columns over a data set."""

from __future__ import annotations

from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.collector.server import Server
from assay.errors import ConfigurationError, GatewayError, InvalidRequest, TemplateError
from assay.evaluation.playground.over_data import chosen_scorer, run_over_data
from assay.evaluation.playground.request import Column, OverData, PromptLink, Run, read, values_of
from assay.evaluation.playground.running import run_once
from assay.settings import configure
from support.openai_server import OpenAIServer, usage

CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": "Be {{tone}}."},
    {"role": "user", "content": "{{question}}"},
]


@pytest.fixture
def untraced() -> None:
    configure(tracing=False)


def column(**more: Any) -> Column:
    return Column.model_validate({"template": CHAT, "model": "echo/conversation", **more})


async def test_an_answer_is_told_piece_by_piece_and_is_a_trace_of_the_prompt_version(
    collector: Server, openai_server: OpenAIServer
) -> None:
    assay.register_prompt("qa", template=CHAT, commit_message="first")
    configure(gateway_url=openai_server.url)
    openai_server.reply(text="Paris it is", usage=usage(input=20, output=3))
    told: list[Any] = []
    asked = column(model="openai/gpt-4o-mini", parameters={"temperature": 0.5}, prompt=PromptLink(name="qa", version=1))
    answer = await run_once(Run(column=asked, variables={"tone": "brief", "question": "Where?"}), told.append)
    assert [event["text"] for event in told[1:]] == ["Paris", " it", " is"]
    assert (answer["text"], answer["input_tokens"], answer["finish_reason"]) == ("Paris it is", 20, "stop")
    assert answer["cost_usd"] == pytest.approx((20 * 0.15 + 3 * 0.6) / 1e6)
    trace = assay.get_trace(told[0]["trace_id"])
    (span,) = trace.spans
    assert (span.kind, span.prompt_name, span.prompt_version, span.output) == ("llm", "qa", 1, "Paris it is")
    assert (span.input, span.model_parameters["temperature"], span.tags) == ("Where?", 0.5, ["playground"])
    assert span.input_messages[0]["parts"][0]["content"] == "Be brief."


async def test_a_refusal_is_raised_and_its_trace_shows_it(collector: Server) -> None:
    told: list[Any] = []
    with pytest.raises(GatewayError, match="refuses"):
        await run_once(Run(column=column(model="echo/error", template="hi")), told.append)
    assay.flush()
    assert assay.get_trace(told[0]["trace_id"]).status == "error"


async def test_calls_of_tools_are_shown_as_json(untraced: None, openai_server: OpenAIServer) -> None:
    configure(gateway_url=openai_server.url)
    openai_server.reply(tool_calls=[("call_1", "search", {"query": "x"})])
    tools = [{"type": "function", "function": {"name": "search"}}]
    answer = await run_once(Run(column=column(model="openai/m", template="hi", tools=tools)), lambda _: None)
    assert '"name": "search"' in answer["text"]
    assert openai_server.requests[0].body["tools"] == tools


async def test_a_prompts_schema_is_asked_for_in_the_providers_form(untraced: None, openai_server: OpenAIServer) -> None:
    configure(gateway_url=openai_server.url)
    schema = {"type": "object", "properties": {"a": {"type": "string"}}}
    await run_once(Run(column=column(model="openai/m", template="hi", response_format=schema)), lambda _: None)
    assert openai_server.requests[0].body["response_format"]["json_schema"]["schema"] == schema


async def test_a_missing_value_is_refused_before_anything_is_asked(untraced: None) -> None:
    with pytest.raises(TemplateError, match="question"):
        await run_once(Run(column=column(), variables={"tone": "brief"}), lambda _: None)


async def test_settings_of_the_client_are_no_parameters(untraced: None) -> None:
    with pytest.raises(InvalidRequest, match="api_base"):
        await run_once(Run(column=column(template="hi", parameters={"api_base": "http://evil"})), lambda _: None)


async def test_messages_with_calls_of_tools_are_sent_as_they_are(untraced: None, openai_server: OpenAIServer) -> None:
    configure(gateway_url=openai_server.url)
    call = {"id": "c1", "type": "function", "function": {"name": "look", "arguments": "{}"}}
    history = [
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "c1", "content": "{{not a variable"},
    ]
    template = [{"role": "user", "content": "{{q}}"}, *history, {"role": "user", "content": "And {{q}}?"}]
    await run_once(Run(column=column(model="openai/m", template=template), variables={"q": "x"}), lambda _: None)
    sent = openai_server.requests[0].body["messages"]
    assert sent == [{"role": "user", "content": "x"}, *history, {"role": "user", "content": "And x?"}]


def test_a_request_of_another_form_says_where() -> None:
    with pytest.raises(InvalidRequest, match=r"column\.model"):
        read(Run, {"column": {"template": "hi"}})


@pytest.mark.parametrize(
    ("given", "template", "shared", "values"),
    [
        ({"question": "a"}, "{{tone}} {{question}}", {"tone": "t"}, {"tone": "t", "question": "a"}),
        ({"tone": "own"}, "{{tone}}", {"tone": "t"}, {"tone": "own"}),
        ("a", "{{topic}}", {}, {"topic": "a"}),
        ("a", "{{tone}} {{topic}}", {"tone": "t"}, {"tone": "t", "topic": "a"}),
        ("a", "{{tone}} {{question}}", {}, {"question": "a"}),
        ("a", "no variables", {}, {}),
        (7, "{{x}}", {}, {"x": "7"}),
    ],
)
def test_an_items_input_becomes_the_variables(
    given: Any, template: str, shared: dict[str, Any], values: dict[str, Any]
) -> None:
    assert values_of(given, column(template=template).names(), shared) == values


def test_an_input_that_could_be_several_variables_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="a, b"):
        values_of("x", ["a", "b"], {})


def test_judges_ask_the_chosen_model_and_other_scorers_none() -> None:
    assert chosen_scorer("relevance", "echo/last").model == "echo/last"
    assert chosen_scorer("exact_match", "echo/last").name == "exact_match"
    with pytest.raises(ConfigurationError, match="no scorer"):
        chosen_scorer("nonsense", None)


async def test_each_column_becomes_an_experiment_that_compares_with_the_first(collector: Server) -> None:
    items = [{"id": "a", "input": {"question": "one"}, "expected": "one"}, {"id": "b", "input": "two", "expected": "2"}]
    assay.register_dataset("numbers", items)
    told: list[Any] = []
    over = OverData(
        columns=[column(template="{{question}}", model="echo/last"), column(template="{{lacking}}", model="echo/last")],
        names=["plain", "other"],
        dataset="numbers",
        version=1,
        scorers=["exact_match", "word_count"],
    )
    first, second = await run_over_data(over, told.append)
    assert [event for event in told if "rows" in event] == [{"column": 0, "rows": 2}, {"column": 1, "rows": 2}]
    assert [event["done"] for event in told if "done" in event and event["column"] == 0] == [1, 2]
    one, other = (current_client().get(f"/experiments/{id}") for id in (first, second))
    assert (one["name"], one["status"], other["baseline_id"]) == ("plain", "completed", first)
    rows = {row["item_id"]: row for row in current_client().get(f"/experiments/{first}/rows")["items"]}
    assert {id: row["output"] for id, row in rows.items()} == {"a": "one", "b": "two"}
    failed = {row["item_id"]: row["status"] for row in current_client().get(f"/experiments/{second}/rows")["items"]}
    assert failed == {"a": "task_error", "b": "ok"}


async def test_a_column_that_cannot_be_run_leaves_the_others_alone(collector: Server) -> None:
    assay.register_dataset("numbers", [{"id": "a", "input": "one", "expected": "one"}])
    told: list[Any] = []
    over = OverData(
        columns=[column(template="{{#", model="echo/last"), column(template="{{q}}", model="echo/last")],
        names=["broken", "whole"],
        dataset="numbers",
        version=1,
        scorers=["exact_match"],
    )
    broken, whole = await run_over_data(over, told.append)
    assert (broken, whole is not None) == (None, True)
    assert next(event for event in told if "problem" in event)["column"] == 0
