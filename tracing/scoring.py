"""`score`: a judgement on a trace, sent to the collector without making the program wait."""

from __future__ import annotations

import math
import random
import re
import threading
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

from opentelemetry import trace as otel_trace

from assay.errors import AssayError, CollectorUnavailable, ConfigurationError
from assay.fork_guard import no_fork
from assay.scores import MAX_ID_CHARS, MAX_NAME_CHARS, SPAN_ID_DIGITS, TRACE_ID_DIGITS, ScoreSource, ScoreValue
from assay.tracing import runtime
from assay.tracing.background import BackgroundQueue
from assay.tracing.flag import Flag
from assay.tracing.serialise import plain
from assay.tracing.span import current_trace_id
from assay.tracing.tell import Teller, our_fault

if TYPE_CHECKING:
    from assay.settings import Settings

GIVE_UP_AFTER_S = 30.0
MAX_WAITING = 10_000
BATCH_SIZE = 200
WRITTEN = ("value", "explanation", "metadata")  # where what a person or a program wrote may hold a secret
SOURCES: tuple[str, ...] = get_args(ScoreSource)


def score(
    name: str,
    value: ScoreValue,
    *,
    trace_id: str | None = None,
    span_id: str | None = None,
    session_id: str | None = None,
    explanation: str | None = None,
    source: ScoreSource = "user",
    author: str | None = None,
    metadata: Mapping[str, Any] | None = None,
    id: str | None = None,
) -> str:
    """Judge a trace, a span or a session; the id of the score. Sent in the background; `flush()` waits for it.

    Args:
        value: a verdict (bool), a number or a label.
        trace_id: the trace in hexadecimal digits; the current one if neither it nor a session is given.
        source: who judges: human, llm, code or user.
        span_id: a span of that trace, in hexadecimal digits, where the score is not about the whole of it.
        id: sending the same id again changes nothing, so a retry does no harm.

    Raises:
        ConfigurationError: an argument cannot be used, or there is nothing to judge. A collector that is away raises
            nothing: it is tried again for a while, then a warning is logged.
    """
    try:
        return _score(
            name,
            value,
            trace_id=trace_id,
            span_id=span_id,
            session_id=session_id,
            explanation=explanation,
            source=source,
            author=author,
            metadata=metadata,
            id=id,
        )
    except ConfigurationError:
        raise
    except Exception:
        our_fault("scoring")
        return id or uuid.uuid4().hex


def _score(
    name: str,
    value: ScoreValue,
    *,
    trace_id: str | None,
    span_id: str | None,
    session_id: str | None,
    explanation: str | None,
    source: ScoreSource,
    author: str | None,
    metadata: Mapping[str, Any] | None,
    id: str | None,
) -> str:
    _check(name, value, source, id)
    trace_id, span_id = (
        _hexadecimal("trace_id", trace_id, TRACE_ID_DIGITS),
        _hexadecimal("span_id", span_id, SPAN_ID_DIGITS),
    )
    running = runtime.start()
    if trace_id is None and session_id is None:
        trace_id = current_trace_id()
        if not running.enabled or _unsampled():
            return id or uuid.uuid4().hex  # nothing was traced here, so there is nothing to judge
        if trace_id is None:
            raise ConfigurationError(
                f"The score {name!r} has nothing to judge: no trace is open here.",
                hint="Pass trace_id= or session_id=, or call it inside a traced function.",
            )
    said = {
        "id": id or uuid.uuid4().hex,
        "name": name,
        "value": value,
        "explanation": explanation,
        "source": source,
        "author": author,
        "trace_id": trace_id,
        "span_id": span_id,
        "session_id": session_id,
        "metadata": plain(dict(metadata)) if metadata else None,
    }
    body = {key: each for key, each in said.items() if each is not None}
    if running.enabled and _trace_is_kept(running, trace_id):
        _queue(running).put(body)
    return str(body["id"])


