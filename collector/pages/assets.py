"""The style sheet, the script and the icon, served under a folder named after their content.

`static/css/*.css` are joined into one style sheet and the modules of `static/js/` into one script, so a page asks for
two files however many parts it has. `/static/<build>/<name>`: one hash over all names the folder, so whatever is in
it may be kept by browsers for ever.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

MAIN_SCRIPT = "assay.js"
FIRST_STYLES = ("shell.css",)  # what others build on
LAST_STYLES = ("narrow.css",)  # what overrules them on small screens
_IMPORT = re.compile(r'^import \{ [\w, ]+ \} from "\./([\w-]+\.js)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const|let) )", re.MULTILINE)
_UNJOINABLE = re.compile(r"^(?:import|export)\b.*", re.MULTILINE)
_TOP_LEVEL = re.compile(r"^(?:async )?(?:function\*?|class|const|let) +(\w+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Asset:
    content: bytes
    media_type: str
    packed: bytes  # the same as gzip, made once for all who ask


def _asset(content: bytes, media_type: str) -> Asset:
    return Asset(content, media_type, gzip.compress(content, mtime=0))


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
    """Read the static files once; they are small, and the process that serves them is long-lived.

    Raises:
        ValueError: a script cannot be joined with the others.
    """
    files = {
        "assay.css": _asset(_joined_styles(folder / "css").encode(), "text/css; charset=utf-8"),
        "assay.js": _asset(_joined_scripts(folder / "js").encode(), "text/javascript; charset=utf-8"),
        **{path.name: _asset(path.read_bytes(), "image/svg+xml") for path in sorted(folder.glob("*.svg"))},
    }
    digest = hashlib.sha256()
    for name, asset in files.items():
        digest.update(name.encode() + b"\0" + asset.content + b"\0")
    return Assets(build=digest.hexdigest()[:16], files=files)


def _joined_styles(folder: Path) -> str:
    def place(path: Path) -> tuple[bool, bool, str]:
        return path.name not in FIRST_STYLES, path.name in LAST_STYLES, path.name

    return "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.css"), key=place))


def _joined_scripts(folder: Path) -> str:
    """The main script and all that it imports, each before those that use it, in the scope of one module."""
    modules: dict[str, str] = {}
    where_named: dict[str, str] = {}

    def add(name: str, importers: tuple[str, ...]) -> None:
        if name in importers:
            raise ValueError(f"scripts import each other in a circle: {' -> '.join((*importers, name))}")
        if name in modules:
            return
        text = (folder / name).read_text(encoding="utf-8")
        for needed in _IMPORT.findall(text):
            add(needed, (*importers, name))
        plain = _EXPORT.sub("", _IMPORT.sub("", text))
        if left := _UNJOINABLE.search(plain):
            raise ValueError(f'{name}: write `import {{ a }} from "./b.js";` and `export function a`, not {left[0]!r}')
        for named in _TOP_LEVEL.findall(plain):
            if named in where_named:
                raise ValueError(f"{name} and {where_named[named]} both name something {named!r} at the top")
            where_named[named] = name
        modules[name] = plain

    if (folder / MAIN_SCRIPT).exists():
        add(MAIN_SCRIPT, ())
    return "".join(f"// {name}\n{text}" for name, text in modules.items())


ASSETS = load_assets(Path(__file__).parent / "static")
