"""A plugin of pytest that tells which lines of the pages' scripts the browser ran: `make coverage-scripts`.

Chromium counts what it runs (the Profiler of its DevTools protocol), for every page that a test opens. All scripts are
served as one, in which a comment names the module that follows (assets.py): lines are told by their modules.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, CDPSession, Keyboard, Locator, Page

from assay.collector.pages.assets import ASSETS

SCRIPT = ASSETS.files["assay.js"].content.decode()
Ranges = Iterable[Mapping[str, int]]


class Counted:
    """Which characters of the script ran, over all pages."""

    def __init__(self) -> None:
        self.ran = bytearray(len(SCRIPT))
        self._sessions: dict[Page, CDPSession] = {}

    def start(self, page: Page) -> None:
        session = page.context.new_cdp_session(page)
        session.send("Profiler.enable")
        session.send("Profiler.startPreciseCoverage", {"callCount": False, "detailed": True})
        self._sessions[page] = session

    def take(self) -> None:
        """What ran since it was last asked."""
        for page, session in list(self._sessions.items()):
            if page.is_closed():
                del self._sessions[page]
                continue
            for script in session.send("Profiler.takePreciseCoverage")["result"]:
                if script["url"].endswith("/assay.js"):
                    self.add(function["ranges"] for function in script["functions"])

    def add(self, functions: Iterable[Ranges]) -> None:
        """One page's: ranges that lie in others say more than those."""
        here = bytearray(len(SCRIPT))
        ranges = [one for function in functions for one in function]
        for one in sorted(ranges, key=lambda one: (one["startOffset"], -one["endOffset"])):
            start, end = one["startOffset"], min(one["endOffset"], len(SCRIPT))
            here[start:end] = bytes([min(one["count"], 1)]) * (end - start)
        self.ran = bytearray(map(int.__or__, self.ran, here))


def lines_of_modules(ran: bytes) -> dict[str, tuple[int, list[str]]]:
    """For each module how many lines of code it has, and those that never ran."""
    found: dict[str, tuple[int, list[str]]] = defaultdict(lambda: (0, []))
    module, at = "", 0
    for line in SCRIPT.splitlines(keepends=True):
        code = line.strip()
        if code.startswith("// ") and code.endswith(".js"):
            module = code.removeprefix("// ")
        elif code and not code.startswith(("//", "/*", "*")) and code.strip("{}()[];,") != "":
            count, missed = found[module]
            begins = at + len(line) - len(line.lstrip())
            found[module] = (count + 1, missed if ran[begins] else [*missed, code])
        at += len(line)
    return dict(found)


COUNTED = Counted()


# What may lead to another page, where the scripts of this one are soon forgotten
LEADING = ((Page, "goto"), (Page, "reload"), (Keyboard, "press"), (Locator, "click"), (Locator, "press"))


def pytest_configure() -> None:
    plain = Browser.new_context

    def new_context(browser: Browser, **options: Any) -> BrowserContext:
        context = plain(browser, **options)
        if options.get("java_script_enabled", True):
            context.on("page", COUNTED.start)
        return context

    Browser.new_context = new_context  # type: ignore[method-assign,assignment]
    for of, name in LEADING:
        setattr(of, name, _counted_before(getattr(of, name)))


def _counted_before(method: Callable[..., Any]) -> Callable[..., Any]:
    def counted(*given: Any, **options: Any) -> Any:
        COUNTED.take()
        return method(*given, **options)

    return counted


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    modules = lines_of_modules(COUNTED.ran)
    for name, (count, missed) in sorted(modules.items(), key=lambda one: len(one[1][1]), reverse=True):
        terminalreporter.write_line(f"{name:20} {count - len(missed):4} of {count:4} lines ran")
        for line in missed:
            terminalreporter.write_line(f"    {line[:110]}")
    total, missed_lines = (sum(part) for part in zip(*((n, len(m)) for n, m in modules.values()), strict=True))
    terminalreporter.write_line(f"{1 - missed_lines / total:.1%} of {total} lines of the scripts ran")
