"""Chat templates beyond plain messages: placeholders for history, and content in parts."""

from __future__ import annotations

from typing import Any

import pytest

from assay.errors import TemplateError
from assay.prompts.messages import MAX_DEPTH
from assay.prompts.template import parse_template

WITH_HISTORY = [
    {"role": "system", "content": "Be {{how}}."},
    {"role": "placeholder", "content": "history"},
    {"role": "user", "content": "{{question}}"},
]


def with_history(history: Any) -> Any:
    return parse_template(WITH_HISTORY).format({"how": "brief", "question": "Why?", "history": history})


def test_a_placeholder_is_no_variable() -> None:
    template = parse_template(WITH_HISTORY)
    assert (template.variables, template.placeholders) == (("how", "question"), ("history",))


def test_messages_go_where_the_placeholder_is_and_nothing_in_them_is_read() -> None:
    call = {"id": "1", "type": "function", "function": {"name": "search", "arguments": '{"q": "{{question}}"}'}}
    history = [
        {"role": "user", "content": "{{how}} {{nothing}}"},
        {"role": "assistant", "content": None, "tool_calls": [call]},
        {"role": "tool", "content": "{{> a }}", "tool_call_id": "1"},
        {"role": "user", "content": [{"type": "text", "text": "{{"}]},
    ]
    assert with_history(history) == [
        {"role": "system", "content": "Be brief."},
        *history,
        {"role": "user", "content": "Why?"},
    ]


@pytest.mark.parametrize("empty", [[], ()])
def test_there_may_be_no_history_yet(empty: Any) -> None:
    assert [message["role"] for message in with_history(empty)] == ["system", "user"]


def test_the_messages_given_are_not_those_that_come_out() -> None:
    history = [{"role": "user", "content": "a"}]
    with_history(history)[1]["role"] = "changed"
    assert history == [{"role": "user", "content": "a"}]


@pytest.mark.parametrize(
    ("history", "message"),
    [
        pytest.param("text", "'history' takes a list of messages", id="text"),
        pytest.param({"role": "user", "content": "a"}, "takes a list of messages", id="one-message"),
        pytest.param(None, "takes a list of messages", id="none"),
        pytest.param(["text"], r"Message 1 of 'history' is \"text\"", id="a-text-in-it"),
        pytest.param([object()], r"model_dump\(\)", id="an-object"),
        pytest.param([{"content": "a"}], "has the role null", id="no-role"),
        pytest.param([{"role": " ", "content": "a"}], "has the role", id="empty-role"),
        pytest.param([{"role": "placeholder", "content": "a"}], "has the role", id="another-placeholder"),
        pytest.param([{"role": "user"}], "has the content null", id="no-content"),
        pytest.param([{"role": "user", "content": 5}], "has the content 5", id="a-number"),
        pytest.param([{"role": "a", "content": "b"}, {"role": "user", "content": [1]}], "Message 2", id="parts"),
    ],
)
def test_what_is_no_history_is_refused_by_name(history: Any, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        with_history(history)


def test_a_missing_history_is_named_with_the_variables() -> None:
    with pytest.raises(TemplateError, match="missing: question, history"):
        parse_template(WITH_HISTORY).format({"how": "brief"})


@pytest.mark.parametrize("name", ["", "a b", "1a", "{{name}}", [{"type": "text", "text": "a"}]])
def test_a_placeholder_must_have_a_name(name: Any) -> None:
    with pytest.raises(TemplateError, match="Message 1 is a placeholder named"):
        parse_template([{"role": "placeholder", "content": name}])


def test_a_name_means_one_thing() -> None:
    with pytest.raises(TemplateError, match="'a' is both a variable and a placeholder"):
        parse_template([{"role": "placeholder", "content": "a"}, {"role": "user", "content": "{{a}}"}])


def test_every_text_of_a_part_is_filled_and_the_rest_is_passed_on() -> None:
    content = [
        {"type": "text", "text": "What is {{what}}?"},
        {"type": "image_url", "image_url": {"url": "data:image/png;base64,{{image}}", "detail": "low"}},
        {"type": "{{type}}", "n": 1, "on": True, "none": None, "list": ["{{what}}", 2]},
    ]
    template = parse_template([{"role": "user", "content": content}])
    assert template.variables == ("what", "image")
    assert template.format({"what": "{{this}}", "image": "aGk="}) == [
        {
            "role": "user",
            "content": [
                {"type": "text", "text": "What is {{this}}?"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,aGk=", "detail": "low"}},
                {"type": "{{type}}", "n": 1, "on": True, "none": None, "list": ["{{this}}", 2]},
            ],
        }
    ]


def test_an_error_in_a_part_points_at_its_message() -> None:
    with pytest.raises(TemplateError, match=r"'\{\{a.b\}\}' at message 1, line 1"):
        parse_template([{"role": "user", "content": [{"type": "text", "text": "{{a.b}}"}]}])


@pytest.mark.parametrize("content", [[], ["text"], [{}], [{"type": 1}], {"type": "text"}, [None], 5])
def test_content_is_text_or_parts_with_a_type(content: Any) -> None:
    with pytest.raises(TemplateError):
        parse_template([{"role": "user", "content": content}])


def test_parts_are_not_nested_without_end() -> None:
    part: Any = {"type": "text"}
    for _ in range(MAX_DEPTH + 1):
        part = {"type": "nested", "in": part}
    with pytest.raises(TemplateError, match="nested more than 20 deep"):
        parse_template([{"role": "user", "content": [part]}])
