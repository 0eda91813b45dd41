"""What a run has made so far, on disk before the next row begins: the collector hears of it half a second later.

A file of one run, `<data_dir>/evaluations/<experiment id>.jsonl`, one JSON object per line. What is written outlives
the process, not a power cut. A process that dies while writing leaves a torn last line, which is passed over. The file
is locked (`flock`) as long as its run lives, so that nobody resumes what still runs; it is gone once everything in it
is with the collector.
"""

from __future__ import annotations

import json
import logging
import os
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.content_hash import json_bytes
from assay.errors import Conflict
from assay.evaluation.plain import MAX_DEPTH, MAX_INT_BITS, plain_text
from assay.settings import Settings

try:
    import fcntl
except ImportError:  # Windows: whether a run still lives is told by its last sign of life alone
    fcntl = None  # type: ignore[assignment]

logger = logging.getLogger("assay")

Row = dict[str, Any]
Key = tuple[str, int]  # item id, repeat


@dataclass(slots=True)
class Remembered:
    """What a journal holds. Rows are as they were stored; used is what `Usage.noted` says of a row."""

    rows: dict[Key, Row] = field(default_factory=dict)
    tasks: dict[Key, Row] = field(default_factory=dict)  # rows whose task has finished, and their scorers have not
    scores: dict[Key, dict[str, list[dict[str, Any]]]] = field(default_factory=dict)  # of those rows, by scorer
    used: dict[Key, dict[str, Any]] = field(default_factory=dict)


class Journal:
    """Written by one run, on its event loop. What cannot be written is told once and costs no row."""

    def __init__(self, path: Path) -> None:
        """Open or make the file and lock it.

        Raises:
            Conflict: the run still goes on, here or in another process.
        """
        self.path = path
        self.problem: str | None = None  # why rows are no longer written down
        self._half_done: set[Key] = set()
        self._fd: int | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._fd = _open_locked(path)
        except BlockingIOError as error:
            raise Conflict(
                f"Experiment {path.stem} is still running in another process, or in another thread of this one.",
                hint="Wait for it to end, or stop it first.",
            ) from error
        except OSError as error:
            self._give_up(error)
        _open_journals.add(self)

    def task_done(self, row: Mapping[str, Any]) -> None:
        """The task's part of a row, before its scorers run: what was paid for is not paid for again."""
        self._half_done.add(key_of(row))
        self._say({"task": row})

    def holds_task(self, key: Key) -> bool:
        """Whether the task's part of this row was written down."""
        return key in self._half_done

    def scorer_done(self, key: Key, scorer: str, scores: list[dict[str, Any]]) -> None:
        """What one scorer said of a row whose other scorers may still run."""
        self._say({"of": key, "scorer": scorer, "scores": scores})

    def row_done(self, row: Mapping[str, Any], used: Mapping[str, Any]) -> None:
        self._half_done.discard(key_of(row))
        self._say({"row": row, "used": used} if used else {"row": row})

    def close(self, *, stored: bool) -> None:
        """Let go of the file, and remove it if everything in it is stored elsewhere."""
        if stored and not self._half_done:
            self.path.unlink(missing_ok=True)  # while it is locked: nobody can have begun to read it
        self.let_go()

    def let_go(self) -> None:
        """Close the file, and with it the lock."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _say(self, line: Mapping[str, Any]) -> None:
        if self._fd is None:
            return
        try:
            _write_all(self._fd, json_bytes(line) + b"\n")
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        self.let_go()
        self.problem = (
            f"{self.path} cannot be written ({error.strerror or error}): if this process dies, the rows of its last "
            "half second run again."
        )
        logger.warning(self.problem)


def journal_path(settings: Settings, experiment_id: str) -> Path:
    return settings.data_dir / "evaluations" / f"{experiment_id}.jsonl"


def read_journal(path: Path) -> Remembered:
    """What the run wrote down; nothing if there is no such file. A row that finished has no half-finished state."""
    found = Remembered()
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError:
        return found
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:  # torn when its process died, or empty
            continue
        if "row" in entry:
            found.rows[key_of(entry["row"])] = entry["row"]
            found.used[key_of(entry["row"])] = entry.get("used") or {}
        elif "task" in entry:
            found.tasks[key_of(entry["task"])] = entry["task"]
        elif "scorer" in entry:
            item_id, repeat = entry["of"]
            found.scores.setdefault((item_id, repeat), {})[entry["scorer"]] = entry["scores"]
    found.tasks = {key: task for key, task in found.tasks.items() if key not in found.rows}
    return found


def key_of(row: Mapping[str, Any]) -> Key:
    return str(row["item_id"]), int(row.get("repeat") or 0)


def is_exact(value: Any, depth: int = 0) -> bool:
    """`value` comes back from JSON as it went in, types included: whoever reads it later sees what scorers see now."""
    if type(value) in (dict, list):
        if depth >= MAX_DEPTH:
            return False
        inner = value if type(value) is list else [*value, *value.values()]
        keys_are_texts = type(value) is list or all(type(key) is str for key in value)
        return keys_are_texts and all(is_exact(item, depth + 1) for item in inner)
    if type(value) is str:
        return value.isascii() or plain_text(value) == value
    if type(value) is float:
        return value - value == 0  # finite
    if type(value) is int:
        return value.bit_length() <= MAX_INT_BITS
    return value is None or type(value) is bool


def _open_locked(path: Path) -> int:
    """The file opened for appending, locked, and ending in a whole line.

    Raises:
        BlockingIOError: somebody else has it locked.
        OSError: it cannot be opened.
    """
    flags = os.O_RDWR | os.O_APPEND | getattr(os, "O_CLOEXEC", 0) | os.O_CREAT
    fd = os.open(path, flags, 0o600)
    try:
        if fcntl is not None:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        size = os.lseek(fd, 0, os.SEEK_END)
        if size:
            os.lseek(fd, size - 1, os.SEEK_SET)
            if os.read(fd, 1) != b"\n":
                _write_all(fd, b"\n")
    except BaseException:
        os.close(fd)
        raise
    return fd


def _write_all(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


_open_journals: weakref.WeakSet[Journal] = weakref.WeakSet()


def _let_go_in_child() -> None:
    """A forked child would keep the lock after its parent has gone."""
    for journal in list(_open_journals):
        journal.let_go()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go_in_child)
