"""Export requests on their way to the writer: decoded, converted, and made into one batch with what else waits.

One thread does it, ahead of the writer's: while one batch is being committed the next is made. What has arrived by then
goes into it together, and what is just arriving is waited for a moment, since a large batch costs far less per span
than a small one. Who sends alone never waits for others.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

from assay.collector import dead_letters
from assay.collector.announcements import Announced
from assay.collector.batch import span_batch
from assay.collector.convert import Converted, Filing, convert, convert_apart, convert_singly
from assay.collector.decode import Decoded, DecodedSpan
from assay.collector.decode_logs import DecodedLogs
from assay.collector.in_progress import InProgress
from assay.collector.log_events import Sorted, sort_records
from assay.collector.log_merge import LogMerger
from assay.collector.redact import redacting
from assay.collector.span_limits import within_limits
from assay.collector.writer import Writer
from assay.errors import AssayError, CollectorUnavailable
from assay.redaction import Redactor

logger = logging.getLogger("assay.collector")

MERGE_BYTES = 4 * 1024**2  # of requests that become one batch
MERGE_WAIT_S = 0.01  # for those whose body is on its way

Decode = Callable[[bytes], Decoded | DecodedLogs | None]


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one export request: how many spans are on disk, and why the others are not."""

    stored: int
    rejected: list[str]


@dataclass(frozen=True, slots=True)
class _Request:
    body: bytes
    decode: Decode
    project: str | None
    only_project: str | None
    future: Future[Accepted]


@dataclass(frozen=True, slots=True)
class _Ready:
    """A request whose spans only have to be stored."""

    request: _Request
    filing: Filing
    spans: list[DecodedSpan]
    converted: Converted
    rejected: list[str]

    def accepted(self, rejected: Sequence[str] = ()) -> Accepted:
        return Accepted(len(self.converted.rows) - len(rejected), [*self.rejected, *rejected])


