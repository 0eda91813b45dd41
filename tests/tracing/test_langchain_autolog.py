"""LangChain's autologger where the matrix cannot go: contexts, threads, other handlers, switching off, prompts."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from opentelemetry import trace as otel_trace
from opentelemetry.trace import StatusCode

import assay
from assay import prompt_texts
from assay.prompts.version import PromptVersion
from assay.tracing.autolog import langchain
from support.langchain_models import LangChain
from support.matrix_langchain import drawn
from support.openai_server import OpenAIServer
from support.spans import Caught, catch_spans


@pytest.fixture(scope="module")
def shared() -> Iterator[LangChain]:
    server = OpenAIServer().start()
    made = LangChain(server)
    yield made
    made.close()
    server.stop()


@pytest.fixture
def lc(shared: LangChain) -> Iterator[LangChain]:
    shared.server.replies.clear()
    assay.langchain.autolog()
    yield shared
    assay.langchain.autolog(disable=True)


def fake(text: str = "hi") -> Any:
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    return GenericFakeChatModel(messages=iter([AIMessage(text)] * 10))


def value(name: str = "step") -> Any:
    from langchain_core.runnables import RunnableLambda

    return RunnableLambda(lambda given: given, name=name)


def test_nothing_stays_current_after_a_run(lc: LangChain, spans: Caught) -> None:
    async def talk() -> None:
        await fake().ainvoke("hello")
        assert not otel_trace.get_current_span().get_span_context().is_valid
        async for _ in fake().astream("hello"):
            assert not otel_trace.get_current_span().get_span_context().is_valid
        await value().ainvoke(1)
        assert not otel_trace.get_current_span().get_span_context().is_valid

    asyncio.run(talk())
    for _ in fake("one two").stream("hello"):
        assert not otel_trace.get_current_span().get_span_context().is_valid
    assert len(langchain._runs) == 0


def test_every_run_has_one_trace_where_the_program_has_none(lc: LangChain, spans: Caught) -> None:
    (value("first") | value("second")).invoke(1)
    value("third").invoke(1)
    roots = [span for span in spans.all() if span.parent is None]
    assert [span.name for span in roots] == ["RunnableSequence", "third"]


def test_threads_of_the_programs_own_find_their_parent_by_the_config(lc: LangChain, spans: Caught) -> None:
    from langchain_core.runnables import RunnableConfig, RunnableLambda

    def spread(number: int, config: RunnableConfig) -> list[int]:
        with ThreadPoolExecutor() as pool:
            return list(pool.map(lambda each: value("in a thread").invoke(each, config), range(number)))

    RunnableLambda(spread, name="spread").invoke(2)
    assert drawn(spans.all()) == ["spread chain", "  in a thread chain", "  in a thread chain"]


def test_events_left_early_are_no_failure(lc: LangChain, spans: Caught) -> None:
    async def look() -> None:
        events = lc.chain.astream_events({"question": "hello"}, version="v2")
        async for event in events:
            if event["event"] == "on_chat_model_stream":
                break
        await events.aclose()
        await lc.aclose()

    hold = lc.server.reply(text="one two", hold=threading.Event(), hold_after=2).hold
    assert hold is not None
    try:
        asyncio.run(look())
    finally:
        hold.set()
    statuses = {span.name: span.status.status_code for span in spans.all()}
    assert statuses["RunnableSequence"] is statuses["ChatOpenAI"] is StatusCode.UNSET


def test_a_call_cancelled_inside_a_run_that_goes_on_is_an_error(lc: LangChain, spans: Caught) -> None:
    from langchain_core.runnables import RunnableLambda

    async def forever(given: Any) -> Any:
        await asyncio.sleep(60)

    async def impatient(given: Any) -> Any:
        try:
            await asyncio.wait_for(RunnableLambda(forever, name="slow").ainvoke(given), 0.01)
        except TimeoutError:
            return "never mind"

    asyncio.run(RunnableLambda(impatient, name="impatient").ainvoke(1))
    assert {span.name: span.status.status_code for span in spans.all()} == {
        "slow": StatusCode.ERROR,
        "impatient": StatusCode.UNSET,
    }


def test_a_run_that_nobody_can_end_any_more_is_over(lc: LangChain, spans: Caught) -> None:
    async def cancelled() -> None:
        from langchain_core.language_models.fake_chat_models import FakeListChatModel

        model = FakeListChatModel(responses=["x"], sleep=0.5)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(model.ainvoke("hello"), 0.01)

    asyncio.run(cancelled())
    gc.collect()
    assert spans.attributes()["error.type"] == "asyncio.exceptions.CancelledError"
    assert len(langchain._runs) == 0


def test_the_programs_own_handlers_go_on(lc: LangChain, spans: Caught) -> None:
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.tracers.run_collector import RunCollectorCallbackHandler

    seen: list[str] = []

    class Own(BaseCallbackHandler):
        def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
            seen.append("started")

    collector = RunCollectorCallbackHandler()
    value().invoke(1, {"callbacks": [Own(), collector]})
    assert seen == ["started"]
    assert [run.name for run in collector.traced_runs] == [spans.one().name]
    assert spans.attributes()["langchain.run_id"] == str(collector.traced_runs[0].id)


def test_what_a_nodes_trace_policy_hides_is_not_recorded(lc: LangChain, spans: Caught) -> None:
    from langgraph.graph import StateGraph
    from langgraph.types import TracePolicy

    from support.langchain_models import State

    builder = StateGraph(State)
    policy = TracePolicy(process_inputs=lambda state: "hidden", process_outputs=lambda state: "hidden")
    builder.add_node("secret", lambda state: {"seen": ["x"]}, trace_policy=policy)
    builder.set_entry_point("secret")
    builder.compile().invoke({"seen": ["y"]})
    found = spans.attributes("secret")
    assert (found["input.value"], found["output.value"]) == ("hidden", "hidden")


def test_hidden_runs_leave_their_children_in_place(lc: LangChain, spans: Caught) -> None:
    hidden = value("plumbing").with_config(tags=["langsmith:hidden"])

    def below(given: Any) -> Any:
        with assay.start_span("inside"):
            return given

    from langchain_core.runnables import RunnableLambda

    inner = RunnableLambda(below, name="quiet").with_config(tags=["langsmith:hidden"])
    (hidden | inner | value("loud")).with_config(run_name="all").invoke(1)
    assert drawn(spans.all()) == ["all chain", "  inside", "  loud chain"]


def test_switching_on_twice_makes_one_span_and_off_makes_none(lc: LangChain, spans: Caught) -> None:
    assay.langchain.autolog()
    assay.autolog("langchain")
    value().invoke(1)
    assert len(spans.all()) == 1
    assay.langchain.autolog(disable=True)
    assay.langchain.autolog(disable=True)
    value().invoke(1)
    assert len(spans.all()) == 1
    assay.langchain.autolog()
    value().invoke(1)
    assert len(spans.all()) == 2


def test_switching_off_puts_back_what_was_wrapped(lc: LangChain) -> None:
    from langchain_core.runnables import config

    assert hasattr(config._set_config_context, "__wrapped__")
    assay.langchain.autolog(disable=True)
    assert not hasattr(config._set_config_context, "__wrapped__")


def test_runs_that_are_open_when_it_is_switched_off_come_to_their_end(lc: LangChain, spans: Caught) -> None:
    from langchain_core.runnables import RunnableLambda

    def leave(given: Any) -> Any:
        assay.langchain.autolog(disable=True)
        return value("unseen").invoke(given)

    RunnableLambda(leave, name="seen").invoke(1)
    assert spans.one().name == "seen"


def test_our_own_failure_does_not_reach_the_program(
    lc: LangChain, spans: Caught, monkeypatch: pytest.MonkeyPatch
) -> None:
    from assay.tracing.autolog import langchain_handler, langchain_runs

    def broken(*args: Any, **kwargs: Any) -> Any:
        raise RuntimeError("ours")

    monkeypatch.setattr(langchain_handler, "shown", broken)
    monkeypatch.setattr(langchain_handler.model, "response_attributes", broken)
    assert value().invoke(1) == 1
    assert fake().invoke("hello").content == "hi"
    assert [span.name for span in spans.all()] == ["step", "GenericFakeChatModel"]  # without what could not be read
    monkeypatch.setattr(langchain_handler, "remember_formatted", broken)
    monkeypatch.setattr(langchain_handler, "prompt_of_template", lambda serialized: prompt_texts)
    monkeypatch.setattr(langchain_handler, "set_prompt", broken)
    lc.chain.invoke({"question": "hello"})
    assert len(langchain._runs) == 0
    monkeypatch.setattr(langchain_runs, "_open_span", broken)
    assert (value() | value()).invoke(1) == 1
    assert list(fake("a b").stream("hello"))


def test_without_content_names_and_counts_stay(lc: LangChain) -> None:
    with catch_spans(capture_content=False) as spans:
        lc.server.reply(text="hi there")
        lc.chain.invoke({"question": "hello"})
        lc.search.invoke({"q": "secret"})
        found = {span.name: dict(span.attributes or {}) for span in spans.all()}
    assert "hello" not in str(found)
    assert "secret" not in str(found)
    assert found["ChatOpenAI"]["gen_ai.response.finish_reasons"] == ("stop",)
    assert found["search"]["gen_ai.tool.name"] == "search"


def test_a_custom_event_is_an_event_of_its_run(lc: LangChain, spans: Caught) -> None:
    from langchain_core.callbacks import dispatch_custom_event
    from langchain_core.runnables import RunnableLambda

    def progress(given: Any) -> Any:
        dispatch_custom_event("half way", {"done": 0.5})
        return given

    RunnableLambda(progress).invoke(1)
    (event,) = spans.one().events
    assert (event.name, dict(event.attributes or {})) == ("half way", {"data": '{"done": 0.5}'})


def test_a_session_that_the_program_has_named_to_assay_stays(lc: LangChain, spans: Caught) -> None:
    with assay.context(session_id="s1"):
        lc.graph("one").invoke({"seen": []}, {"configurable": {"thread_id": "t1"}})
    assert {dict(span.attributes or {})["session.id"] for span in spans.all()} == {"s1"}


def test_tags_of_a_model_are_not_those_of_what_follows(lc: LangChain, spans: Caught) -> None:
    async def talk() -> None:
        await fake().ainvoke("hello", {"tags": ["mine"], "metadata": {"plan": "pro", "session_id": "s1"}})
        with assay.start_span("after"):
            pass

    asyncio.run(talk())
    assert spans.attributes("GenericFakeChatModel")["tag.tags"] == ["mine"]
    assert spans.attributes("after") == {}


def test_an_answer_from_the_cache_costs_nothing(lc: LangChain, spans: Caught) -> None:
    from langchain_core.caches import InMemoryCache

    model = lc.chat.model_copy(update={"cache": InMemoryCache()})
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model.invoke("cached?")
        asked = len(lc.server.requests)
        model.invoke("cached?")
    assert len(lc.server.requests) == asked
    first, second = (dict(span.attributes or {}) for span in spans.all())
    assert first["gen_ai.output.messages"] == second["gen_ai.output.messages"]
    assert "assay.cache_hit" not in first
    assert (second["assay.cache_hit"], second["llm.cost.total"]) == (True, 0.0)


def test_a_prompt_formatted_elsewhere_is_known_by_its_text(lc: LangChain, spans: Caught) -> None:
    prompt = PromptVersion(name="qa", version=2, template="Answer shortly: {{question}}", type="text")
    text = prompt.format(question="why?")
    fake().invoke(text)
    found = spans.attributes()
    assert (found["gen_ai.prompt.name"], found["gen_ai.prompt.version"]) == ("qa", 2)


def test_a_prompt_is_known_where_a_template_of_langchains_was_made_of_it(lc: LangChain, spans: Caught) -> None:
    from langchain_core.prompts import ChatPromptTemplate

    prompt_texts.remember("Be brief about {{topic}}, please.", "style", 4)
    messages = [("system", "Be brief about {{topic}}, please."), ("human", "{{question}}")]
    template = ChatPromptTemplate.from_messages(messages, template_format="mustache")
    (template | fake()).invoke({"topic": "cats", "question": "hello"})
    for name in ("ChatPromptTemplate", "GenericFakeChatModel"):
        assert spans.attributes(name)["gen_ai.prompt.name"] == "style"


def test_a_text_that_belongs_to_no_prompt_links_none(lc: LangChain, spans: Caught) -> None:
    prompt = PromptVersion(name="bare", version=1, template="{{question}}", type="text")
    fake().invoke(prompt.format(question="a question of its own"))
    assert "gen_ai.prompt.name" not in spans.attributes()
