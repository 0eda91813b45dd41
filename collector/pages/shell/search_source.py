"""Whatever has a name or an id, found by a part of it; and messages by the words in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from assay.collector.pages import urls
from assay.collector.pages.shell.sections import SECTIONS
from assay.collector.pages.source import Row, Source
from assay.collector.pages.traces.filters import contains
from assay.errors import NotFound

OF_A_KIND = 6
_TRACE_ID, _SPAN_ID = re.compile(r"[0-9a-f]{32}"), re.compile(r"([0-9a-f]{32})[/:.]([0-9a-f]{16})")


@dataclass(frozen=True, slots=True)
class Found:
    """`kind` is an icon of templates/ui.html."""

    kind: str
    what: str
    name: str
    url: str


def find(source: Source, project: str | None, typed: str) -> list[Found]:
    """What is called so, the most likely first; with nothing typed, the pages.

    Raises:
        NotFound: there is no such project.
    """
    typed = typed.strip()
    found = [*_by_id(source, typed)]
    if project is not None:
        found += _pages(project, typed)
        if typed:
            for search in (_prompts, _datasets, _experiments, _ab_tests):
                found += search(source, project, typed)
    found += [
        Found("overview", "Project", name, urls.traces(name)) for name in source.projects() if _holds(name, typed)
    ][:OF_A_KIND]
    if project is not None and typed:
        found.append(Found("search", "Messages with", f"“{typed}”", urls.search(q=typed, project=project)))
    return found


def messages_with(source: Source, project: str, typed: str, limit: int) -> list[Row]:
    """Traces whose name, input or output holds the text, newest first."""
    return source.traces(project, filter=contains(typed.strip()), limit=limit, cursor=None).items


def marked(text: str, typed: str, around: int = 120) -> list[tuple[bool, str]]:
    """The place of `text` that holds what was typed, cut out of it: runs of (is it that, text)."""
    at = text.lower().find(typed.lower())
    if at < 0:
        return [(False, text[: 2 * around])]
    start, end = max(0, at - around), at + len(typed)
    before = ("…" if start else "") + text[start:at]
    after = text[end : end + around] + ("…" if end + around < len(text) else "")
    return [(False, before), (True, text[at:end]), (False, after)]


def _by_id(source: Source, typed: str) -> Iterator[Found]:
    ids = typed.lower()
    span = _SPAN_ID.fullmatch(ids)
    if not span and not _TRACE_ID.fullmatch(ids):
        return
    trace_id = span[1] if span else ids
    try:
        project = source.project_of(trace_id)
    except NotFound:
        return
    yield Found("traces", "Trace", trace_id, urls.trace(project, trace_id, span=span[2] if span else None))


def _pages(project: str, typed: str) -> list[Found]:
    return [Found(one.key, "Page", one.label, one.url(project)) for one in SECTIONS if _holds(one.label, typed)]


def _prompts(source: Source, project: str, typed: str) -> list[Found]:
    rows = source.prompts(project, filter=typed, cursor=None).items[:OF_A_KIND]
    return [Found("prompts", "Prompt", row["name"], urls.prompt(project, row["name"])) for row in rows]


def _datasets(source: Source, project: str, typed: str) -> list[Found]:
    rows = source.datasets(project, filter=typed, cursor=None).items[:OF_A_KIND]
    return [Found("datasets", "Data set", row["name"], urls.dataset(project, row["name"])) for row in rows]


def _experiments(source: Source, project: str, typed: str) -> list[Found]:
    rows = _named(source.experiments(project, cursor=None).items, typed, lambda row: (row["name"], row["id"]))
    return [Found("evals", "Evaluation", row["name"] or row["id"], urls.experiment(project, row["id"])) for row in rows]


def _ab_tests(source: Source, project: str, typed: str) -> list[Found]:
    rows = _named(source.ab_tests(project, cursor=None).items, typed, lambda row: (row["name"],))
    return [Found("ab", "A/B test", row["name"], urls.ab_test(project, row["name"])) for row in rows]


def _named(rows: list[Row], typed: str, names: Callable[[Row], tuple[str | None, ...]]) -> list[Row]:
    return [row for row in rows if any(_holds(name or "", typed) for name in names(row))][:OF_A_KIND]


def _holds(name: str, typed: str) -> bool:
    return typed.lower() in name.lower()
