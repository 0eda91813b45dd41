"""Take pictures of every page, made from the demo's data: `python docs/screenshots.py [FOLDER]`.

Without a folder, the few that the README shows are written to docs/screenshots/. With one, every page is taken there,
at 1440 and 390 pixels, light and dark, to be looked at.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
from playwright.sync_api import Browser, sync_playwright

from assay.collector.server import Server

SHOWN = {
    "trace": "light",
    "comparison": "light",
    "evaluated-traces": "dark",
}  # what the README shows, and in which colours
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
    with demo_data() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        pages = pages_of_demo(url)
        if folder is None:
            for name, scheme in SHOWN.items():
                take(browser, url + pages[name], README_FOLDER / f"{name}.png", 1440, scheme, height=720)
            return
        for width in WIDTHS:
            for scheme in SCHEMES:
                for name, address in pages.items():
                    take(browser, url + address, folder / f"{name}-{width}-{scheme}.png", width, scheme)


@contextmanager
def demo_data() -> Iterator[str]:
    """Fill a fresh data directory by the demo and serve it; the address."""
    with tempfile.TemporaryDirectory() as directory:
        data_dir = Path(directory) / ".assay"
        command = [str(Path(sys.executable).parent / "assay"), "demo", "--exit", "--data-dir", str(data_dir)]
        subprocess.run([*command, "--port", "0"], check=True)
        server = Server(data_dir=data_dir)
        server.start()
        try:
            yield server.url
        finally:
            server.stop()


def pages_of_demo(url: str) -> dict[str, str]:
    """Name and address of each kind of page, for the demo's own traces, prompts and experiments."""
    with httpx.Client(base_url=url) as client:

        def items(path: str, **query: str) -> list[dict[str, str]]:
            answer = client.get(f"/api/v1/{path}", params={"project": "demo", **query}).raise_for_status()
            return list(answer.json()["items"])

        failed = items("traces", filter="status = 'error'")[0]["trace_id"]
        trace = items("traces", filter="any(kind = 'tool') and error_count = 0")[0]["trace_id"]
        spans = items("spans", filter=f"trace_id = '{trace}' and kind = 'llm'", order_by="start_time desc")
        prompt = items("prompts")[0]["name"]
        newer, older = (experiment["id"] for experiment in items("experiments")[:2])
    project = "/p/demo"
    return {
        "projects": "/projects",
        "traces": f"{project}/traces",
        "evaluated-traces": f"{project}/traces?q=experiment_id+is+not+null",
        "wrong-filter": f"{project}/traces?q=name+%3D+%27a%27+and+statsu+%3D+%27error%27",
        "trace": f"{project}/traces/{trace}?span={spans[0]['span_id']}",
        "failed-trace": f"{project}/traces/{failed}",
        "attributes": f"{project}/traces/{trace}?span={spans[0]['span_id']}&tab=attributes",
        "prompts": f"{project}/prompts",
        "prompt": f"{project}/prompts/{prompt}",
        "prompt-diff": f"{project}/prompts/{prompt}/diff/1..2",
        "evaluations": f"{project}/evals",
        "experiment": f"{project}/evals/{newer}",
        "comparison": f"{project}/evals/compare?base={older}&with={newer}",
        "empty": "/p/nothing-yet/traces",
        "not-found": f"{project}/traces/0123456789abcdef",
    }


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
