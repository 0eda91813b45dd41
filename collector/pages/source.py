"""Where the pages get their data. Pages know these functions and nothing else of the collector.

Rows are dictionaries in the shapes of the HTTP API, so a page shows what a program reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Rows:
    """One page of a list; `next_cursor` asks for the next one, None when this was the last."""

    items: list[Row] = field(default_factory=list)
    next_cursor: str | None = None


class Source(Protocol):
    """What the pages read. Called on worker threads; what it returns is the caller's to keep.

    Raises (all of them): NotFound for what there is not, InvalidRequest for a filter or cursor that cannot be used.
    """

    def projects(self) -> list[str]:
        """Names of all projects, sorted."""
        ...

    def traces(self, project: str, *, filter: str | None, limit: int, cursor: str | None) -> Rows:
        """Trace rows, newest first."""
        ...

    def trace(self, trace_id: str, project: str) -> Row:
        """The trace row with its spans under "spans", in start order and whole, and every score under "scores"."""
        ...

    def outline(self, trace_id: str, project: str) -> Row:
        """The trace row with every score under "scores", and under "columns" what a tree shows of its spans: one
        sequence each of span_id, parent_span_id, name, kind, status, start_ns, duration_ms, total_tokens and model, in
        start order.
        """
        ...

    def project_of(self, trace_id: str) -> str:
        """The project in which a trace is filed."""
        ...

    def span(self, project: str, trace_id: str, span_id: str) -> Row:
        """One span as it came."""
        ...

    def trace_scores(self, project: str, trace_id: str) -> list[Row]:
        """The scores of a trace and of all of its spans."""
        ...

    def prompts(self, project: str, *, filter: str | None, cursor: str | None) -> Rows:
        """Prompts by name; `filter` is a part of it."""
        ...

    def prompt_scores(self, project: str, *, days: int) -> dict[tuple[str, int], list[Row]]:
        """Name and version -> `name`, `mean`, `ci_low`, `ci_high`, `n` of each score of its traces, the most first."""
        ...

    def prompt_calls(self, project: str, *, days: int) -> dict[str, Row]:
        """Name of a prompt -> its model calls of the last days, with `calls` and `cost_usd_per_call`."""
        ...

    def prompt_versions(self, project: str, name: str) -> list[Row]:
        """Every version of a prompt, newest first."""
        ...

    def lineage(self, project: str, name: str, version: int) -> Row:
        """What came of a version: see collector/lineage.py."""
        ...

    def aliases(self, project: str, name: str) -> list[Row]:
        """Where each alias points, and how it is protected."""
        ...

    def alias_moves(self, project: str, name: str) -> list[Row]:
        """Every move of every alias, newest first."""
        ...

    def alias_at(self, project: str, name: str, alias: str, time: datetime) -> Row:
        """What an alias was at a time."""
        ...

    def ab_tests(self, project: str, *, cursor: str | None) -> Rows:
        """A/B tests by name."""
        ...

    def ab_test(self, project: str, name: str) -> Row: ...

    def ab_report(self, project: str, name: str) -> Row:
        """What is known of a test now: health, arms, effects, decision. Takes as long as its units are many."""
        ...

    def experiments(self, project: str, *, cursor: str | None) -> Rows:
        """Experiments, newest first."""
        ...

    def experiment(self, project: str, experiment_id: str) -> Row: ...

    def experiment_rows(self, experiment_id: str) -> list[Row]: ...

    def datasets(self, project: str, *, filter: str | None, cursor: str | None) -> Rows:
        """Data sets by name, each with its latest version; `filter` is a part of the name."""
        ...

    def item_metadata(self, project: str, dataset: Row) -> dict[str, Row]:
        """Id of an item -> its metadata, of what an experiment says of its data; empty when they are not registered."""
        ...

    def alignments(self, project: str, judge: str, prompt_hash: str | None) -> list[Row]:
        """How well a judge agreed with people, newest first."""
        ...


class Desk(Protocol):
    """What the pages change, in the name of whoever asks.

    Raises (all of them): Forbidden where the key does not suffice, InvalidRequest and NotFound as the API.
    """

    def register(
        self, project: str, name: str, content: Row, *, commit_message: str, author: str | None, parent: int, seen: int
    ) -> tuple[Row, bool]:
        """The version with this content, made from `parent`, and whether it is new. Conflict when the latest is another
        one than `seen`.
        """
        ...

    def set_alias(
        self, project: str, name: str, alias: str, version: int, *, reason: str | None, author: str | None
    ) -> None: ...

    def delete_alias(self, project: str, name: str, alias: str, *, reason: str | None, author: str | None) -> None: ...

    def roll_back_alias(
        self, project: str, name: str, alias: str, *, from_version: int, reason: str | None, author: str | None
    ) -> None:
        """Take back the last move; Conflict when the alias is no longer at `from_version`."""
        ...

    def protect_alias(
        self,
        project: str,
        name: str,
        alias: str,
        *,
        protected: bool,
        gate: str | None,
        reason: str | None,
        author: str | None,
    ) -> None: ...

    def stop_ab_test(
        self, project: str, name: str, *, promote: str | None, alias: str | None, reason: str | None, author: str | None
    ) -> None: ...
