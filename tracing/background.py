"""A bounded queue that a background thread empties, so that the traced program never waits for the network."""

from __future__ import annotations

import contextlib
import os
import queue
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from assay.tracing.flag import Flag
from assay.tracing.otel_context import attach, without_instrumentation
from assay.tracing.patience import wait_patiently
from assay.tracing.tell import Teller, in_thread, our_fault

T = TypeVar("T")
MAX_BATCH_BYTES = 4 * 1024**2


class _Marker:
    """Travels through the queue behind everything that was there before it."""

    def __init__(self) -> None:
        self.passed = Flag()


class BackgroundQueue(Generic[T]):
    """Sends items in batches, in order, from one daemon thread that starts with the first item.

    `put` never blocks and never raises, and may be called from a finaliser or a signal handler while another `put` is
    going on: the queue below is reentrant, and no lock of ours is held. `send` is called on the background thread; it
    has its own retries and counts in `teller` what it gave up.

    Args:
        max_bytes: of all items that wait, as `weigh` says; one item may be larger. `weigh` is called with every item.
        delay_s: how long the thread waits for a whole batch; asked each time.
        tick: called on the same thread whenever `delay_s` has passed, before what waits is sent.
        finish: called on the same thread when the queue is closed and what waited has been sent.
    """

    def __init__(
        self,
        send: Callable[[list[T]], None],
        *,
        teller: Teller,
        name: str,
        max_items: int,
        batch_size: int,
        delay_s: float | Callable[[], float],
        max_bytes: int = 0,
        weigh: Callable[[T], int] | None = None,
        tick: Callable[[], None] | None = None,
        finish: Callable[[], None] | None = None,
    ) -> None:
        self._send = send
        self._tick = tick
        self._finish = finish
        self._teller = teller
        self._name = name
        self._max_items = max_items
        self._batch_size = batch_size
        self._delay_s = delay_s if callable(delay_s) else lambda: delay_s
        self._max_bytes = max_bytes
        self._weigh = weigh
        self.closing = Flag()
        self._fresh()
        _queues.add(self)

    def _fresh(self) -> None:
        self._items: queue.SimpleQueue[T | _Marker] = queue.SimpleQueue()
        self._wake: queue.SimpleQueue[None] = queue.SimpleQueue()
        self._awake = False
        # Plain numbers, changed by `+=` alone: between reading and writing back, CPython runs no other thread, no
        # finaliser and no signal handler.
        self._overflown = self._too_heavy = 0
        self._bytes = 0
        self._sending = 0
        self._thread: threading.Thread | None = None
        self._starting = False
        self._draining = threading.RLock()

    def put(self, item: T) -> None:
        waiting = self._items.qsize()
        if waiting >= self._max_items:
            self._overflown += 1  # counted here, told by the thread: logging may be slow or run into us again
            return
        if self._weigh is not None:
            weight = self._weight(item)
            if waiting and self._bytes + weight > self._max_bytes:
                self._too_heavy += 1
                return
            self._bytes += weight
        self._items.put(item)
        if self._thread is None:
            self._start()
        elif (waiting >= self._batch_size or self._bytes > MAX_BATCH_BYTES) and not self._awake:
            self._awake = True
            self._wake.put(None)

    def _weight(self, item: T) -> int:
        try:
            return self._weigh(item) if self._weigh is not None else 0
        except Exception:
            our_fault("weighing a span")
            return 0

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything put before has been sent or given up. False when the time was not enough."""
        return self._pass_marker(timeout_s, Flag.wait)

    def _pass_marker(self, timeout_s: float, wait: Callable[[Flag, float], bool]) -> bool:
        if self._items.empty() and self._thread is None:
            return True
        marker = _Marker()
        self._items.put(marker)
        if self._thread is None:
            self._start()
        if self._thread is None or not self._thread.is_alive():
            return self._drain_here(timeout_s)
        self._wake.put(None)
        return wait(marker.passed, timeout_s)

    def close(self, timeout_s: float) -> bool:
        """Send what waits, end the thread, and tell what was dropped."""
        sent = self.drain(timeout_s)
        self._teller.tell()
        return sent

    def drain(self, timeout_s: float) -> bool:
        """Send what waits, and end the thread. A busy machine gets more time, since what is not sent then is lost."""
        self._teller.ending = True
        self.closing.set()
        sent = self._pass_marker(timeout_s, wait_patiently)
        self._wake.put(None)
        if sent and (thread := self._thread) is not None and thread is not threading.current_thread():
            thread.join(timeout_s)
        if not sent:
            unsent = self._sending + sum(not isinstance(item, _Marker) for item in self._take_all())
            self._teller.drop(unsent, f"the program ended, and sending them took longer than {timeout_s:.0f} s.")
        self._tell_overflow()
        return sent

    def _start(self) -> None:
        if self._starting:
            return
        self._starting = True  # a plain flag: `put` may be re-entered while the thread below is made
        thread = threading.Thread(target=in_thread(self._run, f"sending {self._name}"), name=self._name, daemon=True)
        try:
            thread.start()
        except RuntimeError:  # the interpreter is ending: `flush` sends from the calling thread
            self._starting = False
            return
        self._thread = thread

    def _run(self) -> None:
        attach(without_instrumentation())
        # The first batch goes at once: finding the collector takes longest, and a short program may end soon.
        self._safely(self._drain)
        while not self.closing.is_set():
            with contextlib.suppress(queue.Empty):
                self._wake.get(timeout=self._delay_s())
            self._awake = False
            self._call(self._tick)
            self._safely(self._drain)
        self._safely(self._drain)

    def _call(self, hook: Callable[[], None] | None) -> None:
        if hook is not None:
            with self._draining:
                self._safely(hook)

    def _safely(self, step: Callable[[], None]) -> None:
        """A fault of ours costs one turn; the thread goes on."""
        try:
            step()
        except Exception:
            our_fault(f"sending {self._name}")

    def _drain(self) -> None:
        with self._draining:
            while batch := self._take():
                items = [item for item in batch if not isinstance(item, _Marker)]
                self._sending = len(items)
                try:
                    if items:
                        self._send(items)
                except Exception:
                    our_fault(f"sending {self._name}")
                    self._teller.drop(len(items), "an internal error, logged above")
                self._sending = 0
                self._tell_overflow()
                for item in batch:
                    if isinstance(item, _Marker):
                        if self.closing.is_set():
                            self._call(self._finish)
                        item.passed.set()

    def _take(self) -> list[T | _Marker]:
        batch: list[T | _Marker] = []
        weight = 0
        while len(batch) < self._batch_size and weight <= MAX_BATCH_BYTES:
            try:
                item = self._items.get_nowait()
            except queue.Empty:
                break
            batch.append(item)
            if not isinstance(item, _Marker):
                weight += self._weight(item)
        self._bytes -= weight
        return batch

    def _take_all(self) -> list[T | _Marker]:
        left: list[T | _Marker] = []
        with contextlib.suppress(queue.Empty):
            while True:
                left.append(self._items.get_nowait())
        return left

    def _drain_here(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        self._drain()
        return time.monotonic() <= deadline

    def _tell_overflow(self) -> None:
        if count := self._overflown:
            self._overflown -= count
            self._teller.drop(count, f"the queue was full ({self._max_items}); the collector is slow or away.")
        if count := self._too_heavy:
            self._too_heavy -= count
            self._teller.drop(count, f"the queue was full ({self._max_bytes} bytes); the collector is slow or away.")


_queues: weakref.WeakSet[BackgroundQueue[Any]] = weakref.WeakSet()


def _after_fork() -> None:
    """A forked child has none of its parent's threads, and what waits in the queue is the parent's to send."""
    for each in list(_queues):
        each._fresh()
        each._teller.forget()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
