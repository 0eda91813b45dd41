"""Test data: read from anywhere, checked once, here. Errors name the row."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from os import PathLike
from pathlib import Path
from typing import Any

from assay.content_hash import dataset_hash
from assay.errors import DatasetError
from assay.evaluation.data.data_files import FILE_TYPES, PlacedRow, cell_value, numbered, read_file
from assay.evaluation.data.dataset_name import BUILT_IN_SCHEME, parse_dataset_name
from assay.evaluation.data.item_rows import checked_items
from assay.evaluation.data.items import ALIASES, NOTHING, Dataset, Item
from assay.evaluation.data.traces_as_data import are_traces, items_of_traces
from assay.evaluation.plain import plain

__all__ = ["ALIASES", "FILE_TYPES", "NOTHING", "Dataset", "Item", "read_dataset", "read_items"]


def read_items(data: Any, *, id: str = "id", cluster: str | None = None, split: str | None = None) -> list[Item]:
    """The items of `data`; see `read_dataset`."""
    return list(read_dataset(data, id=id, cluster=cluster, split=split).items)


def read_dataset(data: Any, *, id: str = "id", cluster: str | None = None, split: str | None = None) -> Dataset:
    """Read test data and check every row.

    Fields go by the names of `ALIASES`; what has another name is metadata. Without ids, an item's id comes from its
    content, so that the same item has the same id in every experiment.

    Args:
        data: dicts or Items, a DataFrame, the path of a JSONL, JSON, CSV or Parquet file, the name of a registered
            data set (``name``, ``name@version``, ``name@version:split``), that of one that comes with Assay
            (``builtin:support-qa``), or what `assay.search_traces` and `assay.get_trace` return: then the items are
            made of the traces, with their outputs.
        id: field that holds the item's id.
        cluster: field that says which items belong together: looked for in the row, its metadata and its input.
        split: the part to take, of data that have parts: what `register_dataset` stored, or a field called split.

    Raises:
        DatasetError: there are no rows, or some cannot be used; the message names and counts them.
        DatasetNotFound: no data set of that name is registered.
    """
    if isinstance(data, Dataset):
        return _part(data, split)
    if isinstance(data, str) and not _is_path(data):
        return _named(data, id, cluster, split)
    if not isinstance(data, str | PathLike | Mapping) and not hasattr(data, "columns") and isinstance(data, Iterable):
        data = list(data)
    if are_traces(data):
        items, notes = items_of_traces(data)
        return _part(_checked(numbered(items), "The table of traces", "id", cluster, notes=notes), split)
    rows, where, name = _open(data)
    return _part(_checked(rows, where, id, cluster, name=name), split)


def _open(data: Any) -> tuple[Iterable[tuple[str, Any]], str, str | None]:
    """Rows, each with what to call it in an error; what to call the whole; its name."""
    if isinstance(data, str | PathLike):
        path = Path(data)
        if path.suffix.lower() not in FILE_TYPES and not path.is_file():
            raise DatasetError(f"{path} is no file.", hint=f"Data files end in {', '.join(FILE_TYPES)}.")
        return read_file(path), str(path), path.stem
    if callable(to_dict := getattr(data, "to_dict", None)) and hasattr(data, "columns"):
        return numbered(cell_value(row) for row in to_dict("records")), "The DataFrame", None
    if isinstance(data, Mapping) or not isinstance(data, Iterable):
        raise DatasetError(
            f"Data of type {type(data).__name__} cannot be read.",
            hint="Give a list of dicts, a DataFrame, the path of a file, or the name of a registered data set.",
        )
    return numbered(data), "The data", None


def _is_path(text: str) -> bool:
    return not text.startswith(BUILT_IN_SCHEME) and (
        Path(text).suffix.lower() in FILE_TYPES or ("\0" not in text and Path(text).is_file())
    )


def _named(text: str, id: str, cluster: str | None, split: str | None) -> Dataset:
    """A data set by its name: a registered one, or one that comes with Assay."""
    named = parse_dataset_name(text, split=split)
    if named.is_built_in:
        from assay.evaluation.data.built_in_datasets import built_in_path

        where = f"The data set {text!r}"
        rows = read_file(built_in_path(named.name))
        return _part(_checked(rows, where, id, cluster, name=named.name), named.split)
    from assay.evaluation.data.registered_datasets import fetch_dataset

    return fetch_dataset(named, cluster=cluster)


def _checked(
    rows: Iterable[PlacedRow],
    where: str,
    id: str,
    cluster: str | None,
    *,
    name: str | None = None,
    notes: Iterable[str] = (),
) -> Dataset:
    items, places = checked_items(rows, where, id, cluster)
    if not items:
        told = f" ({'; '.join(notes)})" if notes else ""
        raise DatasetError(f"{where} holds no items{told}.")
    return Dataset(items=tuple(items), name=name, hash=hash_of_items(items), notes=tuple(notes), places=places)


def hash_of_items(items: Iterable[Item]) -> str:
    """What identifies items as test data: ids, inputs, expected values and metadata."""
    return dataset_hash(
        {"id": item.id, "input": plain(item.input), "expected": plain(item.expected), "metadata": plain(item.metadata)}
        for item in items
    )


def _part(dataset: Dataset, split: str | None) -> Dataset:
    """The items of one split, as a data set of their own.

    Raises:
        DatasetError: no item is in it; the message names the splits there are.
    """
    if split is None or split == dataset.split:
        return dataset
    items = tuple(item for item in dataset.items if item.split == split)
    if not items:
        known = sorted({item.split for item in dataset.items if item.split})
        raise DatasetError(
            f"The data have no split {split!r}; " + (f"they have {', '.join(known)}." if known else "they have none."),
            hint="Splits are made by register_dataset(split=...), by Dataset.splits(), or by a field called split.",
        )
    return replace(dataset, items=items, split=split, hash=hash_of_items(items))
