"""Log records to the collector: tried once, and given up for good where they are not taken."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from assay.fork_guard import no_fork
from assay.tracing.post import BUSY, load_what_sending_takes

if TYPE_CHECKING:
    import httpx

    from assay.destination import Destination
    from assay.settings import Settings

PAUSE_S = 5.0  # after a failure
TIMEOUT_S = 2.0


class LogPoster:
    """Posts to `/v1/logs` of the collector that the settings lead to. Lives on one thread at a time."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._pid = os.getpid()
        self._http: httpx.Client | None = None
        self._destination: Destination | None = None
        self._not_before = 0.0

    def __call__(self, body: bytes) -> bool | None:
        """True: taken. False: whoever is there takes no log records. None: not now."""
        if time.monotonic() < self._not_before:
            return None
        if self._pid != os.getpid():  # forked: the connection is the parent's
            self._pid, self._http, self._destination = os.getpid(), None, None
        load_what_sending_takes()
        import httpx

        from assay.errors import AssayError

        try:
            status = self._post(body)
        except (httpx.HTTPError, httpx.InvalidURL, AssayError, OSError, ValueError, RuntimeError):
            self.close()
            self._destination = None
            status = 503
        if status in BUSY or status >= 500:
            self._not_before = time.monotonic() + PAUSE_S
            return None
        return 200 <= status < 300

    def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            http.close()

    def _post(self, body: bytes) -> int:
        from assay.destination import find_destination, http_client

        if self._destination is None:
            with no_fork():
                self._destination = find_destination(self._settings)
        destination = self._destination
        if self._http is None:
            self._http = http_client(destination.url, timeout_s=min(self._settings.timeout_s, TIMEOUT_S))
        headers = {"content-type": "application/x-protobuf", **destination.headers}
        if self._settings.project.isascii():
            headers["x-project-name"] = self._settings.project
        return self._http.post(destination.logs_url, content=body, headers=headers).status_code
