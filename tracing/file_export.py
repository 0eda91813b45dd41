"""`ASSAY_ENDPOINT=file:./traces`: spans into files instead of to a collector, one OTLP request as JSON in each line.

The form is that of OpenTelemetry's file exporter (specification, protocol/file-exporter.md), which collectors and
`assay import` read. Every process writes files of its own, so that none waits for another; a new file is begun when one
is large enough. Lines are written whole or taken back. Nothing is fsynced: what is written outlives the process, not a
power cut.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assay.tracing.flag import Flag
from assay.tracing.requests import Request
from assay.tracing.tell import Teller, say_once

PAUSE_S = 1.0  # between two tries, while the disk is full


class LineFile:
    """Lines appended to `<directory>/<stem>-<time>-<process>-<number>.jsonl`. Used by one thread at a time."""

    def __init__(self, directory: Path, stem: str, *, max_bytes: int) -> None:
        self._directory = directory
        self._stem = stem
        self._max_bytes = max_bytes
        self._number = 0
        self._pid = os.getpid()
        self._fd: int | None = None
        self._size = 0

    def append(self, line: bytes) -> None:
        """Raises OSError, and then the file is as it was."""
        if self._pid != os.getpid():  # forked: the file is the parent's
            self.close()
            self._pid, self._number = os.getpid(), 0
        if self._fd is not None and self._size + len(line) > self._max_bytes and self._size:
            self.close()
        if self._fd is None:
            self._fd, self._size = self._open(), 0
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(self._fd, left) :]
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._fd, self._size)
            raise
        self._size += len(line)

    def close(self) -> None:
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _open(self) -> int:
        if not self._directory.is_dir():
            self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        while True:
            self._number += 1
            began = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
            path = self._directory / f"{self._stem}-{began}-{self._pid}-{self._number:04d}.jsonl"
            with contextlib.suppress(FileExistsError):  # of a process before us that had our number
                return os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)


class FileOutbox:
    """Takes encoded requests as `Outbox` does, and writes them at once."""

    away = False

    def __init__(self, directory: Path, *, max_bytes: int, teller: Teller) -> None:
        self._directory = directory
        self._lines = LineFile(directory, "spans", max_bytes=max_bytes)
        self._teller = teller
        self._closing = Flag()

    def put(self, request: Request) -> None:
        line = otlp_json_line(request.body)
        while True:
            closing = self._closing.is_set()
            try:
                self._lines.append(line)
            except OSError as error:
                problem = f"{self._directory} cannot be written ({error.strerror or error})"
                say_once(
                    "file", "Spans wait in memory only, because %s. Those for which there is no room are lost.", problem
                )
                if closing:
                    self._teller.drop(request.count, f"the program ended, and {problem}.")
                    return
                self._closing.wait(PAUSE_S)
            else:
                return

    def settle(self, timeout_s: float) -> bool:
        return True

    def hurry(self) -> None:
        self._closing.set()

    def close(self, timeout_s: float) -> bool:
        self._closing.set()
        return True


def write_score_lines(directory: Path, scores: Iterable[dict[str, Any]], *, project: str, max_bytes: int) -> None:
    """Scores beside the spans, as `assay import` takes them. Raises OSError."""
    made = datetime.now(UTC).isoformat()
    lines = _score_files.setdefault(directory, LineFile(directory, "scores", max_bytes=max_bytes))
    rows = [{"project": project, "created_at": made, **score} for score in scores]
    lines.append(b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows))


_score_files: dict[Path, LineFile] = {}


def otlp_json_line(body: bytes) -> bytes:
    """An `ExportTraceServiceRequest` in protobuf as one line of OTLP JSON: ids in hexadecimal, enums as numbers."""
    from google.protobuf.json_format import MessageToDict
    from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

    request = MessageToDict(ExportTraceServiceRequest.FromString(body), use_integers_for_enums=True)
    for of_resource in request.get("resourceSpans", ()):
        for of_scope in of_resource.get("scopeSpans", ()):
            for span in of_scope.get("spans", ()):
                for holder in (span, *span.get("links", ())):
                    for name in ("traceId", "spanId", "parentSpanId"):
                        if name in holder:
                            holder[name] = base64.b64decode(holder[name]).hex()
    return json.dumps(request, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
