"""The store as Parquet, for SQL, notebooks and other engines: each project apart, only what is new, never all at once.

Every step reads one moment of the store with a cursor of its own, so that nobody who writes waits for it, and exports
a bounded number of spans. What is new is told by `received_at`. What was deleted, came late or was replaced is told by
counting the rows of each day and by `changed_day_log`; such days are exported anew.

Spans stand under the day they were received on, traces under the day of their last span. A trace that goes on moves:
its row is taken out of the part it was in.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from assay.collector.export_files import Manifest, ProjectFiles, saved_manifests
from assay.collector.export_step import ExportStep
from assay.collector.store import SpanStore
from assay.errors import CollectorUnavailable

logger = logging.getLogger("assay.collector")

Files = dict[str, list[Path]]  # view -> its files

SPANS_PER_STEP = 50_000
STEP_WITHIN_S = 300.0
KEEP_UP_EVERY_S = 60.0


class Exporter:
    """Exports projects of one store into one directory. Any thread may ask; a project is exported by one at a time."""

    def __init__(self, store: SpanStore, directory: Path, *, spans_per_step: int = SPANS_PER_STEP) -> None:
        self.directory = directory
        self._store = store
        self._spans_per_step = spans_per_step
        self._locks: dict[str, threading.Lock] = {}
        self._readers: dict[str, int] = {}
        self._keep_up_at = 0.0
        self._guard = threading.Lock()

    def path(self, project: str) -> Path:
        """The folder of a project's export."""
        return ProjectFiles(self.directory, project).path

    def keep_up(self, *, registry_revision: int | None) -> None:
        """Export what is new of the projects that were exported before; does so once a minute, however often asked."""
        if time.monotonic() < self._keep_up_at:
            return
        self._keep_up_at = time.monotonic() + KEEP_UP_EVERY_S
        for project in self.projects():
            try:
                self.refresh(project, registry_revision=registry_revision, within_s=0)
            except CollectorUnavailable as error:
                logger.debug("the export of %r goes on at the next turn: %s", project, error)

    def hurry(self) -> None:
        """Let the next `keep_up` export at once: what was deleted is to vanish from the files too."""
        self._keep_up_at = 0.0

    def present(self, project: str) -> list[Path]:
        """The files that count now, as they were exported last."""
        files = ProjectFiles(self.directory, project)
        return [path for paths in files.readable(files.manifest()).values() for path in paths]

    def projects(self) -> list[str]:
        """Projects that were exported before: those that are kept up to date."""
        return sorted(manifest.project for manifest in saved_manifests(self.directory))

    def refresh(self, project: str, *, registry_revision: int | None = None, within_s: float = 600.0) -> Files:
        """Export what is new of a project; view -> the files that make it up.

        Args:
            registry_revision: of the copies in the store; the registry's tables are exported when it has moved.
            within_s: how long it may take.

        Raises:
            CollectorUnavailable: it takes longer. What was exported so far counts; the next call goes on from there.
        """
        with self._lock(project):
            files = ProjectFiles(self.directory, project)
            manifest = files.manifest()
            deadline = time.monotonic() + within_s
            while self._step(files, manifest, registry_revision):
                if time.monotonic() > deadline:
                    raise CollectorUnavailable(
                        f"The first export of the project {project!r} takes a while.",
                        hint="It goes on at the next try. Try again in a moment.",
                    )
            if not self._readers.get(project):
                files.sweep(manifest)
            return files.readable(manifest)

    @contextmanager
    def reading(
        self, project: str, *, registry_revision: int | None = None, within_s: float = 600.0
    ) -> Iterator[Files]:
        """As `refresh`; the files stay until the block ends, whatever is exported meanwhile."""
        with self._guard:
            self._readers[project] = self._readers.get(project, 0) + 1
        try:
            yield self.refresh(project, registry_revision=registry_revision, within_s=within_s)
        finally:
            with self._guard:
                self._readers[project] -= 1
                last = self._readers[project] == 0
            if last:
                with self._lock(project):
                    files = ProjectFiles(self.directory, project)
                    if not self._readers[project]:
                        files.sweep(files.manifest())

    def _step(self, files: ProjectFiles, manifest: Manifest, registry_revision: int | None) -> bool:
        with self._store.read(timeout_s=STEP_WITHIN_S) as db:
            step = ExportStep(db, files, manifest, max_spans=self._spans_per_step, registry_revision=registry_revision)
            return step.run()

    def _lock(self, project: str) -> threading.Lock:
        with self._guard:
            return self._locks.setdefault(project, threading.Lock())
