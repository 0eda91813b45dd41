"""Texts in filters: patterns, long texts of which a row holds only the start, and values of attributes as they lie."""

from __future__ import annotations

import re

import orjson

from assay.collector.columns import INLINE_ATTRIBUTE_CHARS
from assay.collector.values import to_json


def contains_pattern(text: str, *, start: bool = False) -> str:
    """For `ILIKE … ESCAPE '^'`: what contains `text`, or starts with it."""
    escaped = text.replace("^", "^^").replace("%", "^%").replace("_", "^_")
    return f"{escaped}%" if start else f"%{escaped}%"


# Without i and k: a dotted capital I is an i too, and so is the Kelvin sign a k.
_PLAIN = re.compile("[0-9A-HJL-Za-hjl-z ]{2,}")
_LONG_ENOUGH = 16


def contains(text: str) -> tuple[str, list[str]]:
    """A condition that `<text>` contains `text`, and its parameters.

    An expression that ignores case is looked for more than twice as fast as a pattern. So a plain piece of the text is
    looked for first, and the pattern decides only where that is found. An s is spelled as a choice of two, because to
    expressions a third letter is one as well, the long s, and of three they know no fast way.
    """
    like, pattern = "<text> ILIKE ?", f"%{text}%"
    if "%" in text or "_" in text:  # ESCAPE takes the database from a plain search to one that is three times as slow
        like, pattern = "<text> ILIKE ? ESCAPE '^'", contains_pattern(text)
    piece = max(_PLAIN.findall(text), key=len, default="")[:_LONG_ENOUGH]
    if not piece:
        return like, [pattern]
    expression = "(?i)" + piece.lower().replace("s", "(?-i)[sS](?i)")
    return f"CASE WHEN regexp_matches(<text>, ?) THEN {like} ELSE false END", [expression, pattern]


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


def any_content(name: str) -> str:
    """Holds for all content. Whoever knows to which of it the column of the spans `s` can refer writes that instead."""
    return f"{name}_content.id IS NOT NULL"


def where_long(column: str, condition: str) -> str:
    """A condition on `<text>` asked of a long text; each that is stored apart is looked at once, however many share it.

    Args:
        column: with the alias of its table.
    """
    alias, name = column.replace('"', "").split(".")
    content = f"{name}_content"
    among = f"{any_content(name)} AND " if alias == "s" else ""
    here, there = (condition.replace("<text>", text) for text in (column, f"{content}.text"))
    apart = f"{alias}.{name}_id IN (SELECT {content}.id FROM content {content} WHERE {among}{there})"
    return f"(({alias}.{name}_id IS NULL AND {here}) OR {apart})"


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
