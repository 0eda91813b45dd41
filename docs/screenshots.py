"""Take pictures of the pages, over the data that the tests of pages use: `python docs/screenshots.py [FOLDER [PART]]`.

Without a folder, the few that the README shows are written to docs/screenshots/. With one, every page (or those with
PART in their names) is taken there, to be looked at: at 1440 and 390 pixels, light and dark, and in a window of 1440
pixels at a zoom of 200 %, with forced colours.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from playwright.sync_api import Browser, Page, sync_playwright

from assay.client import reset_client
from assay.collector.server import Server

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
from support.filled_site import file_name, fill

SHOWN = {"trace": "light", "comparison": "light", "dashboards": "dark"}  # what the README shows, and in which colours
README_FOLDER = Path(__file__).parent / "screenshots"
SETTLE_MS = 15_000  # for what a page fetches once it is there
CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]


@dataclass(frozen=True, slots=True)
class Window:
    """In CSS pixels: a zoom makes a window smaller and its pixels larger."""

    width: int
    height: int
    looks: tuple[str, ...]
    scale: int = 1


WINDOWS = {
    "1440": Window(1440, 900, ("light", "dark")),
    "390": Window(390, 844, ("light", "dark")),
    "zoomed": Window(720, 450, ("forced",), scale=2),
}


def main() -> None:
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("There is no chromium on this machine. On Debian: apt-get install chromium")
    folder, part = (*sys.argv[1:3], "", "")[:2]
    with filled_site() as (url, pages), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        if not folder:
            for name, look in SHOWN.items():
                with opened(browser, Window(1440, 720, (look,))) as page:
                    page.goto(url + pages[name])
                    take(page, README_FOLDER / f"{name}.png", look)
            return
        wanted = {name: address for name, address in pages.items() if part in name}
        for kind, window in WINDOWS.items():
            with opened(browser, window) as page:
                for name, address in wanted.items():
                    page.set_viewport_size({"width": window.width, "height": window.height})
                    page.goto(url + address)
                    grow(page, window)
                    for look in window.looks:
                        take(page, Path(folder) / f"{file_name(name)}-{kind}-{look}.png", look)


@contextmanager
def filled_site() -> Iterator[tuple[str, dict[str, str]]]:
    """A collector over a fresh data directory with a bit of everything; its address, and those of its pages by name."""
    with tempfile.TemporaryDirectory() as directory:
        server = Server(data_dir=Path(directory) / ".assay", dev=True)
        server.start()
        try:
            yield server.url, fill(server)
        finally:
            reset_client()
            server.stop()


@contextmanager
def opened(browser: Browser, window: Window) -> Iterator[Page]:
    size = {"width": window.width, "height": window.height}
    context = browser.new_context(viewport=size, device_scale_factor=window.scale)  # type: ignore[arg-type]  # a dict
    yield context.new_page()
    context.close()


def grow(page: Page, window: Window) -> None:
    """Make the window as tall as the page, up to two windows, once what it fetches later is there."""
    page.locator("[data-place=strip]:empty").wait_for(state="detached", timeout=SETTLE_MS)
    full = page.evaluate("document.documentElement.scrollHeight")
    page.set_viewport_size({"width": window.width, "height": min(max(full, window.height), 2 * window.height)})


def take(page: Page, path: Path, look: str) -> None:
    """One picture: "light", "dark" or "forced" colours."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colours: Literal["light", "dark"] = "light" if look == "light" else "dark"
    page.emulate_media(color_scheme=colours, forced_colors="active" if look == "forced" else "none")
    page.screenshot(path=path)
    print(path, flush=True)


if __name__ == "__main__":
    main()
