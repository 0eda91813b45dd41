"""What the collector has to know of registry.db before anybody asks for it, read with the standard library alone.

Most starts find a registry that is as new as this version and that nobody changes for a while: SQLAlchemy, which is a
third of the start, then waits until it is needed. Nobody else writes meanwhile, as the data directory is locked.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assay.collector.registry.migrate import newest_revision

NEWEST_CHANGE = "SELECT coalesce(max(id), 0) FROM audit WHERE result = 'ok'"
NEWEST_OF_KIND = "SELECT detail FROM audit WHERE action = ? ORDER BY id DESC LIMIT 1"
WATCHES = (
    "SELECT EXISTS (SELECT 1 FROM online_scorers WHERE state = 'active') OR EXISTS (SELECT 1 FROM alerts WHERE is_on)"
)


@dataclass(frozen=True, slots=True)
class Glance:
    """`revision` is that of `Registry`; `redaction` the rules that were noted last; `kept` the settings that were
    changed while a collector ran; `watches`: there are online scorers or alerts at work.
    """

    revision: int = 0
    projects: frozenset[str] = frozenset()
    redaction: tuple[str, ...] = ()
    kept: Mapping[str, Any] = field(default_factory=dict)
    watches: bool = False


def glance(path: Path, *, redaction_action: str) -> Glance | None:
    """What is in the file, or that there is none yet; None where it has to be opened to know: old, new or damaged."""
    if not path.exists():
        return Glance()
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)) as db:
            [(schema,)] = db.execute("SELECT version_num FROM alembic_version").fetchall()
            if schema != newest_revision():
                return None
            [(revision,)] = db.execute(NEWEST_CHANGE).fetchall()
            projects = frozenset(name for (name,) in db.execute("SELECT name FROM projects"))
            # SQLite keeps JSON that is a number as one
            kept = {
                name: json.loads(value) if isinstance(value, str) else value
                for name, value in db.execute("SELECT name, value FROM kept_settings")
            }
            [(watches,)] = db.execute(WATCHES).fetchall()
            noted = [json.loads(detail) for (detail,) in db.execute(NEWEST_OF_KIND, [redaction_action])]
    except (sqlite3.Error, ValueError):
        return None
    return Glance(revision, projects, tuple(noted[0]["rules"]) if noted else (), kept, bool(watches))
