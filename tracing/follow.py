"""The current span follows work that is handed to threads, executors and processes.

Python copies the context into asyncio's tasks and callbacks, but not into threads, pools and processes; so the few
functions that hand work over are wrapped. What travels is OpenTelemetry's context only: a program's own context
variables stay as they were. `disable=True` puts everything back.
"""

from __future__ import annotations

import contextlib
import functools
import multiprocessing.pool
import multiprocessing.process
import threading
from collections.abc import Callable, Mapping
from concurrent import futures
from contextvars import Token
from typing import Any

from opentelemetry import context as otel
from opentelemetry import trace as otel_trace
from opentelemetry.trace.propagation import _SPAN_KEY

from assay.tracing import runtime
from assay.tracing.otel_context import attach, detach
from assay.tracing.tell import our_fault

OWN_THREADS = "assay-"  # outlive every span, and would keep the one that they were started in

_originals: dict[tuple[Any, str], Any] = {}
_patching = threading.Lock()


def follow_work(*, disable: bool = False) -> None:
    """Let spans in threads, executors and processes have the span as parent in which the work was handed over.

    On by itself as soon as something is traced; the setting `follow_work` turns it off. May be called again;
    `disable=True` undoes it.
    """
    with _patching:
        for (owner, name), wrap in _wrappers().items():
            if disable:
                _restore(owner, name)
            elif (owner, name) not in _originals:
                original = getattr(owner, name)
                _originals[owner, name] = original
                setattr(owner, name, wrap(original))


def _restore(owner: Any, name: str) -> None:
    original = _originals.pop((owner, name), None)
    if original is not None and getattr(getattr(owner, name), "__wrapped__", None) is original:
        setattr(owner, name, original)
    # Else somebody has wrapped ours since. It stays below theirs and does nothing: it is not in _originals.


def _wrappers() -> dict[tuple[Any, str], Callable[[Any], Any]]:
    pool = multiprocessing.pool.Pool
    wrappers: dict[tuple[Any, str], Callable[[Any], Any]] = {
        (threading.Thread, "start"): _start_of_thread,
        (multiprocessing.process.BaseProcess, "start"): _start_of_process,
        **{(pool, name): _first_argument_of_pool for name in ("apply_async", "_map_async", "imap", "imap_unordered")},
    }
    # Once the main thread is done they can no longer be imported; nor will anybody make an executor then.
    with contextlib.suppress(RuntimeError):
        from concurrent.futures import ThreadPoolExecutor

        wrappers[ThreadPoolExecutor, "submit"] = _submit_to_threads
        from concurrent.futures import ProcessPoolExecutor

        wrappers[ProcessPoolExecutor, "submit"] = _submit_to_processes
    return wrappers


def _off(owner: Any, name: str) -> bool:
    running = runtime.active
    return running is None or not running.enabled or (owner, name) not in _originals


class _Entered:
    """A context for the length of a `with` block. Whatever fails in that, the block runs."""

    __slots__ = ("_make", "_token")

    def __init__(self, make: Callable[[], otel.Context]) -> None:
        self._make = make
        self._token: Token[Any] | None = None

    def __enter__(self) -> None:
        try:
            self._token = attach(self._make())
        except Exception:
            our_fault("taking over a context")

    def __exit__(self, *error: object) -> None:
        try:
            if self._token is not None:
                detach(self._token)
        except Exception:
            our_fault("leaving a context")


class Inside:
    """A function that runs in the context in which it was handed over, within this process."""

    __slots__ = ("_context", "_function")

    def __init__(self, function: Callable[..., Any], context: otel.Context) -> None:
        self._function, self._context = function, context

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with _Entered(lambda: self._context):
            return self._function(*args, **kwargs)


class Carried:
    """A function that runs in the context in which it was handed over, in whatever process it is called."""

    def __init__(self, function: Callable[..., Any], carried: Mapping[str, str]) -> None:
        self._function, self._carried = function, carried

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        with _Entered(lambda: _context_of(self._carried)):
            return self._function(*args, **kwargs)


def _context_of(carried: Mapping[str, str]) -> otel.Context:
    from assay.tracing.propagation import extracted

    context = extracted(carried, "process")
    if _SPAN_KEY in context:
        return context
    # None, rather than what the process itself was started in: others hand it work as well.
    return otel.set_value(_SPAN_KEY, otel_trace.INVALID_SPAN, context)


def _carrier() -> dict[str, str]:
    from assay.tracing.propagation import carrier

    return carrier()


def _start_of_thread(original: Any) -> Any:
    @functools.wraps(original)
    def start(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            context = otel.get_current()
            if context and not _off(threading.Thread, "start") and not self.name.startswith(OWN_THREADS):
                # On the thread itself, so that subclasses with a `run` of their own are reached. It removes itself.
                self.run = functools.partial(_run_once, self, self.run, context)
        except Exception:
            our_fault("starting a thread")
        return original(self, *args, **kwargs)

    return start


def _run_once(thread: Any, run: Callable[[], Any], context: otel.Context) -> Any:
    vars(thread).pop("run", None)
    with _Entered(lambda: context):
        return run()


def _submit_to_threads(original: Any) -> Any:
    @functools.wraps(original)
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        context = otel.Context()
        try:
            context = otel.get_current()
            followed = bool(context) and not _off(futures.ThreadPoolExecutor, "submit") and not _pickles(self)
        except Exception:
            our_fault("handing work to a thread")
            followed = False
        if not followed:
            return original(self, fn, *args, **kwargs)
        with _Entered(otel.Context):  # a worker that is started for this lives on after it, and works for others
            return original(self, Inside(fn, context), *args, **kwargs)

    return submit


def _pickles(executor: Any) -> bool:
    """Executors of newer Pythons that send the function to another interpreter."""
    return any(kind.__name__ == "InterpreterPoolExecutor" for kind in type(executor).__mro__)


def _submit_to_processes(original: Any) -> Any:
    @functools.wraps(original)
    def submit(self: Any, fn: Any, /, *args: Any, **kwargs: Any) -> Any:
        carried = _carried(fn, futures.ProcessPoolExecutor, "submit")
        if carried is fn:
            return original(self, fn, *args, **kwargs)
        with _Entered(otel.Context):  # as above
            return original(self, carried, *args, **kwargs)

    return submit


def _carried(function: Any, owner: Any, name: str) -> Any:
    """Outside of any span too: a worker that was forked inside of one must not put everybody's work below it."""
    try:
        return function if _off(owner, name) else Carried(function, _carrier())
    except Exception:
        our_fault("handing work to a process")
        return function


def _first_argument_of_pool(original: Any) -> Any:
    @functools.wraps(original)
    def hand_over(self: Any, func: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(self, multiprocessing.pool.ThreadPool):
            return original(self, Inside(func, otel.get_current()), *args, **kwargs)
        return original(self, _carried(func, multiprocessing.pool.Pool, original.__name__), *args, **kwargs)

    return hand_over


def _start_of_process(original: Any) -> Any:
    @functools.wraps(original)
    def start(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            from assay.tracing.propagation import CARRIED

            if otel.get_current() and not _off(multiprocessing.process.BaseProcess, "start"):
                # Pickled along with the process where it is spawned; a forked one has the context itself.
                vars(self)[CARRIED] = _carrier()
        except Exception:
            our_fault("starting a process")
        return original(self, *args, **kwargs)

    return start
