"""A form ↔ one item of a data set. A text stays a text, whatever it looks like: its kind is chosen beside it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.forms import Form
from assay.errors import InvalidRequest

KINDS = (("text", "Text"), ("json", "JSON"), ("none", "Nothing"))


@dataclass(frozen=True, slots=True)
class Written:
    """A value as somebody writes it: `kind` is "text", "json" or "none"."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class ItemForm:
    id: str
    input: Written
    expected: Written
    metadata: str

    @property
    def fields(self) -> dict[str, Written]:
        return {"input": self.input, "expected": self.expected}


def empty_form() -> ItemForm:
    return ItemForm("", Written("text", ""), Written("text", ""), "{}")


def form_of_item(item: Mapping[str, Any]) -> ItemForm:
    return ItemForm(
        id=item["id"],
        input=_written(item["input"]),
        expected=_written(item["expected"]),
        metadata=_laid_out(item["metadata"]),
    )


def sent_form(form: Form) -> ItemForm:
    """What was sent, as it was typed: shown again when it cannot be used."""
    return ItemForm(
        id=form.one("id").strip(),
        input=Written(form.one("input_kind"), form.one("input")),
        expected=Written(form.one("expected_kind"), form.one("expected")),
        metadata=form.one("metadata"),
    )


def read_item(form: ItemForm) -> dict[str, Any]:
    """The item that a form holds; with no id where none was typed.

    Raises:
        InvalidRequest: a field that should be JSON is none, the input is missing, or the metadata are no object.
    """
    if form.input.kind == "none" or not form.input.text.strip():
        raise InvalidRequest("An item needs an input.", hint="Write what the application is asked.")
    metadata = _json("metadata", form.metadata) if form.metadata.strip() else {}
    if not isinstance(metadata, dict):
        raise InvalidRequest("Metadata are a JSON object.", hint='For example: {"topic": "refunds"}')
    item = {name: _read(name, written) for name, written in form.fields.items()}
    return {**({"id": form.id} if form.id else {}), **item, "metadata": metadata}


def _read(name: str, written: Written) -> Any:
    if written.kind == "json":
        return _json(name, written.text)
    return None if written.kind == "none" or not written.text else written.text


def _json(name: str, text: str) -> Any:
    def refuse(constant: str) -> Any:
        raise InvalidRequest(f"The {name} holds {constant}, which is no JSON.", hint="Write null, or leave it out.")

    try:
        return json.loads(text, parse_constant=refuse)
    except RecursionError as error:
        raise InvalidRequest(f"The {name} is nested too deeply.", hint="Write it flatter.") from error
    except json.JSONDecodeError as error:
        raise InvalidRequest(
            f"The {name} is no JSON: {error.msg} in line {error.lineno}, column {error.colno}.",
            hint="Texts stand in double quotes. For a plain text choose Text beside the field.",
        ) from error


def _written(value: Any) -> Written:
    if value is None:
        return Written("none", "")
    return Written("text", value) if isinstance(value, str) else Written("json", _laid_out(value))


def _laid_out(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
