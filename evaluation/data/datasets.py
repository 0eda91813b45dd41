"""Registered data sets: named, versioned by their content, checked, split, compared. The collector keeps them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from assay.client import Client, current_client
from assay.errors import DatasetError, DatasetNotFound
from assay.evaluation.data.dataset import read_dataset
from assay.evaluation.data.dataset_name import DatasetName, parse_dataset_name
from assay.evaluation.data.items import Dataset, Item
from assay.evaluation.data.registered_datasets import dataset_path, fetch_dataset, fetch_version
from assay.evaluation.data.schema import Schema, check_schema, check_values, infer_schema, mixed_types
from assay.evaluation.data.splits import Shares, named_shares, split_items
from assay.evaluation.plain import plain

SAME_SPLIT = ("shares", "seed", "stratify")  # equal in two versions: what was split keeps its parts


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetSummary:
    """A data set with its latest version, as `search_datasets` finds it."""

    name: str
    latest_version: int
    item_count: int
    content_hash: str
    description: str | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetVersion:
    """One version of a data set, without its items."""

    name: str
    version: int
    item_count: int
    content_hash: str
    message: str | None
    created_at: datetime
    cluster: str | None = None  # the field that says which items belong together
    split: Mapping[str, Any] | None = None  # shares, seed and field of the split
    schema: Mapping[str, Any] | None = None


def register_dataset(
    name: str,
    data: Any,
    *,
    description: str | None = None,
    message: str | None = None,
    schema: Schema = None,
    split: Shares | None = None,
    seed: int = 0,
    stratify: str | None = None,
    cluster: str | None = None,
    id: str = "id",
) -> Dataset:
    """Keep data as the next version of a data set; the version there is when it holds the same items in any order.

    assay.register_dataset("support-qa", "qa.jsonl", split={"train": 0.8, "test": 0.2}, cluster="document")

    Args:
        data: whatever `evaluate` reads: a list, a DataFrame, a file, traces, another data set.
        description: what the data set is; replaces the one there is.
        message: what this version changes.
        schema: JSON schemas by field ("input", "expected", "metadata", "output") that every item is checked against,
            now and in later versions. "infer" makes them of what most items are, and refuses the others. False ends
            the check; None keeps the last version's.
        split: shares of the parts, e.g. {"train": 0.8, "test": 0.2} or 0.2; see `split_dataset`. Without it a new
            version is split as the last one was, and whatever was in that stays where it was. Data with a field
            called split have their parts already.
        cluster: field that says which items belong together (a document, a user): they are never parted, and count as
            one in the intervals of every evaluation.
        id: field with the items' ids; without, they come from the content.

    Raises:
        DatasetError: rows cannot be used, or do not fit the schema; the message counts them and shows the first.
        InvalidRequest: the name cannot be used.
    """
    client = current_client()
    last = _latest(name, client)
    dataset, cluster = _with_clusters(read_dataset(data, id=id, cluster=cluster), cluster, last)
    check_values(dataset)
    kept = _checked_schema(dataset, schema, last)
    body = {
        "name": name,
        "items": [_uploaded(item) for item in dataset.items],
        "description": description,
        "message": message,
        "schema": kept,
        "cluster": cluster,
    }
    version = client.post("/datasets", {field: value for field, value in body.items() if value is not None})
    named = DatasetName(name=name, version=int(version["version"]))
    notes = list(dataset.notes) + ([] if kept else mixed_types(dataset))
    stored = replace(dataset, name=name, version=named.version, split=None, schema=kept, notes=tuple(notes))
    stored = replace(stored, description=version.get("description"))
    _split(stored, version, last, split, seed, stratify, client)
    return replace(fetch_dataset(named, client=client), notes=tuple(notes), places=dataset.places)


def load_dataset(name: str, *, version: int | None = None, split: str | None = None) -> Dataset:
    """A registered data set: "support-qa" (the latest version), "support-qa@3", "support-qa@3:test". One that comes
    with Assay: "builtin:support-qa".

    Raises:
        DatasetNotFound: there is no such data set or version.
        DatasetError: the version has no such split.
    """
    named = parse_dataset_name(name, version=version, split=split)
    return read_dataset(str(named))


def search_datasets(filter: str | None = None) -> list[DatasetSummary]:
    """Data sets of the project in the order of their names; `filter` is a part of the name, in any case."""
    return [
        DatasetSummary(
            name=row["name"],
            latest_version=row["latest_version"],
            item_count=row["item_count"],
            content_hash=row["content_hash"],
            description=row["description"],
            created_at=datetime.fromisoformat(row["created_at"]),
            updated_at=datetime.fromisoformat(row["updated_at"]),
        )
        for row in current_client().pages("/datasets", filter=filter)
    ]


def dataset_history(name: str) -> list[DatasetVersion]:
    """Every version, newest first.

    Raises:
        DatasetNotFound: there is no such data set.
    """
    return [
        DatasetVersion(
            name=name,
            version=row["version"],
            item_count=row["item_count"],
            content_hash=row["content_hash"],
            message=row.get("message"),
            created_at=datetime.fromisoformat(row["created_at"]),
            cluster=row.get("cluster"),
            split=row.get("split"),
            schema=row.get("schema"),
        )
        for row in current_client().pages(f"{dataset_path(name)}/versions")
    ]


def split_dataset(
    name: str, shares: Shares, *, seed: int = 0, stratify: str | None = None, replace: bool = False
) -> Dataset:
    """Say which part every item of a version belongs to. Kept with shares and seed; later versions inherit it.

    Items of one cluster (as `register_dataset(cluster=)` says; else items with equal inputs) always go to one part. The
    same items, shares and seed give the same parts in whatever order the items come.

    Args:
        name: "support-qa", or "support-qa@3".
        shares: of the parts by name, adding up to 1; 0.2 is train and test; three numbers are train, val and test.
        stratify: a field whose values should be as frequent in every part: "expected", or one of metadata or input.
        replace: also where the version has been split otherwise.

    Raises:
        Conflict: the version has been split otherwise.
        DatasetError: the shares cannot be kept; the message says why.
    """
    client = current_client()
    dataset = fetch_dataset(_whole(parse_dataset_name(name)), client=client)
    wanted = named_shares(shares)
    parts = split_items(dataset.items, wanted, seed=seed, stratify=stratify)
    version = fetch_version(DatasetName(name=dataset.name or name, version=dataset.version), client)
    _store_split(dataset, version, _spec(wanted, seed, stratify, version), parts, client, replace=replace)
    return fetch_dataset(DatasetName(name=dataset.name or name, version=dataset.version), client=client)


def _whole(named: DatasetName) -> DatasetName:
    """The whole of a data set, for what concerns all of its parts.

    Raises:
        DatasetError: it is one that comes with Assay, which nobody can change.
    """
    if named.is_built_in:
        own = f"register_dataset({named.name!r}, {str(named)!r})"
        raise DatasetError(f"{named} comes with Assay and stays as it is.", hint=f"Make it yours: {own}")
    return replace(named, split=None)


def _latest(name: str, client: Client) -> dict[str, Any] | None:
    try:
        return fetch_version(DatasetName(name=name), client)
    except DatasetNotFound:
        return None


def _with_clusters(dataset: Dataset, cluster: str | None, last: Mapping[str, Any] | None) -> tuple[Dataset, str | None]:
    """Items whose clusters can be found again by a field, and the field."""
    if cluster is None and last is not None and (field := last.get("cluster")) is not None:
        if all(_has_field(item, field) for item in dataset.items):
            return read_dataset(list(dataset.items), cluster=field), field
        raise DatasetError(
            f"Items of this data set belong together by {field!r}, which some of these do not have.",
            hint="Add the field, or name another one: cluster=...",
        )
    if cluster is not None or all(item.cluster is None for item in dataset.items):
        return dataset, cluster
    items = tuple(
        replace(item, metadata={**item.metadata, "cluster": item.cluster or item.id}, cluster=item.cluster or item.id)
        for item in dataset.items
    )
    return replace(dataset, items=items), "cluster"


def _has_field(item: Item, field: str) -> bool:
    return any(isinstance(s, Mapping) and s.get(field) is not None for s in (item.metadata, item.input))


def _checked_schema(dataset: Dataset, schema: Schema, last: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The schema to keep, after every item was checked against it."""
    if schema is False:
        return {}
    if schema == "infer":
        wanted: Mapping[str, Any] = infer_schema(dataset.items)
    elif schema is None:
        wanted = (last or {}).get("schema") or {}
    elif isinstance(schema, Mapping):
        wanted = {name: _json_schema(part) for name, part in schema.items()}
    else:
        raise DatasetError(f"schema= is a dict of JSON schemas by field, 'infer' or False, not {schema!r}.")
    if not wanted:
        return None
    check_schema(dataset, wanted)
    return dict(wanted)


