"""Style sheets, scripts and icons, served under a folder named after their content.

`/static/<build>/<name>`: one hash over all files names the folder, so modules import each other by relative paths, and
whatever is in the folder may be kept by browsers for ever.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Assets:
    build: str
    files: dict[str, Asset]

    def url(self, name: str) -> str:
        """Address of a file; a name that there is not is a mistake of the template."""
        if name not in self.files:
            raise KeyError(f"no static file {name!r}; there are {sorted(self.files)}")
        return f"/static/{self.build}/{name}"

    def caching(self, build: str) -> str:
        """`Cache-Control` of a file asked for under `build`: a page from before an upgrade asks under the old one."""
        return "public, max-age=31536000, immutable" if build == self.build else "no-cache"


def load_assets(folder: Path) -> Assets:
    """Read the static files once; they are small, and the process that serves them is long-lived."""
    files = {
        path.name: Asset(content=path.read_bytes(), media_type=_TYPES[path.suffix])
        for path in sorted(folder.iterdir())
        if path.suffix in _TYPES
    }
    digest = hashlib.sha256()
    for name, asset in files.items():
        digest.update(name.encode() + b"\0" + asset.content + b"\0")
    return Assets(build=digest.hexdigest()[:16], files=files)


ASSETS = load_assets(Path(__file__).parent / "static")
