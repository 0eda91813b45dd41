"""Prompts in the registry: numbers, content, aliases and their log, pages."""

from __future__ import annotations

from typing import Any

import pytest

from assay.collector.registry import Actor, Registry
from assay.collector.registry.prompt_aliases import Change
from assay.content_hash import prompt_hash
from assay.errors import InvalidRequest, PromptNotFound, TemplateError


def register(registry: Registry, name: str = "qa", template: Any = "one", **options: Any) -> dict[str, Any]:
    version, _ = registry.prompts.register("p", name, template, options.pop("commit_message", "why"), **options)
    return version


def test_a_version_is_the_object_of_the_api(registry: Registry) -> None:
    register(registry, template="Hi")
    made = register(
        registry,
        template="Hi {{name}}",
        commit_message=" kinder ",
        config={"b": 1, "a": [None]},
        tags={"t": "1"},
        author="ada",
    )
    assert made == {
        "project": "p",
        "name": "qa",
        "version": 2,
        "type": "text",
        "format": "simple",
        "template": "Hi {{name}}",
        "config": {"b": 1, "a": [None]},
        "response_format": None,
        "tools": None,
        "tags": {"t": "1"},
        "commit_message": "kinder",
        "author": "ada",
        "created_at": "2026-01-01T00:00:02.000000Z",
        "content_hash": prompt_hash("Hi {{name}}", "text", {"a": [None], "b": 1}),
        "parent_version": 1,
        "variables": ["name"],
        "placeholders": [],
        "includes": [],
        "aliases": [],
    }
    assert registry.prompts.version("p", "qa") == made


@pytest.mark.parametrize(
    ("change", "is_new"),
    [
        pytest.param({}, False, id="nothing"),
        pytest.param({"config": {"b": {"y": 2, "x": 1}, "a": 1}}, False, id="order-of-keys"),
        pytest.param({"tags": {"other": "tag"}, "author": "bob"}, False, id="what-is-said-about-it"),
        pytest.param({"template": [{"role": "user", "content": "one"}]}, True, id="type"),
        pytest.param({"template": "one "}, True, id="white-space"),
        pytest.param({"config": {"a": 1.0, "b": {"x": 1, "y": 2}}}, True, id="a-float-is-no-integer"),
        pytest.param({"config": {"a": True, "b": {"x": 1, "y": 2}}}, True, id="true-is-not-one"),
    ],
)
def test_only_template_type_and_config_make_a_new_version(
    registry: Registry, change: dict[str, Any], is_new: bool
) -> None:
    first = {"template": "one", "config": {"a": 1, "b": {"x": 1, "y": 2}}}
    register(registry, **first)
    assert (register(registry, **{**first, **change})["version"] == 2) is is_new


def test_content_of_an_older_version_is_that_version(registry: Registry) -> None:
    for template in ("one", "two", "three"):
        register(registry, template=template)
    assert register(registry, template="one")["version"] == 1
    assert register(registry, template="four")["version"] == 4


def test_registering_what_is_there_changes_nothing(registry: Registry) -> None:
    first = register(registry)
    revision = registry.revision
    again, is_new = registry.prompts.register("p", "qa", "one", "another message")
    assert (again, is_new, registry.revision) == (first, False, revision)


def test_projects_and_prompts_count_apart(registry: Registry) -> None:
    register(registry)
    register(registry, name="other")
    version, is_new = registry.prompts.register("q", "qa", "one", "why")
    assert (version["version"], is_new) == (1, True)


@pytest.mark.parametrize("reference", [2, "2", "production", "latest"])
def test_a_version_is_found_by_number_alias_and_latest(registry: Registry, reference: int | str) -> None:
    register(registry)
    register(registry, template="two")
    registry.aliases.set("p", "qa", "production", 2)
    assert registry.prompts.version("p", "qa", reference)["version"] == 2


@pytest.mark.parametrize("reference", [0, -1, 3, 2**31, 2**80, "3", "9" * 40, "staging", "٣", ""])
def test_what_is_no_version_is_told_with_what_there_is(registry: Registry, reference: int | str) -> None:
    register(registry)
    register(registry, template="two")
    registry.aliases.set("p", "qa", "production", 1)
    with pytest.raises(PromptNotFound, match="versions 1 to 2, aliases production"):
        registry.prompts.version("p", "qa", reference)


def test_moving_an_alias_is_logged_with_who_when_why_from_and_to(registry: Registry) -> None:
    register(registry)
    register(registry, template="two")
    moves = [
        registry.aliases.set("p", "qa", "production", 1, Change(reason="first release", author="ada")),
        registry.aliases.set("p", "qa", "production", 2, Change(reason="won the test", author="bob")),
        registry.aliases.set("p", "qa", "production", 2, Change(reason="again")),
        registry.aliases.delete("p", "qa", "production", Change(author="ada")),
    ]
    assert [(move["version"], move["previous"]) for move in moves] == [(1, None), (2, 1), (2, 2), (None, 2)]
    logged = registry.aliases.moves("p", "qa", "production").items
    assert [(m["from_version"], m["to_version"], m["author"], m["reason"], m["moved_at"][-10:]) for m in logged] == [
        (2, None, "ada", None, "05.000000Z"),
        (1, 2, "bob", "won the test", "04.000000Z"),
        (None, 1, "ada", "first release", "03.000000Z"),
    ]


