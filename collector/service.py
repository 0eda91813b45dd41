"""The collector without its HTTP: directory, stores, writer, upkeep. What the routes and pages are given."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection, Iterator
from concurrent.futures import Future
from contextlib import ExitStack, contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from assay.collector.decode import decode_request
from assay.collector.deletions import Deleted, Selection
from assay.collector.export import Exporter, Files
from assay.collector.in_progress import InProgress
from assay.collector.ingest import Accepted, Decode, Ingest
from assay.collector.intake import Intake
from assay.collector.kept_prices import write_kept_prices
from assay.collector.life import KEEP_EVERYTHING, Life, LifeRules
from assay.collector.live import Live
from assay.collector.live_settings import OWN_PRICES, LiveSettings
from assay.collector.lock import DirectoryLock
from assay.collector.log_merge import LogMerger
from assay.collector.project_names import project_names
from assay.collector.redact import ACTION, note_change, redactor_of, rule_names
from assay.collector.registry.glance import Glance, glance
from assay.collector.registry_copy import copied_revision, copy_registry
from assay.collector.rows import append_rows
from assay.collector.sql import TIMEOUT_S as SQL_TIMEOUT_S
from assay.collector.sql import Sandbox
from assay.collector.store import STORE_FILE, SpanStore
from assay.collector.workers import Workers
from assay.collector.writer import Writer
from assay.errors import AssayError, InvalidRequest, NotFound, StoreError
from assay.evaluation.playground.tags import TAG as PLAYGROUND_TAG
from assay.redaction import Redactor
from assay.settings import Settings, current_settings

if TYPE_CHECKING:
    from assay.collector.alerts.watch import AlertWatch
    from assay.collector.online.scoring import OnlineScoring
    from assay.collector.registry import Registry

logger = logging.getLogger("assay.collector")

REGISTRY_FILE = "registry.db"
EXPORT_DIRECTORY = "export"
EXPORT_WITHIN_S = 20.0  # while somebody waits for an answer in SQL
UPKEEP_EVERY_S = 2.0
LIFE_RULES = frozenset(field.name for field in fields(LifeRules))


class Service:
    """Owns a data directory while it exists. All methods may be called from any thread."""

    def __init__(
        self,
        data_dir: Path,
        *,
        rules: LifeRules = KEEP_EVERYTHING,
        sql_timeout_s: float = SQL_TIMEOUT_S,
        redactor: Redactor | None = None,
        settings: Settings | None = None,
    ) -> None:
        """Open or create the data directory.

        Args:
            rules: what is kept, and how long.
            sql_timeout_s: how long one statement of somebody's SQL may take.
            redactor: what it finds in spans and log records is never stored.
            settings: of the process, which come before those that were changed while a collector ran.

        Raises:
            StoreError: it cannot be made or written to.
            StoreLocked: another process owns it.
            StoreDamaged: a file in it cannot be opened as it is.
        """
        self.data_dir = data_dir
        self.redactor = redactor
        self.started_at = time.time()
        try:
            data_dir.parent.mkdir(parents=True, exist_ok=True)
            data_dir.mkdir(mode=0o700, exist_ok=True)  # one that was there keeps the rights that it was given
            self._lock = DirectoryLock(data_dir)
        except OSError as error:
            raise StoreError(
                f"The data directory {data_dir} cannot be used: {error.strerror or error}.",
                hint="Choose another with ASSAY_DATA_DIR or --data-dir.",
            ) from error
        with ExitStack() as opened:
            opened.callback(self._lock.release)
            self.store = SpanStore(data_dir / STORE_FILE)
            opened.callback(self.store.close)
            self._opening_registry = threading.Lock()
            self._registry: Registry | None = None
            self._opening_watches = threading.Lock()
            self._online: OnlineScoring | None = None
            self._alerts: AlertWatch | None = None
            found = self._look_at_registry()
            self._revision_at_start = found.revision
            self._projects = set(found.projects)
            self._mirrored_revision = copied_revision(self.store)
            opened.pop_all()
        self.writer = Writer(self.store)
        self.life = Life(self.store, self.writer, rules)
        self.exporter = Exporter(self.store, data_dir / EXPORT_DIRECTORY)
        self.sandbox = Sandbox(timeout_s=sql_timeout_s)
        self.is_public = False  # other machines reach it, with keys
        self.workers = Workers(data_dir)
        self.live = Live(self.writer)
        self.intake = Intake()
        self.logs = LogMerger(self.store, self.writer)
        self.in_progress = InProgress(self.store, self.writer)
        self.requests = Ingest(
            self.writer,
            self.logs,
            redactor,
            open_spans=self.in_progress,
            arriving=lambda: self.intake.arriving,
        )
        self.settings = LiveSettings(settings or current_settings(), found.kept)
        self.settings.on_change(self._apply)
        if found.redaction != tuple(rule_names(self.redactor)):
            note_change(self.registry.audit, self.redactor)
        self._watches = found.watches
        self._stop = threading.Event()
        self._upkeep = threading.Thread(target=self._keep_up, name="assay-upkeep", daemon=True)
        self._upkeep.start()

    def _look_at_registry(self) -> Glance:
        path = self.data_dir / REGISTRY_FILE
        found = glance(path, redaction_action=ACTION)
        if found is None:  # it is to be brought up to date, or damaged, which opening it tells
            assert self.registry is not None
            found = glance(path, redaction_action=ACTION)
        assert found is not None, "what was opened can be read"
        return found

    @property
    def registry(self) -> Registry:
        """Opened for the first who asks: a collector that only takes spans in does without."""
        with self._opening_registry:
            if self._registry is None:
                from assay.collector.registry import Registry

                opened = Registry.open(self.data_dir / REGISTRY_FILE)
                opened.experiments.end_abandoned(PLAYGROUND_TAG, error="The collector stopped before it was over.")
                self._registry = opened
            return self._registry

    def _apply(self, settings: Settings, changed: Collection[str]) -> None:
        """Have changed settings hold from now on."""
        if any(name.startswith("redact") for name in changed):
            self.redactor = self.requests.redactor = redactor_of(settings)
        of_life = {name: getattr(settings, name) for name in changed if name in LIFE_RULES}
        self.life.rules = replace(self.life.rules, **of_life)
        if OWN_PRICES in changed:
            self.workers.more_env["ASSAY_PRICES"] = str(write_kept_prices(self.data_dir, self.settings.own_prices))

    # Watching -----------------------------------------------------------------------------------------------------

    @property
    def online(self) -> OnlineScoring:
        """Online scoring; loaded for the first who asks."""
        with self._opening_watches:
            if self._online is None:
                from assay.collector.online.scoring import OnlineScoring

                self._online = OnlineScoring(self)
            return self._online

    @property
    def alerts(self) -> AlertWatch:
        """What watches the figures of alerts; loaded for the first who asks."""
        with self._opening_watches:
            if self._alerts is None:
                from assay.collector.alerts.watch import AlertWatch

                self._alerts = AlertWatch(self)
            return self._alerts

    def watch(self) -> None:
        """Begin with what online scorers and alerts have to do, if there are any: the collector serves its address."""
        if self._watches:
            self.online.wake()
            self.alerts.wake()

    # Spans --------------------------------------------------------------------------------------------------------

    def full(self) -> bool:
        """Whether the next export request would be refused: the time to say so is before reading its body."""
        return self.writer.full() or self.intake.full()

    def ingest(
        self,
        body: bytes,
        project: str | None = None,
        *,
        only_project: str | None = None,
        decode: Decode = decode_request,
    ) -> Future[Accepted]:
        """Decode and store one OTLP export request; the future resolves once what it holds is on disk.

        Args:
            decode: of the request's signal and encoding. Where it returns None, nothing is kept.
            project: where to file spans whose resource names no project.
            only_project: where to file all of them, whatever they say.

        The future's exception is InvalidRequest for a body that is no such request, and CollectorUnavailable when the
        sender should try again later.
        """
        return self.requests.put(body, decode=decode, project=project, only_project=only_project)

    # Everything else that is written ------------------------------------------------------------------------------

    def append(self, tables: dict[str, list[dict[str, Any]]]) -> None:
        """Append rows to log tables, to all of them or to none; returns once they are on disk.

        Raises:
            CollectorUnavailable: they are not stored; send them again later.
        """

        def job(cursor: duckdb.DuckDBPyConnection) -> None:
            for table, rows in tables.items():
                append_rows(cursor, table, rows)

        traces = {
            (str(row["project"]), str(row["trace_id"]))
            for rows in tables.values()
            for row in rows
            if row.get("trace_id")
        }
        self.writer.put_job(job, touches=traces).result()

    # Upkeep -------------------------------------------------------------------------------------------------------

    def _keep_up(self) -> None:
        while not self._stop.wait(UPKEEP_EVERY_S):
            try:
                self._renew_registry()
            except AssayError as error:
                logger.warning("the registry's copy in %s could not be renewed: %s", STORE_FILE, error)
            except Exception:
                logger.exception("the registry's copy in %s could not be renewed", STORE_FILE)
            try:
                self._find_where_traces_lie()
                self.in_progress.step()
                self.life.step()
                self.exporter.keep_up(registry_revision=self._mirrored_revision)
                self.sandbox.rest()
                self.workers.rest()
            except Exception:
                logger.exception("upkeep failed; it goes on with the next step")

    def _renew_registry(self) -> None:
        if self._registry:  # else it stays closed: whoever asks for projects has them registered first
            self.register_projects()
            self.registry.keys.note_used()
        self.mirror_registry()

    def _find_where_traces_lie(self) -> None:
        """After a start, so that the first readers of a large store need not."""
        blocks = self.store.trace_blocks
        while blocks.is_behind and not self._stop.is_set():
            with self.store.read() as db:
                blocks.extend(db)

    def register_projects(self) -> None:
        """Make a project of every name that spans were filed under since the last time."""
        for name in project_names(self.store):
            if name not in self._projects:
                self._projects.add(name)
                try:
                    self.registry.projects.create(name)
                except InvalidRequest as error:  # a service may call itself anything; its spans are found all the same
                    logger.warning("no project is made for spans filed under %.100r: %s", name, error)

    def check_project(self, name: str) -> None:
        """Refuse a name that nothing was ever filed under, and that nobody made a project of.

        Raises:
            NotFound: there is no such project.
        """
        self.register_projects()
        if name not in self._projects and not self.registry.projects.exists(name):
            raise NotFound(f"There is no project {name!r}.", hint="GET /api/v1/projects lists them.")

    def mirror_registry(self) -> None:
        """Renew the copies of prompts, data sets and experiments in assay.duckdb, if any changed."""
        revision = self.registry.revision if self._registry else self._revision_at_start
        if revision == self._mirrored_revision:
            return
        tables = self.registry.snapshot()
        self.writer.put_job(lambda cursor: copy_registry(cursor, tables, revision), touches=()).result()
        self._mirrored_revision = revision

    # SQL ----------------------------------------------------------------------------------------------------------

    def sql(self, statement: str, *, project: str, limit: int) -> dict[str, Any]:
        """The answer to one SELECT over the tables of a project, which hold everything that is stored by now.

        Raises:
            NotFound: there is no such project.
            InvalidRequest: the statement is refused, wrong, or takes too long or too much memory.
            CollectorUnavailable: too many are running, or the first export takes longer than a request may.
        """
        with self.exported(project, within_s=EXPORT_WITHIN_S) as views:
            return self.sandbox.run(statement, directory=self.exporter.path(project), views=views, limit=limit)

    @contextmanager
    def exported(self, project: str, *, within_s: float) -> Iterator[Files]:
        """The files of a project's export, with everything that is stored by now; they stay until the block ends.

        Raises:
            NotFound: there is no such project.
            CollectorUnavailable: it takes longer than `within_s`; the next call goes on from there.
        """
        self.check_project(project)
        self.mirror_registry()
        with self.exporter.reading(project, registry_revision=self._mirrored_revision, within_s=within_s) as views:
            yield views

    def delete(self, selection: Selection) -> Deleted:
        """Delete whole traces and what belongs to them; returns once that is on disk.

        Exports follow within seconds, and the store's bytes are given back by a compaction soon after.
        """
        gone = self.life.delete(selection)
        self.exporter.hurry()
        return gone

    def close(self) -> None:
        """Commit what waits, renew the copies, checkpoint, let go of the directory; each whether or not others fail."""
        with ExitStack() as steps:  # run from the last to the first
            steps.callback(self._lock.release)
            steps.callback(self.store.close)
            if self._registry:
                steps.callback(self._registry.close)
            steps.callback(self.writer.stop)
            steps.callback(self._renew_copies)
            steps.callback(self._stop_threads)
            steps.callback(self.sandbox.close)
            for watching in (self._online, self._alerts):
                if watching is not None:
                    steps.callback(watching.stop)
            steps.callback(self.workers.close)

    def _stop_threads(self) -> None:
        self._stop.set()
        self.store.interrupt_reads()
        self._upkeep.join()
        self.requests.stop()

    def _renew_copies(self) -> None:
        try:
            self._renew_registry()
        except AssayError as error:
            logger.warning("the registry's copy in %s is not the newest: %s", STORE_FILE, error)
