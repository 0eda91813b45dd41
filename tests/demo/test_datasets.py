"""The bundled data sets: whole, consistent with each other, and described."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import Any

import pytest

DATASETS = files("assay.datasets")
NAMES = sorted(entry.name.removesuffix(".jsonl") for entry in DATASETS.iterdir() if entry.name.endswith(".jsonl"))


def rows(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATASETS / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("name", NAMES)
def test_every_data_set_has_a_card_with_origin_licence_and_each_field(name: str) -> None:
    card = (DATASETS / f"{name}.md").read_text(encoding="utf-8")
    assert "**Origin**" in card
    assert "**Licence**" in card
    assert [field for field in rows(name)[0] if f"`{field}" not in card] == []


@pytest.mark.parametrize("name", NAMES)
def test_rows_have_the_same_fields_and_ids_of_their_own(name: str) -> None:
    first, *others = every = rows(name)
    assert all(row.keys() == first.keys() for row in others)
    key = next(iter(first))
    assert len({row[key] for row in every}) == len(every)


def test_the_card_of_the_questions_counts_them_by_kind() -> None:
    card = (DATASETS / "support-qa.md").read_text(encoding="utf-8")
    kinds = [row["metadata"]["kind"] for row in rows("support-qa")]
    for kind in set(kinds):
        assert f"| `{kind}` | {kinds.count(kind)} |" in card
    assert f"{len(kinds)} questions" in card


def test_questions_name_orders_that_exist_except_the_one_that_says_so() -> None:
    known = {row["order"] for row in rows("support-orders")}
    asked = {
        found: row["expected"]
        for row in rows("support-qa")
        for found in re.findall(r"M-\d{5}", row["input"]["question"])
    }
    assert [expected for order, expected in asked.items() if order not in known] == ["There is no order M-19999."]
    assert len(asked) >= 10


def test_the_figures_of_an_expected_answer_stand_in_some_help_page() -> None:
    pages = " ".join(row["text"].lower() for row in rows("support-docs"))
    for row in rows("support-qa"):
        if row["metadata"]["kind"] in ("single-fact", "two-facts"):
            missing = [n for n in re.findall(r"\d+(?:\.\d+)?", row["expected"]) if not re.search(rf"\b{n}\b", pages)]
            assert missing == [], row["id"]
