"""What the address of a list says, and the addresses of the lists that differ from it in one thing. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from assay.collector.pages import time_range, urls
from assay.collector.pages.time_range import TimeRange
from assay.collector.pages.traces import filters
from assay.collector.pages.traces.filter_words import conjuncts, joined, without
from assay.collector.pages.traces.list_columns import View

EVER = TimeRange(None, None, "All time")
VIEWS: dict[View, str] = {"traces": "Traces", "spans": "Spans", "sessions": "Sessions"}


@dataclass(frozen=True, slots=True)
class Chip:
    """One condition of the filter; `url` is the list without it."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class ListAddress:
    """`q` as it was typed; `sort` and `cols` as in `list_columns`; `after` is the place in the list."""

    project: str
    view: View
    q: str = ""
    sort: str = ""
    cols: str = ""
    times: TimeRange = EVER
    after: str = ""

    @property
    def path(self) -> str:
        return urls.traces(self.project)

    @property
    def kept(self) -> dict[str, str]:
        """The query without the time and the place in the list: what a form or a link has to keep."""
        view = "" if self.view == "traces" else self.view
        said = {"view": view, "q": self.q, "sort": self.sort, "cols": self.cols}
        return {name: value for name, value in said.items() if value}

    @property
    def query(self) -> dict[str, str]:
        """The query without the place in the list."""
        return {**self.kept, **self.times.query}

    @property
    def filter(self) -> str | None:
        """What the list is filtered by: what was typed, and the time."""
        return filters.all_of(filters.to_filter(self.q), self.times.filter)

    def url(self, behind: str = "", /, **changes: str) -> str:
        """The list with some of its query changed; at its beginning, unless `after` is given. `behind` its path comes
        what else can be asked for: ".json", "/export".
        """
        return urls.with_query(f"{self.path}{behind}", **{**self.query, **changes})

    def with_condition(self, condition: str) -> str:
        """The list with one more condition."""
        return self.url(q=joined(filters.as_condition(self.q), condition))

    def between(self, start_ns: int, end_ns: int) -> str:
        return self.url(**time_range.between(start_ns, end_ns))

    def chips(self) -> list[Chip]:
        """The conditions of the present filter, each with a way to take it out."""
        parts = conjuncts(self.q) if filters.is_expression(self.q) else [self.q.strip()] if self.q.strip() else []
        return [Chip(part, self.url(q=without(parts, number))) for number, part in enumerate(parts)]

    def hidden(self, without: Sequence[str] = ()) -> list[tuple[str, str]]:
        """The fields that a form carries along."""
        return [(name, value) for name, value in self.query.items() if name not in without]
