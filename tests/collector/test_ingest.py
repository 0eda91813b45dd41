"""Requests that arrive together are stored together, and a collector that only takes spans in loads nothing else."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path

import pytest

from assay.collector import ingest
from assay.collector.ingest import Accepted
from assay.collector.intake import Intake
from assay.collector.service import Service
from tests.support.otlp_messages import span, traces

A_WHILE_S = 60.0


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    service = Service(tmp_path / "data")
    yield service
    service.close()


def request(number: int) -> bytes:
    return traces(span(trace_id=number.to_bytes(16, "big"))).SerializeToString()


def test_a_request_that_is_just_arriving_is_stored_with_the_one_before(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[Future[Accepted]] = []
    late = threading.Timer(0.1, lambda: answers.append(service.ingest(request(2))))

    def arriving() -> int:
        if answers:
            return 0
        if not late.is_alive():
            late.start()
        return 1

    monkeypatch.setattr(ingest, "MERGE_WAIT_S", A_WHILE_S)
    monkeypatch.setattr(service.requests, "_arriving", arriving)
    assert service.ingest(request(1)).result(timeout=2 * A_WHILE_S).stored == 1
    assert service.writer.counters.commits == 1
    assert answers[0].result(timeout=A_WHILE_S).stored == 1


def test_who_sends_alone_waits_for_nobody(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingest, "MERGE_WAIT_S", 10 * A_WHILE_S)
    assert service.ingest(request(1)).result(timeout=A_WHILE_S).stored == 1


def test_a_request_arrives_until_it_is_whole_or_given_up() -> None:
    intake = Intake()
    with intake.hold() as whole, intake.hold():
        assert intake.arriving == 2
        whole.complete()
        whole.complete()
        assert intake.arriving == 1
    assert intake.arriving == 0


def test_the_registry_stays_closed_until_somebody_asks_and_knows_every_project_then(service: Service) -> None:
    service.ingest(request(1)).result()
    service.mirror_registry()
    assert service._registry is None
    service.check_project("shop")
    assert service.registry.projects.exists("shop")
