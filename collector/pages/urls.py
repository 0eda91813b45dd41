"""Addresses of the pages. Everything that can be seen is in the URL.

A name (project, prompt) may hold any character, also "/". Servers and proxies decode "%2F" before they route, so a name
is escaped twice where that matters: `segment` turns "/" and "%" into text that survives one decoding, `name_of` undoes
it.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, urlencode


def segment(name: str) -> str:
    """`name` as one path segment that still is one after it was decoded on the way."""
    kept = name.replace("%", "%25").replace("/", "%2F")
    if kept in {".", ".."}:  # browsers resolve these, encoded or not
        kept = kept.replace(".", "%2E")
    return quote(kept, safe="")


def name_of(decoded_segment: str) -> str:
    """The name behind a path segment as the router hands it over, decoded once."""
    return unquote(decoded_segment)


def with_query(path: str, /, **query: Any) -> str:
    """`path` with the given query parameters; None and "" are left out."""
    given = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given)}" if given else path


def project(project: str) -> str:
    return f"/p/{segment(project)}"


def traces(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/traces", **query)


def trace(project_name: str, trace_id: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/traces/{segment(trace_id)}", **query)


def span_details(project_name: str, trace_id: str, span_id: str, /, **query: Any) -> str:
    """The details of one span without the page around them: what the tree fetches when a span is selected."""
    return with_query(f"{trace(project_name, trace_id)}/spans/{segment(span_id)}", **query)


def prompts(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/prompts", **query)


def prompt(project_name: str, name: str, version: int | None = None, /) -> str:
    path = f"{prompts(project_name)}/{segment(name)}"
    return path if version is None else f"{path}/v/{version}"


def prompt_diff(project_name: str, name: str, old: int, new: int, /) -> str:
    return f"{prompt(project_name, name)}/diff/{old}..{new}"


def evals(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/evals", **query)


def experiment(project_name: str, experiment_id: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/evals/{segment(experiment_id)}", **query)


def compare(project_name: str, base: str, other: str, /, **query: Any) -> str:
    path = f"{project(project_name)}/evals/compare"
    return with_query(path, base=base, **{"with": other}, **query)
