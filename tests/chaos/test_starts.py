"""A collector comes up whole or not at all, and never beside another one."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.damage import DAMAGES, contents, crashed_store
from support.load import NOTHING_WRONG, Load, audit
from support.serving import Serving, patience, refused

CARELESS = Path(__file__).with_name("careless.py")
OTHER_DUCKDB = "CHAOS_DUCKDB"  # a directory with another version of DuckDB; `make chaos` has one
PASSED_ON = """
import sys
from pathlib import Path
from assay.collector.service import Service
from support.load import batch
service = Service(Path(sys.argv[1]))
for number in range(int(sys.argv[2]), int(sys.argv[3])):
    service.ingest(batch(0, number, 100)).result()
with service.store.read() as db:
    print(db.execute("SELECT count(*), bit_xor(hash(s)) FROM spans s").fetchone()[0])
if sys.argv[4] == "close":
    service.close()
import os
sys.stdout.flush()
os._exit(0)
"""


def test_a_damaged_store_ends_the_start_with_the_path_and_the_command(tmp_path: Path, size: Any) -> None:
    """All the damages, and that none is changed: tests/collector/test_damage.py. Here the process, and the time."""
    crashed_store(tmp_path / "whole")
    for name in list(DAMAGES)[: size(1, 99)]:
        data_dir = tmp_path / name
        subprocess.run(["cp", "-r", tmp_path / "whole", data_dir], check=True)
        DAMAGES[name](data_dir)
        before = contents(data_dir)
        status, said, seconds = refused(data_dir, within_s=60)
        assert status != 0, name
        assert str(data_dir / "assay.duckdb") in said, name
        assert f"assay repair --data-dir {data_dir}" in said, name
        assert seconds <= 5.0 * patience(), name
        assert contents(data_dir) == before, name


def test_a_second_collector_is_refused_by_name_and_harms_nobody(data_dir: Path) -> None:
    """Although the first one dropped DuckDB's own lock, as any process does that reads its own file."""
    with Serving(data_dir, program=[sys.executable, str(CARELESS)]) as first:
        load = Load(first.url, 1)
        time.sleep(0.3)
        status, said, seconds = refused(data_dir, within_s=60)
        assert status != 0
        assert f"pid {first.process.pid}" in said
        assert seconds <= 3.0 * patience()
        time.sleep(0.2)
        load.stop()
        first.stop()
    assert audit(data_dir, load) == NOTHING_WRONG


@pytest.mark.skipif(OTHER_DUCKDB not in os.environ, reason=f"needs {OTHER_DUCKDB}: a directory with another DuckDB")
def test_two_versions_of_duckdb_take_turns_with_one_store(data_dir: Path) -> None:
    other = os.environ[OTHER_DUCKDB]
    counted = []
    for turn, (path, ending) in enumerate([("", "crash"), (other, "crash"), ("", "close"), (other, "close"), ("", "")]):
        tests = str(Path(__file__).parents[1])
        run = subprocess.run(
            [sys.executable, "-c", PASSED_ON, str(data_dir), str(2 * turn), str(2 * turn + 2), ending],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, (path, tests)))},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        counted.append(int(run.stdout))
    assert counted == [200, 400, 600, 800, 1000]
