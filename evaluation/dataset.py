"""Test data: read from anywhere, checked once, here. Errors name the row."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from assay.client import current_client
from assay.content_hash import dataset_hash, derived_item_id
from assay.errors import DatasetError, MissingExtra
from assay.evaluation.plain import plain

# Field -> the names it may have in the data
ALIASES: dict[str, tuple[str, ...]] = {
    "input": ("input", "inputs", "question"),
    "expected": ("expected", "expected_output", "expectations", "target", "reference", "ground_truth"),
    "output": ("output", "outputs"),
}
FILE_TYPES = (".jsonl", ".ndjson", ".json", ".csv", ".parquet")


class _Nothing:
    """Stands where there is no output: None is an output that a task may well give."""

    def __repr__(self) -> str:
        return "<no output>"


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One test case. `cluster` names what it shares with items it is not independent of (a document, a user)."""

    id: str
    input: Any = None
    expected: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cluster: str | None = None
    output: Any = NOTHING  # what the data already hold of a task's answer


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Items in their order, with what identifies them: name and version where there are such, and the hash of the
    content.
    """

    items: tuple[Item, ...]
    name: str | None = None
    version: int | None = None
    hash: str = ""


def read_items(data: Any, *, id: str = "id", cluster: str | None = None) -> list[Item]:
    """The items of `data`; see `read_dataset`."""
    return list(read_dataset(data, id=id, cluster=cluster).items)


def read_dataset(data: Any, *, id: str = "id", cluster: str | None = None) -> Dataset:
    """Read test data and check every row.

    Fields go by the names of `ALIASES`; what has another name is metadata. Without ids, an item's id comes from its
    content, so that the same item has the same id in every experiment.

    Args:
        data: dicts or Items, a DataFrame, the path of a JSONL, JSON, CSV or Parquet file, or the name of a registered
            data set (``name`` or ``name@version``).
        id: field that holds the item's id.
        cluster: field that says which items belong together: looked for in the row, its metadata and its input.

    Raises:
        DatasetError: there are no rows, or one cannot be used; the message names it.
        DatasetNotFound: no data set of that name is registered.
    """
    if isinstance(data, Dataset):
        return data
    rows, where, name, version = _open(data)
    items = _checked(rows, where, id, cluster)
    if not items:
        raise DatasetError(f"{where} holds no items.")
    stored = [
        {"id": item.id, "input": plain(item.input), "expected": plain(item.expected), "metadata": plain(item.metadata)}
        for item in items
    ]
    return Dataset(items=tuple(items), name=name, version=version, hash=dataset_hash(stored))


def _open(data: Any) -> tuple[Iterable[tuple[str, Any]], str, str | None, int | None]:
    """Rows, each with what to call it in an error; what to call the whole; name and version."""
    if isinstance(data, str | PathLike):
        path = Path(data)
        if path.suffix.lower() in FILE_TYPES or path.is_file():
            return _read_file(path), str(path), path.stem, None
        if isinstance(data, PathLike):
            raise DatasetError(f"{path} is no file.", hint=f"Data files end in {', '.join(FILE_TYPES)}.")
        return _read_registered(data)
    if callable(to_dict := getattr(data, "to_dict", None)) and hasattr(data, "columns"):
        records = [{str(key): _not_missing(value) for key, value in row.items()} for row in to_dict("records")]
        return _numbered(records), "The DataFrame", None, None
    if isinstance(data, Mapping) or not isinstance(data, Iterable):
        raise DatasetError(
            f"Data of type {type(data).__name__} cannot be read.",
            hint="Give a list of dicts, a DataFrame, the path of a file, or the name of a registered data set.",
        )
    return _numbered(data), "The data", None, None


def _read_file(path: Path) -> Iterator[tuple[str, Any]]:
    if not path.is_file():
        raise DatasetError(f"There is no file {path}.", hint=f"The working directory is {Path.cwd()}.")
    kind = path.suffix.lower()
    if kind == ".parquet":
        yield from _read_parquet(path)
    elif kind == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(file), start=2):  # the first line is the header
                if None in row or None in row.values():
                    raise DatasetError(f"{path}, row {number}: it has more or fewer columns than the header.")
                yield f"{path}, row {number}", row
    elif kind == ".json":
        rows = _parse(path.read_text(encoding="utf-8-sig"), str(path))
        if not isinstance(rows, list):
            raise DatasetError(f"{path}: a JSON file holds a list of items.", hint="One item per line is JSONL: .jsonl")
        yield from _numbered(rows, f"{path}, ")
    else:
        with path.open(encoding="utf-8-sig") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield f"{path}, line {number}", _parse(line, f"{path}, line {number}")


def _read_parquet(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        import pandas as pd

        frame = pd.read_parquet(path)
    except ImportError as error:
        raise MissingExtra("Reading Parquet", "all") from error
    rows = [{str(key): _not_missing(value) for key, value in row.items()} for row in frame.to_dict("records")]
    return _numbered(rows, f"{path}, ")


def _read_registered(name: str) -> tuple[Iterable[tuple[str, Any]], str, str | None, int | None]:
    name, _, wanted = name.partition("@")
    if wanted and not wanted.isdigit():
        raise DatasetError(f"{wanted!r} is no version of a data set.", hint=f"Versions are numbers: {name}@1")
    client = current_client()
    versions = list(client.pages(f"/datasets/{quote(name, safe='')}/versions"))
    version = int(wanted) if wanted else max(int(v["version"]) for v in versions)
    rows = list(client.pages(f"/datasets/{quote(name, safe='')}/items", version=version))
    kept = [{field: row.get(field) for field in ("id", "input", "expected", "metadata")} for row in rows]
    where = f"Data set {name!r} version {version}"
    return _numbered(kept, f"{where}, "), where, name, version


def _numbered(rows: Iterable[Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    return ((f"{prefix}row {number}", row) for number, row in enumerate(rows, start=1))


def _parse(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise DatasetError(f"{where}: this is no JSON: {error}.") from error


def _checked(rows: Iterable[tuple[str, Any]], where: str, id: str, cluster: str | None) -> list[Item]:
    items: list[Item] = []
    seen: dict[str, str] = {}
    derived = 0
    for place, row in rows:
        given = isinstance(row, Item) or (isinstance(row, Mapping) and row.get(id) is not None)
        item = row if isinstance(row, Item) else _item(row, place, id, cluster)
        derived += not given
        if given and item.id in seen:
            raise DatasetError(f"{place}: {seen[item.id]} has the id {item.id!r} already.", hint="Ids are unique.")
        if derived and derived != len(items) + 1:
            raise DatasetError(f"{where}: some rows have {id!r} and some have none; {place} is where it changes.")
        item = item if given else _renamed(item, seen)
        seen[item.id] = place
        items.append(item)
    if derived and id != "id":
        raise DatasetError(f"{where} has no field {id!r}, which was named as the id.")
    return items


def _renamed(item: Item, seen: Mapping[str, str]) -> Item:
    """The item under an id made from its content; a second row of the same content is called -2."""
    base = derived_item_id(
        {"input": plain(item.input), "expected": plain(item.expected), "metadata": plain(item.metadata)}
    )
    count, name = 1, base
    while name in seen:
        count += 1
        name = f"{base}-{count}"
    return replace(item, id=name)


def _item(row: Any, place: str, id: str, cluster: str | None) -> Item:
    if not isinstance(row, Mapping):
        raise DatasetError(f"{place}: an item is an object with an input, not {type(row).__name__}: {str(row)[:80]!r}.")
    fields = {name: _field(row, name, place) for name in ALIASES}
    metadata = row.get("metadata") or {}
    if not isinstance(metadata, Mapping):
        raise DatasetError(f"{place}: metadata is an object, not {type(metadata).__name__}: {str(metadata)[:80]!r}.")
    known = {alias for aliases in ALIASES.values() for alias in aliases} | {id, "metadata"}
    metadata = {**{key: value for key, value in row.items() if key not in known}, **metadata}
    if fields["input"] is NOTHING and fields["output"] is NOTHING:
        raise DatasetError(
            f"{place}: there is no input; its fields are {', '.join(map(repr, row)) or 'none'}.",
            hint=f"Name it one of: {', '.join(ALIASES['input'])}.",
        )
    value = None if fields["input"] is NOTHING else fields["input"]
    return Item(
        id=str(row.get(id, "")),
        input=value,
        expected=None if fields["expected"] is NOTHING else fields["expected"],
        metadata=metadata,
        cluster=_cluster(row, metadata, value, cluster, place),
        output=fields["output"],
    )


def _field(row: Mapping[str, Any], name: str, place: str) -> Any:
    present = [alias for alias in ALIASES[name] if alias in row]
    if len(present) > 1:
        names = " and ".join(map(repr, present))
        raise DatasetError(f"{place}: {names} both mean the {name}.", hint="Keep one of them.")
    return row[present[0]] if present else NOTHING


def _cluster(
    row: Mapping[str, Any], metadata: Mapping[str, Any], value: Any, name: str | None, place: str
) -> str | None:
    if name is None:
        return None
    for source in (row, metadata, value):
        if isinstance(source, Mapping) and source.get(name) is not None:
            return str(source[name])
    raise DatasetError(f"{place}: it has no {name!r}, which was named as the cluster.")


def _not_missing(value: Any) -> Any:
    """A DataFrame's cell as Python has it: arrays as lists, numpy's scalars as Python's, NaN and NaT as None."""
    if callable(tolist := getattr(value, "tolist", None)):
        value = tolist()
    missing = isinstance(value, float) and value != value  # NaN is what is not itself
    return None if missing or type(value).__name__ in ("NaTType", "NAType") else value
