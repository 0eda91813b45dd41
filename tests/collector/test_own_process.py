"""A process that is nothing but a collector spares what a traced program may need."""

from __future__ import annotations

import subprocess
import sys

WITHOUT_PANDAS = """
import sys
from assay.collector.own_process import settle

settle()
import pyarrow as pa
pa.array(["text"])
assert "pandas" not in sys.modules
"""

WITHOUT_ARROW = """
import sys, tempfile
from pathlib import Path
import httpx
from assay.collector.server import Server

with tempfile.TemporaryDirectory() as directory:
    server = Server(data_dir=Path(directory) / "data")
    server.start()
    assert httpx.get(f"{server.url}/health", timeout=60).status_code == 200
    server.service.in_progress.step()
    server.service.life.step()
    heavy = [name for name in ("pyarrow", "numpy", "pandas", "sqlalchemy") if name in sys.modules]
    server.stop()
assert not heavy, heavy
"""


def test_arrow_makes_arrays_without_pandas() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", WITHOUT_PANDAS], check=True)


def test_a_collector_that_waits_for_its_first_span_has_loaded_neither_arrow_nor_numpy() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", WITHOUT_ARROW], check=True)
