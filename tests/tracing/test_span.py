from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, field
from typing import Any

import pytest
from opentelemetry import trace as otel_trace
from opentelemetry.trace import StatusCode

import assay
from assay.tracing.experiment import experiment_row
from assay.tracing.prompt_link import link_prompt
from support.spans import Caught, catch_spans


@dataclass
class Document:
    page_content: str
    metadata: dict[str, Any] = field(default_factory=dict)


@pytest.mark.parametrize(
    ("docs", "recorded"),
    [
        pytest.param(["a"], [{"content": "a"}], id="text"),
        pytest.param(
            [{"id": 7, "text": "a", "score": 0.5, "source": "faq"}],
            [{"id": "7", "content": "a", "score": 0.5, "metadata": {"source": "faq"}}],
            id="dict",
        ),
        pytest.param([Document("a", {"n": 1})], [{"content": "a", "metadata": {"n": 1}}], id="record"),
        pytest.param([(Document("a"), 0.25)], [{"content": "a", "metadata": {}, "score": 0.25}], id="pair"),
    ],
)
def test_a_retriever_records_documents(docs: list[Any], recorded: list[Any], spans: Caught) -> None:
    with assay.start_span("search", kind="retriever") as span:
        span.set_inputs("what?")
        span.set_outputs(docs)
    found = spans.attributes()
    cleaned = [{key: value for key, value in document.items() if value != {}} for document in recorded]
    assert found["gen_ai.retrieval.documents"] == cleaned
    assert found["gen_ai.retrieval.query.text"] == "what?"


def test_a_block_that_raises_is_an_error_and_goes_on(spans: Caught) -> None:
    with pytest.raises(KeyError), assay.start_span("x"):
        raise KeyError("k")
    assert spans.one().status.status_code is StatusCode.ERROR


def test_events_and_attributes_of_any_type_are_taken(spans: Caught) -> None:
    with assay.start_span("x", attributes={"list": [1, 2], "object": {"a": None}}) as span:
        span.set_attributes({"n": 1, "mixed": [1, "a"], "none": None})
        span.add_event("seen", {"what": {"deep": True}})
        span.set_status("ok")
    found = spans.attributes()
    assert found == {"list": [1, 2], "object": {"a": None}, "n": 1, "mixed": [1, "a"], "none": "null"}
    assert dict(spans.one().events[0].attributes or {}) == {"what": '{"deep": true}'}


def test_context_reaches_every_span_below_and_merges(spans: Caught) -> None:
    with (
        assay.context(session_id="s", user_id="u", tags=["a"], metadata={"k": 1, "l": 1}),
        assay.start_span("outer"),
        assay.context(user_id="v", tags=["b", "a"], metadata={"l": 2}),
    ):
        with assay.start_span("inner"):
            pass
        with otel_trace.get_tracer("another library").start_as_current_span("foreign"):
            pass
    with assay.start_span("after"):
        pass
    merged = {"session.id": "s", "user.id": "v", "tag.tags": ["a", "b"], "metadata": {"k": 1, "l": 2}}
    assert spans.attributes("inner") == merged
    assert spans.attributes("foreign") == merged
    assert spans.attributes("outer") == {
        "session.id": "s", "user.id": "u", "tag.tags": ["a"], "metadata": {"k": 1, "l": 1},
    }  # fmt: skip
    assert spans.attributes("after") == {}


async def test_context_decorates_functions_and_coroutines(spans: Caught) -> None:
    @assay.context(session_id="s")
    @assay.trace(name="sync")
    def function() -> None: ...

    @assay.context(session_id="s")
    @assay.trace(name="async")
    async def coroutine() -> None: ...

    function()
    await coroutine()
    assert spans.attributes("sync")["session.id"] == spans.attributes("async")["session.id"] == "s"


def test_context_follows_a_copied_context_into_a_thread(spans: Caught) -> None:
    with ThreadPoolExecutor() as pool, assay.context(session_id="s"), assay.start_span("outer"):
        pool.submit(copy_context().run, assay.trace(name="inner")(lambda: None)).result()
    assert spans.tree()["inner"] == "outer"
    assert spans.attributes("inner")["session.id"] == "s"


def test_a_trace_is_updated_from_any_span_in_it(spans: Caught) -> None:
    with assay.start_span("root"), assay.start_span("middle"), assay.start_span("leaf"):
        assay.update_trace(session_id="s", tags=["a"], metadata={"k": 1})
        assay.update_trace(name="better", user_id="u", tags=["b"], metadata={"l": [2]})
    assert spans.attributes("better") == {
        "assay.trace.name": "better",
        "session.id": "s",
        "user.id": "u",
        "tag.tags": ["a", "b"],
        "metadata": {"k": 1, "l": [2]},
    }
    assert spans.attributes("leaf") == {}


def test_outside_of_a_trace_nothing_happens_and_nothing_breaks() -> None:
    assay.update_trace(name="x")
    link_prompt("qa", 1)
    assay.current_span().set_attribute("a", 1)
    assert assay.current_trace_id() is None


def test_the_current_span_knows_its_ids_and_kind(spans: Caught) -> None:
    with assay.start_span("x", kind="tool") as span:
        assert assay.current_span().span_id == span.span_id
        assert assay.current_trace_id() == span.trace_id
        assay.current_span().set_outputs("done")
    assert spans.attributes()["gen_ai.tool.call.result"] == "done"


def test_a_prompt_is_linked_to_its_span_and_the_model_calls_below(spans: Caught) -> None:
    with assay.start_span("root"):
        with assay.start_span("answer"):
            link_prompt("qa", 3)
            with assay.start_span("helper"), assay.start_span("call", kind="llm"):
                pass
        with assay.start_span("unrelated call", kind="llm"):
            pass
    link = {"gen_ai.prompt.name": "qa", "gen_ai.prompt.version": 3}
    assert spans.attributes("answer") == link
    assert link.items() <= spans.attributes("call").items()
    assert spans.attributes("helper") == {}
    assert "gen_ai.prompt.name" not in spans.attributes("unrelated call")


def test_a_row_of_an_experiment_is_a_trace_of_its_own_and_marks_every_span(spans: Caught) -> None:
    with (
        assay.start_span("outside") as outside,
        experiment_row("e1", "i1", 0),
        assay.start_span("row", kind="task") as row,
    ):
        assert row.trace_id != outside.trace_id
        with assay.start_span("inside"):
            pass
    ids = {"assay.experiment.id": "e1", "assay.item.id": "i1", "assay.item.repeat": 0}
    assert spans.attributes("inside") == ids
    assert ids.items() <= spans.attributes("row").items()


def test_a_sample_rate_of_zero_keeps_nothing_and_ids_still_work() -> None:
    with catch_spans(sample_rate=0.0) as spans:
        with assay.start_span("root") as span, assay.start_span("leaf"):
            assert assay.current_trace_id() == span.trace_id
        assert spans.all() == []
