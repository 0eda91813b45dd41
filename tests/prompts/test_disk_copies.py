"""Copies of prompts on disk: what was written is read, by its owner alone; anything else is as good as not there."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.prompts.cache import Answer, Key, Place
from assay.prompts.disk_copies import DiskCopies
from assay.prompts.version import PromptVersion

PLACE = Place("test", endpoint="https://collector.example")
KEY = Key(PLACE, "qa", "production")


def read_row(row: dict[str, Any], is_number: bool) -> Answer:
    return Answer(PromptVersion(name=row["name"], version=row["version"], template="x", type="text"), row, is_number)


def answer(name: str = "qa", version: int = 1, **more: Any) -> Answer:
    return read_row({"name": name, "version": version, **more}, False)


@pytest.fixture
def copies(tmp_path: Path) -> DiskCopies:
    return DiskCopies(tmp_path / "data" / "prompt_cache", max_bytes=100_000, read_row=read_row)


def test_what_is_written_is_read_with_its_age(copies: DiskCopies) -> None:
    copies.write(KEY, answer(version=7, text="größe \U0001f600"))
    os.utime(copies.path(KEY), (1e9, 1e9))
    found = copies.read(KEY)
    assert found is not None
    assert (found[0].version.version, found[0].row["text"]) == (7, "größe \U0001f600")
    assert found[1] > 1e8
    copies.confirm(KEY)
    assert (copies.read(KEY) or (None, 1e9))[1] < 3600.0


def test_only_the_owner_may_read_them(copies: DiskCopies) -> None:
    mask = os.umask(0)
    try:
        copies.write(KEY, answer())
    finally:
        os.umask(mask)
    assert stat.S_IMODE(copies.path(KEY).stat().st_mode) == 0o600
    assert stat.S_IMODE(copies.directory.stat().st_mode) == 0o700
    assert [path.name for path in copies.directory.iterdir()] == [copies.path(KEY).name]  # nothing half written is left


@pytest.mark.parametrize(
    "other",
    [
        Key(PLACE, "qa", "latest"),
        Key(PLACE, "qa", 1),
        Key(PLACE, "qa/production", "latest"),
        Key(Place("other", endpoint=PLACE.endpoint), "qa", "production"),
        Key(Place("test", endpoint="https://another.example"), "qa", "production"),
    ],
)
def test_each_collector_project_and_reference_has_its_own(copies: DiskCopies, other: Key) -> None:
    copies.write(KEY, answer())
    assert copies.read(other) is None


def test_no_secret_of_the_address_counts_or_is_written(copies: DiskCopies) -> None:
    secret = replace(PLACE, endpoint="https://user:hunter2@collector.example/?token=hunter2")
    assert copies.path(Key(secret, "qa", "production")) == copies.path(KEY)
    copies.write(Key(secret, "qa", "production"), answer())
    assert "hunter2" not in copies.path(KEY).read_text()


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def changed(path: Path) -> None:
    path.write_text(path.read_text().replace('"version":1', '"version":2'))


def empty(path: Path) -> None:
    path.write_bytes(b"")


def of_another_reference(path: Path) -> None:
    path.write_text(path.read_text().replace(path.name.split(".")[0], "0" * 64))


def of_a_later_form(path: Path) -> None:
    path.write_text(path.read_text().replace('"form":1', '"form":2'))


def nested_without_end(path: Path) -> None:
    path.write_text("[" * 100_000)


def no_object(path: Path) -> None:
    path.write_text("[1]")


def binary(path: Path) -> None:
    path.write_bytes(bytes(range(256)))


def a_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_link(path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to("elsewhere")


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def huge(path: Path) -> None:
    os.truncate(path, 10**9)


def written_by_others(path: Path) -> None:
    path.chmod(0o666)


def no_prompt(path: Path) -> None:
    kept = json.loads(path.read_text())
    kept["prompt"] = {"what": "is this"}
    kept["sha256"] = "37e9d9bb34a6b2bd7ec7e8a9ac7a6a0b0dca4c4ef2b3c31f42d0d6a4f5ba0f0f"
    path.write_text(json.dumps(kept))


DAMAGES = [
    truncated,
    changed,
    empty,
    of_another_reference,
    of_a_later_form,
    nested_without_end,
    no_object,
    binary,
    a_directory,
    a_link,
    a_pipe,
    huge,
    written_by_others,
    no_prompt,
]


@pytest.mark.skipif(os.name == "nt", reason="no pipes, no modes")
@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_what_is_not_as_it_was_written_is_ignored_and_told_once(
    copies: DiskCopies, damage: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    copies.write(KEY, answer())
    damage(copies.path(KEY))
    assert copies.read(KEY) is None
    assert copies.read(KEY) is None
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "qa@production" in caplog.text


@given(st.binary(max_size=300))
def test_no_content_of_a_file_raises(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    copies = DiskCopies(tmp_path_factory.getbasetemp() / "any", max_bytes=100_000, read_row=read_row)
    copies.directory.mkdir(exist_ok=True)
    copies.path(KEY).write_bytes(content)
    assert copies.read(KEY) is None


def test_an_answer_that_cannot_be_made_of_it_is_none(copies: DiskCopies, caplog: pytest.LogCaptureFixture) -> None:
    copies.write(KEY, Answer(answer().version, {"from": "another version of Assay"}, False))
    assert copies.read(KEY) is None
    assert "cannot be read" in caplog.text


def test_a_directory_that_cannot_be_written_is_told_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    copies = DiskCopies(tmp_path / "file" / "prompt_cache", max_bytes=1000, read_row=read_row)
    for _ in range(3):
        copies.write(KEY, answer())
        copies.confirm(KEY)
    assert len(caplog.records) == 1
    assert copies.read(KEY) is None


def test_the_oldest_make_room(tmp_path: Path) -> None:
    copies = DiskCopies(tmp_path / "prompt_cache", max_bytes=3_000, read_row=read_row)
    keys = [Key(PLACE, f"prompt {number}", "latest") for number in range(6)]
    for number, key in enumerate(keys):
        copies.write(key, answer(text="x" * 600))
        os.utime(copies.path(key), (1e9 + number, 1e9 + number))
    there = [copies.read(key) is not None for key in keys]
    assert there == [False, False, False, True, True, True]
    assert sum(path.stat().st_size for path in copies.directory.iterdir()) <= 3_000


def test_nothing_is_kept_where_nothing_may_be(tmp_path: Path) -> None:
    copies = DiskCopies(tmp_path / "prompt_cache", max_bytes=0, read_row=read_row)
    copies.write(KEY, answer())
    assert (copies.read(KEY), copies.directory.exists()) == (None, False)


def test_what_a_killed_process_was_writing_is_removed(copies: DiskCopies) -> None:
    copies.write(KEY, answer())
    old, new = copies.directory / "old.tmp", copies.directory / "new.tmp"
    for path in (old, new):
        path.write_text("half")
    os.utime(old, (1e9, 1e9))
    copies.write(KEY, answer(version=2))
    assert (old.exists(), new.exists()) == (False, True)
