"""What `assay doctor` finds out about tracing: libraries, what waits on disk, spans without their parent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from assay import semconv
from assay.errors import AssayError, NotFound
from assay.finding import Check
from assay.settings import Settings
from assay.tracing.autolog.library import Library, version_of
from assay.tracing.orphans import likely_cause
from assay.tracing.spool import NAME as SPOOLED

# Others that trace by themselves: whichever sets a tracer provider first keeps it, and Assay adds itself to that.
OTHER_TRACERS = ("logfire", "langfuse", "mlflow", "mlflow-tracing", "traceloop-sdk", "openlit", "arize-phoenix-otel")
RATE_WORTH_A_WARNING = 0.01

# The spans of the last hour whose parent is not there, and the roots of their own that began in a thread, by what
# explains them. DuckDB keeps attributes as a map of JSON text.
ORPHANS = f"""
WITH recent AS (
    SELECT trace_id, span_id, parent_span_id, name, coalesce(service_name, 'unknown') AS service,
           attributes['{semconv.ASSAY_PARENT_CAME_BY}'] AS came_by,
           attributes['{semconv.ASSAY_ROOT_THREAD}'] AS thread
    FROM spans WHERE start_time > now()::TIMESTAMP - INTERVAL 1 HOUR
), marked AS (
    SELECT *, parent_span_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM spans p WHERE p.trace_id = recent.trace_id AND p.span_id = recent.parent_span_id
    ) AS orphan FROM recent
)
SELECT service, orphan, came_by, CASE WHEN orphan THEN NULL ELSE thread END AS thread, count(*) AS spans,
       any_value(name) AS example, any_value(trace_id) AS trace_id,
       (SELECT count(*) FROM marked WHERE orphan) AS orphans
FROM marked WHERE orphan OR (parent_span_id IS NULL AND thread IS NOT NULL)
GROUP BY ALL ORDER BY orphan DESC, spans DESC LIMIT 5
"""
RECENT = "SELECT count(*) FROM spans WHERE start_time > now()::TIMESTAMP - INTERVAL 1 HOUR"


class Asks(Protocol):
    """Runs one SQL statement over the spans of a project; the rows."""

    def __call__(self, statement: str) -> Sequence[Sequence[Any]]: ...


def check_libraries(libraries: Iterable[Library]) -> list[Check]:
    """The libraries that are installed: by what each is traced, or what is missing for that."""
    found = [(library, version_of(library.distribution)) for library in libraries]
    checks = [_library(library, version) for library, version in found if version is not None]
    absent = [library.name for library, version in found if version is None]
    if absent:
        checks.append(
            Check("not installed", "ok", ", ".join(absent), "Traced as well, once they are: see docs/README.md")
        )
    others = [f"{name} {version}" for name in OTHER_TRACERS if (version := version_of(name))]
    if others:
        hint = "Fine side by side. A call that two of them trace has two spans: switch one of them off for it."
        checks.append(Check("other tracers", "ok", ", ".join(others), hint))
    return checks


def _library(library: Library, version: str) -> Check:
    name = f"library {library.name}"
    match library.state():
        case "ready":
            package = f" {version_of(library.package)}" if library.package else ""
            detail = f"{version}, on with assay.autolog(): traced by {library.tracer}{package}"
            return Check(name, "ok", detail)
        case "missing":
            return Check(name, "ok", f"{version}, off: {library.package} is missing", f"To trace it: {library.pip()}")
        case _:
            detail = f"{version}, off: {library.minimum} or newer is traced"
            return Check(name, "ok", detail, f"To trace it: {library.pip()}")


def check_spool(settings: Settings) -> Check:
    """What waits on disk to be sent, of any project and endpoint."""
    directory = settings.data_dir / "spool"
    waiting = [(path, found) for path in directory.glob("*/*.otlp") if (found := SPOOLED.fullmatch(path.name))]
    if not waiting:
        return Check("spool", "ok", "nothing waits to be sent")
    spans, size = sum(int(found["count"]) for _, found in waiting), sum(int(found["length"]) for _, found in waiting)
    where = ", ".join(sorted({path.parent.name for path, _ in waiting}))
    detail = f"{spans} spans wait to be sent, {size / 1e6:.1f} MB in {directory} ({where})"
    full = settings.spool_max_bytes and size > 0.8 * settings.spool_max_bytes
    hint = (
        "A traced program with the same project and endpoint sends them. Where that endpoint has moved: "
        "assay import FILE, and delete FILE"
    )
    if full:
        return Check("spool", "failed", f"{detail}, nearly full", f"{hint}. Spans are dropped when it is full.")
    return Check("spool", "warning", detail, hint)


def check_orphans(ask: Asks) -> list[Check]:
    """Spans of the last hour whose parent never came, by service, with the likely cause."""
    try:
        [[recent]] = ask(RECENT)
        rows = ask(ORPHANS) if recent else []
    except NotFound:
        return [Check("orphans", "ok", "nothing has arrived in this project yet")]
    except AssayError as error:
        return [Check("orphans", "warning", f"cannot be counted: {error.message}", error.hint or "")]
    count = rows[0][7] if rows else 0
    share = f"{count / recent:.1%}" if recent else "0 %"
    summary = f"{count} of {recent} spans of the last hour came without their parent ({share})"
    state = "warning" if recent and count / recent > RATE_WORTH_A_WARNING else "ok"
    return [Check("orphans", state, summary), *map(_cause, rows)]  # type: ignore[arg-type]


def _cause(row: Sequence[Any]) -> Check:
    service, orphan, came_by, thread, spans, example, trace_id, _ = row
    attributes = {semconv.ASSAY_PARENT_CAME_BY: _plain(came_by), semconv.ASSAY_ROOT_THREAD: _plain(thread)}
    what = "without their parent" if orphan else "as traces of their own, begun in a thread"
    detail = f"{spans} of {service} {what}, e.g. {example!r} in trace {trace_id}"
    cause = likely_cause({name: value for name, value in attributes.items() if value}, has_parent=orphan)
    return Check("orphans", "ok", detail, cause or "")


def _plain(value: Any) -> str | None:
    return str(value).strip('"') if value is not None else None
