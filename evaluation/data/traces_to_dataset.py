"""A data set made of traces: what people asked, with what they or reviewers said would have been right."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from assay.client import Client, current_client
from assay.content_hash import content_hash
from assay.errors import DatasetError
from assay.evaluation.data.dataset import hash_of_items
from assay.evaluation.data.datasets import register_dataset
from assay.evaluation.data.items import Dataset, Item
from assay.evaluation.data.schema import Schema
from assay.evaluation.data.splits import Shares
from assay.evaluation.data.traces_as_data import items_of_rows
from assay.evaluation.plain import plain
from assay.tracing import flush
from assay.tracing.runtime import redactor

SCORES = "scores."
WRITTEN = ("input", "expected", "output")

Expected: TypeAlias = "str | Callable[[Mapping[str, Any]], Any] | None"


def dataset_from_traces(
    filter: str | None = None,
    *,
    name: str | None = None,
    expected: Expected = None,
    limit: int = 1000,
    order_by: str | None = None,
    duplicates: bool = False,
    description: str | None = None,
    message: str | None = None,
    schema: Schema = None,
    split: Shares | None = None,
    seed: int = 0,
    cluster: str | None = None,
) -> Dataset:
    """Make test data of the traces that match, and register them when a name is given.

    assay.dataset_from_traces("scores.helpful = false", name="complaints", expected="scores.correction")

    An item's id is its trace's; input and output are those of the root span, as it recorded them; the trace, its
    session and its user are in the metadata. Traces of evaluations are left out unless the filter asks for an
    experiment_id, and so are those without an input. This process's redaction rules are applied once more.

    Args:
        filter: in the language of `search_traces`.
        expected: where the expected value comes from: "output" (the answer was right as it was), "scores.NAME" (what a
            person said in the score of that name: a correction, a label; traces without one are left out), a function
            of the trace's row, or None.
        limit: traces at most, the newest first unless `order_by` says otherwise.
        duplicates: keep traces with equal inputs apart; else the first of them stands for all.
        cluster: "session_id" or "user_id": whose traces belong together.

    Raises:
        DatasetError: nothing is left to make items of; the message says why.
        InvalidRequest: the filter cannot be understood.
    """
    flush()
    client = current_client()
    rows = list(client.pages("/traces", limit=limit, filter=_without_experiments(filter), order_by=order_by))
    items, notes = items_of_rows(rows, client=client)
    items, found = _with_expected(items, rows, expected, client)
    notes += found
    if not duplicates:
        items, found = _unique(items)
        notes += found
    if not items:
        why = "; ".join(notes) or "no trace matches"
        raise DatasetError(f"No item can be made of {len(rows)} traces: {why}.", hint="Try: assay traces list")
    items = [_redacted(item) for item in items]
    if name is None:
        return Dataset(items=tuple(items), hash=hash_of_items(items), notes=tuple(notes))
    stored = register_dataset(
        name,
        items,
        description=description,
        message=message or f"from {len(items)} traces" + (f": {filter}" if filter else ""),
        schema=schema,
        split=split,
        seed=seed,
        cluster=cluster,
    )
    return replace(stored, notes=(*notes, *stored.notes))


def human_scores(name: str, client: Client, *, experiment_id: str | None = None) -> list[dict[str, Any]]:
    """Scores of this name that people gave, newest first."""
    pages = client.pages("/scores", name=name, experiment_id=experiment_id)
    return [score for score in pages if score["source"] == "human" and score["value"] is not None]


def _without_experiments(filter: str | None) -> str:
    if filter is None:
        return "experiment_id is null"
    return filter if "experiment_id" in filter else f"({filter}) and experiment_id is null"


def _with_expected(
    items: Sequence[Item], rows: Sequence[Mapping[str, Any]], expected: Expected, client: Client
) -> tuple[list[Item], list[str]]:
    """Items with what was asked for as their expected values, and how many had none."""
    if expected is None:
        return list(items), []
    if expected == "output":
        values = {item.id: item.output for item in items if item.has_output}
    elif callable(expected):
        values = {row["trace_id"]: value for row in rows if (value := expected(row)) is not None}
    elif expected.startswith(SCORES):
        said = human_scores(expected.removeprefix(SCORES), client)
        values = {score["trace_id"]: score["value"] for score in reversed(said) if score["trace_id"]}
    else:
        raise DatasetError(
            f"expected={expected!r} says not where the expected value comes from.",
            hint="Give 'output', 'scores.NAME', or a function of the trace's row.",
        )
    kept = [replace(item, expected=values[item.id]) for item in items if item.id in values]
    gone = len(items) - len(kept)
    return kept, [f"{gone} traces have no expected value ({expected}) and were left out"] if gone else []


def _unique(items: Sequence[Item]) -> tuple[list[Item], list[str]]:
    first: dict[str, Item] = {}
    for item in items:
        first.setdefault(content_hash(plain(item.input)), item)
    gone = len(items) - len(first)
    notes = [f"{gone} traces repeat the input of another and were left out"] if gone else []
    return list(first.values()), notes


def _redacted(item: Item) -> Item:
    found = {field: plain(getattr(item, field)) for field in WRITTEN if field != "output" or item.has_output}
    return replace(item, **redactor().document(found, WRITTEN))
