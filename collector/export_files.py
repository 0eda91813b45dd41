"""The files of one project's Parquet export, and the manifest that says which of them count.

`export/<project>/<view>/<day>-<number>.parquet`. A part is written under another name, renamed when it is whole, and
counts once the manifest names it; the manifest itself is replaced in one step. So whatever moment a process dies at,
what the manifest names is there and complete. Parts that it no longer names are removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path

MANIFEST = "manifest.json"
MANIFEST_VERSION = 1
SCHEMA_PART = "schema.parquet"  # no rows: the columns of a view that has none yet
WHOLE = "whole"  # in place of a day: a table that is exported whole

_PLAIN = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_NOT_PLAIN = re.compile(r"[^a-z0-9_-]+")


def directory_name(project: str) -> str:
    """The folder of a project, whatever its name: never a path, and never that of another on any file system."""
    if _PLAIN.fullmatch(project):
        return project
    digest = hashlib.sha256(project.encode("utf-8", "surrogatepass")).hexdigest()[:16]
    return f"{_NOT_PLAIN.sub('-', project.lower())[:40].strip('-')}~{digest}"


@dataclass(frozen=True, slots=True)
class Part:
    """One file: its name within the view's folder, the day its rows were received on, and how many there are."""

    file: str
    day: str
    rows: int
    n_bytes: int


@dataclass(slots=True)
class ViewState:
    """What of a view is exported: `seen` rows of its log, which are all up to `until` (nanoseconds since the epoch)."""

    columns: str = ""
    until: int = 0
    seen: int = 0
    parts: list[Part] = field(default_factory=list)

    def rows_by_day(self) -> dict[str, int]:
        counted: dict[str, int] = {}
        for part in self.parts:
            counted[part.day] = counted.get(part.day, 0) + part.rows
        return counted


@dataclass(slots=True)
class Manifest:
    project: str
    views: dict[str, ViewState] = field(default_factory=dict)
    registry_revision: int | None = None
    changes_seen: int = 0
    next_number: int = 1

    def view(self, name: str) -> ViewState:
        return self.views.setdefault(name, ViewState())


class ProjectFiles:
    """The folder of one project's export."""

    def __init__(self, directory: Path, project: str) -> None:
        self.path = directory / directory_name(project)
        self.project = project

    def exists(self) -> bool:
        return (self.path / MANIFEST).exists()

    def manifest(self) -> Manifest:
        """As it was saved; an empty one where there is none, or none that this version can read."""
        return _load(self.path / MANIFEST) or Manifest(self.project)

    def save(self, manifest: Manifest) -> None:
        self.path.mkdir(parents=True, exist_ok=True)
        temporary = self.path / f"{MANIFEST}.new"
        with open(temporary, "w", encoding="utf-8") as file:
            json.dump({"version": MANIFEST_VERSION, **asdict(manifest)}, file)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(self.path / MANIFEST)

    def part_path(self, view: str, file: str) -> Path:
        return self.path / view / file

    def paths(self, view: str, parts: Iterable[Part]) -> list[str]:
        return [str(self.part_path(view, part.file)) for part in parts]

    def readable(self, manifest: Manifest) -> dict[str, list[Path]]:
        """View -> the files that make it up now, the one without rows among them."""
        return {
            view: [self.part_path(view, SCHEMA_PART), *(self.part_path(view, part.file) for part in state.parts)]
            for view, state in manifest.views.items()
        }

    def sweep(self, manifest: Manifest) -> None:
        """Remove every part that the manifest does not name."""
        counting = {path for paths in self.readable(manifest).values() for path in paths}
        for path in (*self.path.glob("*/*.parquet"), *self.path.glob("*/*.new")):
            if path not in counting:
                path.unlink(missing_ok=True)


def saved_manifests(directory: Path) -> list[Manifest]:
    """Of every project that was exported into `directory`."""
    return [
        manifest
        for path in directory.glob(f"*/{MANIFEST}")
        if (manifest := _load(path)) is not None and directory_name(manifest.project) == path.parent.name
    ]


def _load(path: Path) -> Manifest | None:
    """None: there is none, or none that this version can read."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        if saved.pop("version") != MANIFEST_VERSION:
            return None
        views = {
            name: ViewState(**{**view, "parts": [Part(**part) for part in view["parts"]]})
            for name, view in saved.pop("views").items()
        }
        return Manifest(**saved, views=views)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
