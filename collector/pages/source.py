"""Where the pages get their data. Pages know these functions and nothing else of the collector.

Rows are dictionaries in the shapes of the HTTP API, so a page shows what a program reads.
"""

from __future__ import annotations

from dataclasses import dataclass, field
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
        """One span, with the scores of its trace under "scores"."""
        ...

    def prompts(self, project: str, *, cursor: str | None) -> Rows:
        """Prompts by name."""
        ...

    def prompt_versions(self, project: str, name: str) -> list[Row]:
        """Every version of a prompt, newest first."""
        ...

    def experiments(self, project: str, *, cursor: str | None) -> Rows:
        """Experiments, newest first."""
        ...

    def experiment(self, project: str, experiment_id: str) -> Row: ...

    def experiment_rows(self, experiment_id: str) -> list[Row]: ...
