"""A disk that is slow or full for one process, without root: faults.c preloaded, switched by files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_name("faults.c")


class Faults:
    """Faults of whatever process is started with `env`; they concern files below `of`."""

    def __init__(self, directory: Path, *, of: Path) -> None:
        """
        Args:
            directory: an empty one, for the library and the switches.
        """
        if shutil.which("gcc") is None:
            pytest.skip("faults of the disk need gcc")
        self._directory = directory
        library = directory / "faults.so"
        subprocess.run(["gcc", "-shared", "-fPIC", "-O1", "-o", library, SOURCE, "-ldl"], check=True)
        self.env = {"LD_PRELOAD": str(library), "FAULTS_DIR": str(directory), "FAULTS_OF": str(of)}

    def fsync_ms(self, milliseconds: int) -> None:
        (self._directory / "fsync_ms").write_text(str(milliseconds))

    def disk_full(self, only: str = "") -> None:
        """For all files, or for those whose paths end like this."""
        (self._directory / "disk_full").write_text(only)

    def free_bytes(self, n_bytes: int) -> None:
        (self._directory / "free_bytes").write_text(str(n_bytes))

    def end(self) -> None:
        for name in ("fsync_ms", "disk_full", "free_bytes"):
            (self._directory / name).unlink(missing_ok=True)
