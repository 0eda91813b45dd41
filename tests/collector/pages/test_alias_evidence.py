"""Moving an alias: what evaluations say of both versions; a difference in one text."""

from __future__ import annotations

from typing import Any

from fastapi.testclient import TestClient

from assay.collector.pages.prompts.alias_evidence import evidence
from support.html_parts import parts_of
from support.page_data import PROJECT, FakeSource
from support.prompt_page_data import lineage


def experiment(id: str, dataset: str | None, **means: float) -> dict[str, Any]:
    return {
        "id": id,
        "dataset": {"name": dataset},
        "summary": [{"scorer": s, "mean": mean} for s, mean in means.items()],
    }


def test_the_newest_two_over_the_same_data_are_set_beside_each_other() -> None:
    old = [experiment("a", "other", exact=0.1), experiment("b", "qa", exact=0.5, length=3)]
    new = [experiment("c", "qa", exact=0.9, judge=1.0), experiment("d", "other", exact=0.2)]
    found = evidence(2, ["production"], old, new)
    assert found is not None
    assert (found.base["id"], found.other["id"], found.means) == ("b", "c", [("exact", 0.5, 0.9)])


def test_nothing_is_said_where_no_two_fit() -> None:
    assert evidence(2, [], [experiment("a", "x", exact=1)], [experiment("b", "y", exact=1)]) is None
    assert evidence(2, [], [experiment("a", None, exact=1)], [experiment("b", None, exact=1)]) is None
    assert evidence(2, [], [experiment("a", "x", exact=1)], [experiment("b", "x", judge=1)]) is None


def test_the_page_of_a_move_leads_to_the_comparison(client: TestClient, source: FakeSource) -> None:
    use = lineage(2)
    source.lineages = {2: use, 3: {**use, "experiments": [{**use["experiments"][0], "id": "f" * 32}]}}
    shown = client.get(f"/p/{PROJECT}/prompts/qa/aliases?version=3").text
    links = [link.get("href", "") for link in parts_of(shown).named("a")]
    assert any("/evals/compare?" in link for link in links)


def test_a_difference_is_shown_in_one_text_too(client: TestClient) -> None:
    address = f"/p/{PROJECT}/prompts/qa/diff/2..3"
    split, unified = client.get(address).text, client.get(f"{address}?view=unified").text
    assert split.count('class="unified"') == 0
    assert unified.count('class="unified"') > 0
    assert "<ins>" in unified
