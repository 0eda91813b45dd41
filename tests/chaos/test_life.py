"""Data that comes, is copied and goes, while a collector serves: retention, backup, compaction."""

from __future__ import annotations

import random
import threading
import time
from pathlib import Path
from typing import Any

import duckdb
import httpx

from assay.backup_files import receive_backup
from assay.client import Client
from assay.collector.backup import restore_backup
from assay.collector.convert import Filing, convert, convert_apart
from assay.collector.decode import decode_request
from assay.collector.deletions import Selection
from assay.collector.life import Life, LifeRules
from assay.collector.service import Service
from assay.settings import load_settings
from support.chaos_set import only_full
from support.load import NOTHING_WRONG, Load, audit, batch, percentile
from support.serving import Serving, patience

DAY_S = 86_400
BEGIN_S = 1_790_000_000 // DAY_S * DAY_S
STALL_S = 0.5
SAME = "SELECT count(*), bit_xor(hash(s)) FROM {db}.spans s"


def test_the_file_stays_as_large_as_what_is_kept_over_30_days(data_dir: Path, size: Any) -> None:
    """Bar 14. Days are simulated: spans are stored as received on them, and the upkeep's clock says so too."""
    keep, rolling, batches = size(2, 7), size(6, 30), size(6, 100)
    dice = random.Random(1)
    service = Service(data_dir)
    sizes, spans = [], []
    today = [0.0]
    life = Life(service.store, service.writer, LifeRules(retention_days=keep), clock=lambda: today[0])
    for day in range(keep + 1 + rolling):
        today[0] = BEGIN_S + day * DAY_S
        life.step()
        for number in range(batches):
            body = batch(day, number, 100, text=dice.randbytes(500).hex())
            filing = Filing(int((today[0] + number * 10) * 1e9), "rolling")
            decoded = decode_request(body).spans
            converted, _ = convert_apart(decoded, filing, convert(decoded, filing))
            assert converted is not None
            service.writer.put_spans(converted, len(body)).result()
        service.writer.checkpoint().result()
        sizes.append(service.store.path.stat().st_size)
        with service.store.read() as db:
            spans += db.execute("SELECT count(*) FROM span_log").fetchall()[0]
    _, kept = life.compact()
    service.close()
    steady = sizes[keep]
    print(
        f"{spans[-1]} spans kept in {kept / 1e6:.1f} MB; {sizes[0] / 1e6:.1f} MB on the first day, "
        f"{steady / 1e6:.1f} MB when the first day has to go, at most {max(sizes) / 1e6:.1f} MB over {rolling} days "
        f"after it: {max(sizes[keep:]) / steady:.2f} x, {max(sizes) / kept:.2f} x what is kept"
    )
    assert set(spans[keep:]) == {(keep + 1) * batches * 100}
    assert max(sizes[keep:]) <= 1.3 * steady
    assert max(sizes) <= 1.3 * kept


def test_a_live_backup_is_whole_and_stalls_nobody(data_dir: Path, tmp_path: Path, size: Any) -> None:
    """Bar 15."""
    with Serving(data_dir) as serving:
        fill = Load(serving.url, 4)
        while fill.acknowledged_spans < size(5_000, 500_000):
            time.sleep(0.1)
        fill.stop()
        load = Load(serving.url, 1, first=10, pause_s=0.03)
        time.sleep(size(2, 10))
        sender = load.senders[0]
        usual = percentile(load.seconds(), 0.99)
        before, sender.seconds[:] = set(sender.acknowledged), []
        client = Client(load_settings(endpoint=serving.url))
        began = time.monotonic()
        described = receive_backup(client, tmp_path / "backup")
        took, worst = time.monotonic() - began, max(load.seconds())
        client.close()
        load.stop()
        serving.stop()
    assert audit(data_dir, fill, load) == NOTHING_WRONG
    restore_backup(tmp_path / "backup", tmp_path / "restored")
    Service(tmp_path / "restored").close()
    with duckdb.connect() as db:
        for name, directory in (("original", data_dir), ("restored", tmp_path / "restored")):
            db.execute(f"ATTACH '{directory / 'assay.duckdb'}' AS {name} (READ_ONLY)")
        there = {name for (name,) in db.execute("SELECT DISTINCT name FROM restored.span_log").fetchall()}
        copied = db.execute(SAME.format(db="restored")).fetchall()
        original = db.execute(SAME.format(db="original") + " SEMI JOIN restored.span_log USING (name)").fetchall()
        partial = db.execute("SELECT name FROM restored.span_log GROUP BY name HAVING count(*) <> 100").fetchall()
    print(
        f"{described['spans']} spans backed up in {took:.1f} s; worst answer meanwhile {worst * 1000:.0f} ms, "
        f"usual p99 {usual * 1000:.0f} ms; counts and checksums equal: {copied == original}"
    )
    assert copied == original
    assert copied[0][0] == described["spans"]
    assert partial == []
    assert there >= {f"10/{number}" for number in before}
    assert worst <= (STALL_S + usual) * patience()


@only_full
def test_kill_9_during_compactions_loses_nothing(data_dir: Path, size: Any) -> None:
    dice = random.Random(2)
    with Serving(data_dir) as serving:
        load = Load(serving.url, 2)
        time.sleep(1)
        for _ in range(size(2, 30)):
            asking = threading.Thread(target=_compact, args=(serving.url,))
            asking.start()
            time.sleep(dice.uniform(0.05, 0.8))
            serving.kill()
            asking.join()
            serving.start()
            load.move(serving.url)
        httpx.post(f"{serving.url}/api/v1/compactions", trust_env=False, timeout=60 * patience()).raise_for_status()
        load.stop()
        serving.stop()
    assert audit(data_dir, load) == NOTHING_WRONG
    assert load.acknowledged_spans > 0


def _compact(url: str) -> None:
    try:
        httpx.post(f"{url}/api/v1/compactions", trust_env=False, timeout=60 * patience())
    except httpx.HTTPError:
        return  # it was killed, as it was meant to be


@only_full
def test_an_export_of_much_stalls_no_writer(data_dir: Path, size: Any) -> None:
    service = Service(data_dir)
    for number in range(size(40, 1000)):
        service.ingest(batch(1, number, 100)).result()
    waits, done = [], threading.Event()

    def export() -> None:
        with service.exported("chaos", within_s=600):
            done.set()

    exporting = threading.Thread(target=export)
    began = time.monotonic()
    exporting.start()
    number = 0
    while not done.is_set():
        sent = time.monotonic()
        service.ingest(batch(2, number, 10)).result()
        waits.append(time.monotonic() - sent)
        number += 1
        time.sleep(0.01)
    exporting.join()
    took = time.monotonic() - began
    answer = service.sql("SELECT count(*) FROM spans", project="chaos", limit=1)["rows"]
    gone = service.delete(Selection("chaos", trace_ids=tuple(_trace_ids(range(number)))))
    service.close()
    print(f"{answer[0][0]} spans exported in {took:.1f} s; worst commit meanwhile {max(waits) * 1000:.0f} ms")
    assert answer == [[size(40, 1000) * 100 + number * 10]]
    assert gone.spans == number * 10
    assert max(waits) <= 1.0 * patience()


def _trace_ids(numbers: range) -> list[str]:
    return [(b"chaos" + (2).to_bytes(3, "big") + number.to_bytes(8, "big")).hex() for number in numbers]
