"""Texts in filters: patterns, long texts of which a row holds only the start, and values of attributes as they lie."""

from __future__ import annotations

import orjson

from assay.collector.columns import INLINE_ATTRIBUTE_CHARS
from assay.collector.values import to_json


def contains_pattern(text: str, *, start: bool = False) -> str:
    """For `ILIKE … ESCAPE '^'`: what contains `text`, or starts with it."""
    escaped = text.replace("^", "^^").replace("%", "^%").replace("_", "^_")
    return f"{escaped}%" if start else f"%{escaped}%"


def contains(text: str) -> tuple[str, str]:
    """What stands behind a column to ask whether it contains `text`, and its parameter.

    ESCAPE takes the database from a plain search for text to one that is three times as slow.
    """
    if "%" in text or "_" in text:
        return "ILIKE ? ESCAPE '^'", contains_pattern(text)
    return "ILIKE ?", f"%{text}%"


# Long values --------------------------------------------------------------------------------------------------------

# How long values are put together again, where a comparison needs the whole of them (see `content`).
_PIECES = (
    "(SELECT string_agg(c.text, '' ORDER BY p.place) FROM (SELECT unnest(<alias>.{0}[?]) AS id,"
    " generate_subscripts(<alias>.{0}[?], 1) AS place) p JOIN content c ON c.id = p.id)"
)
_WHOLE_ATTRIBUTE = (
    f"coalesce(<alias>.attributes[?], to_json({_PIECES.format('text_attributes')}),"
    f" {_PIECES.format('json_attributes')}::JSON)"
)


def whole_attribute(alias: str, key: str) -> tuple[str, list[str]]:
    """SQL of an attribute's value however long it is, and its parameters."""
    return _WHOLE_ATTRIBUTE.replace("<alias>", alias), [key] * 5


def whole_text(alias: str, name: str) -> str:
    """SQL of the whole of `input` or `output`."""
    whole = f"(SELECT max(c.text) FROM content c WHERE c.id = {alias}.{name}_id)"
    return f"coalesce({whole}, {alias}.{name})"


# Holds for all content. Whoever knows which of it the spans `s` can refer to writes that in its place.
ANY_CONTENT = "c.id IS NOT NULL"


def like_long(column: str, like: str) -> str:
    """A pattern over a long text; of what is stored apart, each text is looked at once, however many spans share it."""
    number = column.replace('"', "") + "_id"
    among = f"{ANY_CONTENT} AND " if number.startswith("s.") else ""
    apart = f"{number} IN (SELECT c.id FROM content c WHERE {among}c.text {like})"
    return f"(({number} IS NULL AND {column} {like}) OR {apart})"


# Attributes ---------------------------------------------------------------------------------------------------------


def is_short(text: str) -> bool:
    """Whether a value that is not held inline cannot be equal to this."""
    return len(text) <= INLINE_ATTRIBUTE_CHARS


def spelled(text: str) -> str | None:
    """The one way in which a text is stored as JSON; None where there are several, or a number reads the same."""
    if not is_short(text) or not text.isprintable() or '"' in text or "\\" in text:
        return None
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError:
        return to_json(text)
    return None


def has_value(values: str) -> str:
    """SQL: the map `values` has this value under this key; parameters are the value's JSON, the key, and the JSON.

    Looking through all the values first leaves few rows in which a key has to be found.
    """
    return f"(list_contains(map_values({values}), ?::JSON) AND {values}[?]::VARCHAR = ?)"
