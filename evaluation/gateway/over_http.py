"""Requests in OpenAI's protocol over HTTP, to a gateway that is an address.

Plain httpx, which is there anyway: the openai package takes 1.4 s of CPU more to import and LiteLLM 7 s, and neither
would do more here than write and read JSON.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import ssl
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from assay.evaluation.gateway.answers import Reply, completion_parts, error_in
from assay.evaluation.gateway.chunks import DONE, StreamedAnswer, chunk_of, events
from assay.evaluation.gateway.failures import CallFailed, ConnectionFailed, TookTooLong
from assay.evaluation.gateway.routes import Route, route
from assay.evaluation.gateway.streaming import Tell
from assay.evaluation.gateway.structured import REFUSED
from assay.evaluation.rates import Key, limit_key
from assay.settings import Settings

_UNKNOWN_MODEL = re.compile(
    r"model.{0,120}(not (found|exist|valid|available)|unknown|invalid|no healthy)"
    r"|(invalid|unknown|no such|not a valid|no healthy deployments for this) model",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class OverHttp:
    """A gateway at an address. `kind` says how it wants to be addressed."""

    settings: Settings = field(repr=False)
    kind: str

    @property
    def says_costs(self) -> bool:
        """A LiteLLM proxy does, also where the settings only say its address."""
        return self.kind in ("litellm_proxy", "openai")

    def identity(self, model: str, operation: str) -> dict[str, Any]:
        way = route(self.settings, self.kind, model, operation)
        return {
            "gateway": self.kind,
            "address": way.address,
            "model": way.model,
            "headers": dict(way.headers),
            "params": dict(way.params),
        }

    def address(self, model: str) -> str:
        return route(self.settings, self.kind, model).address

    def listed_as(self, model: str) -> tuple[str | None, str]:
        way = route(self.settings, self.kind, model)
        return way.provider, way.listed_as

    def limited_by(self, model: str) -> Key:
        way = route(self.settings, self.kind, model)
        return limit_key(way.url, way.model)

    async def send(self, operation: str, model: str, body: Mapping[str, Any]) -> Reply:
        """
        Raises:
            CallFailed: there is no answer, or one of another status than 200.
        """
        way = route(self.settings, self.kind, model, operation)
        return await self._by_its_name(way, model, lambda name: self._posted(way, {"model": name, **body}))

    async def send_streamed(self, model: str, body: Mapping[str, Any], tell: Tell) -> Reply:
        """
        Raises:
            CallFailed: as `send`; or the answer broke off, or nothing came of it for as long as the timeout.
        """
        way = route(self.settings, self.kind, model)
        return await self._by_its_name(way, model, lambda name: self._streamed(way, {"model": name, **body}, tell))

    async def _by_its_name(self, way: Route, model: str, ask: Callable[[str], Awaitable[Reply]]) -> Reply:
        """One request; a second one where the gateway does not know the model by the first of its names."""
        name = _names.get((way.address, model), way.model)
        try:
            return await ask(name)
        except CallFailed as error:
            other = way.also_called if name == way.model else way.model
            if other in ("", name) or not _knows_no(error):
                raise
            try:
                reply = await ask(other)
            except CallFailed as again:
                raise error if _knows_no(again) else again from None
            _names[way.address, model] = other
            return reply

    async def _posted(self, way: Route, body: Mapping[str, Any]) -> Reply:
        timeout_s = self.settings.gateway_timeout_s
        with _failures(timeout_s):
            # httpx bounds each step; a server that sends a byte now and then would be waited for without end
            async with asyncio.timeout(timeout_s):
                with _client() as client:
                    return _reply(await client.post(way.url, json=body, **self._addressed(way)))

    async def _streamed(self, way: Route, body: Mapping[str, Any], tell: Tell) -> Reply:
        wanted = {} if way.address in _tell_no_usage else {"stream_options": {"include_usage": True}}
        try:
            return await self._listened(way, {**body, "stream": True, **wanted}, tell)
        except CallFailed as error:
            if not wanted or error.status_code not in REFUSED or "stream_options" not in str(error):
                raise
            _tell_no_usage.add(way.address)  # an older server; its answers come without counts
            return await self._listened(way, {**body, "stream": True}, tell)

    async def _listened(self, way: Route, body: Mapping[str, Any], tell: Tell) -> Reply:
        timeout_s = self.settings.gateway_timeout_s
        with _failures(timeout_s):
            async with asyncio.timeout(timeout_s) as silence:
                with _client() as client:
                    async with client.stream("POST", way.url, json=body, **self._addressed(way)) as response:
                        if response.status_code != 200 or not _is_stream(response):
                            await response.aread()
                            return _told_whole(_reply(response), tell)
                        answer, done = StreamedAnswer(), False
                        async for data in events(response.aiter_bytes()):
                            silence.reschedule(asyncio.get_running_loop().time() + timeout_s)
                            if done := data == DONE:
                                break
                            if text := answer.add(chunk_of(data)):
                                tell(text)
                        return answer.reply(_headers(response), done=done)

    def _addressed(self, way: Route) -> dict[str, Any]:
        return {
            "params": dict(way.params) or None,
            "headers": dict(way.headers),
            "timeout": self.settings.gateway_timeout_s,
        }


@contextmanager
def _failures(timeout_s: float) -> Iterator[None]:
    """What goes wrong on the way, as CallFailed."""
    try:
        yield
    except (TimeoutError, httpx.TimeoutException) as error:
        raise TookTooLong(f"there was no answer within {timeout_s:g} s", status=408) from error
    except httpx.TransportError as error:
        raise ConnectionFailed(str(error) or type(error).__name__, status=None) from error
    except (httpx.HTTPError, httpx.InvalidURL, TypeError, ValueError) as error:
        raise CallFailed(f"the request could not be made: {error}", status=None) from error


def _is_stream(response: httpx.Response) -> bool:
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower() == "text/event-stream"


def _told_whole(reply: Reply, tell: Tell) -> Reply:
    """The answer of a server that streams none."""
    if text := completion_parts(reply)["text"]:
        tell(text)
    return reply


def _headers(response: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in response.headers.items()}


_tell_no_usage: set[str] = set()  # addresses of servers that refuse to be asked for the usage of a stream
_names: dict[tuple[str, str], str] = {}  # by address and model: the name that was known there, where it was the other


def _knows_no(error: CallFailed) -> bool:
    """Does the gateway say that it has no such model?"""
    return error.status_code in (400, 404) and _UNKNOWN_MODEL.search(str(error)) is not None


def _reply(response: httpx.Response) -> Reply:
    headers = _headers(response)
    try:
        body = response.json()
    except (ValueError, RecursionError):
        body = response.text
    if response.status_code != 200:
        raise CallFailed(_said(body) or response.reason_phrase, status=response.status_code, headers=headers)
    if error := error_in(body):
        raise CallFailed(error[0], status=error[1], headers=headers)
    return Reply(body, headers)


def _said(body: Any) -> str:
    """The message in an error's body: OpenAI's form, Portkey's, FastAPI's, or all of it."""
    found = body
    for name in ("error", "message", "detail"):
        if isinstance(found, Mapping) and found.get(name):
            found = found[name]
    if isinstance(body, Mapping) and isinstance(body.get("error"), Mapping) and body["error"].get("code"):
        found = f"{found} ({body['error']['code']})" if str(body["error"]["code"]) not in str(found) else found
    return found if isinstance(found, str) else json.dumps(found, default=str)


_idle: list[httpx.AsyncClient] = []  # of the loop of model calls, which alone takes from it and gives back
_tls: list[ssl.SSLContext] = []


@contextmanager
def _client() -> Iterator[httpx.AsyncClient]:
    """A client for one request, from those that have none under way; proxies as the environment says, no redirects.

    One connection each: a pool of httpcore looks through all of its connections for every request, which at 64 under
    way takes 5 ms of CPU a call instead of 1.2.
    """
    if not _tls:
        _tls.append(httpx.create_ssl_context())
    client = _idle.pop() if _idle else httpx.AsyncClient(verify=_tls[0], headers={"user-agent": "assay"})
    try:
        yield client
    finally:
        _idle.append(client)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_idle.clear)  # a fork must not share connections
