"""Last good answers of the registry on disk, so that a program that starts while the collector is away has its prompts.

One file for each thing asked for. Its name is a hash of collector, project and reference, without the key or the
password that belongs to the collector. A file is written under another name first and then renamed, and only its owner
may read it; how old it is stands in its time of modification. Whatever is not exactly what was written here is ignored.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import secrets
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Generic
from urllib.parse import urlsplit

from assay.content_hash import canonical_json, content_hash
from assay.errors import AssayError
from assay.prompts.cache import Answer, Key, Value

logger = logging.getLogger("assay.prompts")

DIRECTORY = "prompt_cache"  # in the data directory
FORM = 1  # of these files; of another, none is read
SUFFIX = ".prompt.json"
MAX_FILE_BYTES = 8 * 1024**2
MAX_FILES = 2_000
TEMPORARY_FOR_S = 3600.0  # what a killed process was writing is removed after that


ReadRow = Callable[[dict[str, Any], bool], Answer[Value]]


class NotUsable(Exception):
    """A file, or the directory, is not one of ours; the message says why."""


class DiskCopies(Generic[Value]):
    """The copies in one directory, which several processes may share. Nothing raises; what goes wrong is logged once.

    Args:
        read_row: the answer that an API object stands for; told whether it was asked for by its number.
        max_bytes: of all files; the oldest make room. 0 keeps nothing, and reads nothing.
    """

    def __init__(self, directory: Path, *, max_bytes: int, read_row: ReadRow[Value]) -> None:
        self.directory = directory
        self._max_bytes = max_bytes
        self._read_row = read_row
        self._told: set[str] = set()

    def read(self, key: Key) -> tuple[Answer[Value], float] | None:
        path = self.path(key)
        if not self._max_bytes:
            return None
        try:
            content, modified_at = _read_own(path)
            answer = self._read_row(_row_of(content, _name(key)), isinstance(key.version, int))
        except FileNotFoundError:
            return None
        except (NotUsable, OSError, AssayError) as error:
            self._tell(f"The copy of {key.label} in {path} is ignored: {error}")
            return None
        except Exception as error:  # whatever the file has in store for who reads it
            self._tell(f"The copy of {key.label} in {path} cannot be read: {error!r}")
            return None
        return answer, max(0.0, time.time() - modified_at)

    def write(self, key: Key, answer: Answer[Value]) -> None:
        try:
            content = _content(_name(key), answer.row)
            if len(content) > min(self._max_bytes, MAX_FILE_BYTES):
                return
            self._make_directory()
            _replace(self.path(key), content)
            self._make_room()
        except (NotUsable, OSError, AssayError) as error:
            self._tell(f"Prompts cannot be kept in {self.directory}, for when the collector is away: {error}")

    def confirm(self, key: Key) -> None:
        path = self.path(key)
        with contextlib.suppress(OSError):  # it is gone: the next change writes it again
            if self._max_bytes:
                os.utime(path, follow_symlinks=False)

    def path(self, key: Key) -> Path:
        return self.directory / f"{_name(key)}{SUFFIX}"

    def _make_directory(self) -> None:
        self.directory.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            self.directory.mkdir(mode=0o700)
            self.directory.chmod(0o700)  # whatever the umask is
        _check_owner(self.directory.lstat(), stat.S_ISDIR, "directory")

    def _make_room(self) -> None:
        """Remove the oldest files beyond the bounds, and what killed processes have left."""
        files = []
        with os.scandir(self.directory) as entries:
            for entry in entries:
                with contextlib.suppress(FileNotFoundError):
                    found = entry.stat(follow_symlinks=False)
                    if entry.name.endswith(".tmp") and found.st_mtime < time.time() - TEMPORARY_FOR_S:
                        os.unlink(entry.path)
                    elif entry.name.endswith(SUFFIX):
                        files.append((found.st_mtime, found.st_size, entry.path))
        files.sort(reverse=True)
        size = 0
        for number, (_, length, path) in enumerate(files):
            size += length
            if number and (size > self._max_bytes or number >= MAX_FILES):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(path)

    def _tell(self, message: str) -> None:
        if message not in self._told and len(self._told) < 100:
            self._told.add(message)
            logger.warning("%s", message)


def problem_of(path: Path) -> str | None:
    """Why a copy cannot be used; None: it can, by who asks for what it was written for."""
    try:
        _row_of(_read_own(path)[0], path.name.removesuffix(SUFFIX))
    except (NotUsable, OSError, ValueError, RecursionError, AssayError) as error:
        return str(error)
    return None


def _name(key: Key) -> str:
    return content_hash([_without_secrets(key.place.endpoint), key.place.project, str(key.reference)])


def _without_secrets(endpoint: str | None) -> str:
    """Scheme, host and path of an address: a password or a token may stand in the rest of it."""
    try:
        parts = urlsplit(endpoint or "")
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path.rstrip('/')}"


def _content(name: str, row: Any) -> bytes:
    prompt = canonical_json(row)
    sha256 = hashlib.sha256(prompt.encode()).hexdigest()
    return f'{{"form":{FORM},"key":"{name}","sha256":"{sha256}","prompt":{prompt}}}\n'.encode()


def _row_of(content: bytes, name: str) -> dict[str, Any]:
    kept = json.loads(content)
    if not isinstance(kept, dict) or kept.get("form") != FORM or kept.get("key") != name:
        raise NotUsable("it was not written for this, or by another version of Assay")
    row = kept.get("prompt")
    if not isinstance(row, dict) or content_hash(row) != kept.get("sha256"):
        raise NotUsable("it is not as it was written")
    return row


def _read_own(path: Path) -> tuple[bytes, float]:
    """Content and time of a file, if nobody else can have written it."""
    # not blocking: what stands there may be a pipe. Windows has neither flag.
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    fd = os.open(path, flags)
    try:
        found = os.fstat(fd)
        _check_owner(found, stat.S_ISREG, "file")
        if found.st_size > MAX_FILE_BYTES:
            raise NotUsable(f"it has {found.st_size} bytes")
        with open(fd, "rb", closefd=False) as file:
            return file.read(MAX_FILE_BYTES + 1), found.st_mtime
    finally:
        os.close(fd)


def _check_owner(found: os.stat_result, is_right: Callable[[int], bool], what: str) -> None:
    if not is_right(found.st_mode):
        raise NotUsable(f"it is no {what}")
    if hasattr(os, "getuid") and (found.st_uid != os.getuid() or found.st_mode & 0o022):
        raise NotUsable(f"another user may write this {what}")


def _replace(path: Path, content: bytes) -> None:
    temporary = f"{path}.{secrets.token_hex(6)}.tmp"
    fd = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o600)
    try:
        with open(fd, "wb") as file:
            file.write(content)
        os.replace(temporary, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
