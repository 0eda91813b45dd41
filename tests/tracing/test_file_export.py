"""Spans into files, and out of them again."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

import assay
from assay.client import current_client, reset_client
from assay.collector.server import Server
from assay.destination import file_directory
from assay.errors import ConfigurationError
from assay.settings import configure, load_settings, reset_settings
from assay.tracing.file_export import FileOutbox, LineFile
from assay.tracing.spool import Spool
from assay.tracing.tell import Teller
from assay.transfer import _rows, import_files
from support.export import request_of


def make_spans() -> None:
    with assay.start_span("root", kind="agent", attributes={"n": 2**60, "f": 0.5, "list": ["a", "ü"]}) as root:
        root.set_inputs({"question": "how?"})
        with assay.start_span("leaf", kind="llm"):
            pass
    with pytest.raises(ValueError, match="broken"), assay.start_span("failed"):
        raise ValueError("broken")


def spans_there() -> list[dict[str, object]]:
    """All that is known of them, but for times and ids."""
    gone = {"received_at", "start_time", "end_time", "duration_ms", "trace_id", "span_id", "parent_span_id"}
    rows = current_client().get("/spans", order_by="start_time asc", project="shop")["items"]
    return [json.loads(_without_places(row, gone)) for row in rows]


def _without_places(row: dict[str, object], gone: set[str]) -> str:
    for event in row["events"] or ():  # type: ignore[attr-defined]
        event.pop("time", None)
        event.pop("time_unix_nano", None)
    return json.dumps({name: value for name, value in row.items() if name not in gone}, sort_keys=True)


def test_what_went_into_files_and_was_imported_is_what_was_sent(collector: Server, tmp_path: Path) -> None:
    url = collector.url
    assay.init(project="shop", timeout_s=60)
    make_spans()
    assert assay.flush(60)
    sent = spans_there()
    assert len(sent) == 3

    assay.init(project="shop", endpoint="file:./traces")
    make_spans()
    assay.score("helpful", True, session_id="s1")
    assert assay.shutdown()
    scores, file = sorted((tmp_path / "traces").iterdir())
    assert [stat.S_IMODE(path.stat().st_mode) for path in (scores, file)] == [0o600, 0o600]
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700
    assay.init(endpoint=url)
    for _ in range(2):  # the second time nothing changes
        done = import_files(current_client(), [tmp_path / "traces"])
        assert (done.rejected, done.scores) == (0, 1)
    assert spans_there() == sent + sent
    spooled = Spool(tmp_path / "spool", max_bytes=10**6).put(request_of("spooled"))
    assert import_files(current_client(), [spooled]).requests == 1
    (score,) = current_client().get("/scores", project="shop")["items"]
    assert (score["name"], score["value"], score["session_id"]) == ("helpful", True, "s1")


def test_lines_are_what_the_specification_of_the_file_exporter_says(tmp_path: Path) -> None:
    box = FileOutbox(tmp_path, max_bytes=10**6, teller=Teller("span"))
    box.put(request_of("a"))
    box.put(request_of("b", "c"))
    (file,) = tmp_path.iterdir()
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    spans = [line["resourceSpans"][0]["scopeSpans"][0]["spans"] for line in lines]
    assert [[span["name"] for span in each] for each in spans] == [["a"], ["b", "c"]]
    assert len(bytes.fromhex(spans[0][0]["traceId"])) == 16
    assert len(bytes.fromhex(spans[0][0]["spanId"])) == 8
    assert spans[0][0]["kind"] == 1
    assert spans[0][0]["startTimeUnixNano"].isdigit()


def test_a_last_line_that_a_killed_process_left_unfinished_takes_no_other_with_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    box = FileOutbox(tmp_path, max_bytes=10**6, teller=Teller("span"))
    box.put(request_of("a"))
    box.put(request_of("b"))
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-9])
    assert len(list(_rows(file, "jsonl"))) == 1
    assert "line 2: cut short" in caplog.text


def test_a_new_file_is_begun_when_one_is_large_enough(tmp_path: Path) -> None:
    lines = LineFile(tmp_path, "spans", max_bytes=1000)
    for number in range(10):
        lines.append(b"%d" % number * 300 + b"\n")
    lines.close()
    files = sorted(tmp_path.iterdir())
    assert [len(file.read_bytes().splitlines()) for file in files] == [3, 3, 3, 1]


def test_a_forked_child_writes_files_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = LineFile(tmp_path, "spans", max_bytes=1000)
    lines.append(b"parent\n")
    monkeypatch.setattr(os, "getpid", lambda: 1)
    lines.append(b"child\n")
    lines.close()
    assert sorted(file.read_bytes() for file in tmp_path.iterdir()) == [b"child\n", b"parent\n"]


def test_a_line_that_does_not_fit_on_the_disk_is_taken_back_and_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    write, tries = os.write, []

    def full_at_first(fd: int, data: bytes) -> int:
        tries.append(1)
        if len(tries) == 2:
            return write(fd, data[:10])
        if len(tries) == 3:
            raise OSError(28, "No space left on device")
        return write(fd, data)

    monkeypatch.setattr("assay.tracing.file_export.PAUSE_S", 0.01)
    box = FileOutbox(tmp_path, max_bytes=10**6, teller=Teller("span"))
    monkeypatch.setattr(os, "write", full_at_first)
    box.put(request_of("a"))
    box.put(request_of("b"))
    (file,) = tmp_path.iterdir()
    assert len([json.loads(line) for line in file.read_text().splitlines()]) == 2
    assert len(tries) == 4


def test_what_cannot_be_written_at_the_end_is_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "traces").write_text("a file")
    teller = Teller("span")
    box = FileOutbox(tmp_path / "traces", max_bytes=10**6, teller=teller)
    box.hurry()
    box.put(request_of("a", "b"))
    assert teller.dropped == 2


@pytest.mark.parametrize(
    ("endpoint", "directory"),
    [
        ("file:./traces", "traces"),
        ("file:traces", "traces"),
        ("file:///var/my%20traces", "/var/my traces"),
        ("file:/var/traces", "/var/traces"),
        ("file://localhost/var/traces", "/var/traces"),
        ("http://there:4318", None),
        (None, None),
    ],
)
def test_an_endpoint_names_a_directory(endpoint: str | None, directory: str | None, tmp_path: Path) -> None:
    expected = tmp_path / directory if directory else None
    assert file_directory(load_settings(endpoint=endpoint)) == expected


def test_files_answer_nothing_and_say_what_to_do() -> None:
    reset_settings()
    reset_client()
    configure(endpoint="file:./traces")
    with pytest.raises(ConfigurationError, match="assay import"):
        assay.search_traces()
