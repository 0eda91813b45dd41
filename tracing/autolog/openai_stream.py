"""Streams of the OpenAI SDK: watched while the application reads them, with the span ended exactly once.

The application keeps the SDK's own stream object. Its iterator is replaced by one that looks at each chunk, and its
response tells us when it is closed: that is what `close()`, the end of a `with` block and the SDK's stream helpers come
down to. The span is not current while the application iterates; what it does between chunks is not part of the call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from assay.tracing.autolog.model_call import ModelCall, StreamReader
from assay.tracing.tell import our_fault


def watch(stream: Any, call: ModelCall, reader: StreamReader) -> None:
    """Record what comes out of an `openai.Stream` or `openai.AsyncStream`."""
    inner = stream._iterator
    if isinstance(inner, _Iterator | _AsyncIterator):
        return
    watched = _Watched(call, reader)
    is_async = hasattr(inner, "__anext__")
    stream._iterator = _AsyncIterator(inner, watched) if is_async else _Iterator(inner, watched)
    on_close(stream.response, watched.closed)


class _Watched:
    """What happens to one stream. `stepping` is set while the SDK reads: at the end it closes its response itself."""

    def __init__(self, call: ModelCall, reader: StreamReader) -> None:
        self._call = call
        self._reader = reader
        self.stepping = False

    def chunk(self, chunk: Any) -> None:
        try:
            self._call.first_chunk()
            self._reader.add(chunk)
        except Exception:
            our_fault("reading a stream")

    def closed(self) -> None:
        if not self.stepping:
            self.end()

    def end(self, error: BaseException | None = None) -> None:
        try:
            attributes = self._reader.attributes()
        except Exception:
            our_fault("summing up a stream")
            attributes = {}
        self._call.finish(attributes, error if error is not None else self._reader.error)


class _Iterator:
    def __init__(self, inner: Any, watched: _Watched) -> None:
        self._inner = inner
        self._watched = watched

    def __iter__(self) -> _Iterator:
        return self

    def __next__(self) -> Any:
        self._watched.stepping = True
        try:
            chunk = next(self._inner)
        except StopIteration:
            self._watched.end()
            raise
        except BaseException as error:
            self._watched.end(error)
            raise
        finally:
            self._watched.stepping = False
        self._watched.chunk(chunk)
        return chunk

    def close(self) -> None:
        self._watched.end()
        self._inner.close()

    def __del__(self) -> None:
        self._watched.end()


class _AsyncIterator:
    def __init__(self, inner: Any, watched: _Watched) -> None:
        self._inner = inner
        self._watched = watched

    def __aiter__(self) -> _AsyncIterator:
        return self

    async def __anext__(self) -> Any:
        self._watched.stepping = True
        try:
            chunk = await self._inner.__anext__()
        except StopAsyncIteration:
            self._watched.end()
            raise
        except BaseException as error:
            self._watched.end(error)
            raise
        finally:
            self._watched.stepping = False
        self._watched.chunk(chunk)
        return chunk

    async def aclose(self) -> None:
        self._watched.end()
        await self._inner.aclose()

    def __del__(self) -> None:
        self._watched.end()


def on_close(response: Any, tell: Callable[[], None]) -> None:
    """Have `tell` called when this HTTP response is closed, by whomever."""
    close, aclose = response.close, response.aclose

    @functools.wraps(close)
    def close_and_tell(*args: Any, **kwargs: Any) -> Any:
        tell()
        return close(*args, **kwargs)

    @functools.wraps(aclose)
    async def aclose_and_tell(*args: Any, **kwargs: Any) -> Any:
        tell()
        return await aclose(*args, **kwargs)

    response.close, response.aclose = close_and_tell, aclose_and_tell
