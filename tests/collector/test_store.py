"""The store keeps what it acknowledged, refuses what it cannot trust, and lets one process in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assay.collector import queries
from assay.collector.decode import decode_request
from assay.collector.lock import DirectoryLock
from assay.collector.migrations import MIGRATIONS, MIRRORED_TABLES
from assay.collector.rows import append_rows
from assay.collector.service import Service
from assay.collector.store import STORE_FILE, SpanStore
from assay.errors import CollectorUnavailable, InvalidRequest, StoreDamaged, StoreError, StoreLocked
from support.otlp import one_span, recorded


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / ".assay")
    yield service
    service.close()


def count(store: SpanStore) -> int:
    with store.read() as db:
        [(spans,)] = db.execute("SELECT count(*) FROM spans").fetchall()
    return int(spans)


def test_the_same_spans_sent_again_change_nothing(service: Service) -> None:
    body = one_span()
    for _ in range(3):
        assert service.ingest(body).result().stored == 1
    assert count(service.store) == 1


def test_a_repeat_inside_one_request_or_one_group_is_stored_once(service: Service) -> None:
    body = one_span()
    futures = [service.ingest(body + body) for _ in range(20)]  # protobuf messages concatenate
    assert {future.result().stored for future in futures} == {2}
    assert count(service.store) == 1


def test_a_body_that_is_no_request_harms_no_other(service: Service) -> None:
    bad, good = service.ingest(b"\xff\xff"), service.ingest(one_span())
    with pytest.raises(InvalidRequest):
        bad.result()
    assert good.result().stored == 1


def test_a_job_that_fails_takes_nothing_else_of_its_group_with_it(service: Service) -> None:
    def fail(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("INSERT INTO store_info VALUES ('half', 'done')")
        raise ValueError("no")

    bad = service.writer.put_job(fail)
    good = service.ingest(one_span())
    with pytest.raises(ValueError, match="no"):
        bad.result()
    good.result()
    with service.store.read() as db:
        assert db.execute("SELECT * FROM store_info WHERE key = 'half'").fetchall() == []
    assert count(service.store) == 1


def test_text_with_nul_and_numbers_beyond_a_double_come_back_as_they_were(service: Service) -> None:
    service.ingest(
        one_span("a\0b", {"n": 9007199254740993, "text": "x\0\u2028</script>"}, service__name="shop")
    ).result()
    [span] = queries.list_spans(service.store, project="shop").items
    assert span["name"] == "a\0b"
    assert span["attributes"] == {"n": 9007199254740993, "text": "x\0\u2028</script>"}


def test_what_was_stored_is_there_after_closing_and_opening(tmp_path: Path) -> None:
    first = Service(tmp_path / ".assay")
    first.ingest(one_span()).result()
    first.close()
    second = Service(tmp_path / ".assay")
    assert count(second.store) == 1
    second.close()


def test_the_file_can_be_read_by_duckdb_alone_and_is_in_the_older_format(tmp_path: Path) -> None:
    service = Service(tmp_path / ".assay")
    service.ingest(one_span(service__name="shop")).result()
    service.close()
    assert not (tmp_path / ".assay" / "assay.duckdb.wal").exists()
    with duckdb.connect(str(tmp_path / ".assay" / STORE_FILE), read_only=True) as db:
        assert db.execute("SELECT project, span_count FROM traces").fetchall() == [("shop", 1)]
        [(tags,)] = db.execute("SELECT tags FROM duckdb_databases() WHERE database_name = 'assay'").fetchall()
    assert tags["storage_version"].startswith("v1.5")


def test_the_registry_is_copied_for_readers_of_the_file(tmp_path: Path) -> None:
    service = Service(tmp_path / ".assay")
    service.registry.prompts.register("default", "qa", template="Answer: {{question}}", commit_message="first")
    service.close()
    with duckdb.connect(str(tmp_path / ".assay" / STORE_FILE), read_only=True) as db:
        found = db.execute("SELECT name, version, commit_message FROM prompt_versions").fetchall()
    assert found == [("qa", 1, "first")]


def test_every_copied_table_has_the_columns_of_its_copy(service: Service) -> None:
    tables = service.registry.snapshot()
    assert set(tables) <= set(MIRRORED_TABLES)


def test_migrations_are_numbered_without_gaps_and_recorded(service: Service) -> None:
    assert [migration.version for migration in MIGRATIONS] == list(range(1, len(MIGRATIONS) + 1))
    with service.store.read() as db:
        recorded_versions = db.execute("SELECT version FROM schema_migrations ORDER BY version").fetchall()
    assert [version for (version,) in recorded_versions] == [migration.version for migration in MIGRATIONS]


def test_a_store_of_a_newer_assay_is_refused(tmp_path: Path) -> None:
    SpanStore(tmp_path / STORE_FILE).close()
    with duckdb.connect(str(tmp_path / STORE_FILE)) as db:
        db.execute("INSERT INTO schema_migrations (version, name) VALUES (999, 'future')")
    with pytest.raises(StoreDamaged, match="version 999"):
        SpanStore(tmp_path / STORE_FILE)


def damage_header(path: Path) -> None:
    path.write_bytes(b"not a database" * 1000)


def damage_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:5000])


def damage_empty(path: Path) -> None:
    path.write_bytes(b"")


def damage_log_only(path: Path) -> None:
    path.rename(path.with_name("assay.duckdb.wal"))


@pytest.mark.parametrize("damage", [damage_header, damage_half, damage_empty, damage_log_only])
def test_a_damaged_store_is_refused_and_left_as_it_was(tmp_path: Path, damage: Any) -> None:
    service = Service(tmp_path)
    service.ingest(one_span()).result()
    service.close()
    damage(tmp_path / STORE_FILE)
    before = {file.name: file.read_bytes() for file in tmp_path.glob("assay.duckdb*")}
    with pytest.raises(StoreDamaged, match=r"assay\.duckdb"):
        Service(tmp_path)
    assert {file.name: file.read_bytes() for file in tmp_path.glob("assay.duckdb*")} == before


def test_a_store_with_fewer_spans_than_it_had_is_refused(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.ingest(one_span()).result()
    service.close()
    with duckdb.connect(str(tmp_path / STORE_FILE)) as db:
        db.execute("DELETE FROM span_log")
    with pytest.raises(StoreDamaged, match="held 1"):
        Service(tmp_path)


def test_a_second_owner_of_the_directory_is_refused_by_name(service: Service) -> None:
    with pytest.raises(StoreLocked, match=f"pid {os.getpid()}"):
        Service(service.data_dir)
    assert service.ingest(one_span()).result().stored == 1


def test_the_lock_holds_although_the_database_file_was_opened_and_closed(service: Service) -> None:
    (service.data_dir / STORE_FILE).read_bytes()  # this alone would drop DuckDB's own lock
    code = "from assay.collector.lock import *; import sys; DirectoryLock(Path(sys.argv[1]))"
    other = subprocess.run(
        [sys.executable, "-c", code, str(service.data_dir)], capture_output=True, text=True, check=False
    )
    assert "StoreLocked" in other.stderr


def test_a_data_directory_that_cannot_be_one_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a directory")
    with pytest.raises(StoreError, match="file cannot be used"):
        Service(tmp_path / "file")


def test_a_file_that_another_program_has_open_is_no_damage(tmp_path: Path) -> None:
    SpanStore(tmp_path / STORE_FILE).close()
    code = "import duckdb, sys; db = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
    command = [sys.executable, "-c", code, str(tmp_path / STORE_FILE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdin is not None
        assert other.stdout.readline() == "open\n"
        with pytest.raises(StoreLocked, match="open in another program"):
            Service(tmp_path)
        other.stdin.close()


def test_a_store_that_is_closed_leaves_no_thread_behind(tmp_path: Path) -> None:
    store = SpanStore(tmp_path / STORE_FILE)
    with store.read() as db:
        db.execute("SELECT 1")
    thread = store._deadlines._thread
    assert thread is not None
    store.close()
    thread.join(60)
    assert not thread.is_alive()


def test_a_lock_let_go_can_be_taken_again(tmp_path: Path) -> None:
    DirectoryLock(tmp_path).release()
    DirectoryLock(tmp_path).release()


FORKER = """
import os, sys
from pathlib import Path
from assay.collector.service import Service
from assay.errors import StoreError
service = Service(Path(sys.argv[1]))
if os.fork() == 0:
    try:
        with service.store.read():
            os.write(1, b"the child read")
    except StoreError as error:
        os.write(1, str(error).encode())
    os._exit(0)
