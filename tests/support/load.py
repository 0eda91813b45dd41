"""Senders that remember what was acknowledged, and an audit of what is stored."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from support.serving import patience

PROTOBUF = {"content-type": "application/x-protobuf"}
TEXT = "what a person asked, and what was answered, at some length " * 4


def batch(sender: int, number: int, n_spans: int, *, text: str = TEXT) -> bytes:
    """An export request whose ids follow from its numbers: the same batch is the same spans."""
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    name = resource.resource.attributes.add(key="service.name")
    name.value.string_value = "chaos"
    spans = resource.scope_spans.add().spans
    begin = 1_790_000_000_000_000_000 + number * 10**9
    for index in range(n_spans):
        span = spans.add(
            trace_id=b"chaos" + sender.to_bytes(3, "big") + number.to_bytes(8, "big"),
            span_id=sender.to_bytes(2, "big") + number.to_bytes(4, "big") + (index + 1).to_bytes(2, "big"),
            name=f"{sender}/{number}",
            start_time_unix_nano=begin + index,
            end_time_unix_nano=begin + index + 10**6,
        )
        kind = span.attributes.add(key="openinference.span.kind")
        kind.value.string_value = "CHAIN"
        value = span.attributes.add(key="input.value")
        value.value.string_value = f"{sender} {number} {index} {text}"
    return request.SerializeToString()


@dataclass
class Sender:
    """Sends batch after batch until it is told to stop; one that was not acknowledged is sent again, as exporters do.

    Every tenth batch is sent once more although it was acknowledged: as after an answer that got lost.
    """

    number: int
    n_spans: int = 100
    pause_s: float = 0.0
    acknowledged: set[int] = field(default_factory=set)
    sent: set[int] = field(default_factory=set)
    statuses: Counter[int | str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    url: str = ""
    timeout_s: float = field(default_factory=lambda: 30.0 * patience())

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self._may = threading.Event()
        self._may.set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._may.set()
        self._thread.join()

    def pause(self) -> None:
        self._may.clear()

    def resume(self) -> None:
        self._may.set()

    def _run(self) -> None:
        number = 0
        client = httpx.Client(trust_env=False, timeout=self.timeout_s)
        while self._may.wait() and not self._stop.is_set():
            body = batch(self.number, number, self.n_spans)
            self.sent.add(number)
            if self._send(client, body):
                self.acknowledged.add(number)
                if number % 10 == 0:
                    self._send(client, body)
                number += 1
                self._stop.wait(self.pause_s)
            else:
                self._stop.wait(0.05)
        client.close()

    def _send(self, client: httpx.Client, body: bytes) -> bool:
        began = time.monotonic()
        try:
            answer = client.post(f"{self.url}/v1/traces", content=body, headers=PROTOBUF)
        except httpx.HTTPError as error:
            self.statuses[type(error).__name__] += 1
            return False
        self.statuses[answer.status_code] += 1
        if answer.status_code == 503:
            assert "retry-after" in answer.headers
        if answer.status_code == 200:
            self.seconds.append(time.monotonic() - began)
        return answer.status_code == 200


class Load:
    """Some senders at once."""

    def __init__(self, url: str, n_senders: int, *, first: int = 0, n_spans: int = 100, pause_s: float = 0.0) -> None:
        """
        Args:
            first: number of the first sender; no two loads of one store may share numbers.
        """
        self.senders = [Sender(number, n_spans, pause_s, url=url) for number in range(first, first + n_senders)]
        self._began = time.monotonic()
        for sender in self.senders:
            sender.start()

    def move(self, url: str) -> None:
        for sender in self.senders:
            sender.url = url

    def pause(self) -> None:
        for sender in self.senders:
            sender.pause()

    def resume(self) -> None:
        for sender in self.senders:
            sender.resume()

    def stop(self) -> float:
        """Acknowledged spans per second, over the whole time."""
        for sender in self.senders:
            sender.stop()
        return self.acknowledged_spans / (time.monotonic() - self._began)

    @property
    def acknowledged_spans(self) -> int:
        return sum(len(sender.acknowledged) * sender.n_spans for sender in self.senders)

    @property
    def statuses(self) -> Counter[int | str]:
        return sum((sender.statuses for sender in self.senders), Counter())

    def seconds(self) -> list[float]:
        return sorted(second for sender in self.senders for second in sender.seconds)


@dataclass(frozen=True)
class Audit:
    """What became of a load. All four are 0 in a store that keeps its word."""

    lost: int  # spans of acknowledged batches that are not there
    twice: int  # spans that are there more than once
    partial: int  # batches of which some spans are there and some are not
    unknown: int  # spans that nobody sent


def audit(data_dir: Path, *loads: Load) -> Audit:
    """Compare a stopped collector's store with what was sent."""
    senders = [sender for load in loads for sender in load.senders]
    with duckdb.connect(str(data_dir / "assay.duckdb"), read_only=True) as db:
        rows = db.execute("SELECT name, count(*), count(DISTINCT span_id) FROM span_log GROUP BY name").fetchall()
    there = {name: (count, distinct) for name, count, distinct in rows}
    sizes = {f"{sender.number}/{number}": sender.n_spans for sender in senders for number in sender.sent}
    acknowledged = {f"{sender.number}/{number}" for sender in senders for number in sender.acknowledged}
    return Audit(
        lost=sum(sizes[name] - there.get(name, (0, 0))[1] for name in acknowledged),
        twice=sum(count - distinct for count, distinct in there.values()),
        partial=sum(0 < there[name][1] < size for name, size in sizes.items() if name in there),
        unknown=sum(count for name, (count, _) in there.items() if name not in sizes),
    )


NOTHING_WRONG = Audit(lost=0, twice=0, partial=0, unknown=0)


def percentile(sorted_values: list[float], share: float) -> float:
    return sorted_values[min(len(sorted_values) - 1, int(share * len(sorted_values)))]
