"""Tracing in this process: switched on with the first span, configured by `init`, emptied by `flush`, ended at exit."""

from __future__ import annotations

import atexit
import contextlib
import multiprocessing.process
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

# Needed by the export thread only, but loaded here, by whoever imports us: the OpenAI client looks at a loaded
# `httpx` on every request, without waiting for its import to end, and fails in the program's own call on one that is
# half loaded.
import httpx  # noqa: F401
from opentelemetry import trace as otel_trace

from assay.errors import ConfigurationError
from assay.tracing.at_signal import end_orderly_on_sigterm
from assay.tracing.background import BackgroundQueue
from assay.tracing.tell import harmless, in_thread, our_fault, say_once

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from assay.settings import Settings
    from assay.tracing.prepare import Prepare
    from assay.tracing.processor import Processor
    from assay.tracing.redact_spans import SpanRedactor

FLUSH_TIMEOUT_S = 30.0
EXIT_TIMEOUT_S = 5.0  # with a collector elsewhere: it is there, or it is not
EXIT_FLUSH_S = 2.0  # while other threads are still at work; what is not sent then, is at the very end
SIGTERM_TIMEOUT_S = 2.0
EMBEDDED_EXIT_TIMEOUT_S = 30.0  # a program that ends at once may still be starting its own collector


class Queue(Protocol):
    """What waits to leave the process."""

    def flush(self, timeout_s: float) -> bool: ...
    def close(self, timeout_s: float) -> bool: ...