def test_an_alias_stays_with_its_version_and_shows_on_it(registry: Registry) -> None:
    register(registry)
    registry.aliases.set("p", "qa", "production", 1)
    registry.aliases.set("p", "qa", "champion", 1)
    register(registry, template="two")
    page = registry.prompts.versions("p", "qa")
    assert [(row["version"], row["aliases"]) for row in page.items] == [(2, []), (1, ["champion", "production"])]


@pytest.mark.parametrize("alias", ["latest", "1", "2x", "", "a b", "a/b", "a@b", "ä", "x" * 65])
def test_what_cannot_be_an_alias_is_refused(registry: Registry, alias: str) -> None:
    register(registry)
    with pytest.raises(InvalidRequest, match=r"latest|cannot be an alias"):
        registry.aliases.set("p", "qa", alias, 1)


def test_an_alias_needs_a_version_that_is_there(registry: Registry) -> None:
    register(registry)
    with pytest.raises(PromptNotFound, match="no version 2"):
        registry.aliases.set("p", "qa", "production", 2)
    with pytest.raises(PromptNotFound, match="no alias 'production'"):
        registry.aliases.delete("p", "qa", "production")


@pytest.mark.parametrize(
    "name",
    [
     "", " ", "a ", " a", "a//b", "/a", "a/", "a@b", "a?b", "a%2Fb", "a\\b", "a\nb", "..", "a/../b", "a/2",
     "a/versions", "aliases/a", "diff", "a/v/b", "x" * 201, "a\x00b", "a\ud800", "{{a}}", "<a>",
    ],
)  # fmt: skip
def test_what_cannot_be_a_name_is_refused(registry: Registry, name: str) -> None:
    with pytest.raises(InvalidRequest):
        register(registry, name=name)
    assert registry.revision == 0


@pytest.mark.parametrize(
    "name", ["qa", "42", "a/b/c", "Frequent questions", "v1.2", "a_b-c", "größe", "日本語/プロンプト"]
)
def test_ordinary_names_are_allowed(registry: Registry, name: str) -> None:
    assert register(registry, name=name)["name"] == name


@pytest.mark.parametrize(
    ("options", "error"),
    [
        pytest.param({"template": "{{1}}"}, TemplateError, id="template"),
        pytest.param({"template": "\ud800"}, InvalidRequest, id="half-a-surrogate-pair-in-the-template"),
        pytest.param({"commit_message": "\n"}, InvalidRequest, id="commit-message"),
        pytest.param({"commit_message": "\udfff"}, InvalidRequest, id="half-a-surrogate-pair-in-the-message"),
        pytest.param({"config": {"a": float("nan")}}, InvalidRequest, id="nan"),
        pytest.param({"author": "\ud800"}, InvalidRequest, id="half-a-surrogate-pair-in-the-author"),
    ],
)
def test_what_cannot_be_kept_is_refused(registry: Registry, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        register(registry, **options)
    assert registry.revision == 0


def test_a_list_shows_the_latest_and_the_aliases(registry: Registry) -> None:
    register(registry, name="b", commit_message="first")
    register(registry, name="b", template="two", commit_message="second", tags={"team": "docs"})
    register(registry, name="a")
    registry.aliases.set("p", "b", "production", 1)
    first, second = registry.prompts.page("p").items
    assert first["name"] == "a"
    assert second == {
        "name": "b",
        "latest_version": 2,
        "aliases": {"production": 1},
        "tags": {"team": "docs"},
        "created_at": "2026-01-01T00:00:01.000000Z",
        "updated_at": "2026-01-01T00:00:02.000000Z",
        "commit_message": "second",
    }


def test_lists_come_in_pages_that_new_rows_do_not_shift(registry: Registry) -> None:
    for name in "bdfh":
        register(registry, name=name)
    page = registry.prompts.page("p", limit=2)
    register(registry, name="a")
    rest = registry.prompts.page("p", limit=2, cursor=page.next_cursor)
    assert [[row["name"] for row in p.items] for p in (page, rest)] == [["b", "d"], ["f", "h"]]
    assert rest.next_cursor is None


@pytest.mark.parametrize(
    ("limit", "cursor"), [(0, None), (1001, None), (10, "x"), (10, "-1"), (10, "9" * 30), (10, "٣")]
)
def test_a_limit_or_cursor_that_cannot_be_used_is_refused(registry: Registry, limit: int, cursor: str | None) -> None:
    register(registry)
    with pytest.raises(InvalidRequest):
        registry.prompts.versions("p", "qa", limit=limit, cursor=cursor)


def test_every_change_is_in_the_audit_log(registry: Registry) -> None:
    actor = Actor("key-1", "10.0.0.1")
    registry.prompts.register("p", "qa", "one", "why", author="ada", actor=actor)
    registry.aliases.set("p", "qa", "production", 1, Change(reason="because", actor=actor))
    entries = registry.audit.page("p").items
    assert [(entry["action"], entry["object"]) for entry in entries] == [
        ("prompt.alias.set", "qa"),
        ("prompt.register", "qa"),
        ("project.create", "p"),
    ]
    assert {(entry["actor"], entry["address"]) for entry in entries} == {("key-1", "10.0.0.1")}
    assert entries[0]["detail"] == {"alias": "production", "from": None, "to": 1, "reason": "because", "author": None}
