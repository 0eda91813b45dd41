"""SQLite through SQLAlchemy: how registry.db is opened, and the two kinds of transactions on it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.orm import Session

from assay.errors import StoreDamaged, StoreError

BUSY_TIMEOUT_S = 60.0


class Database:
    """Reads see one moment of the file; writes come one after the other. Safe to use from any thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.engine = _engine(path)
        # The write lock is taken as the transaction begins: of two writers that had read first, one could only fail.
        self._writing = self.engine.execution_options(begin="IMMEDIATE")
        # SQLite lets a writer in by polling; threads of one process queue here instead.
        self._write_lock = threading.Lock()

    @contextmanager
    def read(self) -> Iterator[Session]:
        with self._translated(), Session(self.engine) as session, session.begin():
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction: committed with fsync when the block ends, undone when it raises."""
        with self._write_lock, self._translated(), Session(self._writing) as session, session.begin():
            yield session

    @contextmanager
    def connect_for_migration(self) -> Iterator[Connection]:
        with self._write_lock, self._translated(), self._writing.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as error:
            raise StoreError(
                f"{self.path} cannot be used: {error.orig}.", hint="Is the disk full, or read-only?"
            ) from error
        except DatabaseError as error:
            if "malformed" in str(error.orig) or "not a database" in str(error.orig):
                raise StoreDamaged(
                    f"{self.path} is damaged: {error.orig}.",
                    hint="Restore it from a backup; spans are in another file.",
                ) from error
            raise


def _engine(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}", connect_args={"timeout": BUSY_TIMEOUT_S, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def configure(connection: Any, record: object) -> None:
        connection.isolation_level = None  # SQLAlchemy begins transactions, below; the driver must not
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")

    return engine
