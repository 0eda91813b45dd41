"""Fingerprints of prompts and test data: the same content has the same hash, in every process and on every machine.

Canonical JSON here is: UTF-8, keys sorted by code point, no white space between tokens, other characters as they
are, numbers as Python's `json` writes them, no NaN and no infinities. A hash is SHA-256 of it, in lower-case hex.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.errors import InvalidRequest

MAX_DEPTH = 100  # of lists and objects within each other: what JSON libraries read differs beyond a few hundred
DERIVED_ID_LENGTH = 16  # hex digits: 64 bits, ample for a data set that fits in memory

# `json.dumps` makes an encoder for every call
_AS_IT_IS = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False)
_SORTED = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False, sort_keys=True)


def json_bytes(value: Any, *, sort_keys: bool = False) -> bytes:
    """`value` as JSON in UTF-8, without white space.

    Raises:
        InvalidRequest: `value` holds what JSON cannot say: NaN, an infinity, half a surrogate pair, an object.
    """
    try:
        return (_SORTED if sort_keys else _AS_IT_IS).encode(value).encode("utf-8")
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidRequest(
            f"This cannot be written as JSON: {error}.",
            hint="Use text, finite numbers, booleans, null, lists and objects.",
        ) from error


def canonical_json(value: Any) -> str:
    """`value` in the one spelling that hashes are taken of.

    Raises:
        InvalidRequest: `value` holds what JSON cannot say: NaN, an infinity, half a surrogate pair, an object; or it is
            nested too deeply.
    """
    text = json_bytes(value, sort_keys=True).decode("utf-8")
    if text.count("[") + text.count("{") > MAX_DEPTH and _is_deeper(value, MAX_DEPTH):
        raise InvalidRequest(
            f"Lists and objects are nested more than {MAX_DEPTH} deep.", hint="Write what is inside them as text."
        )
    return text


def _is_deeper(value: Any, depth: int) -> bool:
    level = [value]
    for _ in range(depth + 1):
        level = [
            inner
            for each in level
            if isinstance(each, Mapping | list | tuple)
            for inner in (each.values() if isinstance(each, Mapping) else each)
        ]
        if not level:
            return False
    return True


def content_hash(value: Any) -> str:
    """SHA-256 of the canonical JSON of `value`, in hex."""
    return hashlib.sha256(canonical_json(value).encode("utf-8")).hexdigest()


def prompt_hash(
    template: Any,
    type: str,
    config: Mapping[str, Any] | None,
    *,
    format: str = "simple",
    response_format: Mapping[str, Any] | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
) -> str:
    """What makes two prompt versions the same. Tags and messages about it do not count.

    The last three count where they are more than the default, so that a version that has none of them keeps the hash
    it had before there were any.
    """
    content: dict[str, Any] = {"template": template, "type": type, "config": dict(config or {})}
    if format != "simple":
        content["format"] = format
    if response_format is not None:
        content["response_format"] = dict(response_format)
    if tools:
        content["tools"] = [dict(tool) for tool in tools]
    return content_hash(content)


def item_hash(item: Mapping[str, Any]) -> str:
    """Hash of a test item's content, without its id. A missing `expected` is null, missing `metadata` is empty."""
    return content_hash(
        {"input": item.get("input"), "expected": item.get("expected"), "metadata": item.get("metadata") or {}}
    )


def derived_item_id(item: Mapping[str, Any]) -> str:
    """Id of an item that came without one: it stays the same for as long as the content does."""
    return item_hash(item)[:DERIVED_ID_LENGTH]


def dataset_hash(items: Iterable[Mapping[str, Any]]) -> str:
    """Hash of a whole data set. The order of items does not count; their ids and contents do.

    An item without an id counts under the one that is derived from its content. An output counts where an item has
    one, though not for its id: another answer to a question makes another version, not another question.
    """
    return content_hash(
        sorted(
            [item.get("id") or derived_item_id(item), item_hash(item)]
            + ([content_hash(item["output"])] if "output" in item else [])
            for item in items
        )
    )
