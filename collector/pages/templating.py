"""The Jinja environment of the pages: autoescape on for everything, and the formats as filters."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from assay.collector.pages import formats, json_tokens, markdown, urls
from assay.collector.pages.assets import ASSETS
from assay.collector.pages.content import json_tree, long_text, recognised
from assay.collector.pages.shell.sections import SECTIONS
from assay.collector.pages.traces import span_details
from assay.semconv import KINDS


def _ago(moment: str | None) -> str:
    return formats.ago(moment, datetime.now(UTC))


def make_environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(urls=urls, asset=ASSETS.url, unknown=formats.UNKNOWN, KINDS=KINDS, SECTIONS=SECTIONS)
    environment.globals.update(zip=zip)
    environment.globals.update(ATTRIBUTE_LIMIT=span_details.ATTRIBUTE_LIMIT, LIMIT_LINE=span_details.LIMIT_LINE)
    environment.filters.update(
        duration=formats.duration,
        time_note=formats.time_note,
        count=formats.count,
        cost=formats.cost,
        figure=formats.figure,
        p_value=formats.p_value,
        percent=formats.percent,
        share=formats.share,
        ago=_ago,
        utc=formats.utc,
        plain=formats.plain,
        one_line=formats.one_line,
        readable=formats.readable,
        words=formats.words,
        markdown=markdown.render,
        json_tokens=json_tokens.tokens,
        is_safe_link=markdown.is_safe_link,
        link_host=markdown.link_host,
        cut_text=long_text.cut_text,
        json_tree=json_tree.json_tree,
        recognise=recognised.recognise,
    )
    environment.tests.update(structured=json_tokens.is_structured, a_note=span_details.is_note)
    return environment


_environment = make_environment()


def render(template: str, **context: Any) -> str:
    return _environment.get_template(template).render(**context)
