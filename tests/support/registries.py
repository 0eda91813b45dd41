"""Registries to begin with: making the tables takes fifteen times as long as copying a file that has them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Engine

from assay.collector.registry import Registry, database
from assay.collector.registry.times import Clock, utc_now

_make = Registry.open


def open_new(path: Path, clock: Clock = utc_now) -> Registry:
    """An empty registry in the file `path`, which is not there yet."""
    path.write_bytes(_empty_file())
    return _make(path, clock=clock)


@cache
def _empty_file() -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "registry.db"
        _make(path).close()
        assert [file.name for file in path.parent.iterdir()] == [path.name]  # nothing is left in a log beside it
        return path.read_bytes()


def _open(path: Path, *, clock: Clock = utc_now) -> Registry:
    new = path.parent.is_dir() and not path.exists()
    return open_new(path, clock) if new else _make(path, clock=clock)


def copy_new_registries() -> None:
    """From now on a new registry in this process is a copy of one."""
    Registry.open = staticmethod(_open)  # type: ignore[assignment, method-assign]


def keep_compiled_statements() -> None:
    """From now on the registries of this process share what SQLAlchemy has made of each statement.

    It keeps that with each engine, and would do it anew in every test.
    """
    make = database.create_engine

    @cache
    def first() -> Engine:
        engine = make("sqlite://")
        engine.connect().close()  # the dialect learns which SQLite this is
        engine.dispose()
        return engine

    def create(url: str, **options: Any) -> Engine:
        engine = make(url, **options)
        engine.dialect, engine._compiled_cache = first().dialect, first()._compiled_cache
        return engine

    database.create_engine = create  # type: ignore[assignment]
