"""Clients of the OpenAI SDK towards the test server, for the matrix; and what many cases say and expect."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import openai
import pydantic

from support.matrix import Call, Tokens, said
from support.openai_server import OpenAIServer, usage

VERSIONS = ("1.109", "2", "3")  # of the SDK, as the columns of the document's table
FROM_2 = ("2", "3")

HELLO: list[Any] = [{"role": "user", "content": "hello"}]
USER = said("user", "hello")
COUNTED = usage(input=10, output=7, cached=4, reasoning=5)
TOKENS = Tokens(10, 7, cached=4, reasoning=5)
REPLY: dict[str, Any] = {"text": "hi there", "usage": COUNTED}
ANSWERED = Call(input=[USER], output=[said("assistant", "hi there", "stop")], tokens=TOKENS, finish=["stop"])

SEARCH: dict[str, Any] = {"name": "search", "description": "find", "parameters": {"type": "object", "properties": {}}}
TWO_CALLS: list[Any] = [("c1", "search", {"q": "x"}), ("c2", "search", {"q": "y"})]


class City(pydantic.BaseModel):
    name: str


class Clients:
    """One client of each sort, made when it is first asked for; their connections are kept open between cases."""

    def __init__(self, server: OpenAIServer) -> None:
        self.server = server

    @functools.cached_property
    def client(self) -> openai.OpenAI:
        return openai.OpenAI(base_url=self.server.url, api_key="sk-test", max_retries=0)

    @functools.cached_property
    def async_client(self) -> openai.AsyncOpenAI:
        return openai.AsyncOpenAI(base_url=self.server.url, api_key="sk-test", max_retries=0)

    @functools.cached_property
    def chat(self) -> Callable[..., Any]:
        """`chat.completions.create` with a model and a message."""
        return functools.partial(self.client.chat.completions.create, model="gpt-x", messages=HELLO)

    @functools.cached_property
    def async_chat(self) -> Callable[..., Any]:
        return functools.partial(self.async_client.chat.completions.create, model="gpt-x", messages=HELLO)

    @functools.cached_property
    def respond(self) -> Callable[..., Any]:
        """`responses.create` with a model and an input."""
        return functools.partial(self.client.responses.create, model="gpt-x", input="hello")

    def close(self) -> None:
        self.client.close()

    async def aclose(self) -> None:
        await self.async_client.close()
