"""Every call form of the OpenAI SDK, as `support.matrix_openai` lists them: what is traced, and what a collector reads.

The same with other versions of the SDK: `make matrix`.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import inspect
import os
from dataclasses import dataclass, field
from typing import Any

import openai
import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

import assay
from assay.client import current_client
from assay.collector.server import Server
from support.matrix import Case, case_span, check_spans, row_differences
from support.matrix_openai import CASES
from support.openai_clients import Clients
from support.openai_server import OpenAIServer
from support.spans import catch_spans

pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # some of what is asked is
VERSION = next(name for name in ("1.109", "2", "3") if f"{openai.VERSION}.".startswith(f"{name}."))
HERE = {f"{case.group}: {case.form}": case for case in CASES if VERSION in case.versions}


@dataclass(frozen=True, slots=True)
class Ran:
    """What came of a case. `error` is what came out of it that should not have."""

    trace_id: int
    error: BaseException | None
    spans: list[Any] = field(default_factory=list)


class Bench:
    """Runs cases below their spans, one after the other, with clients that all of them share."""

    def __init__(self) -> None:
        self._server = OpenAIServer().start()
        self._clients = Clients(self._server)
        self._loop = asyncio.Runner()
        assert self._clients.client  # made before anything is traced

    def run(self, case: Case) -> Ran:
        self._server.replies.clear()
        for reply in case.replies:
            self._server.reply(**reply)
        error: BaseException | None = None
        with case_span(case) as span:
            try:
                made = case.run(self._clients)
                if inspect.iscoroutine(made):
                    self._loop.run(made, context=contextvars.copy_context())
            except BaseException as raised:
                error = raised
        if type(error).__name__ == case.raises:
            error = None
        elif error is None and case.raises:
            error = AssertionError(f"{case.raises} did not come out")
        return Ran(int(str(span.trace_id), 16), error)

    def close(self) -> None:
        self._loop.run(self._clients.aclose())
        self._loop.close()
        self._clients.close()
        self._server.stop()


@pytest.fixture(scope="module")
def ran() -> dict[str, Ran]:
    """All cases, run at once: a start of tracing for each would take longer than the calls."""
    gc.collect()
    gc.freeze()  # some cases collect what they dropped: only that need be looked at
    bench = Bench()
    with pytest.MonkeyPatch.context() as environment, catch_spans(project="test") as caught:
        for name in list(os.environ):
            if name.startswith("OPENAI_"):
                environment.delenv(name)
        assay.openai.autolog()
        runs = {name: bench.run(case) for name, case in HERE.items()}
        assay.openai.autolog(disable=True)
        for span in caught.all():
            next(run for run in runs.values() if run.trace_id == span.context.trace_id).spans.append(span)
    bench.close()
    return runs


@pytest.mark.parametrize("name", HERE)
def test_a_call_is_recorded_as_it_was(name: str, ran: dict[str, Ran]) -> None:
    if (error := ran[name].error) is not None:
        raise error
    check_spans(HERE[name], ran[name].spans)


def test_a_collector_reads_of_every_call_what_was_traced(ran: dict[str, Ran], collector: Server) -> None:
    client = current_client()
    spans = [span for run in ran.values() for span in run.spans]
    client.send_otlp(encode_spans(spans).SerializeToString(), "application/x-protobuf")
    rows = list(client.pages("/spans"))
    read = {name: [row for row in rows if int(row["trace_id"], 16) == run.trace_id] for name, run in ran.items()}
    assert [line for name, case in HERE.items() for line in row_differences(case, read[name])] == []
