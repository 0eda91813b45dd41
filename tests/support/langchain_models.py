"""LangChain over the test server, for the matrix: models that all cases share, and small tools, graphs and agents.

LangChain takes seconds to import, so everything here imports it when it is asked for.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable
from typing import Annotated, Any, TypedDict

import assay
from support.openai_server import OpenAIServer


class LangChain:
    """What a case is run with. Models keep their connections open between cases."""

    def __init__(self, server: OpenAIServer) -> None:
        self.server = server

    @functools.cached_property
    def chat(self) -> Any:
        """A chat model, of the kind that most programs use."""
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(model="gpt-x", base_url=self.server.url, api_key="sk-test", max_retries=0)

    @functools.cached_property
    def chat_with_usage(self) -> Any:
        """One that asks for the usage in its streams."""
        return self.chat.model_copy(update={"stream_usage": True})

    @functools.cached_property
    def responses(self) -> Any:
        return self.chat.model_copy(update={"use_responses_api": True})

    @functools.cached_property
    def patient(self) -> Any:
        """One whose client tries again."""
        from langchain_openai import ChatOpenAI

        return ChatOpenAI(model="gpt-x", base_url=self.server.url, api_key="sk-test", max_retries=2)

    @functools.cached_property
    def completion(self) -> Any:
        from langchain_openai import OpenAI

        return OpenAI(model="gpt-x", base_url=self.server.url, api_key="sk-test", max_retries=0)

    @functools.cached_property
    def retriever(self) -> Any:
        """Finds one of two documents, by vectors from the server."""
        from langchain_core.documents import Document
        from langchain_core.vectorstores import InMemoryVectorStore
        from langchain_openai import OpenAIEmbeddings

        url = self.server.url
        self.vectors = OpenAIEmbeddings(model="embed-x", base_url=url, api_key="k", check_embedding_ctx_length=False)
        store = InMemoryVectorStore(self.vectors)
        with _untraced():
            store.add_documents([Document("alpha", id="d1", metadata={"page": 1}), Document("beta", id="d2")])
        return store.as_retriever(search_kwargs={"k": 1})

    @functools.cached_property
    def chain(self) -> Any:
        from langchain_core.output_parsers import StrOutputParser
        from langchain_core.prompts import ChatPromptTemplate

        template = ChatPromptTemplate.from_messages([("system", "Be brief."), ("human", "{question}")])
        return template | self.chat | StrOutputParser()

    def function(self, name: str = "step", fails: bool = False) -> Any:
        """A function with a span of the program's own inside."""
        from langchain_core.runnables import RunnableLambda

        def run(value: Any) -> Any:
            with assay.start_span(f"in {name}"):
                if fails:
                    raise ValueError("no such thing")
                return value

        return RunnableLambda(run, name=name)

    @functools.cached_property
    def search(self) -> Any:
        from langchain_core.tools import tool

        @tool
        def search(q: str) -> str:
            """find"""
            with assay.start_span("in search"):
                if q == "bad":
                    raise ValueError("no such thing")
                return f"found {q}"

        return search

    @functools.cached_property
    def agent(self) -> Any:
        from langchain.agents import create_agent

        return create_agent(self.chat, [self.search], system_prompt="Be brief.", name="helper")

    def graph(self, *names: str, async_: bool = False, **nodes: Callable[[Any], Any]) -> Any:
        """A compiled graph of nodes one after the other: those named only note that they ran."""
        from langgraph.checkpoint.memory import InMemorySaver
        from langgraph.graph import StateGraph

        builder = StateGraph(State)
        made: dict[str, Any] = {**{name: _noting(name, async_) for name in names}, **nodes}
        builder.add_sequence(list(made.items()))
        builder.set_entry_point(next(iter(made)))
        return builder.compile(checkpointer=InMemorySaver(), name="flow")

    def close(self) -> None:
        for model in self._made("chat", "patient"):
            model.root_client.close()
        for model in self._made("completion", "vectors"):
            model.client._client.close()

    async def aclose(self) -> None:
        for model in self._made("chat", "patient"):
            await model.root_async_client.close()
        for model in self._made("completion", "vectors"):
            await model.async_client._client.close()

    def _made(self, *names: str) -> list[Any]:
        return [self.__dict__[name] for name in names if name in self.__dict__]


class State(TypedDict, total=False):
    seen: Annotated[list[str], operator.add]


def _noting(name: str, async_: bool) -> Any:
    def note(state: State) -> State:
        with assay.start_span(f"in {name}"):
            return {"seen": [name]}

    async def anote(state: State) -> State:
        return note(state)

    return anote if async_ else note


def _untraced() -> Any:
    from opentelemetry.instrumentation.utils import suppress_instrumentation

    return suppress_instrumentation()
