"""A collector with three traces and two experiments to review, asked over HTTP without a socket."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from starlette.testclient import TestClient

from assay.collector.app import create_app
from assay.collector.service import Service
from support.otlp import PROTOBUF, recorded

QUESTIONS = ("How do I pay?", "Where is it?", "Can I return it?")


@dataclass
class ReviewCollector:
    http: httpx.Client
    trace_ids: list[str] = field(default_factory=list)
    experiments: list[str] = field(default_factory=list)  # the first one answers otherwise than the second, but for c
    made: int = 0

    def api(self, method: str, path: str, json: Any = None, **params: Any) -> Any:
        answer = self.http.request(method, f"/api/v1{path}", json=json, params={"project": "shop", **params})
        assert answer.is_success, answer.text
        return answer.json()

    def queue(self, items: dict[str, Any], **options: Any) -> str:
        """The name of a new queue with these items."""
        self.made += 1
        body = {"name": f"q{self.made}", "rubric": [{"name": "correct", "type": "bool"}], **options, "items": items}
        return str(self.api("POST", "/review-queues", body)["name"])

    def label(self, queue: str, position: int, reviewer: str, comment: str | None = None, **values: Any) -> Any:
        body = {"values": values, "reviewer": reviewer, "comment": comment}
        return self.api("POST", f"/review-queues/{queue}/items/{position}/label", body)

    def scores(self, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.api("GET", "/scores", **params)["items"]
        return found


@contextmanager
def review_collector(data_dir: Path) -> Iterator[ReviewCollector]:
    service = Service(data_dir)
    app = create_app(service, allowed_hosts=frozenset(), keys_required=False)
    yield filled(TestClient(app))
    service.close()


def filled(http: httpx.Client) -> ReviewCollector:
    """Whoever answers `http`, with something to review."""
    made = ReviewCollector(http)
    for question in QUESTIONS:
        asked = {"input.value": question, "output.value": f"About {question}", "openinference.span.kind": "CHAIN"}
        with recorded(service__name="shop") as recorder:
            with recorder.tracer.start_as_current_span("answer", attributes=asked) as span:
                made.trace_ids.append(f"{span.get_span_context().trace_id:032x}")
                messages = {
                    "openinference.span.kind": "LLM",
                    "llm.input_messages.0.message.role": "user",
                    "llm.input_messages.0.message.content": question,
                    "llm.output_messages.0.message.role": "assistant",
                    "llm.output_messages.0.message.content": f"About {question}",
                }
                with recorder.tracer.start_as_current_span("chat", attributes=messages):
                    pass
            assert http.post("/v1/traces", content=recorder.body(), headers=PROTOBUF).status_code == 200
    for answers in ("abc", "xyc"):
        experiment = made.api("POST", "/experiments", {"name": answers})["id"]
        made.experiments.append(experiment)
        rows = [
            {"item_id": f"i{n}", "status": "ok", "input": f"in {n}", "output": answer, "expected": "a"}
            for n, answer in enumerate(answers)
        ]
        rows[0]["trace_id"] = made.trace_ids[0]
        rows.append({"item_id": "failed", "status": "task_error", "input": "in", "error": "no"})
        made.api("POST", f"/experiments/{experiment}/rows", {"rows": rows})
    return made
