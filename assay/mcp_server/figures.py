"""Tools over figures: statistics, SQL, and what there is to ask about."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from assay.mcp_server.brief import MOST_CHARS, as_json, bounded, briefly, listed
from assay.mcp_server.reader import Filter, Limit, Project, Reader

TABLES = (
    "spans, traces, scores, prompts, prompt_versions, datasets, dataset_items, experiments, experiment_rows, ab_tests, "
    "exposures"
)
TEXTS = ("name", "input", "output", "status_message", "trace_id", "session_id", "user_id", "service_name")
FIELDS = {
    "text": f"{', '.join(TEXTS)}, environment, release, prompt_name, ab_test, ab_arm, experiment_id, item_id",
    "status": "'ok', 'error', 'unset', 'in_progress', 'interrupted'",
    "number": "duration_ms, span_count, error_count, input_tokens, output_tokens, total_tokens, cost_usd",
    "time": "start_time, end_time; e.g. start_time > now() - interval 1 day",
    "list": "models, tags; e.g. 'beta' in tags",
    "by key": "attributes['http.route'], metadata.plan, scores.helpful",
    "of spans only": "kind, operation, provider, request_model, response_model, tool_name, parent_span_id, dialect",
    "about a trace's spans": "any(kind = 'llm' and duration_ms > 5000), child(status = 'error')",
    "operators": "= != < <= > >= and or not in, between, is null, like, ilike, e.g. input ilike '%refund%'",
}


class FigureTools:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def list_projects(self) -> str:
        """List the projects: each has its own traces, prompts, data sets and experiments."""
        found = self._reader.client.get("/projects", project=None, limit=1000)["items"]
        names = ", ".join(project["name"] for project in found)
        own = self._reader.client.project
        return f"{names or 'There is no project yet.'}\nWithout `project`, tools look into {own!r}."

    def filter_fields(self, project: Project = None) -> str:
        """What a filter may say: fields, operators, and which scores and attributes there are in this project."""
        said = [f"{what}: {names}" for what, names in FIELDS.items()]
        for field in ("scores", "attributes"):
            values = self._reader.get("/values", project, field=field, limit=60)["items"]
            said.append(f"{field} there are: {', '.join(row['value'] for row in values) or 'none'}")
        return "\n".join(said)

    def field_values(
        self,
        field: Annotated[str, Field(description="E.g. name, models, user_id, tags, kind, or attributes.http.route")],
        prefix: Annotated[str, Field(description="What the values begin with.")] = "",
        limit: Limit = 30,
        project: Project = None,
    ) -> str:
        """Which values a field has, and how many spans have each, the most frequent first."""
        found = self._reader.get("/values", project, field=field, prefix=prefix, limit=limit)["items"]
        return "\n".join(f"{row['count']}\t{briefly(row['value'])}" for row in found) or "There are no values."

    def stats(
        self,
        measures: Annotated[
            str,
            Field(
                description="With commas between: count, error_rate, error_count, latency_p50_ms, latency_p95_ms, "
                "total_tokens, cost_usd, sessions, users, scores.<name>."
            ),
        ] = "count,error_rate,latency_p50_ms,latency_p95_ms,total_tokens,cost_usd",
        group_by: Annotated[
            str | None,
            Field(description="E.g. name, model, user_id, tag, prompt_version; of spans also kind, tool_name."),
        ] = None,
        bucket: Annotated[str | None, Field(description="Over time: 1m, 5m, 15m, 1h, 6h, 1d or 1w.")] = None,
        of: Annotated[str, Field(description="traces or spans: what is counted and filtered.")] = "traces",
        filter: Filter = None,
        limit: Limit = 50,
        project: Project = None,
    ) -> str:
        """Figures over many traces or spans, by group and over time. null means unknown, not 0."""
        found = self._reader.get(
            "/stats",
            project,
            **{
                "of": of,
                "measures": measures,
                "group_by": group_by,
                "bucket": bucket,
                "filter": filter,
                "limit": limit,
            },
        )["items"]
        lines = [as_json({name: briefly(value) for name, value in row.items()}) for row in found]
        return listed(lines, None, "Nothing matches.")

    def sql(
        self,
        statement: Annotated[str, Field(description=f"One SELECT in DuckDB's dialect over the tables {TABLES}.")],
        limit: Annotated[int, Field(ge=1, le=1000, description="How many rows at most.")] = 50,
        project: Project = None,
    ) -> str:
        """Ask in SQL what the other tools cannot tell. Read only. `DESCRIBE spans` says which columns there are."""
        answer = self._reader.post("/sql", project, {"sql": statement, "limit": limit})
        names = [column["name"] for column in answer["columns"]]
        lines = ["\t".join(names)]
        lines += ["\t".join(_cell(value) for value in row) for row in answer["rows"]]
        lines += (
            [f"There are more rows than {limit}: aggregate, or ask with a larger limit."] if answer["truncated"] else []
        )
        return bounded("\n".join(lines), "Choose fewer columns or rows.")


def _cell(value: object) -> str:
    brief = briefly(value, MOST_CHARS)
    told = brief if isinstance(brief, str) else as_json(brief)
    return " ".join(told.split("\t")).replace("\n", " ")
