"""The Parquet export holds what the store holds, whatever was added, deleted or changed since the last time."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from opentelemetry.trace import set_span_in_context

from assay.collector import export_step
from assay.collector.deletions import Selection, mark_changed
from assay.collector.export import Exporter
from assay.collector.export_files import MANIFEST, ProjectFiles, directory_name
from assay.collector.service import Service
from assay.collector.store import STORE_FILE
from support.otlp import recorded

VIEWS = ("spans", "traces", "scores")


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "data")
    yield service
    service.close()


@pytest.fixture
def exporter(service: Service) -> Exporter:
    """Takes so few spans at a time that every export needs several steps."""
    service.exporter = Exporter(service.store, service.data_dir / "export", spans_per_step=6)
    return service.exporter


def send(service: Service, traces: int, project: str = "shop", **attributes: Any) -> None:
    with recorded(service__name=project) as recorder:
        for number in range(traces):
            with recorder.tracer.start_as_current_span("root", attributes={"n": number, **attributes}):
                recorder.tracer.start_span("child", attributes={"long": "text " * 100}).end()
        service.ingest(recorder.body()).result()


def score(service: Service, trace_id: str, value: str) -> None:
    row = {"id": value, "project": "shop", "name": "good", "value": value, "source": "user", "status": "scored"}
    service.append({"score_log": [{**row, "trace_id": trace_id, "created_at": time.time_ns()}]})


def stored(service: Service, view: str, project: str = "shop") -> list[Any]:
    with service.store.read() as db:
        return db.execute(f"SELECT * FROM {view} WHERE project = ? ORDER BY ALL", [project]).fetchall()


def exported(exporter: Exporter, view: str, project: str = "shop") -> list[Any]:
    """What anybody sees who reads the folder, without knowing of the manifest."""
    with duckdb.connect() as db:
        files = f"{exporter.path(project)}/{view}/*.parquet"
        return db.execute("SELECT * FROM read_parquet(?) ORDER BY ALL", [files]).fetchall()


def assert_same(service: Service, exporter: Exporter) -> None:
    exporter.refresh("shop")
    for view in VIEWS:
        assert exported(exporter, view) == stored(service, view), view


def test_the_export_follows_the_store(service: Service, exporter: Exporter) -> None:
    send(service, 5)
    assert_same(service, exporter)
    send(service, 3)
    assert_same(service, exporter)
    first = stored(service, "traces")[0][1]
    score(service, first, "1")
    assert_same(service, exporter)
    score(service, first, "2")
    assert_same(service, exporter)
    assert len(exported(exporter, "traces")) == 8
    service.delete(Selection(trace_ids=(first,)))
    assert_same(service, exporter)
    assert len(exported(exporter, "traces")) == 7


def test_a_trace_that_goes_on_has_one_row(service: Service, exporter: Exporter) -> None:
    with recorded(service__name="shop") as recorder:
        root = recorder.tracer.start_span("root")
        recorder.tracer.start_span("child", context=set_span_in_context(root)).end()
        service.ingest(recorder.body()).result()
        exporter.refresh("shop")
        root.end()
        service.ingest(recorder.body()).result()
    assert_same(service, exporter)
    assert len(exported(exporter, "traces")) == 1


def test_rows_that_came_late_or_were_changed_where_they_stand_are_exported(
    service: Service, exporter: Exporter
) -> None:
    send(service, 2)
    exporter.refresh("shop")

    def change(cursor: duckdb.DuckDBPyConnection) -> None:
        cursor.execute("UPDATE span_log SET received_at = received_at - INTERVAL 1 DAY WHERE name = 'child'")
        cursor.execute("UPDATE span_log SET cost_usd = 1.5 WHERE name = 'root'")
        mark_changed(cursor, "name = 'root'")

    service.writer.put_job(change).result()
    assert_same(service, exporter)
    days = {path.name[:10] for path in (exporter.path("shop") / "spans").glob("2*.parquet")}
    assert len(days) == 2


def test_an_export_goes_on_while_the_store_is_copied(service: Service, exporter: Exporter, tmp_path: Path) -> None:
    send(service, 2)
    with service.store.read() as db:
        db.execute(f"ATTACH '{tmp_path}/copy.duckdb' AS copied")
        db.execute(f'COPY FROM DATABASE "{STORE_FILE.removesuffix(".duckdb")}" TO copied')
        assert_same(service, exporter)
        db.execute("DETACH copied")


def test_nothing_new_writes_nothing(service: Service, exporter: Exporter) -> None:
    send(service, 2)
    exporter.refresh("shop")
    before = {path: path.stat().st_mtime_ns for path in exporter.path("shop").rglob("*.parquet")}
    exporter.refresh("shop")
    assert {path: path.stat().st_mtime_ns for path in exporter.path("shop").rglob("*.parquet")} == before


def test_many_small_parts_become_one(service: Service, exporter: Exporter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export_step, "MERGE_ABOVE_PARTS", 2)
    for _ in range(3):
        send(service, 1)
        exporter.refresh("shop")
    assert len(list((exporter.path("shop") / "spans").glob("2*.parquet"))) == 1
    assert_same(service, exporter)


def test_a_file_that_is_being_read_stays_until_it_was(service: Service, exporter: Exporter) -> None:
    send(service, 1)
    with exporter.reading("shop") as files:
        service.delete(Selection("shop", trace_ids=(stored(service, "traces")[0][1],)))
        exporter.refresh("shop")
        assert all(path.exists() for path in files["spans"])
    assert exported(exporter, "spans") == []
    assert len(list((exporter.path("shop") / "spans").iterdir())) == 1


@pytest.mark.parametrize("text", ["", "[]", '{"version": 1, "views": 3}'])
def test_a_manifest_that_cannot_be_read_means_a_new_export(service: Service, exporter: Exporter, text: str) -> None:
    send(service, 1)
    exporter.refresh("shop")
    (exporter.path("shop") / MANIFEST).write_text(text)
    assert_same(service, exporter)


def test_a_crash_between_files_and_manifest_leaves_no_row_twice(service: Service, exporter: Exporter) -> None:
    send(service, 2)
    exporter.refresh("shop")
    manifest = exporter.path("shop") / MANIFEST
    before = manifest.read_bytes()
    send(service, 2)
    exporter.refresh("shop")
    manifest.write_bytes(before)
    assert_same(service, exporter)


def test_the_registry_is_exported_whole_when_it_changed(service: Service) -> None:
    for text in ("a", "b"):
        service.registry.prompts.register("shop", name="qa", template=text, commit_message="why")
        with service.exported("shop", within_s=20):
            assert service.exporter.present("shop")
        rows = exported(service.exporter, "prompt_versions")
        assert {row[4] for row in rows} >= {json.dumps(text)}
    assert len(exported(service.exporter, "prompts")) == 1
    assert exported(service.exporter, "datasets") == []


def test_projects_are_kept_apart_whatever_their_names(service: Service, exporter: Exporter) -> None:
    names = ["shop", "Shop", "../shop", "sh/op", "..", "", "x" * 300, "ラーメン", "a'b\0c"]
    folders = [directory_name(name).lower() for name in names]
    assert len(set(folders)) == len(names)
    assert all(folder.strip(".") and "/" not in folder and len(folder) < 100 for folder in folders)
    send(service, 1, project="../shop's")
    send(service, 2)
    exporter.refresh("../shop's")
    assert len(exported(exporter, "traces", "../shop's")) == 1
    assert exporter.projects() == ["../shop's"]
    assert ProjectFiles(exporter.directory, "../shop's").path.parent == exporter.directory
