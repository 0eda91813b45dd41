"""Prompts as files: whatever a template is, the file gives it back byte for byte."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, TemplateError
from assay.prompts.front_matter import read_yaml, write_yaml
from assay.prompts.prompt_file import PromptFile, comments_of, read_prompt_file, write_prompt_file
from assay.prompts.template import escape

TEXTS = st.text(st.characters(codec="utf-8"), max_size=60) | st.text(
    st.sampled_from("-#[]user \n\r\t\\'\"{}:|>&*!%@`,?\x85\u2028\ufeff\x00"), max_size=40
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=4)
ROLES = st.sampled_from(["system", "user", "assistant", "tool", "odd role", "ro]le", "ü"])
MESSAGES = st.fixed_dictionaries({"role": ROLES, "content": TEXTS.map(escape)})


@settings(max_examples=40)
@given(TEXTS.map(escape))
@example("")
@example("\n")
@example("---\n")
@example("---\nname: other\n---\n")
@example("## [user]\n")
@example("a\r\nb\r")
@example("\ufeffa")
@example("  a \n\n\n")
def test_a_text_comes_back_byte_for_byte(template: str) -> None:
    file = PromptFile(name="qa", template=template)
    assert read_prompt_file(write_prompt_file(file)) == file


@settings(max_examples=40)
@given(st.lists(MESSAGES, min_size=1, max_size=4))
@example([{"role": "user", "content": ""}, {"role": "user", "content": ""}])
@example([{"role": "user", "content": "\n\n"}, {"role": "user", "content": "\n"}])
@example([{"role": "user", "content": "## [user]\n\\## [system]\n\\\\## [x]\n ## [x]\n## [a b]\n## Rules"}])
@example([{"role": "placeholder", "content": "history"}, {"role": "user", "content": "a\r\nb"}])
@example(
    [{"role": "user", "content": [{"type": "text", "text": "a\n"}, {"type": "image_url", "image_url": {"url": "u"}}]}]
)
def test_messages_come_back_byte_for_byte(template: list[dict[str, Any]]) -> None:
    file = PromptFile(name="qa", template=template)
    assert read_prompt_file(write_prompt_file(file)) == file


@settings(max_examples=40)
@given(
    OBJECTS,
    OBJECTS | st.none(),
    st.lists(OBJECTS, max_size=2) | st.none(),
    st.dictionaries(TEXTS, TEXTS, max_size=2),
    TEXTS,
)
def test_everything_else_comes_back_too(
    config: dict[str, Any],
    response_format: dict[str, Any] | None,
    tools: list[Any] | None,
    tags: dict[str, str],
    message: str,
) -> None:
    file = PromptFile(
        name="qa",
        template="x",
        version=3,
        content_hash="abc",
        aliases=("production",),
        commit_message=message,
        config=config,
        response_format=response_format,
        tools=tools,
        tags=tags,
    )
    assert read_prompt_file(write_prompt_file(file)) == file
    assert read_prompt_file(write_prompt_file(file)).hash == file.hash


@settings(max_examples=40)
@given(st.lists(MESSAGES, min_size=1, max_size=3) | TEXTS.map(escape))
def test_a_checkout_with_other_ends_of_lines_says_the_same(template: Any) -> None:
    file = PromptFile(name="qa", template=template)
    assert read_prompt_file(write_prompt_file(file).replace(b"\n", b"\r\n")) == file


def test_a_file_reads_well() -> None:
    file = PromptFile(
        name="support/answer",
        template=[
            {"role": "system", "content": "Be brief.\n\n## Rules\n- none"},
            {"role": "user", "content": "{{question}}"},
        ],
        version=3,
        content_hash="5f0c",
        aliases=("production",),
        commit_message="shorter\n\nIt was too long.",
        config={"model": "openai/gpt-4o-mini", "temperature": 0.0, "stop": ["no", "1"]},
        tags={"team": "docs"},
    )
    assert (
        write_prompt_file(file, ["# owned by the docs team"]).decode()
        == """\
