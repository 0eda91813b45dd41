"""registry.db as a file: its schema, its migrations, how it is opened and what it says when it cannot be."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from assay.collector.registry import Registry
from assay.collector.registry.migrate import migrate, newest_revision
from assay.collector.registry.models import Base
from assay.errors import StoreDamaged, StoreError


def test_the_migrations_make_exactly_the_schema_of_the_models(registry: Registry) -> None:
    with registry.database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        assert compare_metadata(context, Base.metadata) == []


def test_constraints_are_the_same_by_name(registry: Registry, tmp_path: Path) -> None:
    # What compare_metadata does not look at: primary keys, and the names that later migrations will need.
    from sqlalchemy import create_engine

    engine = create_engine(f"sqlite:///{tmp_path / 'models.db'}")
    Base.metadata.create_all(engine)
    engine.dispose()
    assert _constraints(registry.database.path) == _constraints(tmp_path / "models.db")


def test_migrating_again_does_nothing(registry: Registry) -> None:
    with registry.database.connect_for_migration() as connection:
        assert migrate(connection) == []


def test_the_newest_revision_is_known_without_alembic(registry: Registry) -> None:
    with registry.database.engine.connect() as connection:
        assert MigrationContext.configure(connection).get_current_revision() == newest_revision()


def test_what_was_written_is_there_after_opening_again(path: Path) -> None:
    first = Registry.open(path)
    first.prompts.register("p", "qa", "one", "first")
    revision = first.revision
    first.close()
    second = Registry.open(path)
    assert second.prompts.version("p", "qa")["template"] == "one"
    assert second.revision == revision
    second.close()


def test_it_is_durable_and_checks_references(registry: Registry) -> None:
    with registry.database.engine.connect() as connection:
        pragmas = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert pragmas == ["wal", 2, 1]  # 2 is FULL


def test_a_file_that_is_no_database_is_named_as_damaged(path: Path) -> None:
    path.write_bytes(b"this is no database, and has never been one" * 100)
    with pytest.raises(StoreDamaged, match=r"registry\.db is damaged.*backup"):
        Registry.open(path)


def test_a_file_of_a_newer_version_is_refused(registry: Registry, path: Path) -> None:
    registry.close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match=r"schema 9999.*newer version"):
        Registry.open(path)


def test_a_directory_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="cannot be used"):
        Registry.open(tmp_path / "nowhere" / "registry.db")


def test_a_change_that_fails_leaves_nothing_behind(registry: Registry) -> None:
    registry.prompts.register("p", "qa", "one", "first")
    revision = registry.revision

    def fail() -> None:
        with registry.database.write() as session:
            session.execute(Base.metadata.tables["prompts"].update().values(latest_version=7))
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        fail()
    assert (registry.prompts.version("p", "qa")["version"], registry.revision) == (1, revision)


def _constraints(path: Path) -> dict[str, set[str]]:
    """Table -> its constraints and indices, as SQLite keeps them."""
    connection = sqlite3.connect(path)
    rows = connection.execute(
        "SELECT tbl_name, sql FROM sqlite_master WHERE sql IS NOT NULL AND tbl_name != 'alembic_version'"
    ).fetchall()
    connection.close()
    found: dict[str, set[str]] = {}
    for table, sql in rows:
        lines = {line.strip().rstrip(",") for line in sql.splitlines() if "CONSTRAINT" in line or "INDEX" in line}
        found.setdefault(table, set()).update(line.replace('"', "") for line in lines)
    return found
