"""Reading traces back: as a table, or one as a tree."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from assay.tracing import runtime

if TYPE_CHECKING:
    import pandas as pd

    from assay.traces import Trace

# In this order, whatever the collector sends more; what has no traces has these columns too.
COLUMNS = (
    "trace_id", "name", "status", "start_time", "duration_ms", "input", "output", "span_count", "error_count",
    "input_tokens", "output_tokens", "total_tokens", "cost_usd", "models", "session_id", "user_id", "tags", "metadata",
    "prompt_name", "prompt_version", "experiment_id", "item_id", "scores", "end_time", "project",
)  # fmt: skip


def search_traces(
    filter: str | None = None,
    *,
    project: str | None = None,
    limit: int = 100,
    order_by: str | None = None,
) -> pd.DataFrame:
    """Traces that match, one row each, newest first unless `order_by` says otherwise.

        assay.search_traces("status = 'error' and total_tokens > 1000", limit=20)

    Raises:
        MissingExtra: pandas is not installed.
        InvalidRequest: the filter cannot be understood; the message points at the place.
        CollectorUnavailable: nobody answers.
    """
    from assay.errors import MissingExtra

    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra("assay.search_traces returns a DataFrame, which", "eval") from error
    from assay.client import current_client

    runtime.flush()
    client = current_client()
    project = project or client.project
    rows = list(client.pages("/traces", limit=limit, filter=filter, project=project, order_by=order_by))
    frame = pd.DataFrame(rows, columns=[*COLUMNS, *sorted({key for row in rows for key in row} - set(COLUMNS))])
    for column in ("start_time", "end_time"):
        frame[column] = pd.to_datetime(frame[column], utc=True, format="ISO8601")
    return frame


def get_trace(trace_id: str, *, project: str | None = None) -> Trace:
    """One trace with its spans as a tree, and its scores.

    Raises:
        TraceNotFound: the collector has no such trace.
        CollectorUnavailable: nobody answers.
    """
    from assay.client import current_client
    from assay.traces import trace_from_json

    runtime.flush()
    client, path = current_client(), f"/traces/{quote(trace_id, safe='')}"
    project = project or client.project
    row = client.get(path, project=project)
    cursor, spans = row.get("next_cursor"), list(row["spans"])
    while cursor is not None:
        page = client.get(path, project=project, cursor=cursor)
        cursor = page.get("next_cursor")
        spans.extend(page["spans"])
    return trace_from_json({**row, "spans": [client.whole_span(span) for span in spans]})
