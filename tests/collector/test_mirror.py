"""The registry's copies in the span store's file."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from assay.collector.service import STORE_FILE, Service


@pytest.fixture
def new_york(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine that is not in UTC."""
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("new_york")
def test_copies_are_there_after_closing_and_their_times_are_utc(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    version, _ = service.registry.prompts.register("p", "qa", "Hi {{name}}", "first")
    experiment, _ = service.registry.experiments.create("p", "e")
    service.registry.experiments.update(experiment["id"], status="completed")
    service.close()
    file = duckdb.connect(str(tmp_path / "data" / STORE_FILE), read_only=True)
    rows = file.execute("SELECT name, version, template->>'$', created_at FROM prompt_versions").fetchall()
    finished = file.execute("SELECT finished_at - created_at < INTERVAL 1 MINUTE FROM experiments").fetchall()
    file.close()
    created = datetime.fromisoformat(version["created_at"]).replace(tzinfo=None)
    assert rows == [("qa", 1, "Hi {{name}}", created)]
    assert finished == [(True,)]


def test_a_copy_that_is_renewed_replaces_the_one_before(tmp_path: Path) -> None:
    service = Service(tmp_path / "data")
    service.registry.prompts.register("p", "qa", "one", "first")
    service.mirror_registry()
    service.registry.prompts.register("p", "qa", "two", "second")
    service.close()
    file = duckdb.connect(str(tmp_path / "data" / STORE_FILE), read_only=True)
    assert file.execute("SELECT version FROM prompt_versions ORDER BY version").fetchall() == [(1,), (2,)]
    assert file.execute("SELECT latest_version FROM prompts").fetchall() == [(2,)]
    file.close()


def test_a_start_copies_only_what_changed_since_the_last_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(tmp_path / "data")
    service.registry.prompts.register("p", "qa", "one", "first")
    service.close()
    copied: list[int] = []
    monkeypatch.setattr(
        "assay.collector.service.copy_registry", lambda cursor, tables, revision: copied.append(revision)
    )
    unchanged = Service(tmp_path / "data")
    unchanged.mirror_registry()
    unchanged.registry.prompts.register("p", "qa", "two", "second")
    assert copied == []
    unchanged.mirror_registry()
    revision = unchanged.registry.revision
    unchanged.close()
    assert copied == [revision]
