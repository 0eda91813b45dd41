"""Encoded requests on their way to the collector: sent in order by one thread, kept on disk while it is away.

A new request waits in memory only while the collector takes what it gets. From the first failure on, what waits and
what comes goes to the spool, and the thread tries the oldest again and again. Once that works, new requests are sent
at once again, in turn with those of the spool. Where nothing can be spooled, requests wait in memory, within a bound.
"""

from __future__ import annotations

import os
import random
import threading
import time
import weakref
from typing import Protocol

from assay.tracing.otel_context import attach, without_instrumentation
from assay.tracing.post import Later, Outcome, Refused, load_what_sending_takes
from assay.tracing.requests import Request, halves
from assay.tracing.spool import Spool, SpoolUnusable
from assay.tracing.tell import Teller, in_thread, logger, our_fault, say_once

MAX_WAITING_BYTES = 8 * 1024**2
FIRST_PAUSE_S = 0.25
LONGEST_PAUSE_S = 5.0  # of a collector that is away; one that asks for more gets more
LOOK_AGAIN_S = 10.0  # for requests that another process has left in the spool
SILENCE_S = 1.5  # at the end of the program, a collector that says nothing for so long is away
SPOOL_AT_THE_END_S = 1.0  # so long it goes on sending what it has spooled, which is safe there
ANOTHER_SENDS_S = 0.2
STOWED_WITHIN_S = 1.0  # at the end of the program: what is just being spooled
SPANS_AT_ONCE = 2_000  # from the spool, together in one request
BYTES_AT_ONCE = 1024**2
MAX_REFUSALS = 200  # of parts of one request, while looking for the spans that are refused
MAX_REFUSALS_OF_ALL = 24  # when none of its spans was taken yet


class Carrier(Protocol):
    """What brings one request to the collector. Called on one thread, where it may block; it does not raise."""

    posting_since: float | None  # by time.monotonic()
    embedded: bool

    def __call__(self, body: bytes) -> Outcome: ...
    def close(self) -> None: ...


