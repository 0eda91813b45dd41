"""What stands between this machine and spans that arrive: settings, packages, addresses, keys, the clock."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import platform
import socket
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

import assay
from assay.destination import http_client, running_collector, what_to_do
from assay.doctor_delivery import API_TIMEOUT, check_delivery, check_destination, check_file
from assay.doctor_variables import check_variables
from assay.finding import Check
from assay.settings import Settings
from assay.settings_table import setting_rows

EXTRAS = {
    "server": ("duckdb", "pyarrow", "fastapi", "uvicorn", "sqlalchemy"),
    "eval": ("pandas", "scipy", "litellm"),
    "openai": ("openai",),
    "langchain": ("langchain_core",),
}
VERSIONS = ("duckdb", "opentelemetry-sdk", "protobuf", "pyarrow")
MOST_CLOCK_SKEW_S = 5.0  # the collector tells whole seconds
OLDEST_CLOCK = datetime(2026, 1, 1, tzinfo=UTC)


def check_environment(settings: Settings) -> list[Check]:
    """Everything but the libraries and the data directory, from which a collector elsewhere is not served."""
    served = None if settings.endpoint else running_collector(settings.data_dir)
    return [
        _versions(),
        *_extras(),
        _settings(settings),
        *check_variables(os.environ),
        check_destination(settings, served, os.environ),
        *_reached(settings, served),
    ]


def _reached(settings: Settings, served: str | None) -> list[Check]:
    """Whether a collector is there, takes our key, has our time, and keeps a span that it is sent."""
    if settings.endpoint and settings.endpoint.startswith("file:"):
        return [check_file(settings.endpoint)]
    if (url := settings.endpoint or served) is None:
        return [_no_collector(settings), *_ports(settings)]
    checks = _collector(url.rstrip("/"), settings)
    if any(check.name == "collector" and check.state == "failed" for check in checks):
        return checks
    return [*checks, check_delivery(url.rstrip("/"), settings)]


def _versions() -> Check:
    found = [f"{name} {version}" for name in VERSIONS if (version := _version(name))]
    return Check(
        "versions", "ok", ", ".join([f"assay {assay.__version__}", f"Python {platform.python_version()}", *found])
    )


def _extras() -> list[Check]:
    checks = []
    for extra, modules in EXTRAS.items():
        missing = [module for module in modules if importlib.util.find_spec(module) is None]
        if missing:
            detail = f"not installed: {', '.join(missing)}"
            checks.append(Check(f"extra {extra}", "ok", detail, f"If you need it: pip install 'assay[{extra}]'"))
        else:
            checks.append(Check(f"extra {extra}", "ok", "installed"))
    return checks


def _settings(settings: Settings) -> Check:
    changed = [
        f"{row['setting']}={row['value']}"
        for row in setting_rows(settings)
        if getattr(settings, row["setting"]) != type(settings).model_fields[row["setting"]].default
    ]
    return Check("settings", "ok", ", ".join(changed) or "all at their defaults", "All of them: assay settings")


def _no_collector(settings: Settings) -> Check:
    return Check(
        "collector",
        "warning",
        f"none serves {settings.data_dir}, and no endpoint is set",
        "Start one with: assay serve. Without it, a traced program starts its own.",
    )


def _collector(url: str, settings: Settings) -> list[Check]:
    headers = {"authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
    try:
        with http_client(url, timeout_s=5.0) as http:
            health = http.get(f"{url}/health")
            # No project is named: a key for one project reads its own.
            keyed = http.get(f"{url}/api/v1/traces", params={"limit": 1}, headers=headers, timeout=API_TIMEOUT)
        described = health.raise_for_status().json()
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        return [Check("collector", "failed", f"{url} does not answer: {error}", what_to_do(url))]
    detail = f"{url} answers, assay {described.get('version')}, process {described.get('pid')}"
    if described.get("version") not in (None, assay.__version__):
        reached = Check("collector", "warning", detail, f"This is assay {assay.__version__}: better the same on both.")
    else:
        reached = Check("collector", "ok", detail)
    return [reached, _key(keyed, settings), _clock(health)]


def _key(answer: httpx.Response, settings: Settings) -> Check:
    having = "the key that is set" if settings.api_key else "no key"
    if answer.status_code in (401, 403):
        reason = answer.json().get("error", {}).get("message", "")
        make = "Make a key at the collector with: assay keys create NAME --scope ingest --scope read"
        if answer.status_code == 403:
            return Check("key", "warning", f"{having} is accepted, but may not read: {reason}", f"To read: {make}.")
        return Check("key", "failed", f"{having} is refused: {reason}", f"{make}; set it as ASSAY_API_KEY.")
    if not answer.is_success:
        return Check("key", "failed", f"the API answers {answer.status_code}", "The collector's log says why.")
    return Check("key", "ok", f"{having} is accepted")


def _clock(answer: httpx.Response) -> Check:
    now = datetime.now(UTC)
    if now < OLDEST_CLOCK:
        return Check("clock", "failed", f"it says {now:%Y-%m-%d %H:%M} UTC", "Set the clock of this machine.")
    if date := answer.headers.get("date"):
        skew = (now - parsedate_to_datetime(date)).total_seconds()
        if abs(skew) > MOST_CLOCK_SKEW_S:
            hint = "Set the clocks: spans would lie in the wrong order."
            return Check("clock", "warning", f"{skew:+.0f} s against the collector's", hint)
    return Check("clock", "ok", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _ports(settings: Settings) -> list[Check]:
    """Whether the ports that `assay serve` would take are free."""
    ports = {"HTTP": settings.port, "gRPC": settings.grpc_port}
    return [_port(use, settings.host, port) for use, port in ports.items() if isinstance(port, int) and port]


def _port(use: str, host: str, port: int) -> Check:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            hint = "Another collector? Take another port with --port, or --port 0 for a free one."
            return Check(f"port {port}", "warning", f"{use} on {host}: {error.strerror}", hint)
    return Check(f"port {port}", "ok", f"{use} on {host}: free")


def _version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
