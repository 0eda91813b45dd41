"""Stores that earlier releases wrote open, migrate, and answer what they answered then."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from assay.collector.server import Server

STORES = Path(__file__).parents[1] / "data" / "stores"
RECORDED = [
    pytest.param(path, id=f"{path.parent.name}-{path.name}")
    for path in sorted(STORES.glob("schema-*/*"))
    if path.is_dir()
]


@pytest.mark.parametrize("recorded", RECORDED)
def test_a_store_of_an_earlier_schema_answers_what_it_answered_then(recorded: Path, tmp_path: Path) -> None:
    unpack(recorded, tmp_path / "data")
    server = Server(data_dir=tmp_path / "data")
    server.start()
    try:
        expected = json.loads(gzip.decompress((recorded.parent / "expected.json.gz").read_bytes()))[recorded.name]
        for path, items in expected.items():
            answer = httpx.get(
                f"{server.url}/api/v1{path}", params={"project": "shop", "limit": 1000}, trust_env=False, timeout=60
            )
            assert answer.is_success, answer.text
            found = answer.json()["items"]
            assert [only(item, items[0]) for item in found] == items, path
    finally:
        server.stop()


def only(item: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The fields that there were then: later ones may be added."""
    return {name: item[name] for name in known}


def unpack(recorded: Path, data_dir: Path) -> None:
    data_dir.mkdir()
    for file in recorded.glob("*.gz"):
        (data_dir / file.stem).write_bytes(gzip.decompress(file.read_bytes()))
