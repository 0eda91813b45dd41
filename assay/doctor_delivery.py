"""Where spans go from here and why, and whether they arrive: one is sent and read back."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import httpx

from assay.destination import http_client
from assay.finding import Check
from assay.settings import Settings

PROJECT = "assay-doctor"  # where the span that is sent is filed; a key for one project files it in its own
READ_WITHIN_S = 5.0
API_TIMEOUT = httpx.Timeout(30.0, connect=5.0)  # a collector loads its API with the first request to it
PAUSE_S = 0.1
ENDPOINT_VARIABLES = ("ASSAY_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")


def check_destination(settings: Settings, served: str | None, environment: Mapping[str, str]) -> Check:
    """Where spans go, and which setting says so.

    Args:
        served: address of the collector that serves the data directory; None: there is none.
    """
    data_dir = settings.data_dir
    if settings.endpoint:
        variable = next((name for name in ENDPOINT_VARIABLES if environment.get(name)), "the setting `endpoint`")
        return Check("destination", "ok", f"{settings.endpoint}, by {variable}")
    if served:
        return Check("destination", "ok", f"{served}, the collector that serves {data_dir}: no endpoint is set")
    detail = f"{data_dir}, by a collector that each program starts for itself: no endpoint is set, none serves it"
    return Check("destination", "ok", detail, "For one collector for all: assay serve")


def check_file(endpoint: str) -> Check:
    """Whether a `file:` endpoint can be written."""
    path = Path(unquote(urlsplit(endpoint).path) or endpoint.removeprefix("file:"))
    there = next((parent for parent in (path, *path.parents) if parent.exists()), Path())
    try:
        probe = (there if there.is_dir() else there.parent) / f".assay-doctor-{secrets.token_hex(4)}"
        probe.touch()
        probe.unlink()
    except OSError as error:
        return Check(
            "delivery", "failed", f"{there} cannot be written: {error.strerror}", "Set another ASSAY_ENDPOINT."
        )
    return Check("delivery", "ok", f"{there} can be written", "Read the files with: assay import")


def check_delivery(url: str, settings: Settings) -> Check:
    """Send a span and read it back, as a program and a reader would."""
    headers = {"authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    with http_client(url, timeout_s=min(settings.timeout_s, 10.0)) as http:
        try:
            return _sent_and_read(http, url, headers)
        except httpx.HTTPError as error:
            hint = "Is the address right, the collector running, and no proxy or firewall between?"
            return Check("delivery", "failed", f"{url} does not answer: {error or type(error).__name__}", hint)


def _sent_and_read(http: httpx.Client, url: str, headers: dict[str, str]) -> Check:
    trace_id, started = secrets.token_hex(16), time.monotonic()
    sent = http.post(f"{url}/v1/traces", json=_request(trace_id), headers=headers)
    if (refused := _refused(sent)) is not None:
        return refused
    while True:
        read = http.get(f"{url}/api/v1/traces/{trace_id}", headers=headers, timeout=API_TIMEOUT)
        if read.is_success:
            took, filed = (time.monotonic() - started) * 1000, _json(read).get("project")
            return Check("delivery", "ok", f"a span was sent and read back in {took:.0f} ms (project {filed})")
        if read.status_code in (401, 403):
            hint = "To read, make a key with: assay keys create NAME --scope ingest --scope read"
            return Check("delivery", "warning", "a span was taken, but the key may not read it back", hint)
        if time.monotonic() - started > READ_WITHIN_S:
            break
        time.sleep(PAUSE_S)
    hint = "Is this a collector of Assay's? Other OTLP receivers take spans, but cannot be asked for them."
    detail = f"a span was taken, but {url}/api/v1 does not have it: it answers {read.status_code}"
    return Check("delivery", "warning", detail, hint)


REFUSALS = {
    401: "Set ASSAY_API_KEY to a key that may send: assay keys create NAME --scope ingest",
    403: "The key may not send: assay keys create NAME --scope ingest",
    404: "This is no OTLP/HTTP receiver: set ASSAY_ENDPOINT to its base address, without /v1/traces.",
    413: "The collector takes no request of this size: see ASSAY_MAX_REQUEST_BYTES there.",
    429: "The collector limits this sender: see ASSAY_REQUESTS_PER_S and ASSAY_MB_PER_S there.",
    503: "The collector is too busy, or its disk is full: its log and `assay doctor` there say which.",
}


def _refused(answer: httpx.Response) -> Check | None:
    if answer.is_success:
        rejected = _json(answer).get("partialSuccess", {})
        if not rejected.get("rejectedSpans"):
            return None
        return Check("delivery", "failed", f"the span was rejected: {rejected.get('errorMessage')}", "Same version?")
    reason = str(_json(answer).get("message") or answer.reason_phrase)
    hint = REFUSALS.get(answer.status_code, "The collector's log says why.")
    return Check("delivery", "failed", f"sending a span is answered {answer.status_code}: {reason}", hint)


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _request(trace_id: str) -> dict[str, Any]:
    """One span as OTLP/JSON has it."""
    now = time.time_ns()
    span = {
        "traceId": trace_id,
        "spanId": secrets.token_hex(8),
        "name": "assay doctor",
        "kind": 1,
        "startTimeUnixNano": str(now),
        "endTimeUnixNano": str(now),
    }
    attributes = [{"key": name, "value": {"stringValue": PROJECT}} for name in ("assay.project", "service.name")]
    scope = {"scope": {"name": "assay.doctor"}, "spans": [span]}
    return {"resourceSpans": [{"resource": {"attributes": attributes}, "scopeSpans": [scope]}]}
