"""A backup as the collector sends it: received, unpacked, and checked."""

from __future__ import annotations

import hashlib
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assay.client import Client
from assay.errors import ConfigurationError, StoreDamaged

BACKUP_FILE = "backup.json"
CHUNK_BYTES = 1024**2


def receive_backup(client: Client, directory: Path) -> dict[str, Any]:
    """Ask for a backup and write it into `directory`; what it says of itself.

    Raises:
        ConfigurationError: the directory holds something already.
        StoreDamaged: what arrived is not what was sent.
    """
    if directory.exists() and any(directory.iterdir()):
        raise ConfigurationError(f"{directory} is not empty.", hint="Choose a new directory.")
    directory.mkdir(parents=True, exist_ok=True)
    with (
        client.stream("POST", "/backups", project=None) as response,
        tarfile.open(fileobj=_Reader(response.iter_bytes(CHUNK_BYTES)), mode="r|") as tar,  # type: ignore[call-overload]
    ):
        for member in tar:
            source = tar.extractfile(member)
            if source is None or Path(member.name).name != member.name:
                raise StoreDamaged(f"The backup holds {member.name!r}, which is no file of a backup.")
            with (directory / member.name).open("wb") as target:
                while chunk := source.read(CHUNK_BYTES):
                    target.write(chunk)
    return check_files(directory)


def check_files(directory: Path) -> dict[str, Any]:
    """What `backup.json` says, once every file that it names is found to be as it says.

    Raises:
        ConfigurationError: the directory holds no backup.
        StoreDamaged: a file of it is missing or has changed.
    """
    try:
        described: dict[str, Any] = json.loads((directory / BACKUP_FILE).read_text(encoding="utf-8"))
        files = dict(described["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            f"{directory} holds no backup: {BACKUP_FILE} cannot be read.", hint="Make one with: assay backup DIR"
        ) from error
    for name, expected in files.items():
        path = directory / name
        if not path.exists() or describe(path) != expected:
            raise StoreDamaged(
                f"{path} is not as it was written: its checksum differs.",
                hint="Use another backup. Nothing was changed.",
            )
    return described


def describe(path: Path) -> dict[str, Any]:
    """Size and checksum of a file, as `backup.json` tells them."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return {"bytes": path.stat().st_size, "sha256": digest.hexdigest()}


class _Reader:
    """Chunks as a file that can be read, as tarfile wants it."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._left = b""

    def read(self, n_bytes: int) -> bytes:
        parts, wanted = [], n_bytes
        while wanted > 0 and (self._left or (more := next(self._chunks, b""))):
            chunk = self._left or more
            parts.append(chunk[:wanted])
            self._left = chunk[wanted:]
            wanted -= len(parts[-1])
        return b"".join(parts)
