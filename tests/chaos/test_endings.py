"""However the process ends, what it acknowledged is there: once, and whole."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import httpx

from support.faults import Faults
from support.load import NOTHING_WRONG, PROTOBUF, Load, audit, batch
from support.serving import Serving, patience

READY_WITHIN_S = 3.0  # of an idle machine
STOP_WITHIN_S = 10.0
BACK_WITHIN_S = 5.0


def test_kill_9_under_load_loses_and_doubles_nothing(data_dir: Path, size: Any) -> None:
    dice = random.Random(1)
    with Serving(data_dir) as serving:
        load = Load(serving.url, 4)
        ready = []
        for _ in range(size(3, 50)):
            wait_until_it_takes_spans(load)
            time.sleep(dice.uniform(0.0, 1.2))
            serving.kill()
            serving.start()
            ready.append(serving.ready_after_s)
            load.move(serving.url)
        wait_until_it_takes_spans(load)
        rate = load.stop()
        serving.stop()
    print(
        f"{load.acknowledged_spans} spans acknowledged, {rate:.0f}/s over all; ready after at most {max(ready):.1f} s"
    )
    assert audit(data_dir, load) == NOTHING_WRONG


def test_sigterm_under_load_ends_orderly_and_in_time(data_dir: Path, size: Any) -> None:
    with Serving(data_dir) as serving:
        load = Load(serving.url, 4)
        for _ in range(size(1, 20)):
            wait_until_it_takes_spans(load)
            status, seconds = serving.stop()
            assert status == 0
            assert seconds <= STOP_WITHIN_S * patience()
            assert not (data_dir / "assay.duckdb.wal").exists(), "it was moved into the file"
            serving.start()
            load.move(serving.url)
        load.stop()
        serving.stop()
    assert audit(data_dir, load) == NOTHING_WRONG
    assert set(load.statuses) <= {200, 503, "ConnectError", "ReadError", "RemoteProtocolError", "WriteError"}


def test_a_checkpoint_that_meets_a_full_disk_costs_nothing(data_dir: Path, tmp_path: Path, size: Any) -> None:
    """DuckDB gives up the whole instance then; ours has to come back by itself, within five seconds."""
    (tmp_path / "faults").mkdir()
    faults = Faults(tmp_path / "faults", of=data_dir)
    with Serving(data_dir, env=faults.env) as serving:
        load = Load(serving.url, 4)
        for _ in range(size(1, 5)):
            load.resume()
            wait_until(lambda: log_bytes(data_dir) > 6 * 1024**2)
            before = serving.log().count("store failed")
            faults.disk_full(only="assay.duckdb")
            load.pause()  # idle, it checkpoints
            wait_until(lambda before=before: serving.log().count("store failed") > before)
            faults.end()
            began = time.monotonic()
            wait_until(lambda: post(serving.url, batch(99, 0, 1)) == 200)
            assert time.monotonic() - began <= BACK_WITHIN_S * patience()
            assert (
                httpx.get(
                    f"{serving.url}/api/v1/spans", params={"limit": 1}, trust_env=False, timeout=60 * patience()
                ).status_code
                == 200
            )
        load.stop()
        assert serving.running()
        serving.stop()
    found = audit(data_dir, load)
    assert (found.lost, found.twice, found.partial) == (0, 0, 0)


def wait_until_it_takes_spans(load: Load) -> None:
    """So that what comes next meets a collector at work, on the busiest machine too."""
    before = load.acknowledged_spans
    wait_until(lambda: load.acknowledged_spans >= before + 1000)


def log_bytes(data_dir: Path) -> int:
    log = data_dir / "assay.duckdb.wal"
    return log.stat().st_size if log.exists() else 0


def post(url: str, body: bytes) -> int:
    return httpx.post(
        f"{url}/v1/traces", content=body, headers=PROTOBUF, trust_env=False, timeout=30 * patience()
    ).status_code


def wait_until(happened: Any, within_s: float = 30.0) -> None:
    deadline = time.monotonic() + within_s * patience()
    while not happened():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)
