"""One step of the Parquet export: one moment of the store, moved into the files of one project. See export.py."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from assay.collector.export_files import SCHEMA_PART, WHOLE, Manifest, Part, ProjectFiles, ViewState
from assay.collector.migrations import MIRRORED_TABLES

LOG_VIEWS = ("spans", "traces", "scores", "experiment_rows")
VIEWS = (*LOG_VIEWS, *MIRRORED_TABLES)
ROWS_PER_GROUP = 20_000
MERGE_ABOVE_PARTS = 8  # of one day, each smaller than MERGE_BELOW_BYTES
MERGE_BELOW_BYTES = 16 * 1024**2
PARQUET = f"FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROWS_PER_GROUP}"

# A newer score replaces another on the same thing, and a newer row of an experiment its former self. So all rows with
# the same subject are exported together: view -> (its log, when a row came, what it is about).
SUBJECTS = {
    "scores": ("score_log", "created_at", "coalesce(trace_id, session_id, experiment_id)"),
    "experiment_rows": ("experiment_row_log", "received_at", "experiment_id"),
}


class ExportStep:
    """Works on a cursor that nobody else uses. The manifest is saved at the end, and only then do new files count."""

    def __init__(
        self,
        db: duckdb.DuckDBPyConnection,
        files: ProjectFiles,
        manifest: Manifest,
        *,
        max_spans: int,
        registry_revision: int | None,
    ) -> None:
        self.db = db
        self.files = files
        self.manifest = manifest
        self.max_spans = max_spans
        self.registry_revision = registry_revision
        self.project = _literal(manifest.project)
        [(catalog,)] = db.execute("SELECT current_database()").fetchall()
        self.main = f'"{catalog}".main'  # a temporary view of the same name stands before it

    def run(self) -> bool:
        """Export up to `max_spans` new spans and everything else that changed; whether there are more spans."""
        self.db.execute("BEGIN TRANSACTION")
        try:
            self._start_anew_where_columns_changed()
            self.db.execute("CREATE TEMP TABLE affected_traces (trace_id VARCHAR)")
            self._changed_days()
            more = self._new_spans()
            for view in SUBJECTS:
                self._subjects(view)
            self._traces()
            self._registry_tables()
            for view in VIEWS:
                self._merge_small_parts(view)
        finally:
            self.db.execute("ROLLBACK")
        self.files.save(self.manifest)
        return more

    # Spans ------------------------------------------------------------------------------------------------------------

    def _changed_days(self) -> None:
        """Export those days again whose rows are no longer the ones that were exported."""
        state = self.manifest.view("spans")
        there = dict(
            self._rows(
                f"SELECT received_at::DATE::VARCHAR, count(*) FROM {self.main}.span_log "
                f"WHERE project = {self.project} AND received_at <= make_timestamp_ns({state.until}) GROUP BY 1"
            )
        )
        exported = state.rows_by_day()
        changed = {day for day in {*there, *exported} if there.get(day, 0) != exported.get(day, 0)}
        log = self._rows(
            f"SELECT id, day::VARCHAR FROM changed_day_log WHERE project = {self.project} "
            f"AND id > {self.manifest.changes_seen}"
        )
        changed |= {day for _, day in log if day in exported}
        self.manifest.changes_seen = max([self.manifest.changes_seen, *(number for number, _ in log)])
        if not changed:
            return
        self._retire(state, [part for part in state.parts if part.day in changed])
        for day in sorted(changed & there.keys()):
            for after, until in self._chunks(f"received_at::DATE = DATE '{day}'", state.until):
                self._copy_spans(day, after, until)
        # A trace that began on a day now gone may have gone on the next.
        days = changed | {str(date.fromisoformat(day) + timedelta(days=1)) for day in changed - there.keys()}
        in_days = f"received_at::DATE::VARCHAR IN ({', '.join(map(_literal, sorted(days)))})"
        self._affect(f"SELECT trace_id FROM {self.main}.span_log WHERE project = {self.project} AND {in_days}")
        if traces := self.manifest.view("traces").parts:
            self._affect(
                f"SELECT trace_id FROM {self._parquet('traces', traces)} part WHERE NOT EXISTS (SELECT 1 FROM "
                f"{self.main}.span_log s WHERE s.project = {self.project} AND s.trace_id = part.trace_id)"
            )

    def _new_spans(self) -> bool:
        state = self.manifest.view("spans")
        new = f"project = {self.project} AND received_at > make_timestamp_ns({state.until})"
        [(until, newest)] = self._rows(
            f"SELECT epoch_ns(max(received_at)), (SELECT epoch_ns(max(received_at)) FROM {self.main}.span_log "
            f"WHERE {new}) FROM (SELECT received_at FROM {self.main}.span_log WHERE {new} "
            f"ORDER BY received_at LIMIT {self.max_spans})"
        )
        if until is None:
            return False
        taken = f"{new} AND received_at <= make_timestamp_ns({until})"
        days = self._rows(
            f"SELECT received_at::DATE::VARCHAR, epoch_ns(max(received_at)) FROM {self.main}.span_log "
            f"WHERE {taken} GROUP BY 1 ORDER BY 1"
        )
        after = state.until
        for day, last in days:
            self._copy_spans(day, after, last)
            after = last
        self._affect(f"SELECT trace_id FROM {self.main}.span_log WHERE {taken}")
        state.until = until
        return bool(newest > until)

    def _chunks(self, condition: str, until: int) -> list[tuple[int, int]]:
        """Ranges of `received_at` (after, until) that hold some `max_spans` rows each."""
        ends = self._rows(
            f"SELECT epoch_ns(max(received_at)) FROM (SELECT received_at, "
            f"(row_number() OVER (ORDER BY received_at) - 1) // {self.max_spans} AS chunk FROM {self.main}.span_log "
            f"WHERE project = {self.project} AND {condition} AND received_at <= make_timestamp_ns({until})) "
            "GROUP BY chunk ORDER BY 1"
        )
        bounds = sorted({end for (end,) in ends})
        [(first,)] = self._rows(
            f"SELECT epoch_ns(min(received_at)) FROM {self.main}.span_log "
            f"WHERE project = {self.project} AND {condition}"
        )
        return list(zip([first - 1, *bounds[:-1]], bounds, strict=True))

    def _copy_spans(self, day: str, after: int, until: int) -> None:
        self._shadow(
            "span_log", f"received_at > make_timestamp_ns({after}) AND received_at <= make_timestamp_ns({until})"
        )
        self._shadow_content(day, day)
        self._add("spans", day, self._text_of("spans"))

    # Traces, scores, experiment rows ----------------------------------------------------------------------------------

    def _traces(self) -> None:
        state = self.manifest.view("traces")
        if not self._any("affected_traces"):
            return
        self._take_out(state, "traces", "trace_id IN (SELECT trace_id FROM affected_traces)")
        self.db.execute(
            "CREATE TEMP TABLE trace_days AS SELECT trace_id, max(received_at)::DATE::VARCHAR AS day, "
            f"epoch_ns(min(received_at)) AS since FROM {self.main}.span_log WHERE project = {self.project} "
            "AND trace_id IN (SELECT trace_id FROM affected_traces) GROUP BY trace_id"
        )
        for day, since in self._rows("SELECT day, min(since) FROM trace_days GROUP BY day ORDER BY day"):
            self._shadow(
                "span_log",
                f"received_at >= make_timestamp_ns({since}) "
                f"AND trace_id IN (SELECT trace_id FROM trace_days WHERE day = {_literal(day)})",
            )
            self._shadow_content(str(datetime.fromtimestamp(since / 1e9, UTC).date()), day)
            self._add("traces", day, self._text_of("traces"))

    def _subjects(self, view: str) -> None:
        """Bring a view up to date in which rows replace each other."""
        log, came_at, subject = SUBJECTS[view]
        state = self.manifest.view(view)
        mine = f"FROM {self.main}.{log} WHERE project = {self.project}"
        [(there, before, until)] = self._rows(
            f"SELECT count(*), count(*) FILTER ({came_at} <= make_timestamp_ns({state.until})), "
            f"coalesce(epoch_ns(max({came_at})), 0) {mine}"
        )
        whole = before != state.seen
        if not whole and there == state.seen:
            return
        if whole and view == "scores" and (parts := state.parts):
            self._affect(f"SELECT trace_id FROM {self._parquet(view, parts)} WHERE trace_id IS NOT NULL")
        since = "" if whole else f"AND {came_at} > make_timestamp_ns({state.until})"
        self.db.execute(f"CREATE OR REPLACE TEMP TABLE subjects AS SELECT DISTINCT {subject} AS subject {mine} {since}")
        if view == "scores":
            self._affect(f"SELECT trace_id {mine} {since} AND trace_id IS NOT NULL")
        if whole:
            self._retire(state, state.parts)
        else:
            self._take_out(state, view, f"{subject} IN (SELECT subject FROM subjects)")
        self._shadow(log, f"{subject} IN (SELECT subject FROM subjects)")
        self._add(view, WHOLE, self._text_of(view))
        self.db.execute(f"DROP VIEW temp.main.{log}")  # the view of traces reads all scores
        state.until, state.seen = until, there

    # The registry's tables --------------------------------------------------------------------------------------------

    def _registry_tables(self) -> None:
        if self.registry_revision is None or self.registry_revision == self.manifest.registry_revision:
            return
        for table in MIRRORED_TABLES:
            state = self.manifest.view(table)
            self._retire(state, state.parts)
            self._add(table, WHOLE, f"SELECT * FROM {table} WHERE project = {self.project}")
        self.manifest.registry_revision = self.registry_revision

    # Files ------------------------------------------------------------------------------------------------------------

    def _start_anew_where_columns_changed(self) -> None:
        for view in VIEWS:
            state = self.manifest.view(view)
            columns = ", ".join(f"{name} {kind}" for name, kind, *_ in self._rows(f"DESCRIBE {self.main}.{view}"))
            if columns == state.columns and self.files.part_path(view, SCHEMA_PART).exists():
                continue
            self._retire(state, state.parts)
            self.manifest.views[view] = ViewState(columns)
            self.manifest.registry_revision = None
            self._write(view, SCHEMA_PART, f"SELECT * FROM {self.main}.{view} LIMIT 0")
            if view == "traces":  # its rows follow those of the spans
                spans = self.manifest.view("spans")
                self._retire(spans, spans.parts)
                self.manifest.views["spans"] = ViewState(spans.columns)

    def _merge_small_parts(self, view: str) -> None:
        state = self.manifest.view(view)
        for day in sorted({part.day for part in state.parts}):
            small = [part for part in state.parts if part.day == day and part.n_bytes < MERGE_BELOW_BYTES]
            if len(small) > MERGE_ABOVE_PARTS:
                self._add(view, day, f"SELECT * FROM {self._parquet(view, small)}")
                self._retire(state, small)

    def _take_out(self, state: ViewState, view: str, condition: str) -> None:
        """Rewrite the parts that hold rows of `condition`, without them."""
        if not state.parts:
            return
        touched = {
            Path(name).name
            for (name,) in self._rows(
                f"SELECT DISTINCT filename FROM {self._parquet(view, state.parts, 'filename = true')} WHERE {condition}"
            )
        }
        for part in [part for part in state.parts if part.file in touched]:
            kept = f"SELECT * FROM {self._parquet(view, [part])} WHERE ({condition}) IS NOT TRUE"
            self._retire(state, [part])
            self._add(view, part.day, kept)

    def _add(self, view: str, day: str, query: str) -> None:
        file = f"{day}-{self.manifest.next_number:06d}.parquet"
        self.manifest.next_number += 1
        path = self._write(view, file, query)
        [(rows,)] = self._rows(f"SELECT sum(num_rows)::BIGINT FROM parquet_file_metadata({_literal(str(path))})")
        if rows:
            self.manifest.view(view).parts.append(Part(file, day, rows, path.stat().st_size))
        else:
            path.unlink()

    def _write(self, view: str, file: str, query: str) -> Path:
        path = self.files.part_path(view, file)
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{file}.new")
        self.db.execute(f"COPY ({query}) TO {_literal(str(temporary))} ({PARQUET})")
        temporary.replace(path)
        return path

    def _retire(self, state: ViewState, parts: Iterable[Part]) -> None:
        """Let these parts count no more; their files are removed once the manifest is saved."""
        gone = set(parts)
        state.parts = [part for part in state.parts if part not in gone]

    def _parquet(self, view: str, parts: Iterable[Part], *options: str) -> str:
        names = ", ".join(map(_literal, self.files.paths(view, parts)))
        return f"read_parquet({', '.join([f'[{names}]', *options])})"

    # SQL --------------------------------------------------------------------------------------------------------------

    def _shadow(self, table: str, condition: str) -> None:
        """Let `table` mean only some of its rows, for the views that are made of it."""
        self.db.execute(
            f"CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM {self.main}.{table} "
            f"WHERE project = {self.project} AND {condition}"
        )

    def _shadow_content(self, first: str, last: str) -> None:
        """Let `content` mean only that of these days, which is where spans received on them have theirs."""
        self.db.execute(
            f"CREATE OR REPLACE TEMP VIEW content AS SELECT * FROM {self.main}.content "
            f"WHERE received_on BETWEEN DATE '{first}' - 1 AND DATE '{last}' + 1"
        )

    def _text_of(self, view: str) -> str:
        """The query that a view stands for: run by itself, it reads the rows that `_shadow` left."""
        [(sql,)] = self._rows(
            f"SELECT sql FROM duckdb_views() WHERE view_name = {_literal(view)} AND NOT internal AND NOT temporary "
            "AND database_name = current_database()"  # while a copy is made, that has them too
        )
        return str(sql).split(" AS ", 1)[1].rstrip().rstrip(";")

    def _affect(self, query: str) -> None:
        self.db.execute(f"INSERT INTO affected_traces SELECT DISTINCT trace_id FROM ({query})")

    def _any(self, table: str) -> bool:
        return bool(self._rows(f"SELECT 1 FROM {table} LIMIT 1"))

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.db.execute(sql).fetchall()


def _literal(text: str) -> str:
    """A string as SQL writes it."""
    return "'" + text.replace("'", "''").replace("\0", "' || chr(0) || '") + "'"
