"""OTLP's JSON, as far as traces, logs and metrics share it: the body, attributes, numbers, ids. Pure.

It is the JSON mapping of protobuf with differences: ids are hex, enums are numbers, keys are lowerCamelCase only and
unknown ones are ignored. Values come out just as `decode` makes them of protobuf.

Source: opentelemetry-specification, protocol/otlp.md, "JSON Protobuf Encoding"; protobuf.dev, "ProtoJSON Format".
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from typing import Any

import orjson

from assay.collector.decode import MAX_DEPTH, TOO_DEEP, Attributes
from assay.errors import InvalidRequest

Object = Mapping[str, Any]

INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
UINT64_MAX = 2**64 - 1
SPECIAL_NUMBERS = {"NaN": "NaN", "Infinity": "Infinity", "-Infinity": "-Infinity"}

# Every escape of a JSON text, so that `\\\\ud83d` is not taken for half a character: pairs of surrogates first.
ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)


def read_object(body: bytes) -> Object:
    """The JSON object that a request's body is.

    Raises:
        InvalidRequest: it is something else.
    """
    try:
        value = _loads(body)
    except (ValueError, RecursionError) as error:
        raise InvalidRequest(f"The body is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise _wrong("The body", "an object", value)
    return value


def _loads(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except ValueError:
        # JavaScript writes half of a character, as cutting a text leaves it, in a form that only it reads.
        repaired = ESCAPE.sub(lambda found: rb"\ufffd" if found["half"] else found[0], body)
        if repaired == body:
            raise
        return orjson.loads(repaired)


# Shapes: null stands for what was left out -----------------------------------------------------------------------


def as_object(value: Any, where: str) -> Object:
    if value is None:
        return {}
    if isinstance(value, dict):
        return value
    raise _wrong(where, "an object", value)


def as_objects(value: Any, where: str) -> list[Object]:
    if value is None:
        return []
    if isinstance(value, list):
        return [as_object(item, where) for item in value]
    raise _wrong(where, "a list", value)


def as_string(value: Any, where: str) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    raise _wrong(where, "a string", value)


def as_int64(value: Any, where: str) -> int:
    return _integer(value, where, INT64_MIN, INT64_MAX)


def as_uint64(value: Any, where: str) -> int:
    return _integer(value, where, 0, UINT64_MAX)


def as_enum(value: Any, names: Mapping[str, int]) -> int:
    """A number; names are tolerated, and whatever else is sent is the enum's zero."""
    if isinstance(value, str):
        return names.get(value, int(value) if value.isdecimal() and value.isascii() else 0)
    return value if isinstance(value, int) else 0


def as_id(value: Any, where: str) -> str:
    """An id as lower-case hex; empty when it is no hex, since a bad id costs one span and not the batch."""
    text = as_string(value, where)
    try:
        return bytes.fromhex(text).hex() if text.isalnum() else ""
    except ValueError:
        return ""


def _integer(value: Any, where: str, least: int, most: int) -> int:
    if value is None:
        return 0
    number = value
    if isinstance(value, str) and len(value) <= 40:
        try:
            number = int(value) if value.lstrip("-").isdecimal() else float(value)
        except ValueError as error:
            raise _wrong(where, "an integer", value) from error
    if isinstance(number, float) and number.is_integer():
        number = int(number)
    if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
        raise _wrong(where, "an integer", value)
    return number


def _wrong(where: str, wanted: str, value: Any) -> InvalidRequest:
    return InvalidRequest(f"{where} must be {wanted}, not {str(value)[:100]!r}.", hint="Send OTLP/JSON.")


# Values -----------------------------------------------------------------------------------------------------------


def attributes_of(pairs: Any) -> Attributes:
    """Key-value pairs as a dict; of a key sent twice the last value stands."""
    return _mapping(pairs, depth=0)


def value_of(value: Any, depth: int = 0) -> Any:
    """An AnyValue as a plain value."""
    if depth > MAX_DEPTH:
        return TOO_DEEP
    for key, given in as_object(value, "a value").items():
        if given is not None and (read := _READERS.get(key)):
            return read(given, depth)
    return None


def _mapping(pairs: Any, *, depth: int) -> dict[str, Any]:
    return {
        as_string(pair.get("key"), "a key"): value_of(pair.get("value"), depth)
        for pair in as_objects(pairs, "attributes")
    }


def _list(value: Any, depth: int) -> list[Any]:
    items = as_object(value, "arrayValue").get("values")
    if items is None:
        return []
    if isinstance(items, list):
        return [value_of(item, depth + 1) for item in items]
    raise _wrong("arrayValue.values", "a list", items)


def _number(value: Any, depth: int) -> float | str:
    if isinstance(value, str) and value in SPECIAL_NUMBERS:
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise _wrong("doubleValue", "a number", value)
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise _wrong("doubleValue", "a number", value) from error
    if not math.isfinite(number):
        raise _wrong("doubleValue", "a number", value)
    return number


def _boolean(value: Any, depth: int) -> bool:
    if isinstance(value, bool):
        return value
    raise _wrong("boolValue", "true or false", value)


def _bytes(value: Any, depth: int) -> dict[str, str]:
    text = as_string(value, "bytesValue").translate(_URL_SAFE).rstrip("=")
    try:
        decoded = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _wrong("bytesValue", "base64", value) from error
    return {"bytesValue": base64.b64encode(decoded).decode("ascii")}


_URL_SAFE = str.maketrans("-_", "+/")

_READERS: Mapping[str, Callable[[Any, int], Any]] = {
    "stringValue": lambda value, depth: as_string(value, "stringValue"),
    "boolValue": _boolean,
    "intValue": lambda value, depth: as_int64(value, "intValue"),
    "doubleValue": _number,
    "arrayValue": _list,
    "kvlistValue": lambda value, depth: _mapping(as_object(value, "kvlistValue").get("values"), depth=depth + 1),
    "bytesValue": _bytes,
}
