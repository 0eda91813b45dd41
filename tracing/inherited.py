"""`context(...)`: what every span below is to carry. It travels beside the current span."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from contextvars import Token
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, TypeVar, cast

from opentelemetry import context as otel

from assay import semconv
from assay.errors import ConfigurationError
from assay.tracing.otel_context import attach, detach
from assay.tracing.serialise import to_json
from assay.tracing.tell import our_fault

INHERITED = otel.create_key("assay-inherited")

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Inherited:
    """Attributes in the form spans take them, and the metadata they were made from, to merge further."""

    attributes: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)

    def merged(
        self,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        tags: Iterable[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Inherited:
        """With more on top: ids and attributes replace, tags are added, metadata is merged by key."""
        merged: dict[str, Any] = {**self.attributes, **(attributes or {})}
        if session_id is not None:
            merged[semconv.SESSION_ID] = str(session_id)
        if user_id is not None:
            merged[semconv.USER_ID] = str(user_id)
        if tags:
            merged[semconv.TAG_TAGS] = merged_tags(merged.get(semconv.TAG_TAGS, ()), tags)
        both = {**self.metadata, **metadata} if metadata else self.metadata
        if metadata:
            merged[semconv.METADATA] = to_json(both)
        return Inherited(merged, both)


NOTHING = Inherited()


def merged_tags(before: Iterable[str], added: Iterable[str]) -> tuple[str, ...]:
    """Every tag once, in the order in which they came."""
    if isinstance(added, str):
        added = (added,)
    return tuple(dict.fromkeys((*before, *map(str, added))))


def current_inherited() -> Inherited:
    return cast(Inherited, otel.get_value(INHERITED) or NOTHING)


class context:
    """Put a session, a user, tags and metadata on every span below; nests and merges.

    A context manager, and a decorator of functions and coroutine functions.

        with assay.context(session_id="s1", user_id="u7", tags=["beta"], metadata={"plan": "pro"}):
            answer("How do I reset my password?")
    """

    def __init__(
        self,
        *,
        session_id: str | None = None,
        user_id: str | None = None,
        tags: Iterable[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> None:
        self._values: dict[str, Any] = {}
        self._tokens: list[Token[Any] | None] = []
        try:
            self._values = {
                "session_id": session_id,
                "user_id": user_id,
                "tags": merged_tags((), tags) if tags else None,
                "metadata": dict(metadata) if metadata else None,
            }
        except Exception:
            our_fault("reading what assay.context was given")

    def __enter__(self) -> context:
        token = None
        try:
            token = attach(otel.set_value(INHERITED, current_inherited().merged(**self._values)))
        except Exception:
            our_fault("entering assay.context")
        self._tokens.append(token)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            if (token := self._tokens.pop()) is not None:
                detach(token)
        except Exception:
            our_fault("leaving assay.context")

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise ConfigurationError(
                f"assay.context cannot decorate the generator function {function.__qualname__!r}.",
                hint="Use it as a context manager inside the function.",
            )
        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def async_wrapper(*args: Any, **kwargs: Any) -> Any:
                with context(**self._values):
                    return await function(*args, **kwargs)

            return cast(F, async_wrapper)

        @functools.wraps(function)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            with context(**self._values):
                return function(*args, **kwargs)

        return cast(F, wrapper)
