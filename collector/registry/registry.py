"""The registry: everything of the collector that changes. One SQLite file, apart from the spans."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assay.collector.registry.ab_tests import AbTests
from assay.collector.registry.alerts import Alerts
from assay.collector.registry.alignments import Alignments
from assay.collector.registry.audit import Audit
from assay.collector.registry.dashboards import Dashboards
from assay.collector.registry.database import Database
from assay.collector.registry.datasets import Datasets
from assay.collector.registry.experiments import Experiments
from assay.collector.registry.kept_settings import KeptSettings
from assay.collector.registry.keys import Keys
from assay.collector.registry.migrate import migrate
from assay.collector.registry.online_scorers import OnlineScorers
from assay.collector.registry.online_work import OnlineWorkQueue
from assay.collector.registry.projects import Projects
from assay.collector.registry.prompt_aliases import PromptAliases
from assay.collector.registry.prompts import Prompts
from assay.collector.registry.review_queues import ReviewQueues
from assay.collector.registry.review_work import ReviewWork
from assay.collector.registry.snapshot import snapshot
from assay.collector.registry.times import Clock, utc_now


@dataclass(frozen=True, slots=True)
class Registry:
    """Everything that changes, by its kind. Any thread may use it; what it answers is the API's."""

    database: Database
    projects: Projects
    prompts: Prompts
    aliases: PromptAliases
    datasets: Datasets
    experiments: Experiments
    ab_tests: AbTests
    alignments: Alignments
    review_queues: ReviewQueues
    review_work: ReviewWork
    online_scorers: OnlineScorers
    online_work: OnlineWorkQueue
    alerts: Alerts
    dashboards: Dashboards
    kept_settings: KeptSettings
    keys: Keys
    audit: Audit

    @classmethod
    def open(cls, path: Path, *, clock: Clock = utc_now) -> Registry:
        """Open the file, made and brought to the newest schema as needed.

        Raises:
            StoreDamaged: the file is no registry.
            StoreError: it cannot be used: no space, no permission, or written by a newer Assay.
        """
        database = Database(path)
        try:
            with database.connect_for_migration() as connection:
                migrate(connection)
        except BaseException:
            database.close()
            raise
        return cls(
            database=database,
            projects=Projects(database, clock),
            prompts=Prompts(database, clock),
            aliases=PromptAliases(database, clock),
            datasets=Datasets(database, clock),
            experiments=Experiments(database, clock),
            ab_tests=AbTests(database, clock),
            alignments=Alignments(database, clock),
            review_queues=ReviewQueues(database, clock),
            review_work=ReviewWork(database, clock),
            online_scorers=OnlineScorers(database, clock),
            online_work=OnlineWorkQueue(database, clock),
            alerts=Alerts(database, clock),
            dashboards=Dashboards(database, clock),
            kept_settings=KeptSettings(database, clock),
            keys=Keys(database, clock),
            audit=Audit(database, clock),
        )

    @property
    def revision(self) -> int:
        """Moves with every change, whichever process made it."""
        return self.audit.revision()

    def snapshot(self) -> dict[str, list[dict[str, Any]]]:
        """The tables to copy for readers (see snapshot.py), all of the same moment."""
        with self.database.read() as session:
            return snapshot(session)

    def has_admin_key(self) -> bool:
        return self.keys.has_admin()

    def close(self) -> None:
        self.database.close()
