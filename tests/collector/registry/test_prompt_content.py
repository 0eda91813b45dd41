"""What a version holds beside its template, what it was made from, and what it includes."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.registry import Registry
from assay.collector.registry.prompt_aliases import Change
from assay.content_hash import prompt_hash
from assay.errors import Conflict, InvalidRequest, PromptNotFound, TemplateError

SCHEMA = {"type": "object", "properties": {"answer": {"type": "string"}}}
TOOLS = [{"type": "function", "function": {"name": "search", "parameters": {}}}]


def register(registry: Registry, name: str = "qa", template: Any = "one", **options: Any) -> dict[str, Any]:
    version, _ = registry.prompts.register("p", name, template, options.pop("commit_message", "why"), **options)
    return version


def test_format_response_format_and_tools_come_back(registry: Registry) -> None:
    register(registry, format="jinja", response_format=SCHEMA, tools=TOOLS)
    found = registry.prompts.version("p", "qa")
    assert (found["format"], found["response_format"], found["tools"]) == ("jinja", SCHEMA, TOOLS)
    assert found["content_hash"] == prompt_hash("one", "text", {}, format="jinja", response_format=SCHEMA, tools=TOOLS)


@pytest.mark.parametrize(
    ("change", "is_new"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"format": "simple"}, False, id="the-default-format"),
        pytest.param({"tools": []}, False, id="no-tools"),
        pytest.param({"response_format": None}, False, id="no-response-format"),
        pytest.param({"format": "jinja"}, True, id="format"),
        pytest.param({"response_format": {}}, True, id="a-schema-of-anything"),
        pytest.param({"tools": TOOLS}, True, id="tools"),
        pytest.param({"config": {"tools": TOOLS}}, True, id="tools-of-the-config"),
    ],
)
def test_what_a_model_is_given_makes_a_new_version(registry: Registry, change: dict[str, Any], is_new: bool) -> None:
    register(registry)
    assert (register(registry, **change)["version"] == 2) is is_new


def test_a_hash_says_which_part_is_which() -> None:
    schema = {"a": 1}
    hashes = {
        prompt_hash("t", "text", {}, response_format=schema),
        prompt_hash("t", "text", {"response_format": schema}),
        prompt_hash("t", "text", {}, tools=[schema]),
        prompt_hash("t", "text", schema),
        prompt_hash("t", "text", {}, format="jinja"),
        prompt_hash("t", "text", {}),
    }
    assert len(hashes) == 6


def test_a_version_names_what_it_asks_for(registry: Registry) -> None:
    register(registry, "tone", "Be {{manner}}.")
    template = [
        {"role": "system", "content": "{{> tone }} Answer in {{language}}."},
        {"role": "placeholder", "content": "history"},
        {"role": "user", "content": "{{question}}"},
    ]
    made = register(registry, template=template)
    assert made["variables"] == ["language", "question"]
    assert made["placeholders"] == ["history"]
    assert made["includes"] == [{"name": "tone", "reference": "tone"}]


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"format": "mustache"}, id="format"),
        pytest.param({"response_format": {"a": float("nan")}}, id="response-format"),
        pytest.param({"tools": [{"a": "\ud800"}]}, id="tools"),
    ],
)
def test_parts_that_cannot_be_kept_are_refused(registry: Registry, options: dict[str, Any]) -> None:
    with pytest.raises((InvalidRequest, TemplateError)):
        register(registry, **options)
    assert registry.revision == 0


def test_a_version_that_was_made_from_the_latest_is_taken(registry: Registry) -> None:
    register(registry, parent_version=0)
    made = register(registry, template="two", parent_version=1)
    assert (made["version"], made["parent_version"]) == (2, 1)


@pytest.mark.parametrize(
    ("parent", "message"),
    [
        pytest.param(1, r"versions up to 2 now.*made from version 1.*parent_version=2", id="moved-on"),
        pytest.param(0, r"versions up to 2 now.*as its first", id="taken-name"),
        pytest.param(3, r"versions up to 2 now.*made from version 3", id="not-there-yet"),
    ],
)
def test_a_version_that_was_made_from_another_is_refused(registry: Registry, parent: int, message: str) -> None:
    register(registry)
    register(registry, template="two")
    revision = registry.revision
    with pytest.raises(Conflict, match=message):
        register(registry, template="three", parent_version=parent)
    assert registry.revision == revision


def test_with_force_it_stands_beside_the_latest_and_tells_its_true_parent(registry: Registry) -> None:
    register(registry)
    register(registry, template="two")
    made = register(registry, template="three", parent_version=1, force=True)
    assert (made["version"], made["parent_version"]) == (3, 1)
    with pytest.raises(Conflict):
        register(registry, template="four", parent_version=9, force=True)


def test_a_first_version_of_what_somebody_else_removed_nothing_from_needs_a_prompt(registry: Registry) -> None:
    with pytest.raises(Conflict, match=r"has no versions, and this one was made from version 2"):
        register(registry, parent_version=2)
    assert registry.revision == 0


def test_sending_a_version_again_is_no_conflict_with_itself(registry: Registry) -> None:
    register(registry)
    made = register(registry, template="two", parent_version=1)
    assert register(registry, template="two", parent_version=1) == made


def test_includes_are_put_in_and_pinned_when_a_prompt_is_loaded(registry: Registry) -> None:
    register(registry, "tone", "Be kind.")
    register(registry, "tone", "Be {{manner}}.")
    registry.aliases.set("p", "tone", "production", 1)
    register(registry, template="{{> tone@production }} {{> tone/2}} {{> tone}} {{question}}")
    written = registry.prompts.version("p", "qa")
    loaded = registry.prompts.version("p", "qa", resolve=True)
    assert "resolved" not in written
    assert written["template"].startswith("{{> tone@production }}")
    assert loaded["template"] == "Be kind. Be {{manner}}. Be {{manner}}. {{question}}"
    assert loaded["variables"] == ["manner", "question"]
    assert loaded["resolved"] == [
        {"name": "tone", "version": 1, "reference": "tone@production"},
        {"name": "tone", "version": 2, "reference": "tone/2"},
        {"name": "tone", "version": 2, "reference": "tone"},
    ]
    assert (loaded["includes"], loaded["content_hash"]) == (written["includes"], written["content_hash"])


def test_a_prompt_without_includes_resolves_to_itself(registry: Registry) -> None:
    made = register(registry, template="Answer: {{question}}")
    assert registry.prompts.version("p", "qa", resolve=True) == {**made, "resolved": []}


@pytest.mark.parametrize(
    ("template", "message"),
    [
        pytest.param("{{> nothing }}", "no prompt 'nothing'", id="missing-prompt"),
        pytest.param("{{> tone@staging }}", "no alias 'staging'", id="missing-alias"),
        pytest.param("{{> tone/7 }}", "no version 7", id="missing-version"),
        pytest.param("{{> qa }}", "includes itself", id="itself"),
        pytest.param("{{> circle }}", "includes itself", id="a-circle"),
    ],
)
def test_includes_that_can_be_seen_to_fail_are_refused_at_registration(
    registry: Registry, template: str, message: str
) -> None:
    register(registry)
    register(registry, "tone", "Be kind.")
    register(registry, "circle", "{{> qa }}")
    revision = registry.revision
    with pytest.raises(TemplateError, match=message):
        register(registry, template=template)
    assert registry.revision == revision
    assert registry.prompts.version("p", "qa")["version"] == 1


def test_includes_that_are_gone_by_now_are_told_at_load_and_by_who_points_an_alias_there(registry: Registry) -> None:
    register(registry, "tone", "Be kind.")
    registry.aliases.set("p", "tone", "production", 1)
    register(registry, template="{{> tone@production }}")
    registry.aliases.delete("p", "tone", "production", Change(reason="no longer used"))
    with pytest.raises(TemplateError, match="no alias 'production'"):
        registry.prompts.version("p", "qa", resolve=True)
    with pytest.raises(TemplateError, match="no alias 'production'"):
        registry.aliases.set("p", "qa", "live", 1)
    assert registry.prompts.version("p", "qa")["aliases"] == []


def test_prompts_of_another_project_cannot_be_included(registry: Registry) -> None:
    registry.prompts.register("other", "tone", "secret", "why")
    with pytest.raises(TemplateError, match="no prompt 'tone'"):
        register(registry, template="{{> tone }}")


def test_resolving_what_is_not_there_is_not_found(registry: Registry) -> None:
    with pytest.raises(PromptNotFound):
        registry.prompts.version("p", "qa", resolve=True)


@pytest.mark.parametrize(
    "options",
    [
        pytest.param({"template": "a" * 999_999}, id="template"),
        pytest.param({"config": {"a": "b" * 1_000_000}}, id="config"),
        pytest.param({"template": "a" * 500_000, "tools": [{"a": "b" * 500_000}]}, id="all-together"),
    ],
)
def test_a_version_that_is_too_large_to_be_loaded_by_everybody_is_refused(
    registry: Registry, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequest, match="at most 1,000,000 are allowed"):
        register(registry, **options)


@pytest.mark.parametrize("part", ["config", "response_format", "tools"])
def test_what_is_nested_too_deeply_is_refused(registry: Registry, part: str) -> None:
    nested: Any = 1
    for _ in range(120):
        nested = {"a": nested}
    with pytest.raises(InvalidRequest, match="nested more than 100 deep"):
        register(registry, **{part: [nested] if part == "tools" else nested})
