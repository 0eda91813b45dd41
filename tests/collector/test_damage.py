"""A store that is not whole never comes up, and nothing is changed; `repair` keeps what can be read."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.collector.checksum import checksum
from assay.collector.data_file import DataFile
from assay.collector.log_file import read_first_entry, scan_log
from assay.collector.repair import repair
from assay.collector.salvage import salvage
from assay.collector.service import Service
from assay.collector.span_list import get_span
from assay.errors import AssayError, StoreDamaged, StoreLocked
from support.damage import DAMAGES, LOG, N_SPANS, STORE, contents, crashed_store, torn_by_a_crash
from support.queried import span, store_spans

# What is left of the 300 spans where `repair` can do something
KEPT = {"log-entry": range(200, 300), "log-first-entry": {300}, "log-of-another": {300}}
KEPT |= {"log-cut": range(200, 300), "log-vanished": {200}, "block": range(301), "halved": range(301)}
BEYOND_REPAIR = {"garbage", "first-header", "cut-in-the-header", "empty", "log-only", "vanished"}


@pytest.fixture(scope="module")
def crashed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    directory = tmp_path_factory.mktemp("crashed") / "data"
    crashed_store(directory)
    return directory


@pytest.fixture
def data_dir(crashed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(crashed, tmp_path / "data"))


def count(data_dir: Path) -> int:
    service = Service(data_dir)
    with service.store.read() as db:
        [(spans, distinct)] = db.execute("SELECT count(*), count(DISTINCT span_id) FROM span_log").fetchall()
    service.close()
    assert spans == distinct
    return int(spans)


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_store_is_refused_with_the_command_that_mends_it_and_left_alone(data_dir: Path, name: str) -> None:
    DAMAGES[name](data_dir)
    before = contents(data_dir)
    with pytest.raises(StoreDamaged, match=rf"assay\.duckdb.* assay repair --data-dir {data_dir}"):
        Service(data_dir)
    assert contents(data_dir) == before


def test_every_damage_is_either_mended_or_beyond_repair() -> None:
    assert KEPT.keys() | BEYOND_REPAIR == DAMAGES.keys()


@pytest.mark.parametrize("name", KEPT)
def test_repair_keeps_what_can_be_read_and_a_copy_of_everything(data_dir: Path, name: str) -> None:
    DAMAGES[name](data_dir)
    before = contents(data_dir)
    report = repair(data_dir)
    assert report.spans in KEPT[name]
    assert bool(report.lost) == (report.spans < N_SPANS or name == "block")
    assert count(data_dir) == report.spans
    if name != "log-vanished":  # where there is nothing to change
        assert report.copies is not None
        assert contents(report.copies) == before


def test_spans_whose_long_text_is_gone_are_read_without_it_and_never_with_that_of_others(tmp_path: Path) -> None:
    service = Service(tmp_path)
    long = {"input": "i" * 5000, "input_messages": '[{"role":"user"}]', "resource": '{"of":"one"}'}
    store_spans(service, [span(1, 0, start=0, **long, attributes={"short": "s", "text": "t" * 500, "json": [1] * 99})])
    service.close()
    with duckdb.connect(str(tmp_path / STORE)) as db:
        db.execute("DELETE FROM content")
    lost: list[str] = []
    salvage(tmp_path / STORE, None, lost)
    assert lost == ["long texts that 1 spans refer to"]
    (tmp_path / "store.json").unlink()  # as `repair` does: it is of the file as it was

    service = Service(tmp_path)
    store_spans(service, [span(2, 0, start=0, input="of another" * 500)])
    found = get_span(service.store, f"{1:032x}", f"{1:08x}{0:08x}")
    service.close()
    assert found is not None
    assert found["input"] == "i" * 1024
    assert found["input_messages"] is found["resource"] is None
    assert found["attributes"] == {"short": "s"}


@pytest.mark.parametrize("name", sorted(BEYOND_REPAIR))
def test_repair_of_what_is_beyond_it_says_so_and_changes_nothing(data_dir: Path, name: str) -> None:
    DAMAGES[name](data_dir)
    before = contents(data_dir)
    with pytest.raises(AssayError, match="Restore it from a backup"):
        repair(data_dir)
    assert contents(data_dir) == before


def test_a_log_torn_by_a_crash_is_no_damage(data_dir: Path) -> None:
    torn_by_a_crash(data_dir)
    assert count(data_dir) == N_SPANS


def test_a_whole_store_needs_no_repair(data_dir: Path) -> None:
    report = repair(data_dir)
    assert (report.found, report.lost, report.copies, report.spans) == ([], [], None, N_SPANS)


def test_a_store_is_not_repaired_under_a_running_collector(data_dir: Path) -> None:
    service = Service(data_dir)
    with pytest.raises(StoreLocked, match=f"pid {os.getpid()}"):
        repair(data_dir)
    service.close()


def test_a_file_put_in_place_of_another_is_refused(data_dir: Path, tmp_path: Path) -> None:
    Service(tmp_path / "other").close()
    (data_dir / LOG).unlink()
    shutil.copy(tmp_path / "other" / STORE, data_dir / STORE)
    with pytest.raises(StoreDamaged, match=r"older than it was|not the file that was here"):
        Service(data_dir)


def test_repair_by_the_command_line_tells_by_its_status_whether_something_is_gone(data_dir: Path) -> None:
    run = CliRunner()
    assert run.invoke(app, ["repair", "--data-dir", str(data_dir)]).exit_code == 0
    (data_dir / "store.json").write_text(
        (data_dir / "store.json").read_text().replace('"log_bytes": 0', '"log_bytes": 9')
    )
    lost = run.invoke(app, ["repair", "--data-dir", str(data_dir)])
    assert (lost.exit_code, "lost: the end of assay.duckdb.wal" in lost.output) == (3, True)


def test_doctor_reads_every_byte_and_tells_by_its_status(data_dir: Path) -> None:
    run = CliRunner()
    well = run.invoke(app, ["doctor", "--json", "--data-dir", str(data_dir)])
    assert (well.exit_code, f"{N_SPANS} spans" in well.output) == (0, True)
    DAMAGES["block"](data_dir)
    ill = run.invoke(app, ["doctor", "--json", "--data-dir", str(data_dir)])
    assert (ill.exit_code, "damaged" in ill.output) == (1, True)


# The bytes, as DuckDB writes them ------------------------------------------------------------------------------------


def test_blocks_that_the_file_ends_before_are_suspect_and_nothing_more(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # DuckDB cuts free blocks off the end of its file, and counts them on.
    file = DataFile(data_dir / STORE)
    header = file.header()
    monkeypatch.setattr("assay.collector.data_file.READ_BYTES", header.block_bytes)
    longer = replace(header, n_blocks=header.n_blocks + 3)
    assert file.suspect_blocks(longer) == [header.n_blocks, header.n_blocks + 1, header.n_blocks + 2]
    file.close()


def test_checksums_are_those_of_duckdb(data_dir: Path) -> None:
    raw = (data_dir / STORE).read_bytes()
    for start, length in ((0, 4096), (4096, 4096), (12288, 262_144)):
        assert int.from_bytes(raw[start : start + 8], "little") == checksum(raw[start + 8 : start + length])
    file = DataFile(data_dir / STORE)
    assert file.suspect_blocks(file.header()) == []
    file.close()


@pytest.mark.parametrize("length", range(20))
def test_a_checksum_changes_with_any_bit(length: int) -> None:
    data = os.urandom(length)
    assert all(
        checksum(data[:index] + bytes([data[index] ^ 1]) + data[index + 1 :]) != checksum(data)
        for index in range(length)
    )


def test_a_log_is_read_to_its_last_transaction(tmp_path: Path) -> None:
    with duckdb.connect(str(tmp_path / "a.duckdb"), config={"checkpoint_threshold": "1TB"}) as db:
        db.execute("CREATE TABLE t (i INTEGER)")
        for number in range(5):
            db.execute("INSERT INTO t VALUES (?)", [number])
        log = (tmp_path / "a.duckdb.wal").read_bytes()
    scan = scan_log(log)
    assert (scan.good_bytes, scan.commits, scan.problem) == (len(log), 6, None)
    assert scan_log(log + bytes(100)).problem == f"there is nothing but zeros from byte {len(log)} on"
    assert scan_log(log[:-3]).commits == 5
    first = read_first_entry(log)
    assert first is not None
    assert all(scan_log(log[:cut]).good_bytes <= cut for cut in range(first.n_bytes, len(log)))
