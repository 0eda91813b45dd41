"""Rows of spans -> one batch as the store takes it: Arrow columns, and each piece of long text once. Pure.

In the batch the pieces go by their place in `SpanBatch.texts`; the writer, which knows what is stored already, puts
the ids of the table `content` in their stead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector import arrow as pa
from assay.collector.columns import (
    ATTRIBUTES,
    COLUMN_NAMES,
    CONTENT_COLUMNS,
    ID_COLUMNS,
    INLINE_ATTRIBUTE_CHARS,
    INLINE_CHARS,
    LONG_TEXT_COLUMNS,
    STORED_NAMES,
    stored_schema,
)
from assay.collector.content import digest, pieces
from assay.collector.values import to_json

SpanKey = tuple[str, str, str]
START, RECEIVED = COLUMN_NAMES.index("start_time"), COLUMN_NAMES.index("received_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class SpanBatch:
    """Spans on their way into the store, each of them once.

    `keys` are (project, trace_id, span_id); `first` and `last` the range of start times and `received_at` the latest
    time of receipt, in nanoseconds since the epoch.
    """

    table: pa.Table
    texts: list[str]
    digests: list[bytes]
    keys: list[SpanKey]
    first: int
    last: int
    received_at: int

    def __len__(self) -> int:
        return len(self.keys)


class _Texts:
    """The pieces of a batch: which there are, and where."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self._places: dict[str, int] = {}
        self._whole: dict[str, list[int]] = {}

    def places(self, text: str) -> list[int]:
        """Of the pieces of `text`."""
        found = self._whole.get(text)
        if found is None:
            found = self._whole[text] = [self.place(piece) for piece in pieces(text)]
        return found

    def place(self, text: str) -> int:
        """Of `text` as one piece."""
        found = self._places.get(text)
        if found is None:
            found = self._places[text] = len(self.texts)
            self.texts.append(text)
        return found


def span_batch(rows: Sequence[Sequence[Any]]) -> SpanBatch | None:
    """Rows in the order of SPAN_COLUMNS; `attributes` and `resource` are mappings, other JSON columns JSON text.

    The first of a span's rows stands. None when there is no row.
    """
    if not rows:
        return None
    keys = [(row[0], row[1], row[2]) for row in rows]
    if len(set(keys)) < len(keys):
        firsts = {key: row for key, row in zip(reversed(keys), reversed(rows), strict=True)}
        rows, keys = list(firsts.values())[::-1], list(firsts)[::-1]
    schema = stored_schema()
    columns = dict(zip(COLUMN_NAMES, zip(*rows, strict=True), strict=True))
    texts = _Texts()
    arrays: dict[str, pa.Array] = {}
    for name, values in columns.items():
        if name == "resource":
            arrays["resource_ids"] = _ids(_resource_texts(values), texts)
        elif name in CONTENT_COLUMNS:
            arrays[f"{name}_ids"] = _ids(values, texts)
        elif name in LONG_TEXT_COLUMNS:
            arrays.update(_long_text(name, values, texts))
        elif name == ATTRIBUTES:
            arrays.update(_attributes(values, texts))
        else:
            arrays[name] = pa.array(values, type=schema.field(name).type)
    starts = columns["start_time"]
    return SpanBatch(
        table=pa.Table.from_arrays([arrays[field.name] for field in schema], schema=schema),
        texts=texts.texts,
        digests=[digest(text) for text in texts.texts],
        keys=keys,
        first=min(starts),
        last=max(starts),
        received_at=max(columns["received_at"]),
    )


def _ids(values: Iterable[str | None], texts: _Texts) -> pa.Array:
    places = texts.places
    return pa.array([None if value is None else places(value) for value in values], type=pa.list_(pa.int64()))


def _resource_texts(resources: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """JSON of each resource, spelled once for all the spans that share the object."""
    spelled: dict[int, str] = {}
    for resource in resources:
        text = spelled.get(id(resource))
        if text is None:
            text = spelled[id(resource)] = to_json(resource)
        yield text


def _long_text(name: str, values: Sequence[str | None], texts: _Texts) -> dict[str, pa.Array]:
    # One piece, however long: a search then finds what it would find in the whole.
    long = [value is not None and len(value) > INLINE_CHARS for value in values]
    if not any(long):
        return {name: pa.array(values, type=pa.string()), f"{name}_id": pa.nulls(len(values), pa.int64())}
    return {
        name: pa.array(
            [value[:INLINE_CHARS] if cut and value else value for value, cut in zip(values, long, strict=True)],
            type=pa.string(),
        ),
        f"{name}_id": pa.array(
            [texts.place(value) if cut and value else None for value, cut in zip(values, long, strict=True)],
            type=pa.int64(),
        ),
    }


def _attributes(values: Iterable[Mapping[str, Any]], texts: _Texts) -> dict[str, pa.Array]:
    short, text, structure = _Map(pa.string()), _Map(pa.list_(pa.int64())), _Map(pa.list_(pa.int64()))
    short_key, short_value, places = short.keys.append, short.values.append, texts.places
    spelled: dict[str, str] = {}
    for attributes in values:
        for key, value in attributes.items():
            if type(value) is str:
                if len(value) > INLINE_ATTRIBUTE_CHARS:
                    text.keys.append(key)
                    text.values.append(places(value))
                    continue
                spelling = spelled.get(value)
                if spelling is None:
                    spelling = spelled[value] = to_json(value)
            else:
                spelling = to_json(value)
                if len(spelling) > INLINE_ATTRIBUTE_CHARS:
                    structure.keys.append(key)
                    structure.values.append(places(spelling))
                    continue
            short_key(key)
            short_value(spelling)
        short.end()
        text.end()
        structure.end()
    return {"attributes": short.array(), "text_attributes": text.array(), "json_attributes": structure.array()}


class _Map:
    """A column of maps while it is being built: the keys and values of all rows, one row behind the other."""

    def __init__(self, kind: pa.DataType) -> None:
        self._kind = kind
        self.keys: list[str] = []
        self.values: list[Any] = []
        self._offsets = [0]

    def end(self) -> None:
        """What is added from now on belongs to the next row."""
        self._offsets.append(len(self.keys))

    def array(self) -> pa.MapArray:
        return pa.MapArray.from_arrays(
            pa.array(self._offsets, type=pa.int32()),
            pa.array(self.keys, type=pa.string()),
            pa.array(self.values, type=self._kind),
        )


def with_ids(batch: SpanBatch, ids: Sequence[int]) -> pa.Table:
    """The batch's table, with `ids[place]` in the stead of each place."""
    given = pa.array(ids, type=pa.int64())
    columns = batch.table.columns
    for name in ID_COLUMNS:
        index = STORED_NAMES.index(name)
        if columns[index].null_count < len(batch):
            columns[index] = _translated(columns[index].combine_chunks(), given)
    return pa.Table.from_arrays(columns, schema=stored_schema())


def _translated(places: pa.Array, ids: pa.Array) -> pa.Array:
    if pa.types.is_map(places.type):
        return pa.MapArray.from_arrays(places.offsets, places.keys, _translated(places.items, ids))
    if pa.types.is_list(places.type):
        return pa.ListArray.from_arrays(places.offsets, ids.take(places.values), mask=places.is_null())
    return ids.take(places)
