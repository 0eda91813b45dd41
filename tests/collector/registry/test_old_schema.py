"""A registry.db as an earlier release left it: it opens, and its versions are what they were, to the hash.

`schema-0002.sql` is the dump of a file that the code of that time wrote, `schema-0002.json` what it then answered.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from assay.collector.registry import Registry
from assay.collector.registry.prompt_aliases import Change

RECORDED = Path(__file__).parents[2] / "data" / "registry"
EXPECTED: dict[str, Any] = json.loads((RECORDED / "schema-0002.json").read_text(encoding="utf-8"))


@pytest.fixture
def old(path: Path) -> Iterator[Registry]:
    connection = sqlite3.connect(path)
    connection.executescript((RECORDED / "schema-0002.sql").read_text(encoding="utf-8"))
    connection.close()
    opened = Registry.open(path)
    yield opened
    opened.close()


@pytest.mark.parametrize("name", sorted(EXPECTED["versions"]))
def test_versions_are_as_they_were_and_have_no_new_parts(old: Registry, name: str) -> None:
    added = {"format": "simple", "response_format": None, "tools": None, "includes": []}
    for now, then in zip(old.prompts.versions("shop", name).items, EXPECTED["versions"][name], strict=True):
        assert {key: now[key] for key in then} == then
        assert {key: now[key] for key in added} == added


@pytest.mark.parametrize("name", sorted(EXPECTED["versions"]))
def test_registering_an_old_version_again_finds_it_by_its_hash(old: Registry, name: str) -> None:
    for then in EXPECTED["versions"][name]:
        found, is_new = old.prompts.register("shop", name, then["template"], "again", config=then["config"])
        assert (found["version"], found["content_hash"], is_new) == (then["version"], then["content_hash"], False)


def test_moves_of_old_are_there_and_can_be_taken_back(old: Registry) -> None:
    moves = old.aliases.every_move("shop", "qa")
    assert [{key: move[key] for key in then} for move, then in zip(moves, EXPECTED["moves"], strict=True)] == (
        EXPECTED["moves"]
    )
    assert {(move["actor"], move["evidence"], move["undoes"]) for move in moves} == {(None, None, None)}
    assert old.aliases.rollback("shop", "qa", "production", Change(reason="too short"))["version"] == 1


def test_new_versions_stand_beside_the_old_ones(old: Registry) -> None:
    version, is_new = old.prompts.register("shop", "qa", "{% if a %}b{% endif %}", "conditions", format="jinja")
    assert (version["version"], version["parent_version"], version["format"], is_new) == (3, 2, "jinja", True)
