"""How much a span or log record may carry. What goes beyond is cut with a mark or counted; the rest is stored. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from assay.collector.decode import Attributes, Decoded, DecodedSpan
from assay.collector.decode_logs import DecodedLog, DecodedLogs
from assay.collector.values import parse_json, to_json

MAX_VALUE_CHARS = 1024**2
MAX_ATTRIBUTES = 1024
MAX_NUMBERED_ATTRIBUTES = 20_000
MAX_JSON_DEPTH = 64  # deeper text is left as it is
SCALARS = {int, float, bool, type(None)}

# Conventions that spread lists over numbered attributes: a thousand messages are several thousand of these.
NUMBERED = (
    "llm.input_messages.",
    "llm.output_messages.",
    "llm.prompts.",
    "llm.choices.",
    "llm.tools.",
    "llm.request.functions.",
    "gen_ai.prompt.",
    "gen_ai.completion.",
    "retrieval.documents.",
    "reranker.input_documents.",
    "reranker.output_documents.",
    "embedding.embeddings.",
)


def within_limits(decoded: Decoded | DecodedLogs | None, n_bytes: int) -> Decoded | DecodedLogs | None:
    """What one request held, within limits.

    Args:
        n_bytes: of the request. In a short one no value can be too long, so nothing needs to be looked at.
    """
    long = n_bytes > MAX_VALUE_CHARS
    if isinstance(decoded, DecodedLogs):
        return DecodedLogs([_shorten_record(record) for record in decoded.records]) if long else decoded
    if decoded is None:
        return None
    spans = _shorten_spans(decoded.spans) if long else decoded.spans
    return Decoded([_with_fewer_attributes(span) for span in spans], decoded.rejected)


def _shorten_spans(spans: Sequence[DecodedSpan]) -> list[DecodedSpan]:
    resources = {id(span.resource): span.resource for span in spans}
    shortened = {key: shorten(resource) for key, resource in resources.items()}
    return [_shorten_span(span, shortened[id(span.resource)]) for span in spans]


def _shorten_span(span: DecodedSpan, resource: Attributes) -> DecodedSpan:
    parts = {
        "name": _cut(span.name),
        "status_message": span.status_message and _cut(span.status_message),
        "attributes": shorten(span.attributes),
        "events": shorten(span.events),
        "links": shorten(span.links),
        "resource": resource,
    }
    if all(part is getattr(span, name) for name, part in parts.items()):
        return span
    return replace(span, **parts)


def _shorten_record(record: DecodedLog) -> DecodedLog:
    return replace(record, attributes=shorten(record.attributes), body=shorten(record.body))


def _with_fewer_attributes(span: DecodedSpan) -> DecodedSpan:
    if len(span.attributes) <= MAX_ATTRIBUTES:
        return span
    kept = _fewer(span.attributes)
    dropped = span.dropped_attributes_count + len(span.attributes) - len(kept)
    return replace(span, attributes=kept, dropped_attributes_count=dropped)


def shorten(value: Any, depth: int = 0) -> Any:
    """`value` with every string in it cut that is too long; itself where none is.

    Text that is JSON stays JSON: the strings in it are cut, however long the whole is. So a conversation can be read
    although it holds a film.
    """
    if isinstance(value, str):
        return value if len(value) <= MAX_VALUE_CHARS else _shorten_text(value, depth)
    if depth > MAX_JSON_DEPTH or _is_short(value):
        return value
    if isinstance(value, list):
        items = [shorten(item, depth + 1) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    if isinstance(value, dict):
        pairs = {key: shorten(item, depth + 1) for key, item in value.items()}
        return pairs if any(pairs[key] is not item for key, item in value.items()) else value
    return value


def _is_short(value: Any) -> bool:
    """Whether it is a list or an object of scalars alone that are no longer than they may be, as nearly all are."""
    items = value.values() if type(value) is dict else value if type(value) is list else ()
    return all(len(item) <= MAX_VALUE_CHARS if type(item) is str else type(item) in SCALARS for item in items)


def _shorten_text(text: str, depth: int) -> str:
    structure = parse_json(text)
    if structure is None:
        return _cut(text)
    shorter = shorten(structure, depth + 1)
    return text if shorter is structure else to_json(shorter)


def _cut(text: str) -> str:
    if len(text) <= MAX_VALUE_CHARS:
        return text
    return f"{text[:MAX_VALUE_CHARS]}… [cut: {MAX_VALUE_CHARS} of {len(text)} characters]"


def _fewer(attributes: Mapping[str, Any]) -> Attributes:
    """The first MAX_ATTRIBUTES, and the numbered ones up to a limit of their own."""
    kept: Attributes = {}
    room = {True: MAX_NUMBERED_ATTRIBUTES, False: MAX_ATTRIBUTES}
    for name, value in attributes.items():
        numbered = name.startswith(NUMBERED)
        if room[numbered]:
            room[numbered] -= 1
            kept[name] = value
    return kept