def _json_schema(part: Any) -> Any:
    """A JSON schema, or that of a pydantic model."""
    return part.model_json_schema() if hasattr(part, "model_json_schema") else part


def _uploaded(item: Item) -> dict[str, Any]:
    body = {
        "id": item.id,
        "input": plain(item.input),
        "expected": plain(item.expected),
        "metadata": plain(item.metadata),
    }
    return {**body, "output": plain(item.output)} if item.has_output else body


def _split(
    dataset: Dataset,
    version: Mapping[str, Any],
    last: Mapping[str, Any] | None,
    split: Shares | None,
    seed: int,
    stratify: str | None,
    client: Client,
) -> None:
    """Split a version that was just registered: as asked, as its items say, or as the version before."""
    before = last.get("split") if last is not None else None
    if split is None and all(item.split for item in dataset.items) and not version.get("split"):
        parts = {item.id: str(item.split) for item in dataset.items}
        counts = {name: list(parts.values()).count(name) for name in dict.fromkeys(parts.values())}
        shares = {name: count / len(parts) for name, count in counts.items()}
        _store_split(dataset, version, _spec(shares, 0, None, version), parts, client)
        return
    if split is None:
        if before is None or len(before["shares"]) < 2 or version.get("split"):
            return
        split, seed, stratify = before["shares"], before["seed"], before.get("stratify")
    wanted = named_shares(split)
    spec = _spec(wanted, seed, stratify, version)
    same = before is not None and last is not None and all(before.get(key) == spec.get(key) for key in SAME_SPLIT)
    keep = _parts(DatasetName(name=str(dataset.name), version=int(last["version"])), client) if same and last else {}
    parts = split_items(dataset.items, wanted, seed=seed, stratify=stratify, keep=keep)
    _store_split(dataset, version, spec, parts, client)


def _parts(named: DatasetName, client: Client) -> dict[str, str]:
    return {item.id: item.split for item in fetch_dataset(named, client=client).items if item.split}


def _spec(shares: Mapping[str, float], seed: int, stratify: str | None, version: Mapping[str, Any]) -> dict[str, Any]:
    found = {"shares": dict(shares), "seed": seed, "stratify": stratify, "cluster": version.get("cluster")}
    return {key: value for key, value in found.items() if value is not None}


def _store_split(
    dataset: Dataset,
    version: Mapping[str, Any],
    spec: Mapping[str, Any],
    parts: Mapping[str, str],
    client: Client,
    *,
    replace: bool = False,
) -> None:
    path = f"{dataset_path(str(dataset.name))}/versions/{version['version']}/split"
    client.put(path, {**spec, "items": dict(parts)}, replace="true" if replace else None)
