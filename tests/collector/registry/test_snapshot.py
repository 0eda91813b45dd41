"""What readers of the span store's file get of the registry."""

from __future__ import annotations

import json
import re
from datetime import datetime

from assay.collector import migrations
from assay.collector.ab_definition import definition
from assay.collector.registry import DatasetReference, Registry
from assay.collector.registry.prompt_aliases import Change


def filled(registry: Registry) -> Registry:
    registry.prompts.register("p", "qa", "Hi {{name}}", "first", config={"b": 1}, tags={"t": "é"})
    registry.prompts.register("p", "qa", [{"role": "user", "content": "x"}], "second")
    registry.aliases.set("p", "qa", "production", 1)
    registry.datasets.register(
        "p", "d", [{"id": "1", "input": {"q": "é"}}, {"id": "2", "input": "b", "expected": False}]
    )
    experiment, _ = registry.experiments.create("p", "e", dataset=DatasetReference(name="d", version=1))
    baseline, _ = registry.experiments.create("p", "base")
    registry.experiments.update(experiment["id"], status="completed", summary=[{"n": 1}])
    registry.experiments.add_comparison(experiment["id"], baseline["id"], [{"n": 2}], verdict="better")
    arms = {"control": "prompts:/qa/1", "short": "prompts:/qa/2"}
    registry.ab_tests.create("p", definition(name="t", arms=arms, primary="scores.helpful"))
    registry.keys.create("bot", ["admin"])
    return registry


def test_rows_have_the_columns_of_the_tables_they_are_copied_to(registry: Registry) -> None:
    schema = "\n".join(migration.sql for migration in migrations.MIGRATIONS)
    for table, rows in filled(registry).snapshot().items():
        made = re.findall(rf"CREATE TABLE {table} \((.*?)\);", schema, re.DOTALL)
        assert made, table
        assert set(rows[0]) == {column.split()[0] for column in made[-1].split(",")}, table


def test_every_copied_table_is_there_even_when_it_is_empty(registry: Registry) -> None:
    assert set(registry.snapshot()) == set(migrations.MIRRORED_TABLES)
    assert not any(registry.snapshot().values())


def test_json_is_text_and_null_is_null(registry: Registry) -> None:
    tables = filled(registry).snapshot()
    assert [row["template"] for row in tables["prompt_versions"]] == [
        '"Hi {{name}}"',
        '[{"role": "user", "content": "x"}]',
    ]
    assert tables["prompt_versions"][0]["tags"] == '{"t": "é"}'
    assert [(row["input"], row["expected"]) for row in tables["dataset_items"]] == [
        ('{"q": "é"}', None),
        ('"b"', "false"),
    ]
    completed, running = sorted(tables["experiments"], key=lambda row: row["status"])
    assert (completed["summary"], running["summary"]) == ('[{"n": 1}]', None)
    assert json.loads(completed["dataset"]) == {"name": "d", "version": 1, "hash": None, "item_count": None}


def test_times_know_their_zone(registry: Registry) -> None:
    times = [
        value
        for rows in filled(registry).snapshot().values()
        for row in rows
        for value in row.values()
        if isinstance(value, datetime)
    ]
    assert times
    assert all(time.utcoffset() is not None for time in times)


def test_keys_and_the_audit_log_are_not_in_it(registry: Registry) -> None:
    assert "assay_" not in str(filled(registry).snapshot())
    assert not {"api_keys", "audit"} & set(registry.snapshot())


def test_the_revision_moves_with_every_change_and_with_nothing_else(registry: Registry) -> None:
    revisions = [registry.revision]
    filled(registry)
    revisions.append(registry.revision)
    registry.snapshot()
    registry.prompts.page("p")
    registry.prompts.register("p", "qa", "Hi {{name}}", "again", config={"b": 1})
    assert registry.revision == revisions[1] > revisions[0]


def test_protection_and_moves_of_aliases_are_in_it(registry: Registry) -> None:
    filled(registry)
    registry.aliases.protect("p", "qa", "production", gate="a >= 1")
    registry.aliases.set("p", "qa", "production", 2, Change(reason="shorter", author="ada"))
    registry.aliases.rollback("p", "qa", "production")
    tables = registry.snapshot()
    [alias] = tables["prompt_aliases"]
    assert (alias["version"], alias["protected"], alias["gate"]) == (1, True, "a >= 1")
    moves = [(m["from_version"], m["to_version"], m["reason"], m["is_rollback"]) for m in tables["prompt_alias_moves"]]
    assert moves == [(None, 1, None, False), (1, 2, "shorter", False), (2, 1, None, True)]
