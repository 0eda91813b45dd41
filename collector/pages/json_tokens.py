"""JSON as coloured tokens: pairs of CSS class and text, which the template escapes like everything else."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

LONGEST_PARSED = 2_000_000  # characters of text that is looked into for JSON
LONGEST = 60_000  # characters; what is longer is shown without colours, whole

_TOKEN = re.compile(
    r'(?P<key>"(?:[^"\\]|\\.)*"(?=:))|(?P<string>"(?:[^"\\]|\\.)*")|(?P<number>-?\d[\d.eE+-]*)|(?P<word>true|false|null)'
)


def pretty(value: Any) -> str:
    """`value` as indented JSON; text that is JSON already is laid out, other text stays as it is."""
    if isinstance(value, str):
        structure = structured(value)
        return value if structure is None else pretty(structure)
    return json.dumps(value, indent=2, ensure_ascii=False, default=str)


def structured(text: str) -> dict[str, Any] | list[Any] | None:
    """The object or list that `text` holds as JSON, None for any other text."""
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def is_structured(text: str) -> bool:
    """Whether `structured` would find something; of very long text, whether it looks so."""
    if len(text) > LONGEST_PARSED:
        return text.lstrip()[:1] in ("{", "[")
    return structured(text) is not None


def tokens(value: Any) -> list[tuple[str, str]]:
    """Class and text of each token of `pretty(value)`; joined, the texts are the whole."""
    text = pretty(value)
    if (isinstance(value, str) and structured(value) is None) or len(text) > LONGEST:
        return [("", text)]
    return list(_tokens(text))


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    position = 0
    for match in _TOKEN.finditer(text):
        if match.start() > position:
            yield "", text[position : match.start()]
        yield f"j-{match.lastgroup}", match.group()
        position = match.end()
    if position < len(text):
        yield "", text[position:]
