"""`assay.sql(...)`: SQL over what the collector holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from assay.client import current_client
from assay.errors import MissingExtra

if TYPE_CHECKING:
    import pandas

MAX_ROWS = 100_000
TIMES = ("TIMESTAMP", "DATE")


def sql(statement: str, *, project: str | None = None, limit: int = MAX_ROWS) -> pandas.DataFrame:
    """Run one SELECT over the tables of a project, in DuckDB's dialect: spans, traces, scores, prompts, and more.

    Args:
        project: that of the settings, when absent.
        limit: how many rows at most. `.attrs["truncated"]` of the result says whether there were more.

    Raises:
        InvalidRequest: the statement is refused, wrong, or takes too long; the message says what and where.
        CollectorUnavailable: the collector does not answer.
    """
    try:
        import pandas
    except ImportError as error:
        raise MissingExtra("assay.sql", "eval") from error
    answer = run(statement, project=project, limit=limit)
    names = [column["name"] for column in answer["columns"]]
    frame = pandas.DataFrame(answer["rows"], columns=names)
    for position, column in enumerate(answer["columns"]):
        if column["type"].startswith(TIMES):
            frame.isetitem(position, pandas.to_datetime(frame.iloc[:, position], format="ISO8601").array)
    frame.attrs["truncated"] = answer["truncated"]
    return frame


def run(statement: str, *, project: str | None = None, limit: int) -> dict[str, Any]:
    """The collector's answer: `columns`, `rows`, `truncated`, `elapsed_ms`."""
    client = current_client()
    answer: dict[str, Any] = client.post(
        "/sql", json={"sql": statement, "limit": limit}, project=project or client.project
    )
    return answer
