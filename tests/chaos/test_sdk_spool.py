"""The spool under stress: a disk that is full or cannot be written, many processes at once, files that were torn."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.chaos_set import short
from support.faults import Faults
from support.otlp_port import OtlpPort, free_port
from support.sdk_program import SENDER, Program, again, names, report, run, spooled

SMALL = {"OTEL_BSP_MAX_QUEUE_SIZE": "500"}


def small_memory(code: str) -> str:
    """The program with room for little in memory, so that there is something to drop."""
    return "import assay.tracing.outbox as o; o.MAX_WAITING_BYTES = 20_000\n" + code


def and_wait_for_the_collector(code: str) -> str:
    """The program that finds the collector away, waits for a line, and flushes."""
    away = "from assay.tracing import runtime\nwhile not runtime.active.queues[0]._sink.away:\n    time.sleep(0.01)\n"
    return code.replace("print(", f"{away}print(") + "input()\nassert assay.flush(120)\n"


def test_a_full_disk_leaves_memory_and_what_has_no_room_is_counted_exactly(tmp_path: Path, size: Any) -> None:
    (tmp_path / "faults").mkdir()
    faults = Faults(tmp_path / "faults", of=tmp_path / ".assay")
    faults.disk_full(only=".tmp")
    count = size(3_000, 50_000)
    env = {**SMALL, **faults.env, "ASSAY_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    program = Program(small_memory(SENDER), "full", count, 0, cwd=tmp_path, env=env)
    program.done()
    report(count, {}, program.told_as_dropped(), "the disk is full, the collector away until the end")
    assert spooled(tmp_path) == 0
    assert program.told_as_dropped() == count + 1
    assert "No space left on device" in program.errors
    # A thread that the end of the program has cut off may leave one; whoever looks after the folder next removes it.
    assert len(list((tmp_path / ".assay" / "spool").glob("*/*.tmp"))) == 0


def test_a_full_disk_and_a_collector_that_comes_back(tmp_path: Path) -> None:
    (tmp_path / "faults").mkdir()
    faults = Faults(tmp_path / "faults", of=tmp_path / ".assay")
    faults.disk_full(only=".tmp")
    port = OtlpPort()
    env = {**SMALL, **faults.env, "ASSAY_ENDPOINT": port.url}
    code = and_wait_for_the_collector(small_memory(SENDER))
    program = Program(code, "back", 3_000, 0, cwd=tmp_path, env=env)
    program.line()
    with port:
        program.tell()
        assert program.wait() == 0, program.errors
    found = sum(name.startswith("back/") for name in port.taken)
    report(3_000, port.taken, program.told_as_dropped(), "the disk is full, the collector comes back")
    assert found >= 500, "memory held some"
    assert found + program.told_as_dropped() == 3_000
    assert sum(port.taken.values()) == len(port.taken)


@pytest.mark.parametrize("trouble", short(["a file in the way", "spooling turned off", "no home"], "no home"))
def test_without_a_spool_what_fits_into_memory_is_sent_in_the_end(trouble: str, tmp_path: Path) -> None:
    port = OtlpPort()
    env = {"ASSAY_ENDPOINT": port.url}
    if trouble == "a file in the way":
        (tmp_path / ".assay").write_text("no directory")
    elif trouble == "spooling turned off":
        env["ASSAY_SPOOL_MAX_BYTES"] = "0"
    else:
        env["ASSAY_DATA_DIR"] = "/proc/nobody/home"
    code = and_wait_for_the_collector(SENDER)
    program = Program(code, "memory", 1_000, 0, cwd=tmp_path, env=env)
    program.line()
    with port:
        program.tell()
        assert program.wait() == 0, program.errors
    report(1_000, port.taken, program.told_as_dropped(), trouble)
    assert names("memory", 1_000) <= port.taken.keys()
    assert program.told_as_dropped() == 0
    assert ("wait in memory only" in program.errors) == (trouble != "spooling turned off")


def test_a_spool_that_is_full_counts_what_it_cannot_take(tmp_path: Path) -> None:
    env = {**SMALL, "ASSAY_ENDPOINT": f"http://127.0.0.1:{free_port()}", "ASSAY_SPOOL_MAX_BYTES": "100000"}
    program = Program(small_memory(SENDER), "limit", 5_000, 2_500, cwd=tmp_path, env=env)
    program.done()
    kept = spooled(tmp_path)
    report(5_000, {}, program.told_as_dropped(), f"{kept} spooled within 100,000 bytes")
    size = sum(path.stat().st_size for path in (tmp_path / ".assay" / "spool").glob("*/*.otlp"))
    assert size <= 100_000
    assert kept > 0
    assert kept + program.told_as_dropped() == 5_001


def test_processes_that_share_a_spool_send_each_request_once(tmp_path: Path, size: Any) -> None:
    count = size(2, 4)
    port = OtlpPort()
    env = {"ASSAY_ENDPOINT": port.url}
    writers = [Program(SENDER, f"writer {number}", 500, 500, cwd=tmp_path, env=env) for number in range(count)]
    for writer in writers:
        writer.done()
    assert spooled(tmp_path) == 501 * count
    with port:
        readers = [Program(SENDER, f"reader {number}", 200, 200, cwd=tmp_path, env=env) for number in range(count)]
        for reader in readers:
            reader.done()
        again(tmp_path, env)
    report(700 * count, port.taken, 0, f"{count} processes spool, {count} others send")
    for number in range(count):
        assert names(f"writer {number}", 500) <= port.taken.keys()
        assert names(f"reader {number}", 200) <= port.taken.keys()
    assert {times for name, times in port.taken.items() if name != "again"} == {1}


def test_a_torn_file_is_set_aside_and_told_and_the_others_arrive(tmp_path: Path) -> None:
    port = OtlpPort()
    env = {"ASSAY_ENDPOINT": port.url}
    for number in range(3):
        run(SENDER, f"torn {number}", 100, 0, cwd=tmp_path, env=env)
    files = sorted((tmp_path / ".assay" / "spool").glob("*/*.otlp"))
    torn = next(path for path in files if b"torn 1/99" in path.read_bytes())
    torn.write_bytes(torn.read_bytes()[:-20])
    with port:
        again(tmp_path, env)
    assert Path(f"{torn}.damaged").exists()
    assert names("torn 0", 100) | names("torn 2", 100) <= port.taken.keys()
