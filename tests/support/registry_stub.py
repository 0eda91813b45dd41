"""A registry of prompts in this process that can go wrong: it answers, hangs, talks nonsense, or is gone."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

Mode = Literal["answer", "hang", "nonsense", "missing", "unavailable"]


class RegistryStub:
    """Serves `template` as version `version` of every prompt that is asked for.

    `hang` takes requests and answers none until the mode changes or the stub stops.
    """

    def __init__(self) -> None:
        self.mode: Mode = "answer"
        self.version = 1
        self.template: str | list[dict[str, str]] = "Answer: {{question}}"
        self.resolved: list[dict[str, Any]] = []
        self.requests: list[str] = []
        self._port = 0
        self._changed = threading.Condition()
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        """Listen, on the same port as before."""
        stub, self.is_up = self, True

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 60

            def do_GET(self) -> None:
                stub.requests.append(unquote(urlsplit(self.path).path))
                stub._wait_while_hanging()
                if not stub.is_up:
                    self.close_connection = True
                    return
                status, body = stub._answer(self.path)
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

            def handle(self) -> None:
                with contextlib.suppress(OSError):  # the client has gone
                    super().handle()

        class Server(ThreadingHTTPServer):
            allow_reuse_address = True
            daemon_threads = True
            block_on_close = False

        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        self._thread = threading.Thread(target=lambda: self._server.serve_forever(0.01), daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Nobody listens any more, and no request that has come is answered."""
        self.is_up = False
        if self.mode == "hang":
            self.set("answer")
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def set(self, mode: Mode) -> None:
        with self._changed:
            self.mode = mode
            self._changed.notify_all()

    def _wait_while_hanging(self) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: self.mode != "hang", 60)

    def _answer(self, path: str) -> tuple[int, bytes]:
        if self.mode == "nonsense":
            return 200, b"<html>Please log in</html>"
        if self.mode == "missing":
            return 404, _error("prompt_not_found", "No such prompt.")
        if self.mode == "unavailable":
            return 503, _error("unavailable", "Too busy.")
        name, _, _ = unquote(urlsplit(path).path).removeprefix("/api/v1/prompts/").rpartition("/versions/")
        return 200, json.dumps(self._row(name)).encode()

    def _row(self, name: str) -> dict[str, Any]:
        return {
            "project": "test",
            "name": name,
            "version": self.version,
            "type": "text" if isinstance(self.template, str) else "chat",
            "format": "simple",
            "template": self.template,
            "config": {"temperature": 0},
            "response_format": None,
            "tools": None,
            "tags": {},
            "commit_message": "stub",
            "author": None,
            "created_at": "2026-01-01T00:00:00+00:00",
            "content_hash": f"hash {self.version}",
            "parent_version": self.version - 1 or None,
            "variables": [],
            "placeholders": [],
            "includes": [],
            "resolved": self.resolved,
            "aliases": [],
        }


def _error(code: str, message: str) -> bytes:
    return json.dumps({"error": {"code": code, "message": message, "hint": None}}).encode()
