"""A backup holds everything as of one moment, is checked before it is used, and never overwrites a store."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from assay.backup_files import BACKUP_FILE, check_files, receive_backup
from assay.client import current_client
from assay.collector.backup import REGISTRY_FILE, restore_backup, write_backup
from assay.collector.server import Server
from assay.collector.service import Service
from assay.collector.store import STORE_FILE
from assay.errors import ConfigurationError, StoreDamaged, StoreLocked
from support.otlp import one_span


def everything(service: Service) -> dict[str, Any]:
    with service.store.read() as db:
        return {view: db.execute(f"SELECT * FROM {view} ORDER BY ALL").fetchall() for view in ("spans", "traces")} | {
            "registry": service.registry.snapshot()
        }


def test_what_is_restored_is_what_was_there(collector: Server, tmp_path: Path) -> None:
    service = collector.service
    for number in range(5):
        service.ingest(one_span(f"span {number}", {"long": "text " * 500})).result()
    service.registry.prompts.register("test", name="qa", template="{{q}}", commit_message="first")
    service.registry.keys.create("ci", ["read"])
    before = everything(service)
    described = receive_backup(current_client(), tmp_path / "backup")
    service.ingest(one_span("later")).result()
    assert described["spans"] == 5
    assert {path.name for path in (tmp_path / "backup").iterdir()} == {STORE_FILE, REGISTRY_FILE, BACKUP_FILE}
    assert [path.name for path in service.data_dir.iterdir() if path.name.startswith("backup-")] == []

    restore_backup(tmp_path / "backup", tmp_path / "restored")
    restored = Service(tmp_path / "restored")
    assert everything(restored) == before
    assert [key["name"] for key in restored.registry.keys.page().items] == ["ci"]
    restored.close()


def test_a_backup_under_load_is_of_one_moment(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    stop, sent = threading.Event(), []

    def send() -> None:
        while not stop.is_set():
            sent.append(service.ingest(one_span() + one_span()).result().stored)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        target = tmp_path / "backup"
        target.mkdir()
        described = write_backup(service.store, service.registry, target)
    finally:
        stop.set()
        sender.join()
        service.close()
    restore_backup(target, tmp_path / "restored")
    restored = Service(tmp_path / "restored")
    with restored.store.read() as db:
        [(spans,)] = db.execute("SELECT count(*) FROM spans").fetchall()
    restored.close()
    assert spans == described["spans"]
    assert spans % 2 == 0


@pytest.fixture
def backup(tmp_path: Path) -> Path:
    service = Service(tmp_path / "source")
    service.ingest(one_span()).result()
    directory = tmp_path / "backup"
    directory.mkdir()
    write_backup(service.store, service.registry, directory)
    service.close()
    return directory


def test_a_backup_that_changed_is_refused_and_nothing_is_touched(backup: Path, tmp_path: Path) -> None:
    store = backup / STORE_FILE
    raw = bytearray(store.read_bytes())
    raw[-100] ^= 1
    store.write_bytes(raw)
    with pytest.raises(StoreDamaged, match="checksum"):
        restore_backup(backup, tmp_path / "restored")
    assert not (tmp_path / "restored").exists()
    store.unlink()
    with pytest.raises(StoreDamaged):
        check_files(backup)


def test_a_store_that_is_there_is_kept_unless_it_is_to_be_replaced(backup: Path, tmp_path: Path) -> None:
    target = tmp_path / "source"
    before = (target / STORE_FILE).read_bytes()
    with pytest.raises(ConfigurationError, match="holds a store already"):
        restore_backup(backup, target)
    assert (target / STORE_FILE).read_bytes() == before
    restore_backup(backup, target, replace=True)
    [aside] = target.glob("replaced-*")
    assert (aside / STORE_FILE).read_bytes() == before
    Service(target).close()


def test_a_directory_that_is_served_or_holds_no_backup_is_refused(backup: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="holds no backup"):
        check_files(tmp_path)
    service = Service(tmp_path / "source")
    try:
        with pytest.raises(StoreLocked):
            restore_backup(backup, tmp_path / "source", replace=True)
    finally:
        service.close()


def test_the_files_are_described_so_that_anybody_can_check_them(backup: Path) -> None:
    described = json.loads((backup / BACKUP_FILE).read_text())
    assert described["files"].keys() == {STORE_FILE, REGISTRY_FILE}
    assert described["files"][STORE_FILE]["bytes"] == (backup / STORE_FILE).stat().st_size
