"""Stores to begin with: making the tables takes three times as long as copying a file that has them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from assay.collector.data_file import DataFile
from assay.collector.store import STORE_FILE, SpanStore

_create = SpanStore._create


def _copied(store: SpanStore) -> DataFile:
    store.path.parent.mkdir(parents=True, exist_ok=True)
    store.path.write_bytes(_empty_file())
    return DataFile(store.path)


@cache
def _empty_file() -> bytes:
    with TemporaryDirectory() as directory, pytest.MonkeyPatch.context() as patch:
        patch.setattr(SpanStore, "_create", _create)
        path = Path(directory) / STORE_FILE
        SpanStore(path).close()
        return path.read_bytes()


def copy_new_stores() -> None:
    """From now on a new store in this process is a copy of one."""
    SpanStore._create = _copied  # type: ignore[method-assign]
