"""LangGraph: graphs, nodes, interrupts, subgraphs, streams; and the agents that LangChain makes of them."""

from __future__ import annotations

import threading
from dataclasses import replace as but
from typing import Any

from support.langchain_models import LangChain, State
from support.matrix import Call, Tokens, message, said, tool_call
from support.matrix_langchain import LangChainCase
from support.matrix_langchain_chains import other
from support.matrix_langchain_models import ANSWERED, CANCELLED, REPLY, UNANSWERED, cancel_while_asked, read

THREAD: dict[str, Any] = {"configurable": {"thread_id": "t1"}}
TWO_NODES = ("flow chain", "  one chain", "    in one", "  two chain", "    in two")
CALLS_SEARCH = {"tool_calls": [("c1", "search", {"q": "x"})]}
ASKED = [said("system", "Be brief."), said("user", "hello")]
CALLED = message("assistant", tool_call("c1", "search", {"q": "x"}), finish_reason="tool_calls")
CALLED_BADLY = message("assistant", tool_call("c1", "search", {"q": "bad"}), finish_reason="tool_calls")
TURNS = (
    Call(
        parent="model",
        input=ASKED,
        output=[CALLED],
        finish=["tool_calls"],
        tools=["search"],
        called=["search"],
        tokens=Tokens(3, 0),
    ),
    but(
        ANSWERED,
        parent="model",
        input=[
            *ASKED,
            {**message("assistant", tool_call("c1", "search", {"q": "x"})), "name": "helper"},
            message("tool", {"type": "tool_call_response", "id": "c1", "response": "found x"}),
        ],
        tools=["search"],
    ),
)
AGENT = (
    "helper agent",
    "  model chain",
    "    ChatOpenAI llm",
    "  tools chain",
    "    search tool",
    "      in search",
    "  model chain",
    "    ChatOpenAI llm",
)
SAID = {"messages": [("user", "hello")]}


def graph(form: str, run: Any, *tree: str, **fields: Any) -> LangChainCase:
    return other(form, run, *tree, group="Graphs", **fields)


def agent(form: str, run: Any, *tree: str, **fields: Any) -> LangChainCase:
    return other(form, run, *(tree or AGENT), group="Agents", **fields)


def interrupted(lc: LangChain) -> None:
    from langgraph.types import Command, interrupt

    def ask(state: State) -> State:
        return {"seen": [interrupt({"sure?": True})]}

    flow = lc.graph("one", ask=ask)
    flow.invoke({"seen": []}, THREAD)
    flow.invoke(Command(resume="yes"), THREAD)


def commanded(lc: LangChain) -> None:
    from langgraph.graph import StateGraph
    from langgraph.types import Command

    def first(state: State) -> Command[str]:
        return Command(goto="second", update={"seen": ["first"]})

    builder = StateGraph(State)
    builder.add_node("first", first, destinations=("second",))
    builder.add_node("second", lambda state: {"seen": ["second"]})
    builder.set_entry_point("first")
    builder.compile(name="flow").invoke({"seen": []})


def fanned_out(lc: LangChain) -> None:
    from langgraph.graph import START, StateGraph
    from langgraph.types import Send

    builder = StateGraph(State)
    builder.add_node("work", lambda state: {"seen": [lc.chat.invoke("hello").content]})
    builder.add_conditional_edges(START, lambda state: [Send("work", {}), Send("work", {})], ["work"])
    builder.compile(name="flow").invoke({"seen": []})


def nested(lc: LangChain) -> None:
    inner = lc.graph("deep")
    inner.name = "inner"
    lc.graph("one", below=inner).invoke({"seen": []}, THREAD)


def failing(lc: LangChain) -> None:
    def fall(state: State) -> State:
        raise ValueError("no such thing")

    lc.graph("one", fall=fall).invoke({"seen": []}, THREAD)


def functional(lc: LangChain) -> None:
    from langgraph.func import entrypoint, task

    import assay

    @task
    def double(number: int) -> int:
        with assay.start_span("in double"):
            return number * 2

    @entrypoint()
    def whole(number: int) -> int:
        return int(double(number).result())

    assert whole.invoke(2) == 4


async def graph_stream_left(lc: LangChain) -> None:
    """The reader leaves while a node is at work: the node is cancelled, and nothing has failed."""

    async def work(state: State) -> State:
        return {"seen": [(await lc.chat.ainvoke("hello")).content]}

    hold = lc.server.reply(text="one two three", hold=threading.Event(), hold_after=3).hold
    assert hold is not None
    chunks = lc.graph(work=work).astream({"seen": []}, THREAD, stream_mode="messages")
    async for chunk, _ in chunks:
        if chunk.content:
            break
    await chunks.aclose()
    hold.set()


