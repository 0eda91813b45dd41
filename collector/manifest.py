"""What was known of the store when it was last written to: a few numbers in a file beside it.

DuckDB makes a new database where the file is missing, and forgets a log that was cut short. With these numbers a
start can tell a store that is new from one that has vanished, and a whole one from one that has lost its end.

They are a low-water mark: written after what they speak of is on disk, so a crash leaves them behind, never ahead.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

MANIFEST_FILE = "store.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """`checkpoint`: number of the last one; `log_bytes`: how long the write-ahead log was since then.

    `schema`: version of the newest migration.
    """

    store_id: str
    schema: int
    checkpoint: int
    log_bytes: int


def read_manifest(data_dir: Path) -> Manifest | None:
    """None when there is none, or none that can be read: it guards the store and must not keep it from opening."""
    try:
        found = json.loads((data_dir / MANIFEST_FILE).read_bytes())
        return Manifest(str(found["store_id"]), int(found["schema"]), int(found["checkpoint"]), int(found["log_bytes"]))
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None


def write_manifest(data_dir: Path, manifest: Manifest) -> None:
    """Replace it in one step. Without fsync: after a power failure an older one does as well."""
    temporary = data_dir / f"{MANIFEST_FILE}.{os.getpid()}"
    temporary.write_text(json.dumps(asdict(manifest)), encoding="utf-8")
    temporary.replace(data_dir / MANIFEST_FILE)


def forget_manifest(data_dir: Path) -> None:
    """Take the store as it will be found next: for whoever puts another file in its place on purpose."""
    (data_dir / MANIFEST_FILE).unlink(missing_ok=True)
