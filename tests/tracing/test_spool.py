"""Requests on disk: whole, in order, the owner's alone, and each sent by one process."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from assay.settings import load_settings
from assay.tracing import spool as spool_module
from assay.tracing.requests import Request
from assay.tracing.spool import SIZE_BELIEVED_FOR_S, Spool, SpoolUnusable, spool_directory


@pytest.fixture(autouse=True)
def _nothing_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("assay.tracing.tell._said", set())


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return Spool(tmp_path / "data" / "spool" / "shop", max_bytes=1000)


def test_requests_come_back_whole_and_in_the_order_of_their_stamps(spool: Spool) -> None:
    requests = [Request(bytes([number]) * 50, number + 1, 100 - number) for number in range(3)]
    for request in requests:
        spool.put(request)
    assert [spool.read(name) for name in spool.waiting()] == requests[::-1]


def test_what_is_spooled_is_the_owners_alone_whatever_the_umask(spool: Spool) -> None:
    before = os.umask(0o002)
    try:
        path = spool.put(Request(b"x", 1, 1))
    finally:
        os.umask(before)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_two_threads_spool_at_once_is_counted_once(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    other = threading.Thread(target=spool.put, args=(Request(b"b" * 400, 1, 2),))
    write = spool_module._write

    def write_and_be_interrupted(path: Path, body: bytes) -> None:
        write(path, body)
        if other.ident is None:
            spool._size_at = -SIZE_BELIEVED_FOR_S  # so that the other looks at what is there
            other.start()
            other.join(0.1)  # as long as a thread needs that does not wait for us

    monkeypatch.setattr(spool_module, "_write", write_and_be_interrupted)
    spool.put(Request(b"a" * 400, 1, 1))
    other.join()
    spool.put(Request(b"c" * 200, 1, 3))
    assert len(spool.waiting()) == 3


def test_beyond_its_limit_nothing_is_taken(spool: Spool) -> None:
    spool.put(Request(b"x" * 600, 1, 1))
    with pytest.raises(SpoolUnusable, match="ASSAY_SPOOL_MAX_BYTES is 1000"):
        spool.put(Request(b"x" * 401, 1, 2))
    spool.put(Request(b"x" * 400, 1, 3))
    assert len(spool.waiting()) == 2


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda body: body[:-1], id="cut short"),
        pytest.param(lambda body: b"y" + body[1:], id="changed"),
        pytest.param(lambda body: b"", id="empty"),
    ],
)
def test_a_damaged_file_is_set_aside_and_told(spool: Spool, damage: object, caplog: pytest.LogCaptureFixture) -> None:
    path = spool.put(Request(b"x" * 50, 1, 1))
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    assert spool.read(path.name) is None
    assert spool.waiting() == []
    assert Path(f"{path}.damaged").exists()
    assert "set aside" in caplog.text


def test_a_directory_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SpoolUnusable, match="cannot be written"):
        Spool(tmp_path / "file" / "spool", max_bytes=1000).put(Request(b"x", 1, 1))


def test_a_write_that_fails_leaves_nothing_behind(spool: Spool, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[int] = []

    def full(fd: int, data: bytes) -> int:
        if written:
            raise OSError(28, "No space left on device")
        written.append(1)
        return len(data) // 2

    spool.put(Request(b"before", 1, 1))
    monkeypatch.setattr(os, "write", full)
    with pytest.raises(SpoolUnusable, match="No space left"):
        spool.put(Request(b"x" * 50, 1, 2))
    assert len(list(spool.directory.iterdir())) == 1


def test_only_one_process_sends_at_a_time_and_one_that_dies_lets_go(spool: Spool) -> None:
    spool.put(Request(b"x", 1, 1))
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import fcntl, sys; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX); print('mine', flush=True);"
            "sys.stdin.read()",
            str(spool.directory / "LOCK"),
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "mine\n"
        with spool.sending() as alone:
            assert not alone
        holder.kill()
        holder.wait()
        with spool.sending() as alone:
            assert alone


def test_a_forked_child_does_not_keep_the_lock_of_its_parent(spool: Spool) -> None:
    spool.put(Request(b"x", 1, 1))
    with spool.sending() as alone:
        assert alone
        inherited = os.dup(spool._lock_fd or -1)  # as in a child that was forked here
        spool._forget_locks()  # and what happens in it
    with spool.sending() as alone:
        assert not alone, "the parent has it"
    os.close(inherited)
    with spool.sending() as alone:
        assert alone


def test_what_a_killed_process_was_writing_is_swept_away_later(spool: Spool) -> None:
    kept = spool.put(Request(b"x", 1, 1))
    old, young = Path(f"{kept}1.tmp"), Path(f"{kept}2.tmp")
    for path in (old, young):
        path.write_bytes(b"half of a req")
    os.utime(old, (0, time.time() - 4000))
    spool.sweep()
    assert sorted(spool.directory.iterdir()) == sorted([kept, young])


def test_every_project_and_endpoint_has_a_directory_of_its_own(tmp_path: Path) -> None:
    def directory(**values: str) -> Path:
        return spool_directory(load_settings(data_dir=tmp_path, **values))

    assert directory(project="a", endpoint="http://one/") == directory(project="a", endpoint="http://one")
    others = [directory(project=project, endpoint="http://one") for project in ("a", "b", "a/b", "../a", "")]
    others += [directory(project="a", endpoint="http://two"), directory(project="a")]
    assert len(set(others)) == len(others)
    assert {other.parent for other in others} == {tmp_path / "spool"}
