"""Streams of LiteLLM: watched while the application reads them, with the span ended exactly once.

The application keeps the very object that LiteLLM made: it becomes an instance of a class below its own, whose
iterator looks at each chunk. The span is not current while the application iterates.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from assay.tracing.autolog.model_call import ModelCall, StreamReader
from assay.tracing.tell import our_fault

_CLASS = "_assay_watching"
_WATCHED = "_assay_watched"


def watch(
    stream: Any,
    call: ModelCall,
    reader: StreamReader,
    *,
    facts: Callable[[Any], dict[str, Any]],
    keep: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    """Record what comes out of `stream`, and end the call with it.

    Args:
        facts: what the stream itself says about its call, once it has ended.
        keep: the last look at what is recorded.
    """
    try:
        watched = _Watched(call, reader, facts, keep)
        object.__setattr__(stream, _WATCHED, watched)
        stream.__class__ = _watching(type(stream))
    except (TypeError, AttributeError):  # its class is not to be changed: nothing to be seen of what comes
        call.finish(keep(facts(stream)))


class _Watched:
    """What happens to one stream. `stepping` is set while LiteLLM reads: at the end it may close the stream itself."""

    def __init__(self, call: ModelCall, reader: StreamReader, facts: Any, keep: Any) -> None:
        self._call = call
        self._reader = reader
        self._facts = facts
        self._keep = keep
        self.stepping = False

    def chunk(self, chunk: Any) -> None:
        try:
            self._call.first_chunk()
            self._reader.add(chunk)
        except Exception:
            our_fault("reading a stream of LiteLLM")

    def end(self, stream: Any, error: BaseException | None = None) -> None:
        try:
            attributes = self._keep({**self._reader.attributes(), **self._facts(stream)})
        except Exception:
            our_fault("summing up a stream of LiteLLM")
            attributes = {}
        self._call.finish(attributes, error if error is not None else self._reader.error)


def _watching(base: type) -> type:
    """The class below `base` whose instances are watched. It lives with `base`, which a router makes for each call."""
    found = base.__dict__.get(_CLASS)
    if found is None:
        methods = {name: make(base) for name, make in _METHODS.items() if hasattr(base, name)}
        found = type(base.__name__, (base,), {"__module__": base.__module__, "__del__": _del(base), **methods})
        setattr(base, _CLASS, found)
    return found


def _next(base: Any) -> Any:
    def __next__(self: Any) -> Any:
        watched = getattr(self, _WATCHED)
        if watched.stepping:
            return base.__next__(self)
        watched.stepping = True
        try:
            chunk = base.__next__(self)
        except StopIteration:
            with suppress(Exception):
                watched.end(self)
            raise
        except BaseException as error:
            with suppress(Exception):
                watched.end(self, error)
            raise
        finally:
            watched.stepping = False
        with suppress(Exception):
            watched.chunk(chunk)
        return chunk

    return __next__


def _anext(base: Any) -> Any:
    async def __anext__(self: Any) -> Any:
        watched = getattr(self, _WATCHED)
        if watched.stepping:
            return await base.__anext__(self)
        watched.stepping = True
        try:
            chunk = await base.__anext__(self)
        except StopAsyncIteration:
            with suppress(Exception):
                watched.end(self)
            raise
        except BaseException as error:
            with suppress(Exception):
                watched.end(self, error)
            raise
        finally:
            watched.stepping = False
        with suppress(Exception):
            watched.chunk(chunk)
        return chunk

    return __anext__


def _close(base: Any) -> Any:
    def close(self: Any) -> Any:
        with suppress(Exception):
            _closed(self)
        return base.close(self)

    return close


def _aclose(base: Any) -> Any:
    async def aclose(self: Any) -> Any:
        with suppress(Exception):
            _closed(self)
        return await base.aclose(self)

    return aclose


def _del(base: Any) -> Any:
    def __del__(self: Any) -> None:
        with suppress(Exception):
            _closed(self)
        if (finish := getattr(base, "__del__", None)) is not None:
            finish(self)

    return __del__


def _closed(stream: Any) -> None:
    watched = getattr(stream, _WATCHED, None)
    if watched is not None and not watched.stepping:
        watched.end(stream)


_METHODS: dict[str, Callable[[Any], Any]] = {"__next__": _next, "__anext__": _anext, "close": _close, "aclose": _aclose}
