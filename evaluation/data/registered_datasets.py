"""Registered data sets as the collector answers them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from assay.client import Client, current_client
from assay.errors import DatasetError
from assay.evaluation.data.dataset_name import DatasetName
from assay.evaluation.data.item_rows import checked_items
from assay.evaluation.data.items import Dataset, Item


def fetch_dataset(named: DatasetName, *, cluster: str | None = None, client: Client | None = None) -> Dataset:
    """One version of a data set, or one split of it.

    Args:
        cluster: field that says which items belong together; the version's own if not given.

    Raises:
        DatasetNotFound: no data set of that name, or no such version, is registered.
        DatasetError: the version has no such split.
    """
    from assay.evaluation.data.dataset import hash_of_items

    client = client or current_client()
    version = fetch_version(named, client)
    number = int(version["version"])
    rows = client.pages(f"{dataset_path(named.name)}/items", version=number, split=named.split)
    where = f"Data set {named.name!r} version {number}"
    items = [_item(row) for row in rows]
    if not items:
        known = ", ".join((version.get("split") or {}).get("shares") or ())
        raise DatasetError(
            f"{where} has no split {named.split!r}; " + (f"it has {known}." if known else "it has none."),
            hint=f"Try: assay datasets split {named.name} train=0.8 test=0.2",
        )
    items, places = checked_items(
        ((f"{where}, item {item.id!r}", item) for item in items), where, "id", cluster or version.get("cluster")
    )
    return Dataset(
        items=tuple(items),
        name=named.name,
        version=number,
        split=named.split,
        hash=hash_of_items(items),
        description=version.get("description"),
        schema=version.get("schema"),
        places=places,
    )


def fetch_version(named: DatasetName, client: Client) -> dict[str, Any]:
    """One version without its items; the latest where none is named."""
    path = f"{dataset_path(named.name)}/versions"
    if named.version is None:
        latest: dict[str, Any] = client.get(path, limit=1)["items"][0]
        return latest
    found: dict[str, Any] = client.get(f"{path}/{named.version}")
    return found


def dataset_path(name: str) -> str:
    return f"/datasets/{quote(name, safe='')}"


def _item(row: Mapping[str, Any]) -> Item:
    from assay.evaluation.data.item_rows import TRACE_ID
    from assay.evaluation.data.items import NOTHING

    metadata = row.get("metadata") or {}
    trace = metadata.get("trace_id")
    return Item(
        id=row["id"],
        input=row["input"],
        expected=row.get("expected"),
        metadata=metadata,
        output=row.get("output", NOTHING),
        trace_id=trace if isinstance(trace, str) and TRACE_ID.fullmatch(trace) else None,
        split=row.get("split"),
    )
