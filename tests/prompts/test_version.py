"""PromptVersion: what a program does with a loaded prompt."""

from __future__ import annotations

import json

import pytest

from assay.errors import TemplateError
from assay.prompts import PromptVersion


def version(**fields: object) -> PromptVersion:
    values = {"name": "support/answer", "version": 2, "template": "Hello {{name}}", "type": "text", **fields}
    return PromptVersion(**values)  # type: ignore[arg-type]


def test_it_knows_its_uri_and_its_variables() -> None:
    assert (version().uri, version().variables) == ("prompts:/support/answer/2", ("name",))


@pytest.mark.parametrize("name", ["self", "values", "template", "version", "name"])
def test_any_name_can_be_a_variable(name: str) -> None:
    assert version(template="<{{" + name + "}}>").format(**{name: "x"}) == "<x>"


def test_a_missing_variable_is_named() -> None:
    with pytest.raises(TemplateError, match="missing: name"):
        version().format()


def test_chat_templates_format_to_messages_that_json_can_write() -> None:
    chat = version(template=[{"role": "user", "content": "Hello {{name}}"}], type="chat")
    assert json.dumps(chat.format(name="Ada")) == '[{"role": "user", "content": "Hello Ada"}]'


def test_diff_goes_from_this_version_to_the_other() -> None:
    assert str(version().diff(version(version=3, template="Hello {{name}}!"))).splitlines() == [
        "support/answer 2 -> 3",
        "Hello {{name}}{+!+}",
    ]


def test_what_is_done_to_a_copy_is_not_seen_by_the_original() -> None:
    original = version(config={"limits": {"tokens": 1}}, template=[{"role": "user", "content": "a"}], type="chat")
    copied = original.served("cache", 1.0, False)
    assert copied == original
    copied.config["limits"]["tokens"] = 2
    copied.template[0]["content"] = "b"  # type: ignore[index]
    assert (original.config, original.format()) == ({"limits": {"tokens": 1}}, [{"role": "user", "content": "a"}])


def test_equal_versions_are_one_in_a_set() -> None:
    assert len({version(config={"a": 1}), version(config={"a": 1}), version(version=3)}) == 2


def test_an_unregistered_version_has_no_number_and_checks_its_template() -> None:
    fallback = PromptVersion.unregistered("qa", "Hello {{name}}", config={"temperature": 0})
    assert (fallback.is_registered, fallback.format(name="x"), fallback.config) == (
        False,
        "Hello x",
        {"temperature": 0},
    )
    with pytest.raises(TemplateError):
        PromptVersion.unregistered("qa", "{{1}}")