async def cancelled(lc: LangChain) -> None:
    async def work(state: State) -> State:
        return {"seen": [(await lc.chat.ainvoke("hello")).content]}

    await cancel_while_asked(lc, lc.graph(work=work).ainvoke({"seen": []}, THREAD))


NODE = {
    "langgraph.node": "two",
    "langgraph.step": 2,
    "session.id": "t1",
    "input.value": '{"seen": ["one"]}',
    "output.value": '{"seen": ["two"]}',
}
WHOLE = {"langgraph.thread_id": "t1", "gen_ai.operation.name": "invoke_workflow", "session.id": "t1"}
LEFT = but(UNANSWERED, parent="work", more={"gen_ai.request.stream": True})

GRAPHS = (
    graph(
        "nodes, thread",
        lambda lc: lc.graph("one", "two").invoke({"seen": []}, THREAD),
        *TWO_NODES,
        attributes=(("flow", WHOLE), ("two", NODE), ("in two", {"session.id": "t1"})),
    ),
    graph("async", lambda lc: lc.graph("one", "two", async_=True).ainvoke({"seen": []}, THREAD), *TWO_NODES),
    graph("`stream`", lambda lc: list(lc.graph("one", "two").stream({"seen": []}, THREAD)), *TWO_NODES),
    graph("`astream`", lambda lc: read(lc.graph("one", "two", async_=True).astream({"seen": []}, THREAD)), *TWO_NODES),
    graph(
        "`astream_events`",
        lambda lc: read(lc.graph("one", "two", async_=True).astream_events({"seen": []}, THREAD, version="v2")),
        *TWO_NODES,
    ),
    graph(
        "interrupt and resume",
        interrupted,
        *("flow chain", "  one chain", "    in one", "  ask chain", "flow chain", "  ask chain"),
        attributes=(("ask", {"<events>": ["langgraph.interrupt"]}), ("flow", {"input.value": '{"seen": []}'})),
    ),
    graph("`Command`", commanded, "flow chain", "  first chain", "  second chain"),
    graph(
        "`Send`: the same node side by side",
        fanned_out,
        *("flow chain", "  work chain", "    ChatOpenAI llm", "  work chain", "    ChatOpenAI llm"),
        replies=(REPLY, REPLY),
        calls=(but(ANSWERED, parent="work"), but(ANSWERED, parent="work")),
    ),
    graph(
        "subgraph",
        nested,
        *("flow chain", "  one chain", "    in one", "  below chain", "    inner chain", "      deep chain"),
        "        in deep",
    ),
    graph(
        "functional: `entrypoint`, `task`",
        functional,
        *("LangGraph chain", "  whole chain", "    double chain", "      in double"),
    ),
    graph(
        "error in a node",
        failing,
        *("flow chain", "  one chain", "    in one", "  fall chain"),
        raises="ValueError",
        errors=("fall", "flow"),
    ),
    graph(
        "stream left while a node is at work",
        graph_stream_left,
        *("flow chain", "  work chain", "    ChatOpenAI llm"),
        calls=(LEFT,),
    ),
    graph(
        "cancelled",
        cancelled,
        *("flow chain", "  work chain", "    ChatOpenAI llm"),
        raises="CancelledError",
        calls=(but(UNANSWERED, parent="work", error=CANCELLED),),
        errors=("work", "flow"),
    ),
    agent(
        "with a tool",
        lambda lc: lc.agent.invoke(SAID, THREAD),
        replies=(CALLS_SEARCH, REPLY),
        calls=TURNS,
        attributes=(
            ("helper", {"gen_ai.operation.name": "invoke_agent", "gen_ai.agent.name": "helper", "session.id": "t1"}),
            ("search", {"gen_ai.tool.call.id": "c1", "gen_ai.tool.call.result": "found x"}),
        ),
    ),
    agent("async", lambda lc: lc.agent.ainvoke(SAID), replies=(CALLS_SEARCH, REPLY), calls=TURNS),
    agent("`stream`", lambda lc: list(lc.agent.stream(SAID)), replies=(CALLS_SEARCH, REPLY), calls=TURNS),
    agent(
        "error in a tool",
        lambda lc: lc.agent.invoke(SAID),
        *AGENT[:6],
        replies=({"tool_calls": [("c1", "search", {"q": "bad"})]},),
        calls=(but(TURNS[0], output=[CALLED_BADLY]),),
        raises="ValueError",
        errors=("helper", "tools", "search", "in search"),
    ),
)
