"""Streams of the OpenAI SDK: watched while the application reads them, with the span ended exactly once.

The application keeps the SDK's own stream object. Its iterator is replaced by one that looks at each chunk, and its
response's body is followed to learn when it is closed: that is what `close()`, the end of a `with` block and the SDK's
stream helpers come down to. The span is not current while the application iterates; what it does between chunks is not
part of the call.
"""

from __future__ import annotations

import os
import time
import weakref
from collections.abc import Callable
from typing import Any

from assay.tracing.autolog.model_call import ModelCall, StreamReader
from assay.tracing.autolog.open_calls import closed, opened
from assay.tracing.autolog.openai_bytes import follow
from assay.tracing.autolog.values import get
from assay.tracing.tell import harmless, our_fault


def watch(stream: Any, call: ModelCall, reader: StreamReader, early_events: frozenset[str] = frozenset()) -> None:
    """Record what comes out of an `openai.Stream` or `openai.AsyncStream`.

    Args:
        early_events: types of events that do not count as the first chunk.
    """
    inner = stream._iterator
    if isinstance(inner, _Iterator | _AsyncIterator):
        return
    watched = _Watched(call, reader, early_events, weakref.ref(inner))
    is_async = hasattr(inner, "__anext__")
    stream._iterator = _AsyncIterator(inner, watched) if is_async else _Iterator(inner, watched)
    follow(stream.response, watched)


class _Watched:
    """What happens to one stream; a `Follower` of its body.

    `stepping` is set while the SDK reads: at the end it closes its response itself. `generator` is what the SDK reads
    with; it closes the response as well when it is garbage-collected.
    """

    def __init__(
        self,
        call: ModelCall,
        reader: StreamReader,
        early_events: frozenset[str],
        generator: Callable[[], Any],
    ) -> None:
        self._generator = generator
        self._call = call
        self._reader = reader
        self._early_events = early_events
        self._read_at: int | None = None
        self._over = False
        self._pid = os.getpid()
        self.stepping = False
        opened(self)

    @harmless("reading a stream")
    def chunk(self, chunk: Any) -> None:
        self._read_at = time.time_ns()
        if self._over:
            return
        if not self._early_events or get(chunk, "type") not in self._early_events:
            self._call.first_chunk()
        self._reader.add(chunk)

    def data(self, data: bytes) -> None:
        pass  # the chunks made of it are what the application sees

    def ended(self, error: BaseException | None = None) -> None:
        pass  # as above: there may be chunks left that it has not seen

    def closed(self) -> None:
        if self.stepping:
            return
        generator = self._generator()
        if generator is None or getattr(generator, "gi_running", False) or getattr(generator, "ag_running", False):
            self.dropped()
        else:
            self.end()

    @harmless("ending a stream that nobody reads")
    def dropped(self) -> None:
        """Nobody can read on: the call was over with the last chunk, whenever that is noticed."""
        if os.getpid() == self._pid:  # a forked child has a copy of what its parent still reads
            self.end(end_time=self._read_at)

    @harmless("ending a stream")
    def end(self, error: BaseException | None = None, end_time: int | None = None) -> None:
        if self._over:
            return
        self._over = True
        closed(self)
        try:
            attributes = self._reader.attributes()
        except Exception:
            our_fault("summing up a stream")
            attributes = {}
        self._call.finish(attributes, error if error is not None else self._reader.error, end_time)


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def close(self) -> None:
        self._watched.end()
        self._inner.close()

    def __del__(self) -> None:
        self._watched.dropped()


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

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def aclose(self) -> None:
        self._watched.end()
        await self._inner.aclose()

    def __del__(self) -> None:
        self._watched.dropped()
