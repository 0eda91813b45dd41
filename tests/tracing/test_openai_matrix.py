"""Every call form of the OpenAI SDK, as `support.matrix_openai` lists them: what is traced, and what a collector reads.

The same with other versions of the SDK: `make matrix`.
"""

from __future__ import annotations

import asyncio
import contextvars
import inspect
from collections.abc import Callable, Iterator

import openai
import pytest

import assay
from assay.client import current_client
from assay.collector.server import Server
from support.matrix import Case, case_span, check_rows, check_spans
from support.matrix_openai import CASES
from support.openai_clients import Clients
from support.openai_server import OpenAIServer
from support.spans import Caught

pytestmark = pytest.mark.filterwarnings("ignore:deprecated:DeprecationWarning")  # some of what is asked is
VERSION = next(name for name in ("1.109", "2", "3") if f"{openai.VERSION}.".startswith(f"{name}."))
HERE = [case for case in CASES if VERSION in case.versions]
Run = Callable[[Case], str]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs a case below its span, and returns the trace's id. All cases share their clients, one of which is made
    before anything is traced.
    """
    server = OpenAIServer().start()
    clients = Clients(server)
    assert clients.client
    with asyncio.Runner() as loop:

        def run_case(case: Case) -> str:
            server.replies.clear()
            for reply in case.replies:
                server.reply(**reply)
            try:
                with case_span(case) as span:
                    made = case.run(clients)
                    if inspect.iscoroutine(made):
                        loop.run(made, context=contextvars.copy_context())
            except BaseException as error:
                if type(error).__name__ != case.raises:
                    raise
            else:
                assert case.raises is None
            return str(span.trace_id)

        yield run_case
        loop.run(clients.aclose())
    clients.close()
    server.stop()


@pytest.fixture(autouse=True)
def _autolog() -> Iterator[None]:
    assay.openai.autolog()
    yield
    assay.openai.autolog(disable=True)


@pytest.mark.parametrize("case", [pytest.param(case, id=f"{case.group}: {case.form}") for case in HERE])
def test_a_call_is_recorded_as_it_was(case: Case, run: Run, spans: Caught) -> None:
    run(case)
    check_spans(case, spans.all())


def test_a_collector_reads_of_every_call_what_was_traced(run: Run, collector: Server) -> None:
    traces = [(case, run(case)) for case in HERE]
    assert assay.flush()
    for case, trace_id in traces:
        check_rows(case, current_client().get(f"/traces/{trace_id}")["spans"])
