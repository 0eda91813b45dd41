"""JSON match: is the output the same value as the expected one, whatever the order of keys and the spacing?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.scorers.json_texts import strict_json, without_fence
from assay.scores import Score

MAX_DIFFERENCES = 50  # that are listed
SHOWN_CHARS = 60

_MISSING = object()


@dataclass(frozen=True, kw_only=True)
class JsonMatch:
    """Whether the output and the expected value are the same JSON value. Not applicable to items without one.

    Definition: Objects are equal by keys and values, arrays by elements in order, the rest by value. Texts are read as
        JSON, the output and the expected value alike. Numbers are equal by value, so 1 is 1.0 (`numbers="type"` tells
        them apart); true is not 1, and "1" is neither. `strip_fence=True` takes a Markdown code fence off the output
        first. The metadata lists the differences, each with its path as a
        JSON Pointer.
    Range: true or false.
    Direction: higher is better.
    Source: equality of instances in JSON Schema 2020-12, section 4.2.2; paths by RFC 6901.
    Pitfalls: The order of an array counts. An output that is no JSON does not match; that is no error. A text that is
        expected as a JSON text needs its quotes: '"yes"'. Decimals are compared exactly: 0.1 + 0.2 is not 0.3.
    """

    numbers: Literal["value", "type"] = "value"
    strip_fence: bool = False
    name: str = "json_match"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        if self.numbers not in ("value", "type"):
            raise ConfigurationError(f"JsonMatch(numbers=) is 'value' or 'type', not {self.numbers!r}.")

    def __call__(self, output: Any, expected: Any) -> Score | None:
        if expected is None:
            return None
        try:
            wanted = strict_json(expected) if isinstance(expected, str) else expected
        except ValueError as error:
            raise ScorerError(
                f"The expected value is no JSON ({error}): {expected[:SHOWN_CHARS]!r}",
                hint="Give it as a value instead of a text, or with the quotes of a JSON text.",
            ) from error
        try:
            given = strict_json(self._read(output)) if isinstance(output, str) else output
        except ValueError as error:
            return Score(
                name=self.name,
                value=False,
                explanation=f"no JSON: {error}",
                metadata={"differences": [], "all_listed": False},
            )
        found = list(islice(differences(given, wanted, numbers=self.numbers), MAX_DIFFERENCES + 1))
        listed = found[:MAX_DIFFERENCES]
        return Score(
            name=self.name,
            value=not found,
            explanation="; ".join(_told(each) for each in listed[:3]) + (" ..." if len(found) > 3 else "") or None,
            metadata={"differences": listed, "all_listed": len(found) == len(listed)},
        )

    def _read(self, output: str) -> str:
        return without_fence(output) if self.strip_fence else output


def differences(given: Any, wanted: Any, *, numbers: Literal["value", "type"] = "value") -> Iterator[dict[str, Any]]:
    """Where two JSON values differ, in the order of `wanted`.

    Each has `path` (a JSON Pointer), `kind` (missing, unexpected, type or value) and the sides there are, `output` and
    `expected`.

    Raises:
        ScorerError: a value has no form in JSON.
    """
    pending = [("", given, wanted)]
    while pending:
        path, a, b = pending.pop()
        if a is _MISSING:
            yield {"path": path, "kind": "missing", "expected": b}
        elif b is _MISSING:
            yield {"path": path, "kind": "unexpected", "output": a}
        elif (kind := _kind(a, path, numbers)) != _kind(b, path, numbers):
            yield {"path": path, "kind": "type", "output": a, "expected": b}
        elif kind in ("object", "array"):
            pending.extend(reversed(list(_children(path, a, b))))
        elif a != b:
            yield {"path": path, "kind": "value", "output": a, "expected": b}


def _children(path: str, a: Any, b: Any) -> Iterator[tuple[str, Any, Any]]:
    if isinstance(b, Mapping):
        for key in [*b, *(key for key in a if key not in b)]:
            yield f"{path}/{_escaped(key)}", a.get(key, _MISSING), b.get(key, _MISSING)
    else:
        for i in range(max(len(a), len(b))):
            yield f"{path}/{i}", a[i] if i < len(a) else _MISSING, b[i] if i < len(b) else _MISSING


def _kind(value: Any, path: str, numbers: str) -> str:
    """The JSON type of a value; whole and other numbers are one type unless `numbers` is "type"."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | Decimal) or (isinstance(value, float) and math.isfinite(value)):
        return "integer" if numbers == "type" and not isinstance(value, float) else "number"
    if isinstance(value, str):
        return "string"
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return "object"
    if isinstance(value, list | tuple):
        return "array"
    raise ScorerError(
        f"At {path or 'the top'} stands what JSON has no form for, of type {type(value).__name__}: "
        f"{str(value)[:SHOWN_CHARS]!r}",
        hint="Let the task return a JSON text, or a value of dicts, lists, texts, numbers, booleans and None.",
    )


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


def _told(difference: Mapping[str, Any]) -> str:
    sides = [f"{side} {repr(difference[side])[:SHOWN_CHARS]}" for side in ("output", "expected") if side in difference]
    return f"{difference['path'] or 'the top'}: {difference['kind']} ({', '.join(sides)})"
