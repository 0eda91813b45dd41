"""Records what an instrumentation library sends: an OTLP endpoint on loopback that keeps request bodies.

For the recorders under tests/data, which run with the libraries' own Python, so nothing here but the standard library.

    with capture(__file__, library="langfuse") as recorder:
        client = Langfuse(host=recorder.url)
        with recorder.case("chat"):        # -> tests/data/langfuse/langfuse-5.0.4-chat.pb
            ...
            client.flush()

Several bodies of one case are written one behind the other: protobuf defines that as one message holding all of them.
"""

from __future__ import annotations

import gzip
import importlib.metadata
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from support import openai_server
from support.openai_server import OpenAIServer

MODEL = "gpt-4o-mini-2024-07-18"  # what the model server answers with: one whose price is known


class Recorder:
    """Both servers: `url` takes OTLP, `openai` answers as a model."""

    def __init__(self, directory: Path, library: str, version: str) -> None:
        self.directory, self.library, self.version = directory, library, version
        self.traces: list[bytes] = []
        self.logs: list[bytes] = []
        self.answers: dict[str, Any] = {}  # path -> JSON for GET requests
        handler = type("Handler", (_Handler,), {"owner": self})
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"
        self.openai = OpenAIServer()

    def start(self) -> None:
        openai_server.MODEL = MODEL
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()
        self.openai.start()

    def stop(self) -> None:
        self.openai.stop()
        self._http.shutdown()
        self._http.server_close()

    @contextmanager
    def case(self, name: str, flush: Any = None) -> Iterator[OpenAIServer]:
        """Run one case; what arrived is written when it ends. One that this version cannot run is told of, and left."""
        self.traces.clear()
        self.logs.clear()
        self.openai.replies.clear()
        try:
            yield self.openai
        except Exception as error:
            print(f"{name}: {type(error).__name__}: {error}")
            return
        if flush is not None:
            flush()
        for suffix, bodies in ((".pb", self.traces), (".logs.pb", self.logs)):
            if bodies:
                path = self.directory / f"{self.library}-{self.version}-{name}{suffix}"
                path.write_bytes(b"".join(anonymous(body) for body in bodies))
                print(f"{path.name}: {len(bodies)} requests, {path.stat().st_size} bytes")
        if not self.traces:
            print(f"{name}: nothing arrived")


class _Handler(BaseHTTPRequestHandler):
    owner: Recorder
    protocol_version = "HTTP/1.1"

    def log_message(self, *args: Any) -> None:
        pass

    def do_POST(self) -> None:
        body = self._body()
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if self.path.endswith("/traces"):
            self.owner.traces.append(body)
        elif self.path.endswith("/logs"):
            self.owner.logs.append(body)
        self._answer(200, b"", "application/x-protobuf")

    def do_GET(self) -> None:
        found = self.owner.answers.get(self.path.partition("?")[0])
        self._answer(200 if found else 404, json.dumps(found or {}).encode(), "application/json")

    def _body(self) -> bytes:
        if "chunked" not in self.headers.get("transfer-encoding", ""):
            return self.rfile.read(int(self.headers.get("content-length") or 0))
        chunks = []
        while size := int(self.rfile.readline(), 16):
            chunks.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(chunks)

    def _answer(self, status: int, body: bytes, media_type: str) -> None:
        self.send_response(status)
        self.send_header("content-type", media_type)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def anonymous(body: bytes) -> bytes:
    """The body without this machine's paths and id, replaced by something as long: protobuf counts bytes."""
    for place in (sys.prefix, str(Path(__file__).parents[2]), str(Path.home())):
        body = body.replace(place.encode(), b"/venv".ljust(len(place), b"_")[: len(place)])
    machine = Path("/etc/machine-id")
    name = machine.read_bytes().strip() if machine.exists() else b""
    return body.replace(name, b"0" * len(name)) if name else body


@contextmanager
def capture(recorder: str, *, library: str) -> Iterator[Recorder]:
    """Both servers, started; recordings go beside the recorder's own file, named after the installed version.

    Args:
        recorder: the recorder's `__file__`.
        library: a distribution's name, with whose version recordings are named.
    """
    servers = Recorder(Path(recorder).parent, library, importlib.metadata.version(library))
    servers.start()
    try:
        yield servers
    finally:
        servers.stop()
