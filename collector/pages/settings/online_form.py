"""The form of an online scorer: from what was typed to what is declared, and back. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from assay.collector.pages.forms import Form
from assay.collector.pages.settings.common import number
from assay.errors import InvalidRequest

JUDGE, BUILT_IN = "judge", "built_in"
LIMIT_FIELDS = ("usd_per_day", "calls_per_day", "traces_per_minute")
EMPTY = {
    "kind": JUDGE,
    "name": "",
    "scorer": "",
    "parameters": "",
    "instructions": "",
    "prompt": "",
    "choices": "pass\nfail",
    "model": "",
    "filter": "",
    "percent": "10",
    "quiet_s": "30",
    "usd_per_day": "5",
    "calls_per_day": "",
    "traces_per_minute": "60",
}


def typed_of(form: Form) -> dict[str, str]:
    """The fields as they were typed, for showing them again."""
    return {name: form.one(name) for name in EMPTY}


def typed_of_scorer(scorer: Mapping[str, Any]) -> dict[str, str]:
    """The fields of a scorer that there is."""
    definition, limits = scorer["definition"], scorer["limits"]
    judge = definition.get("judge")
    asked = judge or {}
    choices = asked.get("choices")
    shown = {
        "kind": JUDGE if judge else BUILT_IN,
        "name": scorer["name"],
        "scorer": definition.get("scorer"),
        "parameters": json.dumps(definition["parameters"]) if definition.get("parameters") else "",
        "instructions": asked.get("instructions"),
        "prompt": asked.get("prompt"),
        "choices": _choices_shown(choices),
        "model": asked.get("model"),
        "filter": scorer["filter"],
        "percent": f"{scorer['sample_rate'] * 100:g}",
        "quiet_s": f"{scorer['quiet_s']:g}",
        **{name: "" if limits.get(name) is None else f"{limits[name]:g}" for name in LIMIT_FIELDS},
    }
    return {name: value or "" for name, value in shown.items()}


def declared_of(form: Form) -> dict[str, Any]:
    """What is declared, still to be checked.

    Raises:
        InvalidRequest: a number is none, or the parameters are no JSON.
    """
    percent = number(form.one("percent"), "The share")
    numbers = {name: number(form.one(name), name) for name in LIMIT_FIELDS}
    limits = {name: value for name, value in numbers.items() if value is not None or name != "traces_per_minute"}
    quiet_s = number(form.one("quiet_s"), "The quiet time")
    return {
        "definition": _judge(form) if form.one("kind") == JUDGE else _built_in(form),
        "filter": form.line("filter"),
        "limits": limits,
        **({} if percent is None else {"sample_rate": percent / 100}),
        **({} if quiet_s is None else {"quiet_s": quiet_s}),
    }


def _judge(form: Form) -> dict[str, Any]:
    given = {
        "instructions": form.line("instructions"),
        "prompt": form.line("prompt"),
        "model": form.line("model"),
        "choices": _choices(form.one("choices")),
    }
    return {"judge": {name: value for name, value in given.items() if value is not None}}


def _built_in(form: Form) -> dict[str, Any]:
    text = form.line("parameters")
    try:
        parameters = json.loads(text) if text else {}
    except ValueError as error:
        raise InvalidRequest(f"The parameters are no JSON: {error}.", hint='E.g. {"phrases": "refund"}') from error
    return {"scorer": form.line("scorer") or "", "parameters": parameters}


def _choices(text: str) -> list[str] | dict[str, float] | None:
    """One verdict a line; with "= number" behind each, a scale."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if not lines:
        return None
    pairs = [line.rpartition("=") for line in lines]
    if not all(equals for _, equals, _ in pairs):
        return lines
    return {name.strip(): number(value, f"The value of {name.strip()}") or 0.0 for name, _, value in pairs}


def _choices_shown(choices: Any) -> str:
    if isinstance(choices, Mapping):
        return "\n".join(f"{name} = {value}" for name, value in choices.items())
    return "\n".join(choices or ())
