"""One evaluation under way: every planned row through the task and the scorers, kept as it is made."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Literal

from assay.client import Client
from assay.evaluation.breaker import Breaker, is_infrastructure
from assay.evaluation.budget import NOTHING, Budget, Reservation, Use, spending
from assay.evaluation.data.dataset import Dataset, Item
from assay.evaluation.dry_row import DRY_ROWS, configuration_error
from assay.evaluation.gateway.answering import Tally, answering
from assay.evaluation.journal import Journal, Key, Row
from assay.evaluation.ledger import Ledger, earlier_use, row_use
from assay.evaluation.options import Options
from assay.evaluation.prepared_scorers import PreparedScorer, call_prepare
from assay.evaluation.progress import Progress
from assay.evaluation.rates import Pacing, paced
from assay.evaluation.redacted_rows import redacted_row
from assay.evaluation.result import EvaluationResult
from assay.evaluation.row import Begun, Made, RowRunner, unfinished_row
from assay.evaluation.row_store import RowStore
from assay.evaluation.undisturbed import undisturbed

MOST_BACKLOG = 2_000  # rows that may wait to be stored before new ones wait too
MOST_ADAPTIVE = 256  # rows under way with concurrency="auto"
RunStatus = Literal[
    "completed", "completed_with_errors", "stopped_by_budget", "interrupted", "failed", "failed_infrastructure"
]
Planned = tuple[int, Item, int]  # position, item, repeat


@dataclass(slots=True, kw_only=True)
class Earlier:
    """What a resumed run has already. Nothing of it is run again."""

    rows: Mapping[Key, Row] = field(default_factory=dict)
    begun: Mapping[Key, Begun] = field(default_factory=dict)
    unstored: list[Row] = field(default_factory=list)  # written down here and not yet with the collector
    noted: Mapping[Key, Mapping[str, Any]] = field(default_factory=dict)  # what `Usage.noted` said of rows
    used: Mapping[str, Any] = field(default_factory=dict)  # what an earlier end recorded


@dataclass(slots=True, kw_only=True)
class Run:
    """One evaluation under way."""

    id: str
    name: str
    dataset: Dataset
    scorers: list[PreparedScorer]
    runner: RowRunner
    options: Options
    body: dict[str, Any]  # the experiment as it is stored
    baseline: EvaluationResult | None
    client: Client
    progress: Progress
    journal: Journal
    earlier: Earlier | None = None  # None: a new run
    interrupted: bool = False
    stopped: tuple[RunStatus, str] | None = None  # why no more rows begin
    raised: BaseException | None = None  # what on_error="raise" hands on
    rows: dict[int, Row] = field(default_factory=dict)  # by position in the plan
    unplanned: int = 0  # stored rows of items that the data no longer hold
    ledger: Ledger = field(default_factory=Ledger)
    budget: Budget = field(init=False)  # whose time counts from the first row
    breaker: Breaker = field(default_factory=Breaker)
    estimated_cost_usd: float | None = None
    store: RowStore | None = None
    pacing: Pacing = field(init=False)
    answers: Tally = field(default_factory=Tally)  # of the answer cache
    _under_way: int = 0
    _row_ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def planned(self) -> int:
        return len(self.dataset.items) * self.options.repeats

    def interrupt(self) -> None:
        """Begin no more rows. Called from any thread."""
        self.interrupted = True

    def stop(self, status: RunStatus, why: str) -> None:
        """Begin no more rows; the first reason counts."""
        self.stopped = self.stopped or (status, why)

    async def execute(self) -> EvaluationResult:
        """Run what is planned, store it, and sum it up."""
        try:
            await self._begin()
        except BaseException:
            self.runner.threads.close()
            self.journal.close(stored=self.earlier is None)  # of a new run there is nothing in it
            raise
        with undisturbed():
            return await self._to_the_end()

    async def _to_the_end(self) -> EvaluationResult:
        from assay.evaluation.finishing import finish

        plan = self._enter_earlier_rows()
        try:
            pace = paced(attempts=self.options.limits.retries + 1, until=self.budget.until)
            with answering(self.options.cache) as self.answers, pace as self.pacing:
                await self._dry_rows(plan)
                await self._all_rows(plan)
            self._skip(plan)
        except BaseException as error:
            cancelled = isinstance(error, asyncio.CancelledError)
            self.stop("interrupted" if cancelled else "failed", "cancelled" if cancelled else f"{error!r}")
            await asyncio.shield(finish(self))
            raise
        result = await finish(self)
        if self.raised is not None:
            self.raised.add_note(f"The rows that were made are in experiment {self.id}.")
            raise self.raised
        return result

    async def _begin(self) -> None:
        """What comes before the first row: scorers prepare themselves, the experiment is made or opened again."""
        self.body["scorers"] = await call_prepare(self.scorers, self.runner.threads)
        if self.earlier is None:
            await asyncio.to_thread(self.client.post, "/experiments", self.body)
        else:
            change = {"status": "running", "config": self.body["config"]}
            await asyncio.to_thread(self.client.put, f"/experiments/{self.id}", change)
        self.store = RowStore(lambda rows: self.client.post(f"/experiments/{self.id}/rows", {"rows": rows}))

    def _enter_earlier_rows(self) -> Iterator[Planned]:
        """Take over what there is of a resumed run; what is left to do, in the order of the data."""
        self.budget = Budget(self.options.limits)
        self.progress.start(self.name, self.planned)
        earlier = self.earlier or Earlier()
        for row in earlier.unstored:
            self._put(row)
        self.ledger.note(earlier.used)
        left: list[Planned] = []
        taken: set[Key] = set()
        position = 0
        for item in self.dataset.items:
            for repeat in range(self.options.repeats):
                key = (item.id, repeat)
                if (made := earlier.rows.get(key)) is None:
                    left.append((position, item, repeat))
                else:
                    taken.add(key)
                    self._enter(
                        position, made, earlier_use(made, earlier.noted.get(key, {})), earlier.noted.get(key, {})
                    )
                position += 1
        self.unplanned = len(earlier.rows) - len(taken)
        if (spent := self.ledger.used) != NOTHING and (held := self.budget.reserve(NOTHING)):
            held.settle(spent)
        return iter(left)

    async def _dry_rows(self, plan: Iterator[Planned]) -> None:
        """The first row alone, with its scorers: what would fail every row ends the run before the rest is paid for.

        One that failed by its own doing has shown nothing, so another one follows, and one more.
        """
        for _ in range(DRY_ROWS):
            if self._must_stop() or (planned := next(plan, None)) is None:
                return
            made = await self._one(planned, self.ledger.row_estimate())
            if made is None:
                return
            functions = [self.runner.task] if self.runner.task else []
            functions += [scorer.function for scorer in self.scorers]
            if why := configuration_error(made.raised, functions):
                self.stop("failed", f"every row would fail like the first one: {why}")
            if made.row["status"] == "ok":
                if self.ledger.cost_usd:
                    self.estimated_cost_usd = self.ledger.cost_usd / self.ledger.rows * self.planned
                    if callable(tell := getattr(self.progress, "estimate", None)):
                        tell(self.estimated_cost_usd)
                return

    async def _all_rows(self, plan: Iterator[Planned]) -> None:
        concurrency = MOST_ADAPTIVE if self.options.concurrency == "auto" else self.options.concurrency
        async with asyncio.TaskGroup() as group:
            for _ in range(min(concurrency, self.planned - len(self.rows))):
                group.create_task(self._work(plan))

    async def _work(self, plan: Iterator[Planned]) -> None:
        """Take rows from the plan until there are none, or none may begin."""
        while await self._may_begin() and (planned := next(plan, None)) is not None:
            await self._one(planned, self.ledger.row_estimate())
            while self.store is not None and self.store.backlog > MOST_BACKLOG:
                await asyncio.sleep(0.02)

    async def _may_begin(self) -> bool:
        """Whether there is to be another row; with concurrency="auto", once the pace has room for it."""
        while self.options.concurrency == "auto" and self._under_way >= self.pacing.rows and not self._must_stop():
            await self._next_end()
        return not self._must_stop()

    async def _next_end(self) -> None:
        """Wait until some row has ended."""
        self._row_ended.clear()
        await self._row_ended.wait()

    async def _one(self, planned: Planned, estimate: Use) -> Made | None:
        """One row, from its reservation to its storing; None if it may not begin."""
        position, item, repeat = planned
        if (held := await self._reserve(estimate)) is None:
            self._skip(iter([planned]))
            return None
        begun = self.earlier.begun.get((item.id, repeat)) if self.earlier else None
        self._under_way += 1
        try:
            with self.pacing.row(), spending(held), self._repeat(repeat):
                made = await self.runner.run(item, repeat, begun)
        except asyncio.CancelledError:
            held.release()
            self._keep(position, unfinished_row(item, repeat, "cancelled", "the run was stopped"))
            raise
        finally:
            self._under_way -= 1
            self._row_ended.set()
        self._account(position, made, held)
        return made

    def _repeat(self, repeat: int) -> AbstractContextManager[Any]:
        """Repeats are asked anew: one that took the answer of another would not be one."""
        return answering(repeat=repeat) if self.options.repeats > 1 else nullcontext()

    async def _reserve(self, estimate: Use) -> Reservation | None:
        """Set aside what a row may use. What does not fit now may fit when a row under way has used less."""
        while (held := self.budget.reserve(estimate)) is None:
            if self._must_stop():
                return None
            await self._next_end()
        return held

    def _must_stop(self) -> bool:
        if self.stopped is None:
            if self.interrupted:
                self.stop("interrupted", "interrupted")
            elif why := self.budget.stopped:
                self.stop("stopped_by_budget", why)
        return self.stopped is not None

    def _account(self, position: int, made: Made, held: Reservation) -> None:
        """Keep the row, book what it used, and see whether the next ones may begin."""
        used, unpriced = row_use(made.row, made.usage)
        if unpriced and self.budget.limits.max_cost_usd is not None and self.budget.limits.unknown_price == "refuse":
            models = ", ".join(sorted(unpriced))
            self.stop("stopped_by_budget", f"no price is known of {models}, so that max_cost_usd cannot be kept")
        held.settle(used.less(held.booked))
        noted = made.usage.noted() if made.usage.calls or made.usage.prompts else {}
        if unpriced:
            noted["unpriced"] = sorted(unpriced)
        self._keep(position, made.row, used, noted)
        self._look_for_breakdown(made)

    def _look_for_breakdown(self, made: Made) -> None:
        failure = next((error for error in made.raised if is_infrastructure(error)), None)
        self.breaker.record(None if failure is None else f"{type(failure).__name__}: {failure}")
        if why := self.breaker.tripped:
            self.stop("failed_infrastructure", why)
        if made.raised and self.options.on_error == "raise":
            self.raised = self.raised or made.raised[0]
            self.stop("failed", f"{type(self.raised).__name__}: {self.raised}")

    def _keep(self, position: int, row: Row, used: Use = NOTHING, noted: Mapping[str, Any] | None = None) -> None:
        """A row that is done with: written down here first, then on its way to the collector."""
        stored = redacted_row(row, scores_only=self.journal.holds_task((row["item_id"], row["repeat"])))
        if row["status"] not in ("cancelled", "skipped_budget"):
            self.journal.row_done(stored, noted or {})
        self._put(stored)
        self._enter(position, row, used, noted or {})

    def _put(self, row: Row) -> None:
        if self.store is not None:
            self.store.put(row)

    def _enter(self, position: int, row: Row, used: Use, noted: Mapping[str, Any]) -> None:
        self.rows[position] = row
        self.ledger.enter(row, used, noted)
        self.progress.row(row, used.cost_usd or 0.0)

    def _skip(self, plan: Iterator[Planned]) -> None:
        """Rows that a budget left no room for are rows: the figures say that they are missing."""
        if self.stopped is not None and self.stopped[0] == "stopped_by_budget":
            for position, item, repeat in plan:
                self._keep(position, unfinished_row(item, repeat, "skipped_budget", self.stopped[1]))
