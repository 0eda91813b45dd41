"""Recorded requests of every dialect with hostile texts in place of theirs: whatever becomes of them, it stays text."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from assay.collector.canonical import span_row
from assay.collector.columns import COLUMN_NAMES
from assay.collector.decode import DecodedSpan, decode_request
from assay.collector.pages.templating import render
from assay.collector.pages.traces.chat_view import turns_of
from assay.collector.pages.traces.score_form import NOTHING_TYPED
from assay.collector.pages.traces.span_details import TABS, span_details
from assay.collector.paging import JSON_COLUMNS, readable
from support.harmless import assert_harmless
from support.hostile import STRINGS
from support.recordings import DATA

DIALECTS = sorted(path.name for path in DATA.iterdir() if any(path.glob("*.pb")))
CHOOSING = ("type", "kind", "role", "mime_type", "operation")  # ends of names whose values choose how others are read
MOST_SPANS = 2  # of a dialect, those with the most attributes
STRING = " ".join((STRINGS[0], STRINGS[1], STRINGS[5], STRINGS[6]))


@cache
def spans_of(dialect: str) -> list[DecodedSpan]:
    bodies = [path.read_bytes() for path in sorted((DATA / dialect).glob("*.pb")) if ".logs." not in path.name]
    spans = [span for body in bodies for span in decode_request(body).spans if span.attributes]
    by_shape = {frozenset(span.attributes): span for span in spans}
    return sorted(by_shape.values(), key=lambda span: len(span.attributes), reverse=True)[:MOST_SPANS]


def poisoned(value: Any, string: str, name: str = "") -> Any:
    """Every text in `value`, also within JSON text, but for those that choose how others are read."""
    if isinstance(value, dict):
        return {key: poisoned(one, string, key) for key, one in value.items()}
    if isinstance(value, list):
        return [poisoned(one, string, name) for one in value]
    if not isinstance(value, str) or name.lower().endswith(CHOOSING):
        return value
    if value.lstrip()[:1] in ("{", "["):
        try:
            return json.dumps(poisoned(json.loads(value), string))
        except ValueError:
            return string
    return string


def shown_spans(dialect: str, string: str) -> Iterator[dict[str, Any]]:
    for span in spans_of(dialect):
        made = replace(
            span,
            name=string,
            attributes={name: poisoned(value, string, name) for name, value in span.attributes.items()},
            events=[{**event, "attributes": poisoned(event["attributes"], string)} for event in span.events],
        )
        row = dict(zip(COLUMN_NAMES, span_row(made, received_at=1), strict=True))
        yield readable(row, {name for name in JSON_COLUMNS if isinstance(row.get(name), str)})


@pytest.mark.parametrize("dialect", DIALECTS)
def test_nothing_that_a_dialect_carries_leaves_its_place(dialect: str) -> None:
    spans = list(shown_spans(dialect, STRING))
    context: dict[str, Any] = {"project": "shop", "author": None, "form_token": "t", "typed": NOTHING_TYPED}
    for number, span in enumerate(spans):
        for tab in TABS if number == 0 else ("messages", "io"):
            shown = {
                "details": span_details(span, tab),
                "wanted": STRING,
                "attributes": span.get("attributes"),
                "resource": span.get("resource"),
                "as_text": False,
                "score_names": [STRING],
            }
            html = render("traces/span.html", **context, **shown)
            assert_harmless(html, f"{dialect} {tab}")
            assert "window.pwned" in html
    chat = {"turns": turns_of(spans), "plain": [], "as_text": False, "toggle": "/", "next": None}
    assert_harmless(render("traces/view_chat.html", **context, chat=chat), f"{dialect} chat")