os.wait()
service.close()
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on this system")
def test_a_forked_child_cannot_touch_the_store(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORKER, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "forked" in run.stdout


def test_a_checkpoint_waits_for_no_reader(service: Service) -> None:
    service.ingest(one_span()).result()
    with service.store.read() as db:
        db.execute("SELECT * FROM range(1000000)").fetchone()  # leaves its transaction open
        assert service.store.checkpoint()
    assert service.store.wal_bytes() == 0


def test_a_full_disk_refuses_before_it_harms(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SpanStore, "has_room", lambda self: False)
    with pytest.raises(CollectorUnavailable, match="full"):
        service.ingest(one_span()).result()
    monkeypatch.undo()
    assert service.ingest(one_span()).result().stored == 1


def test_a_failed_instance_is_replaced_and_loses_nothing(service: Service) -> None:
    service.ingest(one_span("before")).result()

    def fail(cursor: duckdb.DuckDBPyConnection) -> None:
        raise duckdb.FatalException("injected")

    with pytest.raises(CollectorUnavailable, match="reopened"):
        service.writer.put_job(fail).result()
    service.ingest(one_span("after")).result()
    assert count(service.store) == 2


WRITER = """
import sys
from pathlib import Path
from assay.collector.service import Service
from support.otlp import one_span
service = Service(Path(sys.argv[1]))
for number in range(10_000):
    service.ingest(one_span(str(number), service__name="shop")).result()
    print(number, flush=True)
"""


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path) -> None:
    acknowledged = -1
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
    )
    assert writer.stdout is not None
    for line in writer.stdout:
        acknowledged = int(line)
        if acknowledged == 25:
            writer.send_signal(signal.SIGKILL)
            break
    acknowledged = max([acknowledged, *(int(line) for line in writer.stdout.read().split())])
    writer.stdout.close()
    writer.wait()
    service = Service(tmp_path)
    names = {span["name"] for span in queries.list_spans(service.store, project="shop", limit=1000).items}
    service.close()
    assert {str(number) for number in range(acknowledged + 1)} <= names


