"""What `assay doctor` says of prompts."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

import assay
from assay.client import current_client
from assay.collector.server import Server
from assay.finding import Check
from assay.prompts.checkup import check_copies, check_late, shown_age
from assay.prompts.disk_copies import DIRECTORY
from assay.settings import configure, current_settings
from support.registry_stub import RegistryStub


@pytest.fixture
def registry() -> Iterator[RegistryStub]:
    stub = RegistryStub()
    configure(endpoint=stub.url, project="test")
    yield stub
    stub.stop()


def test_copies_on_disk_are_counted_with_their_age(registry: RegistryStub) -> None:
    assert check_copies(current_settings()).detail.startswith("no copies")
    assay.load_prompt("qa")
    assay.load_prompt("other")
    copies = sorted((current_settings().data_dir / DIRECTORY).iterdir())
    now = copies[0].stat().st_mtime
    os.utime(copies[0], (now - 7200.5, now - 7200.5))
    check = check_copies(current_settings())
    assert check.state == "ok"
    assert "2 copies" in check.detail
    assert "to 2 h ago" in check.detail


def test_a_damaged_copy_is_a_warning(registry: RegistryStub) -> None:
    assay.load_prompt("qa")
    [path] = (current_settings().data_dir / DIRECTORY).iterdir()
    path.write_bytes(path.read_bytes()[:-9])
    check = check_copies(current_settings())
    assert (check.state, str(path) in check.detail) == ("warning", True)


def test_prompts_that_were_too_old_or_a_fallback_are_told_with_the_program(collector: Server) -> None:
    def ask() -> list[Check]:
        return check_late(lambda statement: current_client().post("/sql", json={"sql": statement})["rows"])

    assert [check.state for check in ask()] == ["ok"]
    assay.register_prompt("qa", "one", "first")
    assay.load_prompt("qa")
    with assay.start_span("ask"):
        assay.load_prompt("qa", cache_ttl=1e-9).format()
    with assay.start_span("ask"):
        assay.load_prompt("missing", fallback="mine").format()
    assert assay.flush()
    told = sorted(check.detail for check in ask())
    assert len(told) == 2
    assert "1 spans of test used an old version of 'qa', up to" in told[0]
    assert "used the program's own text for 'missing'" in told[1]


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0.4, "0 s"), (119, "119 s"), (120, "2 min"), (7200, "2 h"), (1e6, "12 days")]
)
def test_ages_are_shown_in_one_unit(seconds: float, shown: str) -> None:
    assert shown_age(seconds) == shown
