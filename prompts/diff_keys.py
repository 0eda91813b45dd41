"""What changes between two values that JSON can say, key by key: config, response format, tools. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.content_hash import canonical_json

KeyChange = Literal["changed", "inserted", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDiff:
    """One value that differs. `key` is its path: `limits.tokens`, `properties.tags.anyOf[1].type`."""

    change: KeyChange
    key: str  # empty when the whole differs
    old: Any  # None too where there is no such side
    new: Any


def diff_keys(old: Any, new: Any, key: str = "") -> Iterator[KeyDiff]:
    """Objects by key and lists of objects by position, down to the values that differ; other lists as a whole."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for name in dict.fromkeys([*old, *new]):
            yield from _diff_one(old, new, name, f"{key}.{name}" if key else str(name))
    elif _is_rows(old) and _is_rows(new):
        before, after = dict(enumerate(old)), dict(enumerate(new))
        for position in range(max(len(old), len(new))):
            yield from _diff_one(before, after, position, f"{key}[{position}]")
    elif canonical_json(old) != canonical_json(new):  # true is not 1 to a model
        yield KeyDiff(change="changed", key=key, old=old, new=new)


def diff_optional(old: Any, new: Any) -> Iterator[KeyDiff]:
    """Like `diff_keys`, of what may not be there at all."""
    if old is None and new is not None:
        yield KeyDiff(change="inserted", key="", old=None, new=new)
    elif new is None and old is not None:
        yield KeyDiff(change="deleted", key="", old=old, new=None)
    else:
        yield from diff_keys(old, new)


def diff_tools(old: Sequence[Any] | None, new: Sequence[Any] | None) -> Iterator[KeyDiff]:
    """Tools by their names, so that one in front disturbs no other; by position where names are missing."""
    before, after = _by_name(old or ()), _by_name(new or ())
    if before is None or after is None:
        yield from diff_keys(list(old or ()), list(new or ()))
        return
    yield from diff_keys(before, after)
    common = [name for name in before if name in after], [name for name in after if name in before]
    if common[0] != common[1]:
        yield KeyDiff(change="changed", key="(order)", old=common[0], new=common[1])


def _diff_one(old: Mapping[Any, Any], new: Mapping[Any, Any], name: Any, key: str) -> Iterator[KeyDiff]:
    if name not in old:
        yield KeyDiff(change="inserted", key=key, old=None, new=new[name])
    elif name not in new:
        yield KeyDiff(change="deleted", key=key, old=old[name], new=None)
    else:
        yield from diff_keys(old[name], new[name], key)


def _is_rows(value: Any) -> bool:
    return isinstance(value, list | tuple) and bool(value) and all(isinstance(item, Mapping) for item in value)


def _by_name(tools: Sequence[Any]) -> dict[str, Any] | None:
    """None where a name is missing or there twice."""
    named: dict[str, Any] = {}
    for tool in tools:
        function = tool.get("function") if isinstance(tool, Mapping) else None
        holder = function if isinstance(function, Mapping) else tool
        name = holder.get("name") if isinstance(holder, Mapping) else None
        if not isinstance(name, str) or name in named:
            return None
        named[name] = tool
    return named
