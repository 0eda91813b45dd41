"""LangChain's callbacks, turned into spans. This module loads LangChain; `assay.langchain.autolog()` loads it.

One handler serves the whole process. It is a `BaseTracer`, so that LangGraph gives it what a node's `TracePolicy` lets
tracers see, and it is called in the program's own thread and task (`run_inline`), where contexts can be read. Nothing
of it raises: LangChain would log each failure, and so do we, once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.tracers.base import BaseTracer

from assay import semconv
from assay.tracing import runtime
from assay.tracing.autolog import langchain_model as model
from assay.tracing.autolog.langchain_messages import is_message, shown, text_of
from assay.tracing.autolog.langchain_names import (
    LANGCHAIN_RUN_ID,
    chain_kind,
    is_hidden,
    is_node,
    kind_attributes,
    place_attributes,
    run_name,
    shows_an_agent,
    told_with,
)
from assay.tracing.autolog.langchain_prompts import prompt_of_messages, prompt_of_template, remember_formatted
from assay.tracing.autolog.langchain_run import Run, bubbles
from assay.tracing.autolog.langchain_runs import Runs
from assay.tracing.autolog.openai_messages import Message
from assay.tracing.autolog.values import get, items
from assay.tracing.kinds import attribute_value, input_attributes, output_attributes
from assay.tracing.processor import set_prompt
from assay.tracing.serialise import to_json, to_text
from assay.tracing.tell import our_fault

BUBBLES = {"GraphInterrupt": "interrupt", "NodeInterrupt": "interrupt", "ParentCommand": "command"}


def _harmless(callback: Callable[..., None]) -> Callable[..., Any]:
    """What goes wrong in a callback is our fault, and nobody else's business."""

    @functools.wraps(callback)
    def call(self: Handler, *args: Any, **kwargs: Any) -> None:
        try:
            callback(self, *args, **kwargs)
        except Exception:
            our_fault(f"recording LangChain ({callback.__name__})")
            if not callback.__name__.endswith("_start"):
                self.forget(kwargs.get("run_id"))

    return call


