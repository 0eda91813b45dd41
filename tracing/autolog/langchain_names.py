"""What a run of LangChain is: its name, its kind, whether it is shown, and what was told with it. Pure tables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assay import semconv
from assay.tracing.autolog.langchain_context import ids_in
from assay.tracing.kinds import start_attributes
from assay.tracing.serialise import plain

HIDDEN_TAG = "langsmith:hidden"
AGENT_EDGES = ("model_to_tools", "tools_to_model")  # of `create_agent`, up to LangChain 1.0
# LangGraph's own plumbing, which older versions do not tag as hidden, and functions that nobody gave a name
HIDDEN_NAMES = ("ChannelWrite<", "ChannelRead<", "Branch<", "__start__", "RunnableCallable", *AGENT_EDGES)
# Tags that the libraries set: the place in a sequence, the step of a graph, how often it was tried
INNER_TAGS = ("seq:step", "map:key", "graph:step", "condition:", "branch:", "retry:", "langsmith:", "langgraph:")
INNER_METADATA = ("ls_", "lc_", "lc-", "langgraph_", "checkpoint_", "__", "langsmith_")
OWN_PLACES = frozenset({"thread_id", "session_id", "conversation_id", "user_id", "run_id", "task_id"})

LANGCHAIN_RUN_ID = "langchain.run_id"
# metadata of the run of a node -> attribute
NODE = {
    "langgraph_node": "langgraph.node",
    "langgraph_step": "langgraph.step",
    "langgraph_triggers": "langgraph.triggers",
    "langgraph_path": "langgraph.path",
    "langgraph_checkpoint_ns": "langgraph.checkpoint_ns",
}
# metadata of the run of a graph -> attribute
GRAPH = {
    "thread_id": "langgraph.thread_id",
    "checkpoint_id": "langgraph.checkpoint_id",
    "assistant_id": "langgraph.assistant_id",
    "graph_id": "langgraph.graph_id",
}
GRAPHS = {"langgraph": "chain", "langchain_create_agent": "agent"}
AGENT_CLASSES = frozenset({"AgentExecutor"})

Metadata = Mapping[str, Any]


def run_name(name: str | None, serialized: Any, default: str) -> str:
    """The name that the program gave it, or that of its class."""
    if name:
        return str(name)
    if isinstance(serialized, Mapping):
        if found := serialized.get("name"):
            return str(found)
        if isinstance(path := serialized.get("id"), list) and path:
            return str(path[-1])
    return default


def is_hidden(name: str, tags: Iterable[str] | None) -> bool:
    return name.startswith(HIDDEN_NAMES) or HIDDEN_TAG in (tags or ())


def is_node(name: str, metadata: Metadata, tags: Iterable[str] | None) -> bool:
    """The run of a node itself: those below carry its metadata as well, but not its step's tag."""
    if str(metadata.get("langgraph_node")) != name:
        return False
    return any(str(tag).startswith("graph:step") for tag in tags or ())


def chain_kind(name: str, metadata: Metadata, tags: Iterable[str] | None, above: str | None, run_type: Any) -> str:
    """`chain`, `agent`, `prompt`; or `graph`, which readers see as a chain.

    Args:
        above: `ls_integration` of the run above: those below a graph's run inherit it.
    """
    if run_type == "prompt":
        return "prompt"
    if name in AGENT_CLASSES:
        return "agent"
    integration = metadata.get("ls_integration")
    if not isinstance(integration, str) or integration not in GRAPHS or is_node(name, metadata, tags):
        return "chain"
    if above == integration and name not in (metadata.get("lc_agent_name"), "LangGraph"):
        return "chain"
    named_so = "agent" in name.lower()
    return "agent" if GRAPHS[integration] == "agent" or named_so else "graph"


def shows_an_agent(node: Any, integration: Any) -> bool:
    """Does a model called in this node of a graph make the graph an agent? Where it does not say so itself: LangChain
    before 1.1 has no `ls_integration`, and `create_react_agent` never told.
    """
    return node == "agent" or (node == "model" and integration is None)


def kind_attributes(kind: str, name: str) -> dict[str, Any]:
    if kind == "graph":
        more = {semconv.GEN_AI_OPERATION_NAME: "invoke_workflow", semconv.GEN_AI_WORKFLOW_NAME: name}
        return {**start_attributes("chain", name), **more}
    return start_attributes(kind, name)


def place_attributes(kind: str, node: bool, metadata: Metadata) -> dict[str, Any]:
    """Where in a graph a run is: told once, on the node's or the graph's span."""
    names = NODE if node else GRAPH if kind in ("graph", "agent") else {}
    return {ours: _scalar(metadata[theirs]) for theirs, ours in names.items() if metadata.get(theirs) is not None}


def told_with(tags: Iterable[Any] | None, metadata: Metadata) -> dict[str, Any]:
    """What the program said of a run in its config: session, user, tags and metadata of its own."""
    own_tags = [tag for tag in tags or () if isinstance(tag, str) and not tag.startswith(INNER_TAGS)]
    own = {key: value for key, value in metadata.items() if _is_own(key)} if metadata else {}
    found: dict[str, Any] = ids_in(metadata) if metadata else {}
    if own_tags:
        found["tags"] = own_tags
    if own and isinstance(shown := plain(own), dict):
        found["metadata"] = shown
    return found


def _is_own(key: Any) -> bool:
    return isinstance(key, str) and key not in OWN_PLACES and not key.startswith(INNER_METADATA)


def _scalar(value: Any) -> Any:
    if isinstance(value, str | bool | int | float):
        return value
    return [str(item) for item in plain(value)] if isinstance(value, list | tuple) else str(plain(value))
