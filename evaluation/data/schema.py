"""What the items of a data set must look like: JSON schemas by field, given or inferred from the items themselves.

A schema is a dict like {"input": {...}, "expected": {...}, "metadata": {...}, "output": {...}}: a JSON schema (draft
2020-12) for any of the fields.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

from assay.errors import DatasetError, MissingExtra
from assay.evaluation.data.item_rows import Problems
from assay.evaluation.data.items import Dataset, Item
from assay.evaluation.plain import plain

FIELDS = ("input", "expected", "metadata", "output")
LARGEST_ITEM = 16 * 1024**2  # bytes as JSON: what is larger is a file that an item should name, not hold

Schema: TypeAlias = "Mapping[str, Any] | Literal['infer', False] | None"


def check_schema(dataset: Dataset, schema: Mapping[str, Any]) -> None:
    """Check every item.

    Raises:
        DatasetError: some items do not fit (all are counted, the first are shown), or the schema is none.
        MissingExtra: jsonschema is not installed.
    """
    try:
        from jsonschema import Draft202012Validator
        from jsonschema.exceptions import SchemaError, best_match
        from referencing import Registry
        from referencing.exceptions import Unresolvable
    except ImportError as error:
        raise MissingExtra("Checking data against a schema", "eval") from error
    validators = {}
    for field, wanted in schema.items():
        if field not in FIELDS:
            raise DatasetError(
                f"A schema has the fields {', '.join(FIELDS)}, and not {field!r}.",
                hint='E.g. {"input": {"type": "object", "required": ["question"]}}',
            )
        try:
            Draft202012Validator.check_schema(wanted)
        except SchemaError as error:
            raise DatasetError(f"The schema of {field!r} is no JSON schema: {error.message}.") from error
        # with a registry of its own nothing is fetched that a $ref points at
        validators[field] = Draft202012Validator(wanted, registry=Registry())
    problems = Problems()
    for item in dataset.items:
        for field, validator in validators.items():
            if field == "output" and not item.has_output:
                continue
            try:
                errors = list(validator.iter_errors(plain(getattr(item, field))))
            except Unresolvable as error:
                raise DatasetError(
                    f"The schema of {field!r} points at {error.ref!r}, which is not in it.", hint="Put it under $defs."
                ) from error
            if (worst := best_match(errors)) is not None:
                path = ".".join(map(str, (field, *worst.absolute_path)))
                more = f" (and {len(errors) - 1} more in this field)" if len(errors) > 1 else ""
                problems.add(place_of(dataset, item), f"{path}: {_short(worst.message)}{more}.")
    problems.check(_named(dataset), len(dataset.items))


def check_values(dataset: Dataset) -> None:
    """Check that every item can be kept: no NaN or infinity inside, and no size that nobody can read.

    Raises:
        DatasetError: some cannot; all are counted, the first are shown.
    """
    problems = Problems()
    for item in dataset.items:
        for field in FIELDS:
            value = getattr(item, field)
            if field == "output" and not item.has_output:
                continue
            if odd := _not_finite(value, field):
                problems.add(
                    place_of(dataset, item), f"{odd} is no finite number.", "Write None for what is not known."
                )
        size = len(json.dumps(plain([item.input, item.expected, item.metadata]), ensure_ascii=False))
        if size > LARGEST_ITEM:
            problems.add(
                place_of(dataset, item),
                f"it is {size / 1024**2:.0f} MB as JSON; {LARGEST_ITEM // 1024**2} MB are the most.",
                "Keep large documents in files, and their names in the item.",
            )
    problems.check(_named(dataset), len(dataset.items))


def infer_schema(items: Sequence[Item]) -> dict[str, Any]:
    """A schema of what most items are: of every field its commonest type, of objects the keys with theirs.

    Whole numbers and others are both "number". What is null in some items may be null; a key is required when every
    object has it. An item whose type is rarer does not fit, which is what makes a stray text among numbers stand out.
    """
    found: dict[str, Any] = {}
    for field in FIELDS:
        values = [plain(getattr(i, field)) for i in items if field != "output" or i.has_output]
        if any(value is not None for value in values):
            found[field] = _inferred(values, depth=0 if field == "metadata" else 1)
    return found


def mixed_types(dataset: Dataset) -> list[str]:
    """Where fields have several types, in words that name the items: what `schema="infer"` would refuse."""
    told = []
    for field in ("input", "expected"):
        values = [(item, plain(getattr(item, field))) for item in dataset.items]
        keys = {key for _, value in values if isinstance(value, dict) for key in value}
        columns = {field: values} | {
            f"{field}.{key}": [(i, v[key]) for i, v in values if isinstance(v, dict) and key in v]
            for key in sorted(keys)
        }
        for name, cells in columns.items():
            types = Counter(kind for _, value in cells if (kind := _type(value)) != "null")
            if len(types) < 2:
                continue
            usual = types.most_common(1)[0][0]
            odd = [place_of(dataset, item) for item, value in cells if _type(value) not in (usual, "null")]
            counts = ", ".join(f"{kind} {count}" for kind, count in types.most_common())
            more = f" and {len(odd) - 3} more" if len(odd) > 3 else ""
            told.append(f"{name} has several types ({counts}): see {', '.join(odd[:3])}{more}")
    return told


def place_of(dataset: Dataset, item: Item) -> str:
    """Where an item stands: its line or row where that is known, else its id."""
    return dataset.places.get(item.id) or f"item {item.id!r}"


def _inferred(values: Iterable[Any], depth: int) -> dict[str, Any]:
    values = list(values)
    types = Counter(_type(value) for value in values)
    nullable = types.pop("null", 0) > 0
    if not types:
        return {}
    usual = types.most_common(1)[0][0]
    schema: dict[str, Any] = {"type": [usual, "null"] if nullable else usual}
    if usual == "object" and depth:
        objects = [value for value in values if isinstance(value, dict)]
        keys = dict.fromkeys(key for value in objects for key in value)
        required = [key for key in keys if all(key in value for value in objects)]
        schema["properties"] = {key: _inferred([v[key] for v in objects if key in v], depth - 1) for key in keys}
        schema |= {"required": required} if required else {}
    return schema


def _type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int | float):
        return "number"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "object"


def _not_finite(value: Any, path: str) -> str | None:
    """The path of the first NaN or infinity inside; None when there is none."""
    if isinstance(value, float):
        return None if math.isfinite(value) else f"{path} ({value})"
    inside: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        inside = value.items()
    elif isinstance(value, list | tuple):
        inside = enumerate(value)
    return next((odd for key, inner in inside if (odd := _not_finite(inner, f"{path}.{key}"))), None)


def _named(dataset: Dataset) -> str:
    return f"Data set {dataset.name!r}" if dataset.name else "The data"


def _short(text: str) -> str:
    return text if len(text) <= 200 else f"{text[:197]}..."
