"""Which collector this process talks to: a configured one, the one that serves the data directory, or one embedded
here.
"""

from __future__ import annotations

import encodings.idna  # noqa: F401 - the first connection would load it, see `http_client`
import json
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from assay.errors import CollectorUnavailable, ConfigurationError
from assay.fork_guard import no_fork
from assay.settings import COLLECTOR_FILE, DEFAULT_GRPC_PORT, DEFAULT_PORT, Settings

UNREACHABLE = (httpx.TransportError, httpx.InvalidURL)  # what a request to an address that does not answer raises


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """Base URL of a collector and the headers every request to it carries."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    embedded: bool = False

    @property
    def traces_url(self) -> str:
        return f"{self.url}/v1/traces"

    @property
    def logs_url(self) -> str:
        return f"{self.url}/v1/logs"


def file_directory(settings: Settings) -> Path | None:
    """Where an endpoint such as `file:./traces` or `file:///var/traces` wants its files; None for any other."""
    endpoint = settings.endpoint or ""
    if not endpoint.lower().startswith("file:"):
        return None
    rest = endpoint[len("file:") :]
    path = unquote(rest[2:].removeprefix("localhost")) if rest.startswith("//") else rest
    return Path(path or ".").expanduser().absolute()


def find_destination(settings: Settings, *, start: bool = True) -> Destination:
    """The collector to use now. Cheap enough to ask again whenever a request failed to connect.

    Args:
        start: start an embedded collector when no other is there.

    Raises:
        CollectorUnavailable: none is there, and `start` is false or none could be started.
        ConfigurationError: the endpoint is a directory of files, which answers nothing.
        MissingExtra: none is there, and the `server` extra that could start one is not installed.
        StoreError: the data directory cannot be used.
    """
    if (directory := file_directory(settings)) is not None:
        raise ConfigurationError(
            f"Spans go to files in {directory}; there is no collector to ask.",
            hint=f"Read them with: assay import {directory}",
        )
    if settings.endpoint:
        return Destination(url=settings.endpoint.rstrip("/"), headers=_headers(settings))
    data_dir = settings.data_dir
    if url := running_collector(data_dir):
        return Destination(url=url, headers=_headers(settings))
    if not start:
        raise CollectorUnavailable(
            f"No collector serves {data_dir}.", hint="Start one with: assay serve, or set ASSAY_ENDPOINT."
        )
    from assay.embedded import start_embedded

    return Destination(url=start_embedded(data_dir), headers=_headers(settings), embedded=True)


def running_collector(data_dir: Path) -> str | None:
    """Address of the live collector that serves `data_dir`, None when there is none. A stale file is not believed."""
    try:
        described = json.loads((data_dir / COLLECTOR_FILE).read_text(encoding="utf-8"))
        url, pid = str(described["url"]), int(described["pid"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    try:
        with http_client(url, timeout_s=2.0) as http:
            health = http.get(f"{url}/health").raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return None
    return url if health.get("pid") == pid else None


def what_to_do(url: str) -> str:
    """What may be wrong with the address of a collector that does not answer."""
    try:
        scheme, port = urlsplit(url).scheme, urlsplit(url).port
    except ValueError:
        return "It is no address. One is: http://127.0.0.1:4318"
    if scheme not in ("http", "https"):
        return "Write the endpoint with its scheme, as http://127.0.0.1:4318."
    if port == DEFAULT_GRPC_PORT:
        return f"Assay speaks HTTP, and {DEFAULT_GRPC_PORT} is the port of gRPC as a rule: try {DEFAULT_PORT}."
    return "Is it running? Try: assay serve"


def http_client(url: str, *, timeout_s: float, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """A client for the collector at `url`.

    It is made while the process cannot fork: httpx imports modules and takes locks of OpenSSL then, and a child
    forked at that moment waits for them for ever. Proxies of the environment are meant for the internet, not for a
    collector.
    """
    with no_fork():
        return httpx.Client(
            timeout=timeout_s, trust_env=False, transport=transport, verify=url.lower().startswith("https:")
        )


def _headers(settings: Settings) -> dict[str, str]:
    return {"authorization": f"Bearer {settings.api_key}"} if settings.api_key else {}
