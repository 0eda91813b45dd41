"""What is fuzzed: functions of bytes that may refuse what they are given, and may not fail in any other way."""

from __future__ import annotations

import atexit
import logging
import tempfile
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fuzz.seeds import FILTERS, GZIPPED, SECRETS, json_requests, log_requests, protobuf_requests

from assay.collector import queries
from assay.collector.convert import Filing, convert, convert_apart
from assay.collector.decode import Decoded, DecodedSpan, decode_request
from assay.collector.decode_json import decode_json_request
from assay.collector.decode_logs import DecodedLogs, decode_json_logs, decode_logs
from assay.collector.inflate import MAX_EXPANSION, Inflater
from assay.collector.log_events import sort_records
from assay.collector.redact import redacted
from assay.collector.service import Service
from assay.collector.span_limits import within_limits
from assay.errors import AssayError, InvalidRequest
from assay.redaction import Redactor, make_redactor

FILING = Filing(received_at=1_700_000_000_000_000_000, fallback="fuzz")
MAX_INFLATED = 4 * 1024**2
SLOW_S = 5.0  # for at most a few hundred kB: nothing linear takes so long


@dataclass(frozen=True, slots=True)
class Target:
    """`run` raises only where there is a bug. `seeds` are good inputs to begin with."""

    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]


def protobuf(data: bytes) -> None:
    _to_rows(decode_request, data)


def json(data: bytes) -> None:
    _to_rows(decode_json_request, data)


def logs(data: bytes) -> None:
    for decode in (decode_logs, decode_json_logs):
        _to_rows(decode, data)


def stored(data: bytes) -> None:
    """From the bytes to the disk and back."""
    service = _service()
    try:
        accepted = service.ingest(data, decode=decode_json_request if data[:1] == b"{" else decode_request).result()
    except InvalidRequest:
        return
    if accepted.stored:
        for span in queries.list_spans(service.store, project=None, limit=50).items:
            assert len(span["trace_id"]) == 32


def filters(data: bytes) -> None:
    """Any text is answered with rows or refused, and the spans that are there stay there."""
    service = _service()
    text = data.decode("utf-8", "replace")
    for search in (queries.list_spans, queries.list_traces):
        try:
            found = search(service.store, project="canary", filter=text, limit=5)
        except InvalidRequest:
            continue
        assert all(item["project"] == "canary" for item in found.items)
    assert len(queries.list_spans(service.store, project="canary", limit=1).items) == 1


def redaction(data: bytes) -> None:
    """Text stays text and takes linear time; what is clean stays as it was when it is looked through again."""
    redactor = _redactor()
    text = data.decode("utf-8", "replace")
    begun = time.perf_counter()
    once = redactor.text(text)
    assert time.perf_counter() - begun < SLOW_S
    assert isinstance(once, str)
    redactor.attributes({text: [text, {"a": text}], "password": text})
    for decode in (decode_request, decode_logs):
        try:
            redacted(decode(data), redactor)
        except InvalidRequest:
            continue


def gunzip(data: bytes) -> None:
    """What comes out is bounded, and is what zlib says it is."""
    for encoding in ("gzip", "deflate"):
        inflater, out = Inflater(encoding, MAX_INFLATED), b""
        middle = len(data) // 2
        try:
            for piece in (data[:middle], data[middle:]):
                out += inflater(piece)
            inflater.finish()
        except InvalidRequest:
            continue
        assert len(out) <= min(MAX_INFLATED, max(1024**2, MAX_EXPANSION * len(data)))
        if encoding == "deflate":
            assert out == zlib.decompress(data)


TARGETS: dict[str, Target] = {
    "protobuf": Target(protobuf, protobuf_requests),
    "json": Target(json, json_requests),
    "logs": Target(logs, log_requests),
    "stored": Target(stored, lambda: protobuf_requests() + json_requests()),
    "filters": Target(filters, lambda: FILTERS),
    "redaction": Target(redaction, lambda: SECRETS + sorted(protobuf_requests(), key=len)[:10]),
    "gunzip": Target(gunzip, lambda: GZIPPED),
}


# Helpers ----------------------------------------------------------------------------------------------------------


def _to_rows(decode: Callable[[bytes], Decoded | DecodedLogs], data: bytes) -> None:
    """Decode and convert as the service does; a span that it would have to set aside is a bug of ours here."""
    try:
        decoded = within_limits(decode(data), len(data))
    except InvalidRequest:
        return
    if isinstance(decoded, DecodedLogs):
        sort_records(decoded.records, FILING)
    elif decoded is not None:
        _all_convert(decoded.spans)


def _all_convert(spans: list[DecodedSpan]) -> None:
    converted = convert(spans, FILING)
    _, unfit = convert_apart(spans, FILING, converted)
    for letter in [*converted.letters, *unfit]:
        raise AssertionError(f"a span was set aside: {letter.reason}")


@cache
def _redactor() -> Redactor:
    redactor = make_redactor("all")
    assert redactor is not None
    return redactor


@cache
def _service() -> Service:
    """A collector's insides on a directory of their own, with one span in the project `canary`."""
    logging.getLogger("assay.collector").setLevel(logging.CRITICAL)
    directory = tempfile.TemporaryDirectory(prefix="assay-fuzz-")
    service = Service(Path(directory.name) / "data")
    atexit.register(directory.cleanup)
    atexit.register(_close, service)
    service.ingest(protobuf_requests()[0], only_project="canary").result()
    return service


def _close(service: Service) -> None:
    try:
        service.close()
    except AssayError as error:
        print(f"the collector did not close: {error}")
