"""What the collector learns of registry.db without opening it."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

from assay.collector.registry import Actor, Registry
from assay.collector.registry.glance import Glance, glance


def look(path: Path) -> Glance | None:
    return glance(path, redaction_action="redaction.configure")


def test_a_registry_that_does_not_exist_is_an_empty_one(path: Path) -> None:
    assert look(path) == Glance()
    assert not path.exists()


def test_a_glance_sees_what_the_registry_would_say(path: Path) -> None:
    registry = Registry.open(path)
    registry.projects.create("shop")
    registry.audit.add(Actor(), "redaction.configure", "collector", project=None, rules=["card", "email"])
    registry.audit.add(Actor(), "access.refuse", "GET /", project=None, result="refused")
    seen, revision = look(path), registry.revision
    registry.close()
    assert seen == look(path) == Glance(revision, frozenset({"shop"}), ("card", "email"))


def test_what_is_old_or_damaged_or_something_else_has_to_be_opened(path: Path) -> None:
    Registry.open(path).close()
    with contextlib.closing(sqlite3.connect(path)) as db, db:
        db.execute("UPDATE alembic_version SET version_num = '0001'")
    assert look(path) is None
    path.write_bytes(b"no database" * 1000)
    assert look(path) is None
    path.unlink()
    sqlite3.connect(path).close()  # a file without tables
    assert look(path) is None
