"""One process that answers requests over JSON lines, from its start to its end. See workers.py."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from queue import SimpleQueue
from typing import Any

logger = logging.getLogger("assay.collector")

STOP_WITHIN_S = 4.0  # a little more than the child allows itself
ENDED = None  # in the place of an answer: the process is gone


class Child:
    """One process, from its start to its end."""

    def __init__(self, module: str, env: Mapping[str, str], now: float) -> None:
        self.started_at = now
        self.answered = False
        self._module = module
        self._guard = threading.Lock()
        self._writing = threading.Lock()
        self._waiting: dict[int, SimpleQueue[Any]] = {}
        self._number = 0
        self._gone = False
        self.process = subprocess.Popen(
            (sys.executable, "-P", "-m", module),  # -P: a folder of the working directory must not shadow a package
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(env),
            start_new_session=True,  # Ctrl-C in the terminal is the collector's to handle
        )
        self._readers = [
            threading.Thread(target=work, name=f"assay-{module.rpartition('.')[2]}", daemon=True)
            for work in (self._read_answers, self._read_log)
        ]
        for reader in self._readers:
            reader.start()

    def lives(self) -> bool:
        return not self._gone and self.process.poll() is None

    def busy(self) -> bool:
        return bool(self._waiting)

    def send(self, method: str, params: Mapping[str, Any]) -> tuple[int, SimpleQueue[Any]]:
        answers: SimpleQueue[Any] = SimpleQueue()
        with self._guard:
            self._number += 1
            number = self._number
            self._waiting[number] = answers
            gone = self._gone
        if gone or not self._write({"id": number, "method": method, "params": params}):
            answers.put(ENDED)
        return number, answers

    def forget(self, number: int) -> None:
        """Nobody waits for this answer any more; one that is still under way is cancelled."""
        with self._guard:
            unfinished = self._waiting.pop(number, None) is not None
        if unfinished and self.lives():
            self._write({"cancel": number})

    def terminate(self) -> None:
        self.process.terminate()

    def end(self) -> None:
        """SIGTERM, and after STOP_WITHIN_S SIGKILL."""
        self.process.terminate()
        try:
            self.process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            logger.warning("%s did not end by itself and was killed", self._module)
            with suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)  # it leads a session of its own
            self.process.wait()
        for reader in self._readers:
            reader.join(STOP_WITHIN_S)  # what it started itself may still hold its output open
        assert self.process.stdin is not None
        with self._writing:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                logger.debug("%s left requests unread", self._module)

    def _write(self, message: Mapping[str, Any]) -> bool:
        """False: the process is gone."""
        assert self.process.stdin is not None
        line = json.dumps(message).encode() + b"\n"
        with self._writing:
            try:
                self.process.stdin.write(line)
                self.process.stdin.flush()
            except (OSError, ValueError):  # ValueError: closed
                return False
        return True

    def _read_answers(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as answers:
            for line in answers:
                self._hand_over(line)
        with self._guard:
            self._gone = True
            waiting, self._waiting = list(self._waiting.values()), {}
        for each in waiting:
            each.put(ENDED)

    def _hand_over(self, line: bytes) -> None:
        try:
            answer = json.loads(line)
            number = answer["id"]
        except (ValueError, KeyError, TypeError):
            logger.warning("%s said what is no answer: %.200r", self._module, line)
            return
        self.answered = True
        with self._guard:
            last = "event" not in answer
            waiting = self._waiting.pop(number, None) if last else self._waiting.get(number)
        if waiting is not None:
            waiting.put(answer)

    def _read_log(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as lines:
            for line in lines:
                logger.info("%s: %s", self._module, line.decode("utf-8", "replace").rstrip())
