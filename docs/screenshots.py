"""Take pictures of every page, over the data that the tests of pages use: `python docs/screenshots.py [FOLDER]`.

Without a folder, the few that the README shows are written to docs/screenshots/. With one, every page is taken there,
at 1440 and 390 pixels, light and dark, to be looked at.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from assay.client import reset_client
from assay.collector.server import Server

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.filled_site import file_name, fill

SHOWN = {"trace": "light", "comparison": "light", "dashboards": "dark"}  # what the README shows, and in which colours
WIDTHS = {1440: 900, 390: 844}
SCHEMES = ("light", "dark")
README_FOLDER = Path(__file__).parent / "screenshots"
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no chromium on this machine. On Debian: apt-get install chromium")
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    with filled_site() as (url, pages), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        if folder is None:
            for name, scheme in SHOWN.items():
                take(browser, url + pages[name], README_FOLDER / f"{name}.png", 1440, scheme, height=720)
            return
        for width in WIDTHS:
            for scheme in SCHEMES:
                for name, address in pages.items():
                    take(browser, url + address, folder / f"{file_name(name)}-{width}-{scheme}.png", width, scheme)


@contextmanager
def filled_site() -> Iterator[tuple[str, dict[str, str]]]:
    """A collector over a fresh data directory with a bit of everything; its address, and those of its pages by name."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(data_dir=Path(directory) / ".assay")
        server.start()
        try:
            yield server.url, fill(server)
        finally:
            reset_client()
            server.stop()


def take(browser: Browser, url: str, path: Path, width: int, scheme: str, *, height: int | None = None) -> None:
    """One picture. Without a height it is as tall as the page, up to two windows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    viewport = {"width": width, "height": height or WIDTHS[width]}
    context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]  # plain dict and str
    page = context.new_page()
    page.goto(url)
    if height is None:
        full = page.evaluate("document.documentElement.scrollHeight")
        page.set_viewport_size({"width": width, "height": min(max(full, WIDTHS[width]), 2 * WIDTHS[width])})
    page.screenshot(path=path)
    context.close()
    print(path)


if __name__ == "__main__":
    main()
