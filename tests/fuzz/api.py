"""`make fuzz-api`: schemathesis asks a collector everything that its OpenAPI document allows; a 5xx is a finding.

Left out are routes whose answer has no end, and those that copy the whole data directory.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from fuzz.seeds import protobuf_requests

from assay.collector.server import Server

LEFT_OUT = "(live|backups|compactions|exports)"
EXAMPLES = os.environ.get("FUZZ_EXAMPLES", "50")  # of each operation
TIMEOUT_S = "120"  # a busy machine takes long to load the API


def main() -> int:
    if find_spec("schemathesis") is None:
        print("schemathesis is not installed. Try: pip install schemathesis", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="assay-fuzz-") as directory:
        server = Server(data_dir=Path(directory) / "data")
        server.start()
        try:
            for body in protobuf_requests()[:20]:
                server.service.ingest(body).result()
            return subprocess.run(
                [
                    *(str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json"),
                    *("--checks", "not_a_server_error", "--phases", "examples,coverage,fuzzing"),
                    *("--max-examples", EXAMPLES, "--exclude-path-regex", LEFT_OUT),
                    *("--request-timeout", TIMEOUT_S, "--wait-for-schema", TIMEOUT_S),
                    # Names of prompts and data sets may have slashes, which most examples of a path have to do without.
                    *("--suppress-health-check", "filter_too_much"),
                ],
                check=False,
            ).returncode
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
