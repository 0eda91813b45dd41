"""A process that is nothing but a collector spares what a traced program may need."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
import pyarrow as pa
from assay.collector.own_process import settle

settle()
pa.array(["text"])
assert "pandas" not in sys.modules
assert list(pa.table({"a": [1]}).to_pandas()["a"]) == [1]
"""


def test_arrow_makes_arrays_without_pandas_and_data_frames_with_it() -> None:
    subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], check=True)
