"""What git knows of a file, where there is git: who wrote it last and why, and what it said before."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MOST_COMMITS = 100  # of one file that are looked through
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Commit:
    message: str
    author: str


def last_commit(path: Path) -> Commit | None:
    """The commit that made the file what it is; None: there is none, or the file has changed since."""
    if _git(path, "status", "--porcelain", "--", path.name) != b"":
        return None
    found = _git(path, "log", "-1", "--format=%an%x00%B", "--", path.name)
    author, _, message = (found or b"").decode("utf-8", "replace").partition("\0")
    return Commit(message.strip(), author) if message.strip() else None


def earlier_contents(path: Path) -> Iterator[bytes]:
    """What the file was in the commits that changed it, newest first."""
    commits = _git(path, "log", f"-{MOST_COMMITS}", "--format=%H", "--", path.name) or b""
    for commit in commits.decode("ascii", "replace").split():
        content = _git(path, "show", f"{commit}:./{path.name}")
        if content is not None:
            yield content


def _git(path: Path, *arguments: str) -> bytes | None:
    """What git prints; None: there is no git, no repository, or no such thing in it."""
    command = ["git", "--no-pager", "-c", "core.fsmonitor=false", "-C", str(path.parent), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, timeout=TIMEOUT_S, stdin=subprocess.DEVNULL)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None
