"""The exporters of OpenTelemetry for JavaScript: JSON in chunks, protobuf, gRPC, plain and compressed.

They come from npm. Where Node is present, once: `npm install --prefix tests/collector/otlp/javascript`.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from assay.collector.server import Server
from support.otlp_transports import api_items

HERE = Path(__file__).parent / "javascript"
WAYS = ("json", "json-gzip", "protobuf", "protobuf-gzip", "grpc", "grpc-gzip")


@pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed")
@pytest.mark.skipif(
    not (HERE / "node_modules").is_dir(),
    reason="its packages are not installed: npm install --prefix tests/collector/otlp/javascript",
)
def test_what_every_exporter_of_javascript_sends_arrives(server: Server, service: str) -> None:
    command = ["node", str(HERE / "export.mjs"), server.url, str(server.grpc_url), service]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["ended"] == {f"{way} {signal}": "success" for way in WAYS for signal in ("traces", "logs", "metrics")}
    assert said["warnings"] == []
    for way in WAYS:
        [only] = api_items(server, "spans", f"{service}-{way}")
        assert (only["name"], only["input"]) == ("chat m", "Hello?")
        assert only["attributes"] == {
            "gen_ai.operation.name": "chat",
            "n": 2,
            "half": 0.5,
            "list": ["a", "b"],
            "cut": "x\ufffd",
        }
