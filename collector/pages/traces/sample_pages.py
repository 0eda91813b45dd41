"""Route: sample traces for a project that has none, made here and stored as if a program had sent them."""

from __future__ import annotations

import secrets
import time

from fastapi import APIRouter, Request, Response

from assay.collector.decode_json import decode_json_request
from assay.collector.pages import urls
from assay.collector.pages.forms import Posted
from assay.collector.pages.notices import Notice
from assay.collector.pages.traces.filters import equals
from assay.collector.pages.traces.sample import TAG, TURNS, sample_request
from assay.collector.pages.web import PageRoute, redirect

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.post("/p/{project}/traces/sample")
def load_samples(request: Request, form: Posted, project: str) -> Response:
    """Store them, and lead to the list of them alone, where all can be selected and deleted."""
    name = urls.name_of(project)
    made = sample_request(time.time_ns(), secrets.token_hex(12))
    request.app.state.service.ingest(made, only_project=name, decode=decode_json_request).result()
    said = f"{len(TURNS)} sample traces were loaded. All of them have the tag {TAG!r}: select and delete them here."
    return redirect(urls.traces(name, q=equals("tags", TAG)), status_code=303, notice=Notice(said))
