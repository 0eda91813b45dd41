"""Answers of a given form, from models that differ in how they can be asked for one.

A JSON schema is asked for as such first. A provider that refuses that is asked for some JSON object, and then in words
alone; the schema stands in the messages then. What it took is remembered for as long as the process lives, by address
and model: the next call does not ask in vain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from assay.evaluation.gateway.protocol import Message

FORMS = ("json_schema", "json_object", "text")
REFUSED = frozenset({400, 404, 415, 422})  # 404: OpenRouter finds no provider that takes the parameter; 422: FastAPI's
_ABOUT_FORM = re.compile(
    r"response.?format|json.?(?:schema|mode|object)|structured.?output|response.?schema|guided|grammar|output_config",
    re.IGNORECASE,
)
WORDS = "Answer with one JSON object and nothing else. It has to fit this JSON schema:\n{schema}"

Learnt = dict[tuple[str, str], str]
_learnt: Learnt = {}


def forms_to_try(response_format: Mapping[str, Any] | None, address: str, model: str) -> Sequence[str | None]:
    """How to ask, best first; (None,) where no form is wanted."""
    if response_format is None:
        return (None,)
    wanted = str(response_format.get("type"))
    if wanted not in FORMS or wanted == "text":
        return (wanted,)
    start = max(FORMS.index(wanted), FORMS.index(_learnt.get((address, model), wanted)))
    return FORMS[start:]


def learn(form: str | None, address: str, model: str) -> None:
    """`form` was taken."""
    if form in FORMS:
        _learnt[address, model] = form


def forget() -> None:
    """Ask every model for schemas again."""
    _learnt.clear()


def asked(
    form: str | None, response_format: Mapping[str, Any] | None, messages: Sequence[Message]
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The part of the request that asks for the form, and the messages for it."""
    plain = [dict(message) for message in messages]
    if response_format is None or form is None:
        return {}, plain
    if form == response_format.get("type"):
        return {"response_format": dict(response_format)}, plain
    named = {} if form == "text" else {"response_format": {"type": form}}
    return named, _with_words(plain, response_format)


def refuses_form(status: int | None, message: str) -> bool:
    """Was the request refused because of the form that it asks for?"""
    return status in REFUSED and _ABOUT_FORM.search(message) is not None


def _with_words(messages: list[dict[str, Any]], response_format: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The schema in the system message, or in one of its own where there is none that is a text."""
    described = response_format.get("json_schema")
    schema = described.get("schema", described) if isinstance(described, Mapping) else {"type": "object"}
    words = WORDS.format(schema=json.dumps(schema, ensure_ascii=False))
    first = messages[0] if messages else {}
    if first.get("role") in ("system", "developer") and isinstance(first.get("content"), str):
        return [{**first, "content": f"{first['content']}\n\n{words}"}, *messages[1:]]
    return [{"role": "system", "content": words}, *messages]
