"""The body of an HTTP answer, followed while the application reads it: the one place that every reader passes.

httpx and httpx2 read a body from `response.stream`, and close it there, whoever asks. An object in its place sees each
piece and the end, without a mark on the response itself: what one can do with it, pickling included, stays as it was.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from functools import lru_cache
from typing import Any, Protocol

from assay.tracing.tell import harmless

BASES = ("SyncByteStream", "AsyncByteStream")


class Follower(Protocol):
    """Told what happens to a body. Nothing it does reaches the application."""

    def data(self, data: bytes) -> None: ...

    def ended(self, error: BaseException | None = None) -> None:
        """The body came to its end, or broke."""

    def closed(self) -> None:
        """The response was closed: at its end, or before."""


def follow(response: Any, follower: Follower) -> bool:
    """Have `follower` told of this body. False where that cannot be: the response is of a library we do not know."""
    stream = response.stream
    if isinstance(stream, _Followed):
        stream.follower = follower
        return True
    bases = tuple(cls for cls in type(stream).__mro__ if cls.__name__ in BASES)
    if not bases or response.is_closed:
        return False
    response.stream = _followed_class(bases)(stream, follower)
    return True


def follower_of(response: Any) -> Follower | None:
    stream = getattr(response, "stream", None)
    return stream.follower if isinstance(stream, _Followed) else None


class _Followed:
    """In place of a byte stream. Anything else that is asked of it, the one below answers."""

    def __init__(self, inner: Any, follower: Follower) -> None:
        self._inner = inner
        self.follower = follower

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def __iter__(self) -> Iterator[bytes]:
        try:
            for data in self._inner:
                self._tell("data", data)
                yield data
        except GeneratorExit:
            raise
        except BaseException as error:
            self._tell("ended", error)
            raise
        self._tell("ended")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in self._inner:
                self._tell("data", data)
                yield data
        except GeneratorExit:
            raise
        except BaseException as error:
            self._tell("ended", error)
            raise
        self._tell("ended")

    def close(self) -> None:
        self._tell("closed")
        self._inner.close()

    async def aclose(self) -> None:
        self._tell("closed")
        await self._inner.aclose()

    @harmless("following a response")
    def _tell(self, what: str, *args: Any) -> None:
        getattr(self.follower, what)(*args)


@lru_cache(maxsize=16)
def _followed_class(bases: tuple[type, ...]) -> type[_Followed]:
    """httpx asks `isinstance` of what it reads from."""
    return type("_Followed", (_Followed, *bases), {})