---
# owned by the docs team
name: support/answer
type: chat
format: simple
version: 3
content_hash: 5f0c
aliases:
  - production
commit_message: |-
  shorter

  It was too long.
tags:
  team: docs
config:
  model: openai/gpt-4o-mini
  temperature: 0.0
  stop:
    - no
    - '1'
---
## [system]
Be brief.

## Rules
- none

## [user]
{{question}}
"""
    )


def test_a_file_written_by_hand_needs_a_name_and_a_template() -> None:
    file = read_prompt_file(b"---\nname: qa\n---\nAnswer: {{question}}")
    assert (file.template, file.version, file.commit_message, file.format) == (
        "Answer: {{question}}",
        None,
        None,
        "simple",
    )
    chat = read_prompt_file(b"---\nname: qa\ntype: chat\n---\n\n## [system]\nBe brief.\n## [user]\n{{q}}\n")
    assert chat.template == [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{q}}"}]


def test_comments_are_found() -> None:
    assert comments_of(b"---\n# one\nname: qa\nconfig:\n  a: |\n    # text\n#two\n---\n# body\n") == ["# one", "#two"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("Answer: {{question}}", "does not begin with front matter"),
        ("---\nname: qa\nAnswer", "does not begin with front matter"),
        ("---\nversion: 1\n---\nx", "has no name"),
        ("---\nname: qa\ntemperature: 1\n---\nx", "a field 'temperature'.*There are: name"),
        ("---\nname: qa\nname: qb\n---\nx", "line 3.*twice"),
        ("---\nname: [qa\n---\nx", "cannot be read"),
        ("---\nname: 1\n---\nx", "'name' is 1, not a text"),
        ("---\nname: qa\nversion: true\n---\nx", "'version' is True"),
        ("---\nname: qa\ntags: {a: 1}\n---\nx", "tag 'a' is no text"),
        ("---\nname: qa\ntype: poem\n---\nx", "'type' is 'poem'"),
        ("---\nname: qa\nformat: mustache\n---\nx", "'format' is 'mustache'"),
        ("---\nname: qa\ntype: chat\n---\nno role\n", "first message has no role"),
        ("---\nname: qa\ntemplate: a\n---\nb\n", "in the front matter and below"),
        ("---\nname: qa\nconfig: {a: &x 1, b: *x}\n---\nx", "anchors"),
        ("---\nname: qa\nconfig: !!python/object:os.system {}\n---\nx", "tags are not read"),
        ("---\n- a\n---\nx", "no list of names"),
    ],
)
def test_what_is_no_such_file_is_told_with_the_place(content: str, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read_prompt_file(content.encode())


def test_what_is_no_text_is_told() -> None:
    with pytest.raises(ConfigurationError, match="not UTF-8"):
        read_prompt_file(b"\xff\xfe")


def test_a_template_that_cannot_be_parsed_is_told() -> None:
    with pytest.raises(TemplateError):
        read_prompt_file(b"---\nname: qa\n---\n{{a.b}}")


@settings(max_examples=60)
@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: f"---\n{text}\n---\n{text}".encode()))
def test_no_content_raises_anything_else(content: bytes) -> None:
    with contextlib.suppress(ConfigurationError, TemplateError):
        read_prompt_file(content)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("no", "no"),
        ("2026-01-01", "2026-01-01"),
        ("010", 10),
        ("1e3", 1000.0),
        ("1:30", "1:30"),
        ("0x10", "0x10"),
        ("", None),
    ],
)
def test_values_are_what_they_look_like(text: str, value: object) -> None:
    assert read_yaml(f"a: {text}") == {"a": value}


@settings(max_examples=40)
@given(OBJECTS)
def test_front_matter_comes_back(values: dict[str, Any]) -> None:
    assert read_yaml(write_yaml(values)) == values
