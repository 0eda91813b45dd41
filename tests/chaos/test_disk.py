"""A disk that is full or slow: refused in time, nothing lost, and back without a restart."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.faults import Faults
from support.load import NOTHING_WRONG, PROTOBUF, Load, audit, batch, percentile
from support.serving import Serving, patience

BACK_WITHIN_S = 10.0  # of an idle machine, once there is room


@pytest.fixture
def faults(tmp_path: Path, data_dir: Path) -> Faults:
    (tmp_path / "faults").mkdir()
    return Faults(tmp_path / "faults", of=data_dir)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 64 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "none", disk], capture_output=True, check=False)
    if mounted.returncode:
        pytest.skip("a disk of its own needs root")
    yield disk
    subprocess.run(["umount", "--lazy", disk], check=True)


def send(url: str, number: int) -> httpx.Response:
    return httpx.post(
        f"{url}/v1/traces", content=batch(50, number, 10), headers=PROTOBUF, trust_env=False, timeout=120 * patience()
    )


def read(url: str) -> int:
    return httpx.get(f"{url}/api/v1/spans", params={"limit": 1}, trust_env=False, timeout=120 * patience()).status_code


def test_without_room_spans_are_refused_while_reads_go_on(data_dir: Path, faults: Faults) -> None:
    with Serving(data_dir, env=faults.env) as serving:
        assert send(serving.url, 0).status_code == 200
        assert read(serving.url) == 200  # the first request to the API loads it
        for number, fault in enumerate(
            (lambda: faults.free_bytes(1_000_000), lambda: faults.disk_full(only=".wal")), start=1
        ):
            fault()
            refused = send(serving.url, number)
            assert (refused.status_code, int(refused.headers["retry-after"]) >= 1) == (503, True)
            assert read(serving.url) == 200
            faults.end()
            assert (
                seconds_until(lambda number=number: send(serving.url, number).status_code == 200)
                <= BACK_WITHIN_S * patience()
            )
        assert "store failed" not in serving.log()
        assert serving.stop()[0] == 0


def test_a_disk_that_fills_up_is_refused_in_time_and_used_again(small_disk: Path, size: Any) -> None:
    if not size.full:
        pytest.skip("in the full set")
    data_dir = small_disk / ".assay"
    with Serving(data_dir) as serving:
        load = Load(serving.url, 4)
        for _ in range(3):
            ballast = small_disk / "ballast"
            free = shutil.disk_usage(small_disk).free
            ballast.write_bytes(bytes(max(0, free - 16 * 1024**2)))
            seconds_until(lambda: load.statuses[503] > 20)
            assert read(serving.url) == 200
            before = load.acknowledged_spans
            ballast.unlink()
            assert seconds_until(lambda before=before: load.acknowledged_spans > before) <= BACK_WITHIN_S * patience()
        load.stop()
        print(f"statuses {dict(load.statuses)}")
        assert set(load.statuses) <= {200, 503}
        assert "store failed" not in serving.log(), "it never came to a checkpoint on a full disk"
        serving.stop()
        shutil.copytree(data_dir, small_disk.parent / "copy")
    assert audit(small_disk.parent / "copy", load) == NOTHING_WRONG


def test_a_slow_disk_slows_only_what_waits_for_it(data_dir: Path, faults: Faults, size: Any) -> None:
    """Every fsync takes 200 ms longer: one commit for all that waits keeps the rate up."""
    with Serving(data_dir, env=faults.env) as serving:
        faults.fsync_ms(200)
        load = Load(serving.url, 16, n_spans=50)
        seconds_until(lambda: load.acknowledged_spans >= 2_000)  # by then it has loaded all that it needs
        before = serving.rss_mb()
        time.sleep(size(2, 30))
        grown = serving.rss_mb() - before
        logged = (data_dir / "assay.duckdb.wal").stat().st_size / 1024**2  # is in memory too, until a checkpoint
        rate = load.stop()
        faults.end()
        serving.stop()
    p99 = percentile(load.seconds(), 0.99)
    print(
        f"{rate:.0f} spans/s, p99 {p99:.2f} s, memory {grown:+.0f} MB, of which {logged:.0f} MB wait for a checkpoint"
    )
    assert audit(data_dir, load) == NOTHING_WRONG
    assert rate >= 1000 / patience()
    assert p99 <= 1.0 * patience()
    assert grown <= 100 + logged


def seconds_until(happened: Callable[[], bool], within_s: float = 60.0) -> float:
    began = time.monotonic()
    while not happened():
        assert time.monotonic() < began + within_s * patience(), (
            f"not within {within_s} s, at load {os.getloadavg()[0]}"
        )
        time.sleep(0.05)
    return time.monotonic() - began
