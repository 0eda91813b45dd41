"""The HTTP client of the collector's API. Prompts, scores, experiments and searches all go through it."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import httpx

from assay.content_hash import json_bytes
from assay.destination import UNREACHABLE, Destination, find_destination, http_client, what_to_do
from assay.embedded import load_api, serves_here
from assay.errors import (
    AbTestNotFound,
    AssayError,
    CollectorUnavailable,
    Conflict,
    DatasetNotFound,
    ExperimentNotFound,
    Forbidden,
    GateMissed,
    InvalidRequest,
    NotFound,
    PromptNotFound,
    TemplateError,
    TraceNotFound,
    Unauthorized,
)
from assay.settings import Settings, current_settings

# error.code in the API's answers -> what is raised for it
ERRORS: dict[str, type[AssayError]] = {
    "invalid_request": InvalidRequest,
    "invalid_filter": InvalidRequest,
    "invalid_template": TemplateError,
    "not_found": NotFound,
    "prompt_not_found": PromptNotFound,
    "dataset_not_found": DatasetNotFound,
    "experiment_not_found": ExperimentNotFound,
    "ab_test_not_found": AbTestNotFound,
    "trace_not_found": TraceNotFound,
    "conflict": Conflict,
    "unauthorized": Unauthorized,
    "forbidden": Forbidden,
    "gate_missed": GateMissed,
    "too_many_requests": CollectorUnavailable,
    "unavailable": CollectorUnavailable,
}


class Client:
    """One collector, one project. Thread-safe; finds the collector again when a connection fails."""

    def __init__(self, settings: Settings, *, transport: httpx.BaseTransport | None = None) -> None:
        self.settings = settings
        self.project = settings.project
        self._transport = transport
        self._lock = threading.Lock()
        self._http: httpx.Client | None = None
        self._destination: Destination | None = None

    @property
    def url(self) -> str:
        """Base URL of the collector; finding it may start an embedded one."""
        if self._destination is None:
            self._destination = find_destination(self.settings)
        return self._destination.url

    @property
    def embedded(self) -> bool:
        """The collector was found in this very process, and ends with it. Not said of an address that was configured:
        whoever names one knows how long it lasts.
        """
        # not Destination.embedded: that is false when tracing has started the collector before we looked for one
        return not self.settings.endpoint and serves_here(self.url)

    def get(self, path: str, **params: Any) -> Any:
        return self.request("GET", path, params=params)

    def post(self, path: str, json: Any = None, **params: Any) -> Any:
        return self.request("POST", path, json=json, params=params)

    def put(self, path: str, json: Any = None, **params: Any) -> Any:
        return self.request("PUT", path, json=json, params=params)

    def pages(self, path: str, *, limit: int | None = None, **params: Any) -> Iterator[dict[str, Any]]:
        """Every item of a list, page by page, at most `limit` of them (None: all)."""
        cursor, left = None, limit
        while left is None or left > 0:
            answer = self.get(path, limit=min(left or 1000, 1000), cursor=cursor, **params)
            yield from answer["items"]
            cursor = answer["next_cursor"]
            if cursor is None:
                return
            left = None if left is None else left - len(answer["items"])

    def create_review_queue(self, name: str, rubric: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        """A queue of what people label (docs/review.md); the same one once more is answered as it stands.

        Args:
            rubric: what is asked: `{"name": "correct", "type": "bool", "help": "Is all of it true?"}` and so on.
            more: `items` (what `add_to_review_queue` takes), `mode`, `description`, `reviewers_per_item`, `author`.
        """
        created: dict[str, Any] = self.post("/review-queues", {"name": name, "rubric": rubric, **more})
        return created

    def add_to_review_queue(self, name: str, **wanted: Any) -> dict[str, Any]:
        """Put items into a queue: how many were added, how many it had already, what was left out and why.

        Args:
            wanted: `filter` (traces), `refs`, `pairs`, or `experiment_id` with or without `baseline_id`; with `limit`,
                and `sample` for a random choice.
        """
        added: dict[str, Any] = self.post(f"/review-queues/{quote(name, safe='')}/items", wanted)
        return added

    def whole_span(self, span: dict[str, Any]) -> dict[str, Any]:
        """The span itself, or read alone where a list had only its beginning: see `is_cut` in the API."""
        if not span.get("is_cut"):
            return span
        found: dict[str, Any] = self.get(f"/spans/{span['trace_id']}/{span['span_id']}", project=span["project"])
        return found

    def request(self, method: str, path: str, *, json: Any = None, params: dict[str, Any] | None = None) -> Any:
        """Send one request below `/api/v1` and return its JSON. The project is added where the caller names none.

        Raises:
            InvalidRequest: `json` holds what JSON cannot say, such as NaN or an object.
            CollectorUnavailable: nobody answers, or the collector is too busy.
            AssayError: the collector refused; the subclass says why (see ERRORS).
        """
        query = {key: value for key, value in {"project": self.project, **(params or {})}.items() if value is not None}
        response = self._send(method, f"/api/v1{path}", query, None if json is None else json_bytes(json))
        if response.is_success:
            return response.json() if response.content else None
        raise _error(response)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        *,
        headers: dict[str, str] | None = None,
        read_timeout_s: float | None = None,
        **params: Any,
    ) -> Iterator[httpx.Response]:
        """The answer to a request below `/api/v1`, to be read bit by bit; it may take its time.

        Args:
            read_timeout_s: how long nothing may come; None: for ever.

        Raises:
            CollectorUnavailable, AssayError: as `request`.
        """
        query = {key: value for key, value in {"project": self.project, **params}.items() if value is not None}
        url = self.url
        sent = {**(self._destination.headers if self._destination else {}), **(headers or {})}
        timeout = httpx.Timeout(None, read=read_timeout_s)
        try:
            with self._connections(url).stream(
                method, f"{url}/api/v1{path}", params=query, headers=sent, timeout=timeout
            ) as response:
                if not response.is_success:
                    response.read()
                    raise _error(response)
                yield response
        except UNREACHABLE as error:
            raise _unreachable(url, error) from error

    def send_otlp(self, body: bytes, content_type: str, *, project: str | None = None) -> bytes:
        """Send one OTLP request with spans; what is answered, in the encoding of the request.

        Args:
            project: for spans whose resource names none.

        Raises:
            CollectorUnavailable, AssayError: as `request`.
        """
        url = self.url
        headers = {**(self._destination.headers if self._destination else {}), "content-type": content_type}
        if project:
            headers["x-project-name"] = project
        try:
            response = self._connections(url).post(f"{url}/v1/traces", content=body, headers=headers, timeout=60.0)
        except UNREACHABLE as error:
            raise _unreachable(url, error) from error
        if response.is_success:
            return response.content
        raise _otlp_error(response)

    def _send(self, method: str, path: str, query: dict[str, Any], body: bytes | None) -> httpx.Response:
        for attempt in (1, 2):
            url = self.url
            headers = self._destination.headers if self._destination else {}
            if body is not None:
                headers = {**headers, "content-type": "application/json"}
            if serves_here(url):
                load_api()
            http = self._connections(url)
            try:
                return http.request(method, f"{url}{path}", params=query, content=body, headers=headers)
            except httpx.ConnectError as error:
                # The collector may have moved: an embedded one ends with its process, a server restarts on another
                # port.
                self._destination = None
                if attempt == 2:
                    raise _unreachable(url, error) from error
            except UNREACHABLE as error:
                raise _unreachable(url, error) from error
        raise AssertionError("unreachable")  # the loop returns or raises

    def _connections(self, url: str) -> httpx.Client:
        with self._lock:
            if self._http is None:
                self._http = http_client(url, timeout_s=self.settings.timeout_s, transport=self._transport)
            return self._http

    def close(self) -> None:
        """Let go of the connections; the next request makes new ones."""
        with self._lock:
            if self._http is not None:
                self._http.close()
            self._http = None


def _unreachable(url: str, error: Exception) -> CollectorUnavailable:
    if isinstance(error, httpx.ReadTimeout):
        return CollectorUnavailable(
            f"The collector at {url} has not answered in time ({error}).",
            hint="It may have done what was asked. Look before you ask again, or allow it more time: ASSAY_TIMEOUT_S.",
        )
    return CollectorUnavailable(
        f"The collector at {url} does not answer ({type(error).__name__}: {error}).", hint=what_to_do(url)
    )


def _error(response: httpx.Response) -> AssayError:
    try:
        body = response.json()["error"]
        code, message, hint = str(body["code"]), str(body["message"]), body.get("hint")
    except (ValueError, KeyError, TypeError):
        code, message, hint = "", f"{response.request.url} answered {response.status_code}: {response.text[:500]}", None
    kind = ERRORS.get(code) or (CollectorUnavailable if response.status_code in (429, 502, 503, 504) else AssayError)
    return kind(message, hint=hint)


def _otlp_error(response: httpx.Response) -> AssayError:
    # Refusals of OTLP are google.rpc.Status in the request's encoding; what it says is text all the same.
    said = response.text if response.headers.get("content-type", "").startswith("application/json") else ""
    kind = CollectorUnavailable if response.status_code in (429, 502, 503, 504) else InvalidRequest
    return kind(f"The collector answered {response.status_code} to OTLP. {said[:500]}".strip())


_client: Client | None = None
_client_lock = threading.Lock()


def current_client() -> Client:
    """The client of this process, for the settings as they are now."""
    global _client
    settings = current_settings()
    with _client_lock:
        if _client is not None and _client.settings != settings:
            _client.close()
            _client = None
        if _client is None:
            _client = Client(settings)
        return _client


def client_for(settings: Settings) -> Client | None:
    """The client of this process, if it is one for these settings; None: those of the process are others by now.

    For work in the background, which must not be what reads the settings of a process for the first time.
    """
    global _client
    with _client_lock:
        if _client is None:
            _client = Client(settings)
        return _client if _client.settings == settings else None


def _after_fork() -> None:
    """The connections are the parent's; answers to two processes on one of them would be mixed up."""
    global _client, _client_lock
    _client, _client_lock = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def reset_client() -> None:
    """Close the process's client; the next use makes a new one."""
    global _client
    with _client_lock:
        if _client is not None:
            _client.close()
        _client = None
