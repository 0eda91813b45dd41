"""Programs that the collector starts beside itself: whatever calls models or runs scorers stays out of its process.

A worker runs `python -m MODULE`, made with `assay.evaluation.child`, which also tells the protocol: JSON lines on its
standard input and output. It is started for the first who asks, once, and ends when the collector does, however that
ends.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from queue import Empty
from typing import Any

from assay.collector.worker_process import ENDED, Child
from assay.errors import (
    AssayError,
    CollectorUnavailable,
    ConfigurationError,
    Conflict,
    DatasetError,
    GatewayError,
    InvalidRequest,
    NotFound,
    ScorerError,
    TemplateError,
    Unauthorized,
)

logger = logging.getLogger("assay.collector")

LIVED_WELL_S = 10.0  # one that lived so long may be started again at once
FIRST_BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 60.0
IDLE_S = 600.0

# What a child's error is raised as here: the first of its kinds that is one of these.
RAISED: Mapping[str, type[AssayError]] = {
    kind.__name__: kind
    for kind in (
        CollectorUnavailable,
        ConfigurationError,
        Conflict,
        DatasetError,
        GatewayError,
        InvalidRequest,
        NotFound,
        ScorerError,
        TemplateError,
        Unauthorized,
    )
}

Clock = Callable[[], float]


class Worker:
    """One kind of child. Any thread may ask, many at once."""

    def __init__(self, module: str, env: Mapping[str, str] | None = None, *, clock: Clock = time.monotonic) -> None:
        """Nothing is started yet.

        Args:
            module: what `python -m` runs.
            env: of the child; None: the collector's own.
        """
        self.module = module
        self._env = dict(os.environ if env is None else env)
        self._clock = clock
        self._guard = threading.RLock()
        self._child: Child | None = None
        self._failures = 0
        self._not_before = 0.0
        self._last_used = clock()
        self._closed = False

    def ask(self, method: str, params: Mapping[str, Any], *, timeout_s: float | None = None) -> Any:
        """What the child's handler of `method` returns. Raises as `stream`."""
        [answer] = deque(self.stream(method, params, timeout_s=timeout_s), maxlen=1)
        return answer

    def stream(self, method: str, params: Mapping[str, Any], *, timeout_s: float | None = None) -> Asked:
        """What the handler tells, as it tells it, and at last what it returns.

        Args:
            timeout_s: the longest silence; None waits for as long as the child lives.

        Raises:
            CollectorUnavailable: the child cannot be started.
        """
        return Asked(self, self._living(), method, params, timeout_s)

    def note_use(self) -> None:
        self._last_used = self._clock()

    @property
    def pid(self) -> int | None:
        """Of the child that runs now."""
        with self._guard:
            return self._child.process.pid if self._child and self._child.lives() else None

    def rest(self, idle_s: float = IDLE_S) -> None:
        """End the child if nobody asked it anything for so long; the next who asks starts another."""
        with self._guard:
            child = self._child
            if child is None or child.busy() or self._clock() - self._last_used < idle_s:
                return
            self._child = None
        child.end()

    def hurry(self) -> None:
        """Have the child end soon, without waiting for it: may be called from a signal handler."""
        self._closed = True
        if child := self._child:
            child.terminate()

    def close(self) -> None:
        """End the child, in order where it can: returns when it is gone. Asking is refused from now on."""
        self._closed = True
        with self._guard:
            child, self._child = self._child, None
        if child is not None:
            child.end()

    def _living(self) -> Child:
        with self._guard:
            if self._closed:
                raise CollectorUnavailable("The collector is stopping.", hint="Try again when it runs again.")
            now = self._clock()
            if self._child is not None and self._child.lives():
                self._last_used = now
                return self._child
            if self._child is not None:
                self._note_death(self._child, now)
            if now < self._not_before:
                raise CollectorUnavailable(
                    f"{self.module} ended by itself and is started again in {self._not_before - now:.1f} seconds.",
                    hint="The collector's log says why it ended.",
                )
            self._child, self._last_used = Child(self.module, self._env, now), now
            return self._child

    def _note_death(self, child: Child, now: float) -> None:
        self._child = None
        child.end()
        self._failures = 0 if child.answered and now - child.started_at > LIVED_WELL_S else self._failures + 1
        wait = min(FIRST_BACK_OFF_S * 2 ** (self._failures - 1), LONGEST_BACK_OFF_S) if self._failures else 0.0
        self._not_before = now + wait
        logger.warning("%s ended with status %s", self.module, child.process.returncode)