class Ingest:
    """Takes export requests from any thread; each one's future resolves once what it holds is on disk."""

    def __init__(
        self,
        writer: Writer,
        logs: LogMerger,
        redactor: Redactor | None,
        *,
        open_spans: InProgress,
        arriving: Callable[[], int] = lambda: 0,
    ) -> None:
        """
        Args:
            arriving: how many requests have begun and will be put once they are whole.
        """
        self._writer = writer
        self._arriving = arriving
        self._logs = logs
        self._open = open_spans
        self.redactor = redactor  # may be another one from one request to the next
        self.dropped_log_records = 0
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="assay-decoder", daemon=True)
        self._thread.start()

    def put(
        self, body: bytes, *, decode: Decode, project: str | None = None, only_project: str | None = None
    ) -> Future[Accepted]:
        """See `Service.ingest`."""
        future: Future[Accepted] = Future()
        future.set_running_or_notify_cancel()  # a sender that goes away cannot cancel what is being stored
        self._requests.put(_Request(body, redacting(decode, self.redactor), project, only_project, future))
        return future

    def stop(self) -> None:
        """Pass on what was put, and end the thread."""
        self._requests.put(None)
        self._thread.join()

    # The thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while requests := self._take():
            ready = [ready for request in requests if (ready := self._opened(request))]
            try:
                self._store(ready)
            except Exception as error:  # a fault of ours: the senders hear of it, and the thread goes on
                logger.exception("export requests could not be passed on to the writer")
                for one in ready:
                    if not one.request.future.done():
                        one.request.future.set_exception(error)

    def _take(self) -> list[_Request]:
        """The next request, what else waits, and what is just arriving; nothing at the end."""
        first = self._requests.get()
        if first is None:
            return []
        taken, n_bytes = [first], len(first.body)
        deadline = time.monotonic() + MERGE_WAIT_S
        while n_bytes < MERGE_BYTES:
            try:
                left_s = deadline - time.monotonic() if self._arriving() else 0.0
                request = self._requests.get(timeout=max(0.0, left_s))
            except queue.Empty:
                break
            if request is None:
                self._requests.put(None)
                break
            taken.append(request)
            n_bytes += len(request.body)
        return taken

    def _opened(self, request: _Request) -> _Ready | None:
        """The request's spans as rows; None when its future needs nothing more."""
        try:
            return self._converted(request)
        except AssayError as error:
            request.future.set_exception(error)
        except Exception as error:
            logger.exception("an export request could not be converted")
            request.future.set_exception(error)
        return None

    def _converted(self, request: _Request) -> _Ready | None:
        decoded = _decoded(request)
        filing = Filing(time.time_ns(), request.project, request.only_project)
        if isinstance(decoded, DecodedLogs):
            self._store_logs(sort_records(decoded.records, filing), request.future)
            return None
        if decoded is None:
            request.future.set_result(Accepted(0, []))
            return None
        converted = convert(decoded.spans, filing)
        if converted.letters:
            self._writer.put_job(lambda cursor: dead_letters.append(cursor, converted.letters), touches=())
        rejected = [*decoded.rejected, *(letter.reason for letter in converted.letters)]
        if not converted.rows:
            request.future.set_result(Accepted(0, rejected))
            return None
        return _Ready(request, filing, decoded.spans, converted, rejected)

    def _store(self, ready: list[_Ready]) -> None:
        if len(ready) > 1:
            self._store_together(ready)
        else:
            for one in ready:
                self._store_alone(one)

    def _store_together(self, ready: list[_Ready]) -> None:
        try:
            batch = span_batch([row for one in ready for row in one.converted.rows])
            assert batch is not None
            stored = self._writer.put_spans(batch, sum(len(one.request.body) for one in ready))
        except CollectorUnavailable as error:
            for one in ready:
                one.request.future.set_exception(error)
            return
        except Exception as error:  # a value that fits no column, and Arrow does not say whose
            logger.debug("requests are stored one by one: %s", error)
            for one in ready:
                self._store_alone(one)
            return
        merged = [self._logs.follow(one.spans, one.filing) for one in ready]
        stored.add_done_callback(lambda done: self._stored_together(done, ready, merged))

    def _stored_together(self, done: Future[Any], ready: list[_Ready], merged: list[Future[Any] | None]) -> None:
        error = done.exception()
        for one, after in zip(ready, merged, strict=True):
            if error is None or isinstance(error, CollectorUnavailable):
                _pass_on(done, one.request.future, lambda _, one=one: one.accepted(), after=after)  # type: ignore[misc]
            else:  # one of them cannot be stored, and harms only itself
                self._store_alone(one)

    def _store_alone(self, ready: _Ready) -> None:
        request, filing = ready.request, ready.filing
        try:
            batch, letters = convert_apart(ready.spans, filing, ready.converted)
            if letters:
                self._writer.put_job(lambda cursor: dead_letters.append(cursor, letters), touches=())
            refused = [letter.reason for letter in letters]
            if batch is None:
                request.future.set_result(ready.accepted(refused))
                return
            stored = self._writer.put_spans(
                batch,
                len(request.body),
                # Decoded once more where it is needed, which is hardly ever: what waits holds no more than its bytes
                singly=lambda: list(convert_singly(_spans(request), filing)),
            )
        except Exception as error:
            request.future.set_exception(error)
            return
        after = self._logs.follow(ready.spans, filing)
        stored.add_done_callback(
            lambda done: _pass_on(
                done, request.future, lambda it: ready.accepted([*refused, *it.rejected]), after=after
            )
        )

    def _store_logs(self, found: Sorted, future: Future[Accepted]) -> None:
        self.dropped_log_records += found.dropped
        if found.open:
            self._store_open(found, future)
            return
        if not (found.events or found.scores):
            future.set_result(Accepted(0, found.rejected))
            return
        count = len(found.events) + len(found.scores)
        self._logs.put(found).add_done_callback(
            lambda done: _pass_on(done, future, lambda _: Accepted(count, found.rejected))
        )

    def _store_open(self, found: Sorted, future: Future[Accepted]) -> None:
        """Store what is said of open spans, and what else the request holds after it."""
        said, found.open = found.open, Announced()

        def then(done: Future[Any]) -> None:
            if error := done.exception():
                future.set_exception(error)
                return
            try:
                self._store_logs(found, future)
            except Exception as failed:
                future.set_exception(failed)

        self._open.put(said).add_done_callback(then)


def _pass_on(
    done: Future[Any], to: Future[Any], convert: Callable[[Any], Any], *, after: Future[Any] | None = None
) -> None:
    """Resolve `to` as `done` was resolved, once `after` is resolved as well; if that failed, `to` fails."""
    if error := done.exception():
        to.set_exception(error)
    elif after is None:
        to.set_result(convert(done.result()))
    else:
        after.add_done_callback(lambda last: _pass_on(last, to, lambda _: convert(done.result())))


def _decoded(request: _Request) -> Decoded | DecodedLogs | None:
    return within_limits(request.decode(request.body), len(request.body))


def _spans(request: _Request) -> list[DecodedSpan]:
    decoded = _decoded(request)
    return decoded.spans if isinstance(decoded, Decoded) else []
