"""What whoever looks after a collector wants to know: how it is, which calls have no price, what redaction does."""

from __future__ import annotations

import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import assay
from assay.collector import queries
from assay.collector.live_settings import OWN_PRICES
from assay.collector.paging import fetch, iso_time, within
from assay.collector.service import EXPORT_DIRECTORY, REGISTRY_FILE, Service
from assay.collector.stats import StatsQuery
from assay.collector.store import SpanStore
from assay.own_prices import read_own_prices
from assay.redaction_rules import RULES

UNPRICED_AT_MOST = 100


def value_of(service: Service, name: str) -> Any:
    """A setting as it holds now, as JSON."""
    if name == OWN_PRICES:
        return [json.loads(price.model_dump_json(exclude_none=True)) for price in service.settings.own_prices]
    value = getattr(service.settings.now, name)
    return str(value) if isinstance(value, Path) else value


def prices(service: Service, project: str | None) -> dict[str, Any]:
    """`own` prices, the `file` they are in where the environment names one, and models that are `unpriced`."""
    path = service.settings.given.prices
    own = read_own_prices(path) if path else service.settings.own_prices
    query = StatsQuery(
        of="spans",
        measures=("unpriced_calls", "model_calls", "total_tokens"),
        group_by=("provider", "model"),
        project=project,
        limit=UNPRICED_AT_MOST,
    )
    return {
        "source": service.settings.source(OWN_PRICES),
        "file": str(path) if path else None,
        "own": [json.loads(price.model_dump_json(exclude_none=True)) for price in own],
        "unpriced": [row for row in queries.stats(service.store, query) if row["unpriced_calls"]],
    }


def redaction_rules(service: Service) -> list[dict[str, Any]]:
    """Every rule that comes with Assay, then those of one's own."""
    redactor = service.redactor
    active = {rule.name: rule for rule in redactor.rules} if redactor else {}
    built_in = [{"name": rule.name, "group": rule.group, "active": rule.name in active} for rule in RULES]
    known = {rule.name for rule in RULES}
    return built_in + [
        {"name": name, "group": "own", "active": True} for name, rule in active.items() if name not in known
    ]


def redacted_text(service: Service, text: str) -> dict[str, Any]:
    """`text` as it would be stored, and `found`: how often each rule replaced something."""
    found: Counter[str] = Counter()
    redactor = service.redactor
    return {"text": text if redactor is None else redactor.text(text, found), "found": dict(found)}


def status(service: Service) -> dict[str, Any]:
    """Figures since the start, and sizes as they are now."""
    writer, counted = service.writer, service.writer.counters
    with service.store.read() as db:
        [(spans, oldest, newest, letters)] = db.execute(
            "SELECT count(*), epoch_ns(min(start_time)), epoch_ns(max(start_time)),"
            " (SELECT count(*) FROM dead_letter) FROM span_log"
        ).fetchall()
    return {
        "version": assay.__version__,
        "python": sys.version.split()[0],
        "pid": os.getpid(),
        "data_dir": str(service.data_dir),
        "uptime_s": time.time() - service.started_at,
        "spans": spans,
        "oldest_span": None if oldest is None else iso_time(oldest),
        "newest_span": None if newest is None else iso_time(newest),
        "bytes": {
            "store": service.store.path.stat().st_size,
            "log": service.store.wal_bytes(),
            "registry": _size(service.data_dir / REGISTRY_FILE),
            "exports": _size(service.data_dir / EXPORT_DIRECTORY),
            "free": _free(service.data_dir),
        },
        "waiting_bytes": writer.waiting_bytes,
        "stored": counted.spans,
        "repeated": counted.repeated,
        "conflicting": counted.conflicts,
        "rejected": service.intake.rejected,
        "dropped_log_records": service.requests.dropped_log_records,
        "dead_letters": letters,
        "failed_commits": counted.failed_commits,
        "deleted": {
            reason: {"traces": gone.traces, "spans": gone.spans} for reason, gone in service.life.deleted().items()
        },
    }


def dead_letters(store: SpanStore, project: str | None, *, limit: int, raw: bool = False) -> list[dict[str, Any]]:
    """The newest of the spans that were put aside."""
    where, parameters = within(project, "d")
    with store.read() as db:
        rows = fetch(
            db,
            f"SELECT d.project, d.reason, epoch_ns(d.received_at) AS received_at{', d.raw' if raw else ''}"
            f" FROM dead_letter d WHERE {where} ORDER BY d.received_at DESC, d.rowid DESC LIMIT ?",
            [*parameters, limit],
        )
    return [_letter(row) for row in rows]


def _letter(row: dict[str, Any]) -> dict[str, Any]:
    shown = {**row, "received_at": iso_time(row["received_at"])}
    return {**shown, "raw": bytes(row["raw"]).decode("utf-8", "replace")} if "raw" in row else shown


def _size(path: Path) -> int:
    """Bytes of a file, or of all files in a folder; 0 where there is none."""
    if path.is_dir():
        return sum(_size(each) for each in path.iterdir())
    try:
        return path.stat().st_size
    except FileNotFoundError:  # replaced just now
        return 0


def _free(path: Path) -> int:
    found = os.statvfs(path)
    return found.f_bavail * found.f_frsize