class Outbox:
    """`put` is called by the export thread, `settle` and `close` by whoever flushes; the sending thread is ours."""

    def __init__(self, post: Carrier, *, spool: Spool | None, teller: Teller) -> None:
        self._post = post
        self._spool = spool
        self._teller = teller
        self._failures = 0  # in a row; more than none: the collector is away
        self._fresh()
        _outboxes.add(self)

    def _fresh(self) -> None:
        self._changed = threading.Condition()
        self._waiting: list[Request] = []  # the first one may be under way
        self._waiting_bytes = 0
        self._backlog = self._spool is not None  # there may be something in the spool
        self._stowing = False  # the first one is being written to the spool
        self._counting = False  # the last request is done, but what was refused of it is not counted yet
        self._names: list[str] = []  # what was there when we looked, newest first
        self._own: set[str] = set()  # what we put there ourselves, as far as it may still be there
        self._thread: threading.Thread | None = None
        self._failed_tries = self._failed_before_closing = 0
        self._try_again_at = 0.0
        self._asked_to_wait = False
        self._spool_turn = False
        self._closing_at: float | None = None
        self._ended = False

    @property
    def away(self) -> bool:
        """Whether the collector did not take what was sent last."""
        return self._failures > 0

    def start(self) -> None:
        """Begin with what is in the spool. Otherwise the first request does."""
        if self._thread is not None or self._ended:
            return
        thread = threading.Thread(target=in_thread(self._run, "sending spans"), name="assay-send", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending: `close` spools what waits
            return
        self._thread = thread

    def put(self, request: Request) -> None:
        """Take a request over. Waits only where memory is full, nothing can be spooled and the program goes on."""
        while True:
            with self._changed:
                self.start()
                room = self._waiting_bytes + len(request) <= MAX_WAITING_BYTES or not self._waiting
                behind = self._failures > 0 or not room
                if not behind and not self._ended:
                    self._append(request)
                    return
            if (problem := self._keep(request)) is None:
                return
            with self._changed:
                if room and not self._ended:
                    self._append(request)
                    return
                if self._ended or self._given_up():
                    break
                self._changed.wait(0.1)
        self._teller.drop(request.count, f"the program ended while the collector was away, and {problem}.")

    def settle(self, timeout_s: float) -> bool:
        """Wait until the collector has everything put so far. False when the time was not enough, or as soon as a try
        failed and what is left is safe in the spool.
        """
        deadline = time.monotonic() + timeout_s
        with self._changed:
            failed_before = self._failed_tries
            if self._waiting or not self._asked_to_wait:
                self._try_again_at = 0.0
            self._changed.notify_all()
            while self._waiting or self._own or self._counting:
                failed = self._failed_tries > failed_before
                if self._closing_at is not None:
                    if failed or self._silent() or (not self._waiting and self._on_disk_for_later()):
                        return False
                elif not self._waiting and (failed or (self._asked_to_wait and self._try_again_at > deadline)):
                    return False
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 0.1))
        return True

    def hurry(self) -> None:
        """The program ends: who says nothing from now on is away."""
        with self._changed:
            self._closing_at = time.monotonic()
            self._failed_before_closing = self._failed_tries
            self._changed.notify_all()

    def close(self, timeout_s: float) -> bool:
        """Send what waits, or spool it, or count it as dropped; and end the thread."""
        if self._closing_at is None:
            self.hurry()
        settled = self.settle(timeout_s)
        with self._changed:
            self._ended = True
            self._changed.wait_for(lambda: not self._stowing, STOWED_WITHIN_S)  # else it would be in the spool twice
            left = self._waiting  # also what is under way: sent twice at worst
            self._waiting, self._waiting_bytes = [], 0
            self._changed.notify_all()
            thread = self._thread
        for request in left:
            if problem := self._keep(request):
                reason = f"the program ended while the collector was away, and {problem}."
                self._teller.drop(request.count, reason)
        if settled and thread is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        return settled

    # On the export thread ---------------------------------------------------------------------------------------------

    def _append(self, request: Request) -> None:
        self._waiting.append(request)
        self._waiting_bytes += len(request)
        self._changed.notify_all()

    def _given_up(self) -> bool:
        if self._closing_at is None:
            return False
        return self._silent() or self._failed_tries > self._failed_before_closing

    def _on_disk_for_later(self) -> bool:
        """Whether a program that ends can leave what it spooled to the next one."""
        assert self._closing_at is not None
        return self._asked_to_wait or time.monotonic() - self._closing_at > SPOOL_AT_THE_END_S

    def _silent(self) -> bool:
        """Whether the request under way has been without an answer for too long for a program that ends."""
        since = self._post.posting_since
        if since is None or self._closing_at is None or self._post.embedded:
            return False
        return time.monotonic() - max(since, self._closing_at) > SILENCE_S

    def _keep(self, request: Request) -> str | None:
        """Spool a request; the reason why that is not possible, else None."""
        if self._spool is None:
            return "nothing is spooled (ASSAY_SPOOL_MAX_BYTES is 0)"
        try:
            path = self._spool.put(request)
        except SpoolUnusable as error:
            say_once(
                "spool", "Spans wait in memory only, because %s. Those for which there is no room are lost.", error
            )
            return str(error)
        with self._changed:
            self._own.add(path.name)
            self._backlog = True
            self._changed.notify_all()
        return None

    # On the sending thread --------------------------------------------------------------------------------------------

    def _run(self) -> None:
        attach(without_instrumentation())
        load_what_sending_takes()
        while True:
            try:
                if not self._step():
                    self._post.close()
                    return
            except Exception:
                our_fault("sending spans")
                self._failed(Later("an internal error, logged above", "fault"))

    def _step(self) -> bool:
        """One request, or a wait for one. False when it is over."""
        with self._changed:
            if self._ended:
                return False
            pause = self._try_again_at - time.monotonic()
            if pause > 0:
                self._changed.wait(pause)
                return True
            from_spool = self._backlog and (self._spool_turn or self._failures > 0 or not self._waiting)
            request = self._waiting[0] if self._waiting and not from_spool else None
            if request is None and not from_spool:
                self._changed.wait(LOOK_AGAIN_S)
                self._backlog = self._spool is not None
                return True
        self._spool_turn = not from_spool
        if request is None:
            self._send_from_spool()
        else:
            self._send_from_memory(request)
        return True

    def _send_from_memory(self, request: Request) -> None:
        outcome = self._deliver(request)
        with self._changed:
            ours = bool(self._waiting) and self._waiting[0] is request  # else `close` has taken it over
            if ours and not isinstance(outcome, Later):
                del self._waiting[0]
                self._waiting_bytes -= len(request)
                self._counting = True
        if isinstance(outcome, Later):
            self._failed(outcome)
            self._stow()
        else:
            if ours:
                self._count(outcome)
            self._worked()

    def _send_from_spool(self) -> None:
        spool = self._spool
        assert spool is not None
        with spool.sending() as alone:
            if not self._names:
                self._look_into(spool)
            if alone and self._names:
                names, request = self._oldest(spool)
                if request is not None:
                    outcome = self._deliver(request)
                    if isinstance(outcome, Later):
                        self._failed(outcome)
                        return
                    for name in names:
                        spool.remove(name)
                    self._count(outcome)
                    self._worked()
                with self._changed:
                    del self._names[-len(names) :]
                    self._own.difference_update(names)
                    self._changed.notify_all()
        if not alone and self._names:
            with self._changed:
                self._names = []  # somebody else sends; what is left after that is looked up again
                self._changed.wait(ANOTHER_SENDS_S)

    def _oldest(self, spool: Spool) -> tuple[list[str], Request | None]:
        """Names of the oldest requests, and all of them as one: in protobuf it is enough to put them in a row.

        Away for long, there are many small ones, and each would cost the collector a commit. None: nothing was left
        of them.
        """
        names: list[str] = []
        found: list[Request] = []
        for name in reversed(self._names):
            request = spool.read(name)
            if request is not None:
                found.append(request)
                too_many = sum(each.count for each in found) > SPANS_AT_ONCE
                if len(found) > 1 and (too_many or sum(map(len, found)) > BYTES_AT_ONCE):
                    found.pop()
                    break
            names.append(name)
        if not found:
            return names, None
        body = b"".join(each.body for each in found)
        return names, Request(body, sum(each.count for each in found), found[0].stamp)

    def _look_into(self, spool: Spool) -> None:
        with self._changed:
            self._backlog = False  # before looking: what is put there meanwhile sets it again
            own = set(self._own)
        names = spool.waiting()
        if not names:
            spool.sweep()
        with self._changed:
            self._names = names[::-1]
            self._own -= own.difference(names)  # others have sent them
            self._backlog = self._backlog or bool(names)
            self._changed.notify_all()

    def _stow(self) -> None:
        """Move what waits in memory to the spool, oldest first, as far as there is room."""
        while True:
            with self._changed:
                if self._ended or not self._waiting:
                    return
                request, self._stowing = self._waiting[0], True
            problem = self._keep(request)
            with self._changed:
                self._stowing = False
                if problem is None and self._waiting and self._waiting[0] is request:
                    del self._waiting[0]
                    self._waiting_bytes -= len(request)
                self._changed.notify_all()
            if problem is not None:
                return

    def _deliver(self, request: Request) -> Later | list[tuple[int, str]]:
        """Send a request, in parts where it is refused as a whole; what is lost for good, with reasons.

        Later: all of it has to be sent again. What has arrived of it already, the collector knows by its ids.
        """
        parts, refusals, taken = [request], 0, False
        lost: list[tuple[int, str]] = []
        while parts:
            part = parts.pop(0)
            outcome = self._post(part.body)
            if isinstance(outcome, Later):
                return outcome
            if isinstance(outcome, Refused):
                refusals += 1
                enough = refusals >= (MAX_REFUSALS if taken else MAX_REFUSALS_OF_ALL)
                if part.count > 1 and not enough:
                    parts[:0] = halves(part)
                else:
                    lost.append((part.count, outcome.reason))
                continue
            taken = True
            if outcome.rejected:
                lost.append((min(outcome.rejected, part.count), f"the collector refused them: {outcome.message}"))
            elif outcome.message:
                logger.info("The collector says: %s", outcome.message)
        return lost

    def _count(self, lost: list[tuple[int, str]]) -> None:
        for count, reason in lost:
            self._teller.drop(count, reason)

    def _worked(self) -> None:
        with self._changed:
            if self._failures:
                logger.info("The collector takes spans again.")
            self._counting = False
            self._failures = 0
            self._try_again_at = 0.0
            self._asked_to_wait = False
            self._changed.notify_all()

    def _failed(self, why: Later) -> None:
        with self._changed:
            self._failed_tries += 1
            self._failures += 1
            self._asked_to_wait = why.wait_s is not None
            pause = min(FIRST_PAUSE_S * 2 ** min(self._failures - 1, 10), LONGEST_PAUSE_S) * random.uniform(0.5, 1.0)
            self._try_again_at = time.monotonic() + (pause if why.wait_s is None else why.wait_s)
            self._changed.notify_all()
        kept = f"in {self._spool.directory} (up to {self._spool.max_bytes:,} bytes)" if self._spool else "in memory"
        say_once(f"away:{why.trouble}", "Spans are kept %s until they can be sent: %s", kept, why.reason)


_outboxes: weakref.WeakSet[Outbox] = weakref.WeakSet()


def _after_fork() -> None:
    """What waits is the parent's to send, and so is the thread; the condition may be held by a thread that is gone."""
    for each in list(_outboxes):
        each._fresh()
        each._teller.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
