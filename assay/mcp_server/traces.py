"""Tools over traces, spans and sessions."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from assay.command.columns import cost, count, duration, text
from assay.mcp_server.brief import as_json, bounded, briefly, cut, listed, rows, without_empty
from assay.mcp_server.reader import Cursor, Filter, Limit, Project, Reader, part
from assay.outline import Line, Outline, lines

TRACE_FIELDS = (
    *("trace_id", "name", "status", "status_message", "start_time", "duration_ms", "span_count", "error_count"),
    *("total_tokens", "cost_usd", "models", "session_id", "user_id", "tags", "scores", "input", "output"),
)
SPAN_FIELDS = (
    *("trace_id", "span_id", "name", "kind", "status", "status_message", "start_time", "duration_ms", "request_model"),
    *("tool_name", "total_tokens", "cost_usd", "input", "output"),
)
SESSION_FIELDS = ("session_id", "end_time", "trace_count", "error_count", "user_ids", "total_tokens", "cost_usd")
MOST_IN_A_SPAN = 2_000
NO_TRACES = "No trace matches. Widen the filter; filter_fields and field_values say what there is."


class TraceTools:
    def __init__(self, reader: Reader) -> None:
        self._reader = reader

    def search_traces(
        self,
        filter: Filter = None,
        order_by: Annotated[str | None, Field(description="E.g. duration_ms desc; newest first when absent.")] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        project: Project = None,
    ) -> str:
        """Find traces (requests from end to end). One line of JSON each: how it ended, duration, tokens, cost, scores,
        the beginnings of input and output. Read one with get_trace.
        """
        page = self._reader.get(
            "/traces", project, filter=filter, order_by=order_by, limit=min(limit, 200), cursor=cursor
        )
        return listed(rows(page["items"], TRACE_FIELDS), page["next_cursor"], NO_TRACES)

    def search_spans(
        self,
        filter: Annotated[
            str | None,
            Field(description="SQL condition over fields of spans, e.g. kind = 'tool' and status = 'error'."),
        ] = None,
        order_by: Annotated[str | None, Field(description="E.g. cost_usd desc; newest first when absent.")] = None,
        limit: Limit = 20,
        cursor: Cursor = None,
        project: Project = None,
    ) -> str:
        """Find single steps over all traces: model calls, tools, retrievals. One line of JSON each."""
        page = self._reader.get(
            "/spans", project, filter=filter, order_by=order_by, limit=min(limit, 200), cursor=cursor
        )
        return listed(rows(page["items"], SPAN_FIELDS), page["next_cursor"], "No span matches.")

    def get_trace(
        self,
        trace_id: Annotated[str, Field(description="32 hexadecimal digits, from search_traces.")],
        max_spans: Annotated[
            int, Field(ge=1, le=5000, description="Spans with a line of their own; of the rest only counts.")
        ] = 80,
        project: Project = None,
    ) -> str:
        """Read one trace: its facts and scores, then its spans as a tree with kind, duration, tokens, cost, and why a
        span failed. What failed is always shown. Inputs and outputs of a span: get_span.
        """
        path = f"/traces/{part(trace_id)}"
        trace = self._reader.get(path, project, limit=1)
        outline = self._outline(path, project)
        shown = list(lines(outline, most=max_spans))
        facts = {name: briefly(value) for name, value in trace.items() if name in TRACE_FIELDS}
        errors = self._errors(trace_id, outline, shown, project)
        tree = [_line(outline, line, errors) for line in shown]
        folded = sum(line.n_folded for line in shown)
        more = [f"{count(folded)} spans are folded: max_spans shows more, search_spans finds them."] if folded else []
        return bounded("\n".join([as_json(without_empty(facts)), *tree, *more]), "Ask with a smaller max_spans.")

    def get_span(
        self,
        trace_id: Annotated[str, Field(description="Of the trace.")],
        span_id: Annotated[str, Field(description="16 hexadecimal digits, as get_trace prints them.")],
        field: Annotated[
            str | None, Field(description="One field alone, in full: input, output, input_messages, attributes, …")
        ] = None,
        offset: Annotated[int, Field(ge=0, description="With field: where to go on, in characters.")] = 0,
        project: Project = None,
    ) -> str:
        """Read one span: messages, tools, documents, events, attributes. Long values are cut; `field` pages one."""
        span: dict[str, Any] = self._reader.get(f"/spans/{part(trace_id)}/{part(span_id)}", project)
        if field is None:
            brief = {name: briefly(value, MOST_IN_A_SPAN) for name, value in without_empty(span).items()}
            if not span.get("attributes") or len(as_json(span["attributes"])) > MOST_IN_A_SPAN:
                brief["attributes"] = sorted(span.get("attributes") or {})
            return bounded("\n".join(f"{name}: {_written(value)}" for name, value in brief.items()), "Read one field.")
        if field not in span:
            return f"A span has no field {field!r}. It has: {', '.join(span)}."
        return _page(_written(span[field]), offset)

    def list_sessions(
        self, filter: Filter = None, limit: Limit = 20, cursor: Cursor = None, project: Project = None
    ) -> str:
        """List conversations over several traces, those heard of last first."""
        page = self._reader.get("/sessions", project, filter=filter, limit=min(limit, 200), cursor=cursor)
        return listed(rows(page["items"], (*SESSION_FIELDS, "last_input")), page["next_cursor"], "There is no session.")

    def get_session(
        self,
        session_id: Annotated[str, Field(description="From list_sessions, or a trace's session_id.")],
        limit: Limit = 30,
        cursor: Cursor = None,
        project: Project = None,
    ) -> str:
        """Read a conversation: its traces in order of time, with what went in and came out."""
        found = self._reader.get(f"/sessions/{part(session_id)}", project, limit=min(limit, 200), cursor=cursor)
        head = as_json(without_empty({name: found.get(name) for name in SESSION_FIELDS}))
        turns = rows(found["traces"], TRACE_FIELDS, most=MOST_IN_A_SPAN)
        return listed([head, *turns], found["next_cursor"], "")

    def _outline(self, path: str, project: str | None) -> Outline:
        outline, cursor = Outline(), None
        while True:
            page = self._reader.get(f"{path}/skeleton", project, cursor=cursor)
            outline.take(page)
            cursor = page["next_cursor"]
            if cursor is None:
                return outline

    def _errors(self, trace_id: str, outline: Outline, shown: list[Line], project: str | None) -> dict[str, str]:
        """Why the spans shown have failed, by their ids."""
        failed = outline.failed(line.place for line in shown if line.place is not None)[:100]
        ids = ", ".join(f"'{outline.span_id[place]}'" for place in failed)
        if not ids:
            return {}
        asked = f"trace_id = '{trace_id}' and span_id in ({ids})"
        page = self._reader.get("/spans", project, filter=asked, limit=len(failed))
        return {span["span_id"]: span["status_message"] or "" for span in page["items"]}


# Helpers ----------------------------------------------------------------------------------------------------------


def _line(outline: Outline, line: Line, errors: dict[str, str]) -> str:
    if line.place is None:
        names = sorted({text(outline.name[place]) for place in line.folded})
        failed = len(outline.failed(line.folded))
        return f"{line.guides}… {line.n_folded} spans: {cut(', '.join(names), 120)}" + (
            f", {failed} errors" * bool(failed)
        )
    place = line.place
    took, tokens, usd = outline.duration_us[place], outline.total_tokens[place], outline.cost_usd[place]
    facts = [
        outline.kind[place] or "",
        "" if took is None else duration(took / 1000),
        "" if tokens is None else f"{tokens} tokens",
        "" if usd is None else cost(usd),
    ]
    told_facts = ", ".join(fact for fact in facts if fact)
    told = f"{line.guides}{text(outline.name[place])} [{told_facts}] {outline.span_id[place]}"
    why = errors.get(outline.span_id[place] or "")
    if outline.status[place] == "error":
        return f"{told} ERROR {cut(text(why or ''), 300)}".rstrip()
    return told


def _written(value: Any) -> str:
    return value if isinstance(value, str) else as_json(value)


def _page(whole: str, offset: int) -> str:
    size = 16_000
    piece = whole[offset : offset + size]
    end = offset + len(piece)
    more = f"\n… [{end:,} of {len(whole):,} characters; go on with offset={end}]" if end < len(whole) else ""
    return piece + more
