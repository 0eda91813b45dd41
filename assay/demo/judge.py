"""The stand-in as a judge: when a request asks for JSON of a schema, it fills the schema in by the rule of `verdict`.

The texts to compare are sections of its prompt, `<expected>...</expected>` or `Expected: ...`, known by their names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from assay.demo.rules import text_of
from assay.demo.verdict import verdict

_TAGGED = re.compile(r"<(?P<name>[A-Za-z][\w-]*)[^<>]*>\s*(?P<text>.*?)\s*</(?P=name)[^<>]*>", re.DOTALL)
_HEADING = r"^[#*\s]*(?P<name>[A-Za-z][A-Za-z _-]{0,40}?)[*\s]*:[*]*\s*"
_HEADED = re.compile(
    rf"{_HEADING}(?P<text>.*?)\s*(?={_HEADING.replace('?P<name>', '')}|\Z)",
    re.DOTALL | re.MULTILINE,
)
_EXPECTED = re.compile(r"expected|reference|ground.?truth|target", re.I)
_ANSWER = re.compile(r"answer|output|response|submission|actual", re.I)
_BAD = re.compile(r"^(in|un|non|not|no$|false|fail|wrong|bad|poor|disagree)", re.I)
_REASON = re.compile(r"reason|explanation|rationale|critique|thought|analysis|comment|evidence|justification", re.I)


def judge(messages: Sequence[Mapping[str, Any]], response_format: Mapping[str, Any] | None) -> str | None:
    """The judgement as JSON text; None when no schema was asked for, or the prompt names nothing to compare."""
    schema = ((response_format or {}).get("json_schema") or {}).get("schema")
    found = sections("\n\n".join(text_of(message) for message in messages if message["role"] == "user"))
    expected = next((text for name, text in found.items() if _EXPECTED.search(name)), None)
    answer = next((text for name, text in found.items() if _ANSWER.search(name) and not _EXPECTED.search(name)), None)
    if not schema or expected is None or answer is None:
        return None
    agrees, reason = verdict(answer, expected)
    return json.dumps({name: _value(name, spec, agrees, reason) for name, spec in schema.get("properties", {}).items()})


def sections(prompt: str) -> dict[str, str]:
    """The named parts of a prompt: tags where there are any, else headings that end in a colon."""
    return {m["name"]: m["text"] for m in _TAGGED.finditer(prompt)} or {
        m["name"]: m["text"] for m in _HEADED.finditer(prompt)
    }


def _value(name: str, spec: Mapping[str, Any], agrees: bool, reason: str) -> Any:
    """What a schema's property is filled with: the verdict where it can hold one, else the reason."""
    if choices := spec.get("enum"):
        good = [choice for choice in choices if not _BAD.match(str(choice))]
        bad = [choice for choice in choices if _BAD.match(str(choice))]
        return (good or choices)[0] if agrees else (bad or choices)[-1]
    match spec.get("type"):
        case "boolean":
            return agrees
        case "integer" | "number":
            return spec.get("maximum", 1) if agrees else spec.get("minimum", 0)
        case "array":
            return []
        case "string" if _REASON.search(name):
            return f"{reason} (Assay's stand-in compared words and numbers.)"
        case "string":
            return "yes" if agrees else "no"
        case _:
            return None