class Handler(BaseTracer):
    """Spans for runs. `enabled` off: no new runs, while those that are open come to their end."""

    run_inline = True
    raise_error = False

    def __init__(self, runs: Runs) -> None:
        super().__init__()
        self.runs = runs
        self.enabled = True

    def forget(self, run_id: Any) -> None:
        """End a run of which no more can be told."""
        try:
            self.runs.end(run_id)
        except Exception:
            our_fault("ending a LangChain run")

    def _persist_run(self, run: Any) -> None:
        """Nothing to keep: spans leave on their own."""

    # Chains, and what LangChain counts among them: graphs, nodes, agents, prompts, parsers

    @_harmless
    def on_chain_start(
        self,
        serialized: Any,
        inputs: Any,
        *,
        run_id: Any,
        tags: list[str] | None = None,
        parent_run_id: Any = None,
        metadata: dict[str, Any] | None = None,
        run_type: str | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not self.enabled:
            return
        told = metadata or {}
        title = run_name(name, serialized, "chain")
        above = self.runs.get(parent_run_id)
        kind = chain_kind(title, told, tags, above.facts.get("integration") if above is not None else None, run_type)
        node = is_node(title, told, tags)
        attributes = {
            **kind_attributes(kind, title),
            **place_attributes(kind, node, told),
            **_read(_input, inputs),
        }
        hidden = is_hidden(title, tags)
        run = self._start(title, attributes, run_id, parent_run_id, kind, tags, told, hidden=hidden)
        run.facts |= {"name": title, "integration": told.get("ls_integration"), "node": title if node else None}
        if kind == "prompt" and (template := prompt_of_template(serialized)) is not None:
            run.facts["template"] = template
            if run.span is not None:
                set_prompt(run.span, template.prompt)

    @_harmless
    def on_chain_end(self, outputs: Any, *, run_id: Any, inputs: Any = None, **kwargs: Any) -> None:
        run = self.runs.get(run_id)
        if run is None:
            return
        if (template := run.facts.get("template")) is not None:
            remember_formatted(template, outputs)
        self.runs.end(run_id, _read(_input, inputs) | (_read(_output, outputs) if run.span is not None else {}))

    @_harmless
    def on_chain_error(self, error: BaseException, *, run_id: Any, inputs: Any = None, **kwargs: Any) -> None:
        run = self.runs.get(run_id)
        if run is None:
            return
        if bubbles(error):
            _note_bubble(run, error)
        self.runs.end(run_id, _read(_input, inputs), error)

    # Models

    @_harmless
    def on_chat_model_start(
        self, serialized: Any, messages: Any, *, run_id: Any, name: str | None = None, **kwargs: Any
    ) -> None:
        first = messages[0] if messages else []
        self._model_start("chat", serialized, model.input_messages, first, run_id, name, kwargs)

    @_harmless
    def on_llm_start(
        self, serialized: Any, prompts: Any, *, run_id: Any, name: str | None = None, **kwargs: Any
    ) -> None:
        self._model_start("text_completion", serialized, model.prompt_messages, prompts, run_id, name, kwargs)

    def _model_start(
        self,
        operation: str,
        serialized: Any,
        to_messages: Callable[[Any], list[Message]],
        messages: Any,
        run_id: Any,
        name: str | None,
        told: Mapping[str, Any],
    ) -> None:
        if not self.enabled:
            return
        metadata = told.get("metadata") or {}
        title = run_name(name, serialized, "model")
        attributes = {
            **kind_attributes("llm", title),
            semconv.GEN_AI_OPERATION_NAME: operation,
            **_read(model.request_attributes, told.get("invocation_params") or {}, metadata, content=_content()),
        }
        if _content():
            attributes |= _read(lambda: model.input_attributes(to_messages(messages)))
        parent, tags, size = told.get("parent_run_id"), told.get("tags"), told.get("batch_size") or 1
        run = self._start(title, attributes, run_id, parent, "llm", tags, metadata, leaf=True, batch_size=size)
        _note_agent(run.parent)
        if run.span is not None and (prompt := prompt_of_messages(messages)) is not None:
            set_prompt(run.span, prompt)

    @_harmless
    def on_llm_new_token(self, token: Any, *, run_id: Any, **kwargs: Any) -> None:
        if (run := self.runs.get(run_id)) is not None:
            run.first_chunk()

    @_harmless
    def on_stream_event(self, event: Any, *, run_id: Any, **kwargs: Any) -> None:
        if (run := self.runs.get(run_id)) is not None:
            run.first_chunk()

    @_harmless
    def on_llm_end(self, response: Any, *, run_id: Any, **kwargs: Any) -> None:
        self.runs.end(run_id, _read(model.response_attributes, response, content=_content()))

    @_harmless
    def on_llm_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        self.runs.end(run_id, _read(model.response_attributes, kwargs.get("response"), content=_content()), error)

    @_harmless
    def on_retry(self, retry_state: Any, *, run_id: Any, **kwargs: Any) -> None:
        run = self.runs.get(run_id)
        if run is not None and run.span is not None:
            error = get(retry_state, "outcome")
            error = error.exception() if error is not None and error.failed else None
            said = {semconv.ERROR_TYPE: type(error).__qualname__} if error is not None else {}
            run.span.add_event(semconv.ASSAY_RETRY, {"attempt": int(get(retry_state, "attempt_number") or 0), **said})

    # Tools

    @_harmless
    def on_tool_start(
        self,
        serialized: Any,
        input_str: str,
        *,
        run_id: Any,
        tags: list[str] | None = None,
        parent_run_id: Any = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        inputs: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        if not self.enabled:
            return
        title = run_name(name, serialized, "tool")
        attributes = {**kind_attributes("tool", title), semconv.GEN_AI_TOOL_TYPE: "function"}
        attributes[semconv.GEN_AI_TOOL_NAME] = run_name(None, serialized, title)
        if called := kwargs.get("tool_call_id"):
            attributes[semconv.GEN_AI_TOOL_CALL_ID] = str(called)
        if _content():
            if description := get(serialized, "description"):
                attributes[semconv.GEN_AI_TOOL_DESCRIPTION] = to_text(description)[0]
            attributes |= _read(lambda: input_attributes("tool", shown(inputs) if inputs is not None else input_str))
        self._start(title, attributes, run_id, parent_run_id, "tool", tags, metadata or {})

    @_harmless
    def on_tool_end(self, output: Any, *, run_id: Any, **kwargs: Any) -> None:
        if (run := self.runs.get(run_id)) is None:
            return
        if run.span is not None and get(output, "status") == "error" and is_message(output):
            run.span.set_status(_failed_status(text_of(output)))
        result = _read(lambda: output_attributes("tool", _tool_result(output))) if _content() else {}
        self.runs.end(run_id, result)

    @_harmless
    def on_tool_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        self.runs.end(run_id, error=error)

    # Retrievers

    @_harmless
    def on_retriever_start(
        self,
        serialized: Any,
        query: str,
        *,
        run_id: Any,
        parent_run_id: Any = None,
        tags: list[str] | None = None,
        metadata: dict[str, Any] | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if not self.enabled:
            return
        title = run_name(name, serialized, "retriever")
        attributes = kind_attributes("retriever", title)
        if _content():
            attributes |= input_attributes("retriever", query)
        self._start(title, attributes, run_id, parent_run_id, "retriever", tags, metadata or {}, leaf=True)

    @_harmless
    def on_retriever_end(self, documents: Any, *, run_id: Any, **kwargs: Any) -> None:
        found = _read(lambda: output_attributes("retriever", [*map(_document, items(documents))])) if _content() else {}
        self.runs.end(run_id, found)

    @_harmless
    def on_retriever_error(self, error: BaseException, *, run_id: Any, **kwargs: Any) -> None:
        self.runs.end(run_id, error=error)

    @_harmless
    def on_custom_event(self, name: str, data: Any, *, run_id: Any, **kwargs: Any) -> None:
        run = self.runs.get(run_id)
        if run is not None and run.span is not None:
            run.span.add_event(str(name), {"data": attribute_value(shown(data))} if _content() else {})

    def _start(
        self,
        name: str,
        attributes: Mapping[str, Any],
        run_id: Any,
        parent_run_id: Any,
        kind: str,
        tags: list[str] | None,
        metadata: Mapping[str, Any],
        *,
        leaf: bool = False,
        hidden: bool = False,
        batch_size: int = 1,
    ) -> Run:
        return self.runs.start(
            name,
            {**attributes, LANGCHAIN_RUN_ID: str(run_id)},
            run_id=run_id,
            parent_run_id=parent_run_id,
            kind=kind,
            leaf=leaf,
            hidden=hidden,
            batch_size=batch_size,
            inherited=told_with(tags, metadata),
        )


def _content() -> bool:
    running = runtime.active or runtime.start()
    return running.capture_content


def _note_agent(node: Run | None) -> None:
    """A model was called in this node: its graph may be an agent."""
    graph = node.parent if node is not None else None
    if node is None or graph is None or graph.span is None or graph.kind not in ("chain", "graph"):
        return
    if shows_an_agent(node.facts.get("node"), graph.facts.get("integration")):
        graph.kind = "agent"
        graph.span.set_attributes(kind_attributes("agent", str(graph.facts.get("name"))))


def _read(read: Callable[..., dict[str, Any]], *values: Any, **options: Any) -> dict[str, Any]:
    """What `read` makes of the program's values; nothing where that fails: the span itself is worth more."""
    try:
        return read(*values, **options)
    except Exception:
        our_fault("reading a LangChain run")
        return {}


def _input(inputs: Any) -> dict[str, Any]:
    """A chain whose input comes as a stream is told a blank at its start, and the input at its end."""
    inner = inputs.get("input") if type(inputs) is dict and len(inputs) == 1 else inputs
    if inputs is None or (type(inner) is str and not inner) or not _content():
        return {}
    return input_attributes(None, shown(inputs))


def _output(outputs: Any) -> dict[str, Any]:
    return output_attributes(None, shown(outputs)) if _content() else {}


def _tool_result(output: Any) -> Any:
    if not is_message(output):
        return shown(output)
    content = get(output, "content")
    return content if isinstance(content, str) else shown(content)


def _failed_status(text: str) -> Any:
    from opentelemetry.trace import Status, StatusCode

    return Status(StatusCode.ERROR, text[:1000])


def _document(document: Any) -> dict[str, Any]:
    metadata = get(document, "metadata")
    found = {"id": get(document, "id"), "content": get(document, "page_content"), "metadata": metadata}
    for name in ("score", "relevance_score", "similarity_score"):
        if isinstance(score := get(metadata, name), int | float):
            found["score"] = score
            break
    return {name: value for name, value in found.items() if value is not None}


def _note_bubble(run: Run, error: BaseException) -> None:
    """Note why a node was left: to wait for somebody, or to go on in the graph above."""
    name = BUBBLES.get(type(error).__name__, "bubble_up")
    if run.span is not None:
        run.span.add_event(f"langgraph.{name}", _read(_bubble_attributes, error))
    each: Run | None = run.parent if name == "interrupt" else None
    while each is not None:
        if each.span is not None:
            each.span.set_attribute("langgraph.interrupted", True)
        each = each.parent


def _bubble_attributes(error: BaseException) -> dict[str, Any]:
    if not _content() or not error.args:
        return {}
    told = error.args[0]
    values = [shown(get(each, "value")) for each in told] if isinstance(told, list | tuple) else shown(told)
    return {"value": to_json(values)}
