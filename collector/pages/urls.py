"""Addresses of the pages. Everything that can be seen is in the URL."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from assay.collector.registry.names import RESERVED_PARTS
from assay.collector.segments import name_of as name_of
from assay.collector.segments import segment as segment


def with_query(path: str, /, **query: Any) -> str:
    """`path` with the given query parameters, a list as one for each of it; None and "" are left out."""
    given = {key: value for key, value in query.items() if value not in (None, "")}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def project(project: str) -> str:
    return f"/p/{segment(project)}"


def traces(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/traces", **query)


def sessions(project_name: str, /, **query: Any) -> str:
    return traces(project_name, view="sessions", **query)


def session(project_name: str, session_id: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/sessions/{segment(session_id)}", **query)


def events(project_name: str, /, **query: Any) -> str:
    """What a page hears of while it is open."""
    return with_query(f"{project(project_name)}/events", **query)


def trace(project_name: str, trace_id: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/traces/{segment(trace_id)}", **query)


def span_details(project_name: str, trace_id: str, span_id: str, /, **query: Any) -> str:
    """The details of one span without the page around them: what the tree fetches when a span is selected."""
    return with_query(f"{trace(project_name, trace_id)}/spans/{segment(span_id)}", **query)


def span_json(project_name: str, trace_id: str, span_id: str, /) -> str:
    return f"{span_details(project_name, trace_id, span_id)}.json"


def span_files(project_name: str, trace_id: str, span_id: str, /) -> str:
    """Below it are the files that were sent along in the messages of a span, named by their content."""
    return f"{span_details(project_name, trace_id, span_id)}/files"


def trace_scores(project_name: str, trace_id: str, /, **query: Any) -> str:
    return with_query(f"{trace(project_name, trace_id)}/scores", **query)


def send(project_name: str, where: str, /, **query: Any) -> str:
    """Send traces, spans or rows to a "dataset" or a "review" queue; `ref` may be one or a list of them."""
    return with_query(f"{project(project_name)}/send/{where}", **query)


def search(**query: Any) -> str:
    return with_query("/search", **query)


def dashboards(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/dashboards", **query)


def dashboard(project_name: str, name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/dashboards/{segment(name)}", **query)


def dashboard_chart(project_name: str, name: str, key: str, kind: str, /, **query: Any) -> str:
    """One chart as a file: `csv`, `svg` or `json`."""
    return with_query(f"{dashboard(project_name, name)}/charts/{key}.{kind}", **query)


def dashboard_edit(project_name: str, name: str, /) -> str:
    return f"{dashboard(project_name, name)}/edit"


def compare_traces(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/traces/compare", **query)


def prompts(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/prompts", **query)


def prompt(project_name: str, name: str, version: int | None = None, /) -> str:
    path = f"{prompts(project_name)}/{_prompt_path(name)}"
    return path if version is None else f"{path}/v/{version}"


def _prompt_path(name: str) -> str:
    """Routes of prompts take names of several parts, so "/" stays; but not in what no prompt can be called."""
    parts = name.split("/")
    plain = all(parts) and not RESERVED_PARTS.intersection(parts)
    return "/".join(map(segment, parts)) if plain else segment(name)


def prompt_diff(project_name: str, name: str, old: int, new: int, /) -> str:
    return f"{prompt(project_name, name)}/diff/{old}..{new}"


def prompt_edit(project_name: str, name: str, version: int, /) -> str:
    return f"{prompt(project_name, name, version)}/edit"


def prompt_versions(project_name: str, name: str, /, **query: Any) -> str:
    return with_query(f"{prompt(project_name, name)}/versions", **query)


def prompt_aliases(project_name: str, name: str, /, **query: Any) -> str:
    return with_query(f"{prompt(project_name, name)}/aliases", **query)


def ab_tests(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/ab", **query)


def ab_test(project_name: str, name: str, /, **query: Any) -> str:
    return with_query(f"{ab_tests(project_name)}/{segment(name)}", **query)


def datasets(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/datasets", **query)


def dataset(project_name: str, name: str, /, **query: Any) -> str:
    return with_query(f"{datasets(project_name)}/{segment(name)}", **query)


def dataset_item(project_name: str, name: str, item_id: str, /, **query: Any) -> str:
    return with_query(f"{dataset(project_name, name)}/items/{segment(item_id)}", **query)


def dataset_diff(project_name: str, name: str, old: int, new: int, /) -> str:
    return f"{dataset(project_name, name)}/diff/{old}..{new}"


def evals(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/evals", **query)


def experiment(project_name: str, experiment_id: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/evals/{segment(experiment_id)}", **query)


def compare(project_name: str, base: str, other: str, /, **query: Any) -> str:
    path = f"{project(project_name)}/evals/compare"
    return with_query(path, base=base, **{"with": other}, **query)


def reviews(project_name: str, /, **query: Any) -> str:
    return with_query(f"{project(project_name)}/review", **query)


def review_new(project_name: str, /, **query: Any) -> str:
    return with_query(f"{reviews(project_name)}/new", **query)


def review_queue(project_name: str, name: str, /, **query: Any) -> str:
    return with_query(f"{reviews(project_name)}/{segment(name)}", **query)


def review_item(project_name: str, name: str, position: int, /, **query: Any) -> str:
    return with_query(f"{review_queue(project_name, name)}/{position}", **query)


def review_next(project_name: str, name: str, /, **query: Any) -> str:
    return with_query(f"{review_queue(project_name, name)}/next", **query)


def review_ahead(project_name: str, name: str, position: int, /) -> str:
    """The item after one that somebody looks at, without the page around it."""
    return f"{review_item(project_name, name, position)}/ahead"


def review_disagreements(project_name: str, name: str, /, **query: Any) -> str:
    return with_query(f"{review_queue(project_name, name)}/disagreements", **query)


def playground(project_name: str, /, **query: Any) -> str:
    """`prompt="qa@3"`, `span="TRACE/SPAN"`, `dataset="name"`: what it begins with; `beside`: of more columns."""
    beside = query.pop("beside", None)
    return with_query(f"{project(project_name)}/playground", **query, **({"with": beside} if beside else {}))


def playground_run(project_name: str, run_id: str, /, **query: Any) -> str:
    """Columns that run over a data set."""
    return with_query(f"{playground(project_name)}/runs/{segment(run_id)}", **query)
