"""JSON valid: is the output JSON, and does it keep to a schema?"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.scorers.extras import library
from assay.evaluation.scorers.json_texts import strict_json, without_fence
from assay.evaluation.scorers.texts import text_of
from assay.evaluation.scorers.timed_regex import TIME_LIMIT_S, matches
from assay.scores import Score

MAX_PROBLEMS = 5  # that are told


@dataclass(frozen=True, kw_only=True)
class JsonValid:
    """Whether the output is JSON and, where a `schema` is given, keeps to it.

    Definition: The whole output is one JSON text (RFC 8259: no NaN, no Infinity, no comments, no trailing commas), and
        its value is valid under `schema` by JSON Schema, draft 2020-12. `strip_fence=True` takes off a Markdown code
        fence around the whole output first. The score's metadata has both results: `valid` as it stands and
        `valid_without_fence`.
    Range: true or false.
    Direction: higher is better.
    Source: RFC 8259; JSON Schema 2020-12 by the jsonschema library.
    Pitfalls: 3.0 is an integer and true is none, by JSON Schema. `format` is a remark there and checks nothing.
        Properties that a schema does not name are allowed unless it says `additionalProperties: false`. A key that
        comes twice is valid JSON; its last value counts. A `$ref` to another address is never fetched. `$schema` is not
        looked at: the draft is always 2020-12.
    """

    schema: Mapping[str, Any] | bool | None = None
    strip_fence: bool = False
    name: str = "json_valid"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        if self.schema is None:
            return
        jsonschema = library("jsonschema", self.name)
        try:
            jsonschema.Draft202012Validator.check_schema(self.schema)
        except jsonschema.SchemaError as error:
            raise ConfigurationError(
                f"JsonValid(schema=) is no JSON Schema: {error.message} (at {error.json_path})."
            ) from error

    def __call__(self, output: Any) -> Score:
        text = text_of(output, self.name)
        as_it_stands = self._problems(text)
        inside = without_fence(text)
        without = as_it_stands if inside == text else self._problems(inside)
        problems = without if self.strip_fence else as_it_stands
        return Score(
            name=self.name,
            value=not problems,
            explanation="; ".join(problems) or None,
            metadata={"valid": not as_it_stands, "valid_without_fence": not without},
        )

    def _problems(self, text: str) -> list[str]:
        """What is wrong with `text`, the first few; empty if nothing is."""
        try:
            value = strict_json(text)
        except ValueError as error:
            return [f"no JSON: {error}"]
        if self.schema is None:
            return []
        found = []
        try:
            for problem in islice(self._validator.iter_errors(value), MAX_PROBLEMS):
                found.append(f"{problem.json_path}: {problem.message}")
        except library("referencing.exceptions", self.name).Unresolvable as error:
            raise ScorerError(
                f"The schema refers to {error.ref!r}, which it does not hold",
                hint="Addresses are not fetched: put it under $defs.",
            ) from error
        except RecursionError as error:
            raise ScorerError("The schema refers to itself without end, or the output is nested too deeply") from error
        return found

    @functools.cached_property
    def _validator(self) -> Any:
        jsonschema = library("jsonschema", self.name)

        def pattern(validator: Any, wanted: str, instance: Any, schema: Any) -> Iterator[Any]:
            # jsonschema's own has no time limit
            if isinstance(instance, str) and not matches(wanted, instance, time_limit_s=TIME_LIMIT_S):
                yield jsonschema.ValidationError(f"{instance!r} does not match {wanted!r}")

        validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, {"pattern": pattern})
        # a registry of its own keeps jsonschema from fetching what a $ref points at
        return validator(self.schema, registry=library("referencing", self.name).Registry())
