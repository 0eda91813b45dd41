"""Routes: help on keys and on the filter language."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from assay.collector.filter_fields import KEYED, SPAN_FIELDS, TRACE_FIELDS
from assay.collector.pages.shell.keys import KEYS
from assay.collector.pages.source import Source
from assay.collector.pages.web import PageRoute, fragment, get_source, page, seen_project

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]

EXAMPLES = (
    ("status = 'error' and duration_ms > 2000", "Failed, and slower than two seconds"),
    ("start_time > now() - interval 1 day", "Of the last 24 hours"),
    ("input ilike '%refund%'", "The input holds “refund”, in upper or lower case"),
    ("scores.correctness < 0.5", "Traces with a low score of this name"),
    ("attributes['http.route'] = '/ask'", "An attribute, as it was recorded"),
    ("'beta' in tags and metadata.plan = 'pro'", "Tags and metadata"),
    ("any(kind = 'llm' and cost_usd > 0.01)", "Some span of the trace matches all of it"),
    ("child(kind = 'tool' and status = 'error')", "Some span right below the root does"),
    ("search('late delivery')", "Input or output holds these words"),
    ("environment in ('staging', 'test') or environment is null", "One of several, or unknown"),
)
OPERATORS = "= != < <= > >= · and or not · in (…) · between … and … · like ilike · is null, is not null"


@router.get("/help/keys")
def help_keys(request: Request, source: FromSource, part: bool = False) -> Response:
    if part:
        return fragment("shell/keys.html", groups=KEYS)
    return page(
        request, "shell/help_keys.html", title="Keys", source=source, project=seen_project(request), groups=KEYS
    )


@router.get("/help/filter")
def help_filter(request: Request, source: FromSource) -> Response:
    return page(
        request,
        "shell/help_filter.html",
        title="The filter language",
        source=source,
        project=seen_project(request),
        examples=EXAMPLES,
        operators=OPERATORS,
        fields=[("Of a trace", sorted(TRACE_FIELDS.items())), ("Of a span", sorted(SPAN_FIELDS.items()))],
        keyed=KEYED,
    )
