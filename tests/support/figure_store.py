"""A store for pages of figures: forty traces over two days in a project with an awkward name, some of them failing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.testclient import TestClient

from assay.collector import pages
from assay.collector.service import Service
from support.queried import SECOND, span, store_spans

PROJECT = "shop & support"
HOUR, DAY = 3600 * SECOND, 86_400 * SECOND
NOON = 1_795_262_400 * SECOND  # 2026-11-21 12:00 UTC
DAY_OF_DATA = {"from": "2026-11-20T12:00:00Z", "to": "2026-11-21T12:00:00Z"}
CALL = {"kind": "llm", "operation": "chat", "input_tokens": 100, "output_tokens": 20, "total_tokens": 120}


def spans_of(trace: int, start: int, *, text: str = "", **fields: Any) -> list[dict[str, Any]]:
    """A root, a model call and a call of a tool; each fifth trace fails. `text` is put into every name there is."""
    status = "error" if trace % 5 == 0 else "ok"
    message = f"no answer {trace}{text}" if status == "error" else None
    common = {"release": f"{trace // 30}{text}", "user_id": f"u{trace % 3}{text}", "tags": [f"t{trace % 2}{text}"]}
    common |= {"environment": f"prod{text}", "service_name": f"shop{text}", "project": PROJECT, **fields}
    asked = {"response_model": f"m{trace % 2}{text}", "prompt_name": "qa", "prompt_version": 1 + trace // 30}
    price = {} if trace % 4 == 0 else {"cost_usd": 0.01}
    root = {"name": f"answer{text}", "status": status, "status_message": message, "input": f"question {trace}"}
    tool = {"name": "look up", "kind": "tool", "tool_name": f"look_up{text}", "status": status}
    return [
        span(trace, 0, start=start, lasts=(2 + trace % 4) * SECOND, **root, **common),
        span(trace, 1, start=start + SECOND, parent=0, name="chat", **asked, **price, **CALL, **common),
        span(trace, 2, start=start + SECOND, lasts=SECOND // 10, parent=0, **tool, **common),
    ]


def scores_of(trace: int, *, text: str = "") -> list[dict[str, Any]]:
    common = {"project": PROJECT, "source": "user", "status": "scored", "trace_id": f"{trace:032x}", "created_at": 1}
    return [
        {"id": f"a{trace}", "name": f"helpful{text}", "value": "true" if trace % 3 else "false", **common},
        {"id": f"b{trace}", "name": "grounded", "value": str(0.5 + trace % 5 / 10), **common},
    ]


@contextmanager
def figures_of(folder: Path, *, text: str = "", n_traces: int = 40) -> Iterator[tuple[TestClient, Service]]:
    """A client for pages over the store; the traces start every 72 minutes up to noon."""
    service = Service(folder / ".assay")
    numbers = range(n_traces)
    spans = [one for n in numbers for one in spans_of(n, NOON - (n_traces - n) * 6 * HOUR // 5, text=text)]
    if spans:
        store_spans(service, spans)
        service.append({"score_log": [one for n in numbers for one in scores_of(n, text=text)]})
    app = FastAPI()
    pages.mount(app)
    app.state.service = service
    with TestClient(app, follow_redirects=False, headers={"accept": "text/html"}) as client:
        yield client, service
    service.close()