@dataclass(slots=True)
class Runtime:
    """How spans are made now. Replaced as a whole when the settings change."""

    enabled: bool
    capture_content: bool
    tracer: otel_trace.Tracer
    exit_timeout_s: float = EXIT_TIMEOUT_S
    queues: list[Queue] = field(default_factory=list)
    closers: list[Callable[[], None]] = field(default_factory=list)
    score_queue: BackgroundQueue[dict[str, Any]] | None = None
    prepare: Prepare | None = None

    def flush(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        return all([each.flush(max(0.0, deadline - time.monotonic())) for each in self.queues])

    def close(self, timeout_s: float) -> bool:
        """Send what waits, with one try for each batch, and end the threads."""
        deadline = time.monotonic() + timeout_s
        done = all([each.close(max(0.0, deadline - time.monotonic())) for each in self.queues])
        for closer in self.closers:
            closer()
        return done


OFF = Runtime(enabled=False, capture_content=False, tracer=otel_trace.NoOpTracer())  # where nothing of ours works

# None until the first use. Read without the lock on the hot path: one reference, replaced as a whole.
active: Runtime | None = None
_ending: Runtime | None = None  # what is being closed on some thread just now
_redact_with: tuple[Callable[[str], str], ...] = ()
_lock = threading.RLock()
_retiring: weakref.WeakSet[threading.Thread] = weakref.WeakSet()  # still sending what an earlier runtime left
_exit_registered = False


@harmless("reading the settings", but=(ConfigurationError,))
def init(
    *,
    project: str | None = None,
    endpoint: str | None = None,
    api_key: str | None = None,
    environment: str | None = None,
    release: str | None = None,
    data_dir: str | Path | None = None,
    tracing: bool | None = None,
    capture_content: bool | None = None,
    sample_rate: float | None = None,
    redact: str | Sequence[str] | None = None,
    redact_with: Callable[[str], str] | Sequence[Callable[[str], str]] | None = None,
    **settings: Any,
) -> None:
    """Configure Assay in this process. Optional, and may be called again; None leaves a setting as it is.

    Every setting has an `ASSAY_*` variable as well; `settings` takes the rest of the table (`assay settings` shows it).

    Args:
        redact: what is replaced before anything leaves the process: groups and names of rules.
        redact_with: functions of your own, from each recorded text to what is to be sent in its place. They run in the
            background; what they fail on is replaced.

    Raises:
        ConfigurationError: a value cannot be used; the message names it.
    """
    from assay.settings import configure, current_settings

    global _redact_with
    before = current_settings()
    after = configure(
        project=project,
        endpoint=endpoint,
        api_key=api_key,
        environment=environment,
        release=release,
        data_dir=data_dir,
        tracing=tracing,
        capture_content=capture_content,
        sample_rate=sample_rate,
        redact=redact,
        **settings,
    )
    functions = _redact_with if redact_with is None else _as_functions(redact_with)
    changed, _redact_with = functions != _redact_with, functions
    if active is None or after != before or changed:
        restart(after)


def _as_functions(given: Callable[[str], str] | Sequence[Callable[[str], str]]) -> tuple[Callable[[str], str], ...]:
    functions = (given,) if callable(given) else tuple(given)
    for each in functions:
        if not callable(each):
            raise ConfigurationError(
                f"redact_with= has {each!r} in it.", hint="Give functions that take a text and return one."
            )
    return functions


@harmless("turning itself off", default=OFF)
def start() -> Runtime:
    """The runtime, made now if there is none. Never raises: with settings that cannot be used, tracing is off."""
    if (runtime := active) is not None:
        return runtime
    from assay.settings import current_settings

    with _lock:
        if active is not None:
            return active
        try:
            return restart(current_settings())
        except ConfigurationError as error:
            say_once("settings", "Assay is off in this process. %s", error)
        except Exception:
            our_fault("starting")
        return _replace(_disabled())


def restart(settings: Settings, send: Callable[[list[ReadableSpan]], None] | None = None) -> Runtime:
    """Trace with `settings` from now on. What waits is still sent to where it was meant to go, in the background.

    Args:
        send: takes the ended spans, in place of the export to the collector.
    """
    if not settings.tracing or os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return _replace(_disabled())
    return _replace(_enabled(settings, send))


def redactor() -> SpanRedactor:
    """What redacts spans here now; also there where nothing is traced, for what else is sent."""
    from assay.settings import current_settings
    from assay.tracing.redact_spans import span_redactor

    prepared = start().prepare
    return prepared.redactor if prepared is not None else span_redactor(current_settings(), _redact_with)


@harmless("sending what is finished", default=False)
def flush(timeout_s: float = FLUSH_TIMEOUT_S) -> bool:
    """Send every span and score that is finished. False when that took longer than `timeout_s`."""
    runtime = active
    return runtime.flush(timeout_s) if runtime is not None else True


@harmless("shutting down", default=False)
def shutdown(timeout_s: float | None = None) -> bool:
    """Send what is finished, then stop the collector embedded in this process. The next use starts everything again.

    False when `timeout_s` was not enough to send everything; None allows 5 s, and 30 s with an embedded collector.
    """
    done = _stop(timeout_s)
    # Nothing is imported here: a SIGTERM in the middle of that would leave the sending thread waiting for the import.
    for module, end in (("assay.client", "reset_client"), ("assay.embedded", "stop_embedded")):
        if module in sys.modules:
            getattr(sys.modules[module], end)()
    return done


def reset(timeout_s: float | None = None) -> None:
    """Forget the runtime, so that the settings are read again at next use. For tests."""
    _stop(timeout_s)


@harmless("ending tracing", default=False)
def _stop(timeout_s: float | None) -> bool:
    global active, _ending
    with _lock:
        if (runtime := active) is not None:
            _ending = runtime  # before it is no longer active: a SIGTERM finds the one or the other
        active = None
    try:
        for thread in list(_retiring):
            thread.join(EXIT_TIMEOUT_S if timeout_s is None else timeout_s)
        if runtime is None:
            return True
        return runtime.close(runtime.exit_timeout_s if timeout_s is None else timeout_s)
    finally:
        if _ending is runtime:
            _ending = None


def _replace(runtime: Runtime) -> Runtime:
    global active, _exit_registered
    with _lock:
        before, active = active, runtime
        if not _exit_registered:
            _exit_registered = True
            _register_exit()
    if before is not None and before.queues:
        _retire(before)
    return runtime


def _retire(runtime: Runtime) -> None:
    thread = threading.Thread(
        target=in_thread(runtime.close, "ending tracing"), args=(FLUSH_TIMEOUT_S,), name="assay-retire", daemon=True
    )
    try:
        thread.start()
    except RuntimeError:  # the interpreter is ending: no new threads
        runtime.close(runtime.exit_timeout_s)
    else:
        _retiring.add(thread)


def _disabled() -> Runtime:
    return Runtime(enabled=False, capture_content=False, tracer=otel_trace.NoOpTracer())


def _enabled(settings: Settings, send: Callable[[list[ReadableSpan]], None] | None) -> Runtime:
    # Before all else. Its callbacks at exit must come after ours, and can no longer be registered when the collector
    # would import it; its lock must be fit again in a forked child before OpenTelemetry uses a thread pool there.
    with contextlib.suppress(RuntimeError):  # the main thread is done: it is too late for either
        import concurrent.futures.thread  # noqa: F401

    from assay.destination import file_directory
    from assay.tracing.export import span_export
    from assay.tracing.follow import follow_work
    from assay.tracing.otel_context import set_process_context
    from assay.tracing.prepare import prepare
    from assay.tracing.propagation import process_context
    from assay.tracing.provider import SCOPE, connect

    prepared = prepare(settings, _redact_with)  # first, as it may refuse a setting
    provider, processor = connect(settings)
    spans = span_export(settings, prepared, send)
    runtime = Runtime(
        enabled=True,
        capture_content=settings.capture_content,
        tracer=provider.get_tracer(SCOPE),
        exit_timeout_s=EXIT_TIMEOUT_S if settings.endpoint or send else EMBEDDED_EXIT_TIMEOUT_S,
        queues=[spans],
        prepare=prepared,
    )
    processor.put = put = spans.put
    processor.flush = spans.flush

    def let_go() -> None:
        if processor.put == put:  # not yet in the hands of a newer runtime
            processor.put = None

    runtime.closers.append(let_go)
    if send is None and file_directory(settings) is None:
        runtime.closers += _announce(settings, processor, prepared)
    set_process_context(process_context())
    follow_work(disable=not settings.follow_work)
    if settings.handle_sigterm:
        end_orderly_on_sigterm(_end_on_signal)
    return runtime


def _announce(settings: Settings, processor: Processor, prepared: Prepare) -> list[Callable[[], None]]:
    """Tell the collector of open spans, from now on and by these settings; what ends that."""
    from assay.tracing.in_progress import Announcer
    from assay.tracing.post_logs import LogPoster

    def is_kept(trace_id: int) -> bool:
        return prepared.sampler is None or prepared.sampler.by_rate(trace_id)

    poster = LogPoster(settings)
    announcer = Announcer(processor.open, poster, redact=prepared.redactor.span, is_kept=is_kept)
    processor.open.choose(settings.in_progress)
    processor.open.announcer = announcer
    return [announcer.close, poster.close]


def _register_exit() -> None:
    """Spans first, then the collector that takes them; bounded, because a user is waiting for the prompt.

    From Python 3.12 on no thread can be started once `atexit` handlers run, and an embedded collector that a short
    program is still starting needs some. `concurrent.futures` has the same trouble and the same way out: a callback
    that runs when the main thread is done and threads can still be started.
    """
    from assay.embedded import before_stop

    before_stop(_flush_at_exit)
    atexit.register(_shut_down_at_exit)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_after_fork)
    if multiprocessing.process.parent_process() is not None:  # started by multiprocessing, which skips `atexit`
        _register_worker_exit()
    if (register := getattr(threading, "_register_atexit", None)) is not None:
        with contextlib.suppress(RuntimeError):  # the main thread is done already
            register(_when_main_thread_is_done)


