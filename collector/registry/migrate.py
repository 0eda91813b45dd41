"""Brings registry.db to the newest schema, in one transaction: either every pending migration is in, or none is."""

from __future__ import annotations

from pathlib import Path

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from assay.errors import StoreError

_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(connection: Connection) -> list[str]:
    """Run what is pending; the revisions that were run, oldest first.

    Raises:
        StoreError: the file was written by a newer Assay.
    """
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
