"""Registries to begin with: making the tables takes fifteen times as long as copying a file that has them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from assay.collector.registry import Registry
from assay.collector.registry.times import Clock, utc_now


def open_new(path: Path, clock: Clock = utc_now) -> Registry:
    """An empty registry in the file `path`, which is not there yet."""
    path.write_bytes(_empty_file())
    return Registry.open(path, clock=clock)


@cache
def _empty_file() -> bytes:
    with TemporaryDirectory() as directory:
        path = Path(directory) / "registry.db"
        Registry.open(path).close()
        assert [file.name for file in path.parent.iterdir()] == [path.name]  # nothing is left in a log beside it
        return path.read_bytes()