class Asked(Iterator[Any]):
    """One request under way: what is told of it, and at last what is returned.

    Raises:
        CollectorUnavailable: the child ended before it answered, or was silent for too long.
        AssayError: what the handler raised, as one of RAISED where it is one.
    """

    def __init__(
        self, worker: Worker, child: Child, method: str, params: Mapping[str, Any], timeout_s: float | None
    ) -> None:
        self._worker = worker
        self._child = child
        self._timeout_s = timeout_s
        self._over = False
        self._number, self._answers = child.send(method, params)

    def __next__(self) -> Any:
        if self._over:
            raise StopIteration
        try:
            answer = self._answers.get(timeout=self._timeout_s)
        except Empty:
            self.close()
            raise CollectorUnavailable(
                f"{self._worker.module} has said nothing for {self._timeout_s:g} seconds.", hint="Try again."
            ) from None
        self._worker.note_use()
        if self._over:  # closed while this waited
            raise StopIteration
        if answer is ENDED:
            self._over = True
            raise CollectorUnavailable(
                f"{self._worker.module} ended before it answered.", hint="The collector's log may say why. Try again."
            )
        if "event" in answer:
            return answer["event"]
        self._over = True
        if "error" in answer:
            raise _error(answer["error"])
        return answer["result"]

    def close(self) -> None:
        """Cancel it, if it is not over. From any thread: one that waits for the next answer is let go."""
        if not self._over:
            self._over = True
            self._child.forget(self._number)
            self._answers.put(ENDED)

    def __del__(self) -> None:
        self.close()


class Workers:
    """The collector's children: one of a kind for each project, since a process files what it sends under one."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir = data_dir
        self._url: str | None = None
        self._api_key: str | None = None
        self._guard = threading.Lock()
        self._workers: dict[tuple[str, str], Worker] = {}
        self.more_env: dict[str, str] = {}  # of children to be made

    def serve_at(self, url: str, api_key: str | None = None) -> None:
        """Where children reach the collector; before that, none can be had.

        Args:
            api_key: for a collector that asks for keys.
        """
        self._url, self._api_key = url, api_key

    def get(self, module: str, project: str) -> Worker:
        """The worker of this kind; started when it is asked something.

        Raises:
            CollectorUnavailable: the collector serves no address, so that no child could send it anything.
        """
        if self._url is None:
            raise CollectorUnavailable("This collector serves no address yet.", hint="Start it with: assay serve")
        with self._guard:
            if (module, project) not in self._workers:
                env = child_env(os.environ, url=self._url, api_key=self._api_key, project=project, data=self._data_dir)
                self._workers[module, project] = Worker(module, {**env, **self.more_env})
            return self._workers[module, project]

    def rest(self) -> None:
        """End children that nobody has asked for long; called now and then."""
        for worker in self._all():
            worker.rest()

    def hurry(self) -> None:
        """Have all of them end soon; may be called from a signal handler."""
        for worker in self._all():
            worker.hurry()

    def close(self) -> None:
        """End all of them; returns when they are gone."""
        self.hurry()
        for worker in self._all():
            worker.close()

    def _all(self) -> list[Worker]:
        return list(self._workers.values())


def child_env(
    environment: Mapping[str, str], *, url: str, api_key: str | None, project: str, data: Path
) -> dict[str, str]:
    """What a child is told: everything that the collector was (keys of models among it), but where to send spans.

    The collector's own OTEL_* settings are of its surroundings, and could send the child's spans elsewhere or nowhere.
    """
    kept = {name: value for name, value in environment.items() if not name.startswith("OTEL_")}
    ours = {
        "ASSAY_ENDPOINT": url,
        "ASSAY_PROJECT": project,
        "ASSAY_DATA_DIR": str(data.resolve()),
        "ASSAY_TRACING": "true",
        "ASSAY_SAMPLE_RATE": "1",
        "ASSAY_HANDLE_SIGTERM": "false",  # the child ends in order by itself
    }
    return {**kept, **ours, **({"ASSAY_API_KEY": api_key} if api_key else {})}


def _error(described: Mapping[str, Any]) -> AssayError:
    kind = next((RAISED[name] for name in described["kinds"] if name in RAISED), AssayError)
    return kind(described["message"], hint=described["hint"])
