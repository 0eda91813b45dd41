"""Stack traces: the frames of the program's own code stay, runs of those of libraries fold. Pure.

Python, JavaScript and Java (and what runs on its machine) are told apart by the shape of their lines. Lines that are no
frames (the message, "Caused by:", "During handling of …") always stay.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

LONGEST = 200_000  # characters; what is longer is not looked into
_PYTHON = re.compile(r'^\s*(?:\||\+-*)?\s*File "(?P<where>[^"]*)", line \d+')
_JAVASCRIPT = re.compile(
    r"^\s*at (?:.*\()?(?P<where>(?:[\w+.-]+:)?[^()]*?)(?::\d+){1,2}\)?$|^\s*at .*\((?P<word>[^()]*)\)$"
)
_JAVA = re.compile(
    r"^\s*at (?:[\w.-]+(?:@[\w.-]+)?/+)?(?P<where>[\w.$]+)\.[\w$<>]+"
    r"\((?:[\w$-]+\.\w+(?::\d+)?|Native Method|Unknown Source)\)"
)
_JAVA_MORE = re.compile(r"^\s*\.\.\. \d+ (?:more|common frames omitted)")
_LIBRARY_PATHS = re.compile(
    r"site-packages|dist-packages|[/\\]lib[/\\]python\d|[/\\]Python\d+[/\\]lib[/\\]|^<frozen "
    r"|node_modules|^node:|^internal/|^native$|^<anonymous>$|^<__array_function__ internals>|[/\\]\.cargo[/\\]",
    re.IGNORECASE,
)
# The files of assay that call the program's functions. Installed from a checkout they are not in site-packages.
_WRAPPER_PATHS = re.compile(
    r"(?:^|[/\\])(?:tracing[/\\](?:decorator|streams|tell|inherited|autolog[/\\]\w+)"
    r"|evaluation[/\\](?:row|run_scorers|threads|own_thread))\.py$"
)
_LIBRARY_PACKAGES = re.compile(
    r"^(?:java|javax|jakarta|jdk|sun|com\.sun|com\.google\.common|kotlin|kotlinx|scala|groovy|clojure|akka|reactor|rx|okhttp3|retrofit2"
    r"|org\.(?:springframework|apache|eclipse|hibernate|junit|jboss|slf4j|gradle|glassfish|codehaus|aspectj|reactivestreams)"
    r"|io\.(?:netty|reactivex|grpc|micronaut|quarkus|vertx|ktor|opentelemetry|projectreactor)|ch\.qos|dev\.langchain4j"
    r"|com\.(?:fasterxml|zaxxer|mysql|netflix|squareup|intellij))\."
)


@dataclass(frozen=True, slots=True)
class Section:
    """Lines that belong together. `frames` counts those of libraries; 0: the program's own, or no frames at all."""

    text: str
    frames: int = 0

    @property
    def is_folded(self) -> bool:
        return self.frames > 0


def sections_of(stack: str) -> list[Section]:
    """The trace in order, whole. Where every frame is a library's, nothing is folded: there is nothing else to read."""
    if len(stack) > LONGEST:
        return [Section(stack)]
    frames = list(_frames(stack.split("\n")))
    if not any(is_library is False for _, is_library in frames):
        return [Section(stack)] if stack else []
    made: list[Section] = []
    lines: list[str] = []
    count = 0
    for text, is_library in frames:
        if bool(is_library) is not bool(count) and lines:
            made.append(Section("\n".join(lines), count))
            lines, count = [], 0
        lines.append(text)
        count += bool(is_library)
    return [*made, Section("\n".join(lines), count)]


def _frames(lines: list[str]) -> Iterator[tuple[str, bool | None]]:
    """Each frame with the lines of code below it, and whether it is a library's; None: no frame."""
    place = 0
    while place < len(lines):
        line = lines[place]
        place += 1
        verdict = next((verdict for read in _READERS if (verdict := read(line)) is not None), None)
        if verdict is not None and _PYTHON.match(line):
            begin = place
            while place < len(lines) and _is_code(lines[place], line):
                place += 1
            line = "\n".join([line, *lines[begin:place]])
        yield line, verdict


def _is_code(line: str, frame: str) -> bool:
    """Whether a line belongs to the Python frame before it: the code, and the marks below it."""
    return bool(line.strip(" |")) and _indent(line) > _indent(frame) and not _PYTHON.match(line)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" |"))


def _python(line: str) -> bool | None:
    found = _PYTHON.match(line)
    if found is None:
        return None
    return any(paths.search(found["where"]) for paths in (_LIBRARY_PATHS, _WRAPPER_PATHS))


def _java(line: str) -> bool | None:
    if _JAVA_MORE.match(line):
        return True
    found = _JAVA.match(line)
    return None if found is None else bool(_LIBRARY_PACKAGES.match(found["where"]))


def _javascript(line: str) -> bool | None:
    found = _JAVASCRIPT.match(line)
    return None if found is None else bool(_LIBRARY_PATHS.search(found["where"] or found["word"] or ""))


_READERS: tuple[Callable[[str], bool | None], ...] = (_python, _java, _javascript)