def _after_fork() -> None:
    """A worker that multiprocessing forks forgets what was registered, runs this, and ends without `atexit`."""
    if (util := sys.modules.get("multiprocessing.util")) is not None:
        util.register_after_fork(_after_fork, lambda _: _register_worker_exit())


def _register_worker_exit() -> None:
    import multiprocessing.util

    multiprocessing.util.Finalize(None, _shut_down_at_exit, exitpriority=100)


def _when_main_thread_is_done() -> None:
    others = [each for each in threading.enumerate() if not each.daemon and each is not threading.main_thread()]
    if others:  # who is still at work may still make spans
        _flush_at_exit()
    else:
        _shut_down_at_exit()


def _flush_at_exit() -> None:
    if (runtime := active) is not None:
        try:
            runtime.flush(EXIT_FLUSH_S if runtime.exit_timeout_s <= EXIT_TIMEOUT_S else runtime.exit_timeout_s)
        except Exception:
            our_fault("sending the last spans")


def _end_on_signal() -> None:
    """In a signal handler, on the main thread, wherever that was: also in the middle of closing."""
    deadline = time.monotonic() + SIGTERM_TIMEOUT_S
    if (runtime := active or _ending) is not None:
        runtime.close(SIGTERM_TIMEOUT_S)
    for thread in list(_retiring):
        thread.join(max(0.0, deadline - time.monotonic()))


def _shut_down_at_exit() -> None:
    try:
        shutdown()
    except Exception:
        our_fault("ending")
