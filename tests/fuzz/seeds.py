"""Good inputs to begin with: recorded requests, filters that mean something, texts with secrets in them."""

from __future__ import annotations

import gzip
import zlib
from functools import cache
from pathlib import Path

from google.protobuf.json_format import MessageToDict
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

RECORDINGS = Path(__file__).parents[1] / "data"
LARGEST_SEED = 40_000  # bytes: larger ones teach nothing more and slow everything down


@cache
def protobuf_requests() -> list[bytes]:
    found = [path.read_bytes() for path in sorted(RECORDINGS.glob("*/*.pb"))]
    return [body for body in found if len(body) <= LARGEST_SEED and _is_traces(body)] or [_small()]


@cache
def json_requests() -> list[bytes]:
    return [_as_json(ExportTraceServiceRequest.FromString(body)) for body in protobuf_requests()[::3]]


@cache
def log_requests() -> list[bytes]:
    request = ExportLogsServiceRequest()
    record = request.resource_logs.add().scope_logs.add().log_records.add()
    record.trace_id, record.span_id, record.time_unix_nano = b"t" * 16, b"s" * 8, 1_700_000_000_000_000_000
    record.event_name = "gen_ai.evaluation.result"
    for key, value in (("gen_ai.evaluation.name", "helpful"), ("gen_ai.evaluation.score.label", "yes")):
        record.attributes.add(key=key).value.string_value = value
    record.attributes.add(key="gen_ai.evaluation.score.value").value.double_value = 0.5
    record.body.kvlist_value.values.add(key="content").value.string_value = "hello"
    return [request.SerializeToString(), _as_json(request)]


def _is_traces(body: bytes) -> bool:
    try:
        return any(ExportTraceServiceRequest.FromString(body).resource_spans)
    except Exception:
        return False


def _small() -> bytes:
    request = ExportTraceServiceRequest()
    span = request.resource_spans.add().scope_spans.add().spans.add()
    span.trace_id, span.span_id, span.name = b"t" * 16, b"s" * 8, "chat"
    span.start_time_unix_nano = span.end_time_unix_nano = 1_700_000_000_000_000_000
    span.attributes.add(key="gen_ai.request.model").value.string_value = "m"
    return request.SerializeToString()


def _as_json(message: ExportTraceServiceRequest | ExportLogsServiceRequest) -> bytes:
    """As OTLP spells JSON: ids in hexadecimal digits, enumerations as numbers."""
    import base64
    import json

    def spelled(value: object) -> object:
        if isinstance(value, dict):
            return {
                key: base64.b64decode(each).hex() if key in ("traceId", "spanId", "parentSpanId") else spelled(each)
                for key, each in value.items()
            }
        return [spelled(each) for each in value] if isinstance(value, list) else value

    return json.dumps(spelled(MessageToDict(message, use_integers_for_enums=True))).encode()


FILTERS = [
    text.encode()
    for text in (
        "kind = 'llm' and duration_ms > 2000 and input ilike '%refund%'",
        "scores.correctness < 0.5 and attributes['http.route'] = '/ask'",
        "start_time > now() - interval 1 day or start_time < '2026-01-01T00:00:00Z'",
        "status in ('error', 'ok') and not (total_tokens between 1 and 10)",
        "any(kind = 'tool' and status = 'error') and child(name = 'x')",
        "metadata['a']['b'] = 1 or 'beta' = any(tags) or tags is not null",
        "name like '%''; DROP TABLE span_log; --' and cost_usd is null",
        "-input_tokens + 3 * 2.5e10 >= 1 and lower(name) = 'x' and length(output) > 3",
        "trace_id = '00' and contains(input, 'a') and regexp_matches(output, '(a+)+$')",
        "read_text('/etc/passwd') = 'x' or 1 in (select 1 from spans)",
    )
]

SECRETS = [
    text.encode()
    for text in (
        "Authorization: Bearer abcdef1234567890, sk-proj-abcDEF1234567890abcd, AKIAIOSFODNN7EXAMPLE",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE-\n-----END RSA PRIVATE KEY-----",
        '{"password": "hunter2", "x": ["a@b.com", 4111111111111111, {"y": "\\u0040"}], "e": 1e400}',
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl DE89 3704 0044 0532 0130 00 078-05-1120 +49 30 901820",
        "postgres://user:pass1234@host/db Cookie: session=abc; api_key='abcd1234' 4111-1111-1111-1111",
    )
]

GZIPPED = [
    gzip.compress(b"hello" * 100),
    gzip.compress(b"") + gzip.compress(b"a"),
    gzip.compress(bytes(2_000_000)),
    zlib.compress(b"hello" * 100),
    zlib.compress(bytes(range(256)) * 50),
]
