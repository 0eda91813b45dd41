"""A real browser on the pages. Whatever a test does, they stay quiet: no error, nothing blocked, no request out."""

from __future__ import annotations

import shutil
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request, expect, sync_playwright

from support.page_data import FakeSource
from support.pages_app import pages_app

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
]
HERE = Path(__file__).parent
MOST_IDLE_TABS = 4
PATIENCE_MS = 120_000  # on a very busy machine; where all is well nobody waits so long
expect.set_options(timeout=PATIENCE_MS)
# Remembers every violation of the policy before any script of the page runs.
WATCH = """
window.violations = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.browser)


@dataclass
class Watched:
    """What a page must not do."""

    origin: str
    noise: list[str] = field(default_factory=list)

    def watch(self, page: Page) -> None:
        page.on("console", self._console)
        page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))
        page.on("request", self._request)
        page.on("dialog", lambda dialog: (self.noise.append(f"dialog: {dialog.message}"), dialog.dismiss()))

    def _console(self, message: ConsoleMessage) -> None:
        # Chromium logs each answer of 400 or 404 as an error, also when the page wanted it.
        if message.type in ("error", "warning") and "the server responded with a status of" not in message.text:
            self.noise.append(f"console: {message.text}")

    def _request(self, request: Request) -> None:
        if (
            not request.url.startswith(("data:", "blob:", "about:"))
            and urlsplit(request.url).netloc != urlsplit(self.origin).netloc
        ):
            self.noise.append(f"request: {request.url}")


@dataclass
class Tab:
    """A page in a browser profile of its own. One that a test has left is given to the next that asks for its like."""

    made_for: tuple[str, ...]
    context: BrowserContext
    page: Page
    watched: Watched
    javascript: bool

    def leave(self) -> tuple[list[str], list[str]]:
        """Forget what a test has left here; what was heard that should not have been, and what the policy stopped."""
        violations: list[str] = []
        if self.javascript:
            violations = self.page.evaluate("window.violations ?? []")
            self.page.evaluate("try { localStorage.clear(); sessionStorage.clear() } catch {}")
        heard = list(self.watched.noise)
        self.page.mouse.move(0, 0)
        self.page.goto("about:blank")
        self.context.clear_cookies()
        self.watched.noise.clear()
        return heard, violations


class Chromium:
    """The browser that all tests of this folder share: started for who asks first, and again after it was closed.

    Chromium starts a process for every new profile, which takes longer than most of what is tested: tabs are kept.
    """

    def __init__(self) -> None:
        self._open = ExitStack()
        self._browser: Browser | None = None
        self._idle: list[Tab] = []  # what was used last is at the end

    def get(self) -> Browser:
        if self._browser is None:
            playwright = self._open.enter_context(sync_playwright())
            self._browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
            self._open.callback(self._browser.close)
        return self._browser

    def tab(self, site: str, *, javascript: bool, **options: Any) -> Tab:
        made_for = (site, str(javascript), *(f"{name}={options[name]}" for name in sorted(options)))
        for number, tab in enumerate(self._idle):
            if tab.made_for == made_for:
                return self._idle.pop(number)
        context = self.get().new_context(base_url=site, java_script_enabled=javascript, **options)
        context.set_default_timeout(PATIENCE_MS)
        if javascript:
            context.add_init_script(WATCH)
        page = context.new_page()
        watched = Watched(site)
        watched.watch(page)
        return Tab(made_for, context, page, watched, javascript)

    def keep(self, tab: Tab) -> None:
        self._idle.append(tab)
        for old in self._idle[:-MOST_IDLE_TABS]:
            old.context.close()
        del self._idle[:-MOST_IDLE_TABS]

    def close(self) -> None:
        self._browser = None
        self._idle.clear()
        self._open.close()


SHARED = Chromium()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(nextitem: pytest.Item | None) -> Iterator[None]:
    """Playwright keeps an event loop running in this thread as long as it is open, and tests of coroutines elsewhere
    need one of their own.
    """
    try:
        return (yield)
    finally:
        if nextitem is None or nextitem.path.parent != HERE:
            SHARED.close()


def pytest_sessionfinish() -> None:
    SHARED.close()  # where the run ended early, no test was the last


@pytest.fixture
def browser() -> Browser:
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine (Debian: apt-get install chromium)")
    return SHARED.get()


@pytest.fixture(scope="session")
def serve() -> Iterator[Callable[[Any], str]]:
    """Serve the pages over a source of data; the address. Everything is stopped at the end."""
    servers: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(source: Any) -> str:
        listener = socket.socket()
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(pages_app(source), log_level="warning", lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        servers.append((server, thread))
        return f"http://127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="session")
def site(serve: Callable[[Any], str]) -> str:
    """The pages over made-up data."""
    return serve(FakeSource())


@pytest.fixture
def new_page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Callable[..., Page]]:
    """A page that is watched; `new_page(site, width=390, javascript=False, color_scheme="dark")`."""
    opened: list[Tab] = []
    failed_before = request.session.testsfailed

    def new(
        site: str,
        *,
        width: int = 1440,
        javascript: bool = True,
        color_scheme: Literal["light", "dark"] = "light",
        **options: Any,
    ) -> Page:
        tab = SHARED.tab(site, javascript=javascript, **options)
        opened.append(tab)
        tab.page.set_viewport_size({"width": width, "height": 900})
        tab.page.emulate_media(color_scheme=color_scheme)
        return tab.page

    yield new
    for tab in opened:
        if request.session.testsfailed > failed_before:  # nobody knows what it has left behind
            tab.context.close()
            continue
        heard = tab.leave()
        SHARED.keep(tab)
        assert heard == ([], [])
