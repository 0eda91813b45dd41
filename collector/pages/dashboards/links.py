"""Where marks lead: the list of traces or spans that a figure was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from assay.collector.pages import urls
from assay.collector.pages.dashboards.groupings import Grouping, Values
from assay.collector.pages.dashboards.measures import CALLS, TOOLS, Measure
from assay.collector.pages.traces.filters import to_filter

_KINDS = {"calls": CALLS, "tools": TOOLS}


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses of lists within a project and a filter over traces, as it was typed."""

    project: str
    q: str

    def to(
        self,
        measure: Measure,
        time: dict[str, str],
        *,
        only: str | None = None,
        grouping: Grouping | None = None,
        values: Values = (),
    ) -> str:
        """The list of what `measure` counts; of a group, and of those alone for which `only` holds."""
        kind = _KINDS.get(measure.over)
        if kind is None:
            group = grouping.of_trace(values) if grouping else None
            return self._list(time, q=_both(typed_filter(self.q), group, only) if group or only else self.q)
        conditions = _both(kind, grouping.of_span(values) if grouping else None, only)
        if self.q.strip():  # a filter over traces cannot be asked of spans
            return self._list(time, q=_both(typed_filter(self.q), f"any({conditions})"))
        return self._list(time, view="spans", q=conditions)

    def _list(self, time: dict[str, str], **query: Any) -> str:
        return urls.traces(self.project, **{name: value for name, value in query.items() if value}, **time)


def _both(*conditions: str | None) -> str:
    return " and ".join(condition for condition in conditions if condition)


def typed_filter(q: str) -> str | None:
    """What was typed as a condition that others can be joined to."""
    condition = to_filter(q)
    return None if condition is None else f"({condition})"