def test_rows_of_other_tables_are_appended_whole(service: Service) -> None:
    row = {"key": "k", "value": "v"}
    service.writer.put_job(lambda cursor: append_rows(cursor, "store_info", [row])).result()
    with service.store.read() as db:
        assert db.execute("SELECT value FROM store_info WHERE key = 'k'").fetchall() == [("v",)]


def test_tokens_of_a_call_seen_by_two_layers_are_counted_once(service: Service) -> None:
    call = {"gen_ai.operation.name": "chat", "gen_ai.usage.input_tokens": 10, "gen_ai.usage.output_tokens": 5}
    with recorded(service__name="shop") as recorder:
        tracer = recorder.tracer
        agent = {"gen_ai.operation.name": "invoke_agent", "gen_ai.usage.input_tokens": 10}
        with (
            tracer.start_as_current_span("agent", attributes=agent),
            tracer.start_as_current_span("langchain", attributes=call),
            tracer.start_as_current_span("openai", attributes=call),
        ):
            pass
    assert len(decode_request(recorder.body()).spans) == 3
    service.ingest(recorder.body()).result()
    [trace] = queries.list_traces(service.store, project="shop").items
    assert (trace["input_tokens"], trace["output_tokens"], trace["total_tokens"]) == (10, 5, 15)