def _check(name: Any, value: Any, source: str, id: str | None) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME_CHARS:
        raise ConfigurationError(f"A score needs a name of 1 to {MAX_NAME_CHARS} characters, not {name!r}.")
    if not isinstance(value, bool | int | float | str):
        raise ConfigurationError(
            f"The score {name!r} has the value {value!r}.", hint="It is a bool, a number or a string."
        )
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigurationError(
            f"The score {name!r} is {value}.",
            hint="Leave out a score that could not be computed; a failure is no number.",
        )
    if source not in SOURCES:
        raise ConfigurationError(
            f"The score {name!r} has the source {source!r}.", hint=f"It is one of: {', '.join(SOURCES)}."
        )
    if id is not None and not 1 <= len(id) <= MAX_ID_CHARS:
        raise ConfigurationError(
            f"The id of the score {name!r} is {id!r}.", hint=f"It has 1 to {MAX_ID_CHARS} characters."
        )


def _hexadecimal(what: str, id: Any, digits: int) -> str | None:
    """An id as OpenTelemetry spells it, whatever the case it was written in."""
    if id is None:
        return None
    if not isinstance(id, str) or not re.fullmatch(f"[0-9a-fA-F]{{{digits}}}", id):
        raise ConfigurationError(f"The {what} {id!r} is not one.", hint=f"It has {digits} hexadecimal digits.")
    return id.lower()


def _trace_is_kept(running: runtime.Runtime, trace_id: str | None) -> bool:
    """False where sampling has dropped the trace. Where it waits for the end of the trace, a score keeps it."""
    sampler = running.prepare.sampler if running.prepare is not None else None
    return sampler is None or trace_id is None or sampler.wants(int(trace_id, 16))


def _unsampled() -> bool:
    context = otel_trace.get_current_span().get_span_context()
    return context.is_valid and not context.trace_flags.sampled


_making = threading.Lock()


def _queue(running: runtime.Runtime) -> BackgroundQueue[dict[str, Any]]:
    """The runtime's queue of scores, made with the first one. It is flushed after the spans that the scores judge."""
    with _making:
        if running.score_queue is None:
            teller = Teller("score")
            queue: BackgroundQueue[dict[str, Any]] = BackgroundQueue(
                lambda scores: _send(_redacted(scores, running), teller, queue.closing),
                teller=teller,
                name="assay-scores",
                max_items=MAX_WAITING,
                batch_size=BATCH_SIZE,
                delay_s=0.5,
            )
            running.score_queue = queue
            running.queues.append(queue)
        return running.score_queue


def _redacted(scores: list[dict[str, Any]], running: runtime.Runtime) -> list[dict[str, Any]]:
    if running.prepare is None:
        return scores
    return [running.prepare.redactor.document(score, WRITTEN) for score in scores]


def _write(scores: list[dict[str, Any]], directory: Path, settings: Settings, teller: Teller) -> None:
    from assay.tracing.file_export import write_score_lines

    try:
        write_score_lines(directory, scores, project=settings.project, max_bytes=settings.file_max_bytes)
    except OSError as error:
        teller.drop(len(scores), f"{directory} cannot be written ({error.strerror or error}).")


def _send(scores: list[dict[str, Any]], teller: Teller, closing: Flag) -> None:
    with no_fork():
        from assay.client import current_client
        from assay.destination import file_directory
        from assay.settings import current_settings

    settings = current_settings()
    if (directory := file_directory(settings)) is not None:
        _write(scores, directory, settings, teller)
        return
    started, pause = time.monotonic(), 0.25
    while True:
        try:
            current_client().post("/scores", {"scores": scores})
            return
        except CollectorUnavailable as error:
            wait = pause * random.uniform(0.5, 1.0)
            if closing.is_set() or time.monotonic() - started + wait > GIVE_UP_AFTER_S:
                teller.drop(len(scores), str(error))
                return
        except AssayError as error:
            if len(scores) == 1:
                teller.drop(1, str(error))
            else:
                for score in scores:  # one that is refused takes no other with it
                    _send([score], teller, closing)
            return
        closing.wait(wait)
        pause = min(pause * 2, 5.0)
