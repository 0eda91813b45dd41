"""Brings registry.db to the newest schema, in one transaction: either every pending migration is in, or none is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from assay.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import Connection

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> list[str]:
    """Run what is pending; the revisions that were run, oldest first.

    Raises:
        StoreError: the file was written by a newer Assay.
    """
    if _current(connection) == newest_revision():
        return []  # as at nearly every start: without Alembic, which takes 10 MB and a third of a second

    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory(str(_MIGRATIONS), version_locations=[str(_MIGRATIONS)])
    context = MigrationContext.configure(connection)
    current = context.get_current_revision()
    known = {script.revision for script in scripts.walk_revisions()}
    if current is not None and current not in known:
        raise StoreError(
            f"registry.db has schema {current}, which this version of Assay does not know.",
            hint="It was written by a newer version. Try: pip install --upgrade assay",
        )
    pending = list(scripts.iterate_revisions("head", current))[::-1]
    for script in pending:
        with Operations.context(context):
            script.module.upgrade()
        context.stamp(scripts, script.revision)
    return [script.revision for script in pending]


def newest_revision() -> str:
    """The number in the name of the newest file, which is its revision."""
    return max(path.name[1:5] for path in _MIGRATIONS.glob("m[0-9]*.py"))


def _current(connection: Connection) -> str | None:
    from sqlalchemy import inspect, text

    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()
