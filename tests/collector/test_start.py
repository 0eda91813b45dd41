"""What a start loads, and what waits until somebody asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import os, signal, sys, threading, time, urllib.request
from pathlib import Path
from assay.collector.server import Server

HEAVY = ("fastapi", "sqlalchemy", "alembic", "sqlglot", "jinja2", "scipy", "pandas", "httpx", "rich", "grpc")

def get(path):
    return urllib.request.urlopen(server.url + path).read()

server = Server(data_dir=Path(sys.argv[1]))
server.start()
get("/health")
request = urllib.request.Request(server.url + "/v1/traces", b"", {"content-type": "application/x-protobuf"})
urllib.request.urlopen(request).read()
print(*[name for name in HEAVY if name in sys.modules])
get("/api/v1/projects")
print(*[name for name in HEAVY if name in sys.modules])
server.stop()

def wait():
    while not (server.data_dir / "collector.json").exists():
        time.sleep(0.01)

def modes():
    print(*sorted({oct(file.stat().st_mode)[-3:] for file in (server.data_dir, *server.data_dir.iterdir())}))

server = Server(data_dir=Path(sys.argv[1]) / "in" / "foreground")
threading.Timer(0.1, lambda: (wait(), modes(), os.kill(os.getpid(), signal.SIGTERM))).start()
server.run()
"""


def test_a_collector_loads_the_api_and_the_registry_when_asked_and_keeps_its_files_to_itself(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "data")], capture_output=True, text=True, check=True
    )
    before, after, *said = done.stdout.splitlines()
    assert before == ""
    assert {"fastapi", "sqlalchemy"} <= set(after.split())
    assert "600 700" in said  # the directory and what is in it are its owner's alone
