"""What a start loads, and what waits until somebody asks for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import sys, urllib.request
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
"""


def test_a_collector_that_takes_spans_in_loads_neither_the_api_nor_the_registry(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "data")], capture_output=True, text=True, check=True
    )
    before, after = done.stdout.splitlines()
    assert before == ""
    assert {"fastapi", "sqlalchemy"} <= set(after.split())
