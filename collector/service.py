"""The collector without its HTTP: directory, stores, writer, upkeep. What the routes and pages are given."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from assay.collector import queries
from assay.collector.canonical import span_row
from assay.collector.decode import decode_request
from assay.collector.lock import DirectoryLock
from assay.collector.registry import Registry
from assay.collector.rows import append_rows, replace_tables, span_table
from assay.collector.store import STORE_FILE, SpanStore
from assay.collector.writer import Writer
from assay.errors import AssayError, CollectorUnavailable, InvalidRequest, StoreError

logger = logging.getLogger("assay.collector")

REGISTRY_FILE = "registry.db"
UPKEEP_EVERY_S = 2.0


@dataclass(frozen=True, slots=True)
class Accepted:
    """What became of one export request: how many spans are on disk, and why the others are not."""

    stored: int
    rejected: list[str]


@dataclass(frozen=True, slots=True)
class _Request:
    body: bytes
    project: str | None
    only_project: str | None
    future: Future[Accepted]


class Service:
    """Owns a data directory while it exists. All methods may be called from any thread."""

    def __init__(self, data_dir: Path) -> None:
        """Open or create the data directory.

        Raises:
            StoreError: it cannot be made or written to.
            StoreLocked: another process owns it.
            StoreDamaged: a file in it cannot be opened as it is.
        """
        self.data_dir = data_dir
        self.started_at = time.time()
        try:
            data_dir.mkdir(parents=True, exist_ok=True)
            self._lock = DirectoryLock(data_dir)
        except OSError as error:
            raise StoreError(
                f"The data directory {data_dir} cannot be used: {error.strerror or error}.",
                hint="Choose another with ASSAY_DATA_DIR or --data-dir.",
            ) from error
        try:
            self.store = SpanStore(data_dir / STORE_FILE)
            self.registry = Registry.open(data_dir / REGISTRY_FILE)
        except BaseException:
            self._lock.release()
            raise
        self.writer = Writer(self.store)
        self._mirrored_revision: int | None = None
        self._projects: set[str] = set()
        self._requests: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._decoder = threading.Thread(target=self._decode_requests, name="assay-decoder", daemon=True)
        self._decoder.start()
        self._stop = threading.Event()
        self._upkeep = threading.Thread(target=self._keep_up, name="assay-upkeep", daemon=True)
        self._upkeep.start()

    # Spans --------------------------------------------------------------------------------------------------------

    def ingest(self, body: bytes, project: str | None = None, *, only_project: str | None = None) -> Future[Accepted]:
        """Decode and store one OTLP export request; the future resolves once its spans are on disk.

        Args:
            project: where to file spans whose resource names no project.
            only_project: where to file all of them, whatever they say.

        The future's exception is InvalidRequest for a body that is no such request, and CollectorUnavailable when the
        sender should try again later.
        """
        future: Future[Accepted] = Future()
        self._requests.put(_Request(body, project, only_project, future))
        return future

    def _decode_requests(self) -> None:
        while request := self._requests.get():
            try:
                self._decode(request)
            except AssayError as error:
                request.future.set_exception(error)
            except Exception as error:
                logger.exception("an export request could not be converted")
                request.future.set_exception(error)

    def _decode(self, request: _Request) -> None:
        decoded = decode_request(request.body)
        rows, rejected, received_at = [], decoded.rejected, time.time_ns()
        for span in decoded.spans:
            try:
                row = span_row(span, received_at=received_at, project=request.project)
                row[0] = request.only_project or row[0]
                rows.append(row)
            except Exception as error:
                logger.exception("span %s could not be converted", span.span_id)
                rejected.append(f"span {span.span_id} could not be converted: {error}")
        if not rows:
            request.future.set_result(Accepted(0, rejected))
            return
        stored = self.writer.put_spans(span_table(rows), len(request.body))
        stored.add_done_callback(lambda done: _pass_on(done, request.future, lambda n: Accepted(n, rejected)))

    # Everything else that is written ------------------------------------------------------------------------------

    def append(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        """Append rows to log tables, to all of them or to none; returns once they are on disk.

        Raises:
            CollectorUnavailable: they are not stored; send them again later.
        """

        def job(cursor: duckdb.DuckDBPyConnection) -> None:
            for table, rows in tables.items():
                append_rows(cursor, table, rows)

        self.writer.put_job(job).result()

    # Upkeep -------------------------------------------------------------------------------------------------------

    def _keep_up(self) -> None:
        while not self._stop.wait(UPKEEP_EVERY_S):
            try:
                self.register_projects()
                self.mirror_registry()
            except AssayError as error:
                logger.warning("the registry's copy in %s could not be renewed: %s", STORE_FILE, error)
            except Exception:
                logger.exception("the registry's copy in %s could not be renewed", STORE_FILE)

    def register_projects(self) -> None:
        """Make a project of every name that spans were filed under since the last time."""
        for name in queries.project_names(self.store):
            if name not in self._projects:
                self._projects.add(name)
                try:
                    self.registry.projects.create(name)
                except InvalidRequest as error:  # a service may call itself anything; its spans are found all the same
                    logger.warning("no project is made for spans filed under %r: %s", name, error)

    def mirror_registry(self) -> None:
        """Renew the copies of prompts, data sets and experiments in assay.duckdb, if any changed."""
        revision = self.registry.revision
        if revision == self._mirrored_revision:
            return
        tables = self.registry.snapshot()
        self.writer.put_job(lambda cursor: replace_tables(cursor, tables)).result()
        self._mirrored_revision = revision

    def close(self) -> None:
        """Commit what waits, renew the copies, checkpoint, let go of the directory."""
        self._stop.set()
        self._upkeep.join()
        self._requests.put(None)
        self._decoder.join()
        try:
            self.register_projects()
            self.mirror_registry()
        except CollectorUnavailable as error:
            logger.warning("the registry's copy in %s is not the newest: %s", STORE_FILE, error)
        self.writer.stop()
        self.registry.close()
        self.store.close()
        self._lock.release()


def _pass_on(done: Future[Any], to: Future[Any], convert: Callable[[Any], Any]) -> None:
    if error := done.exception():
        to.set_exception(error)
    else:
        to.set_result(convert(done.result()))
