"""What a shell completes: names that the collector knows. Quick, and silent where there is no collector to ask.

Only a collector that already runs is asked: to press Tab starts nothing, and never waits for long.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

PATIENCE_S = 1.0
MOST = 100
# What a filter may begin a condition with; the rest of the language is told by the help and by its errors.
FIELDS = (
    *("status", "name", "kind", "duration_ms", "error_count", "span_count", "start_time", "input", "output"),
    *("total_tokens", "input_tokens", "output_tokens", "cost_usd", "models", "session_id", "user_id", "tags"),
    *(
        "environment",
        "release",
        "prompt_name",
        "prompt_version",
        "experiment_id",
        "metadata.",
        "attributes['",
        "scores.",
    ),
)

Completer = Callable[[Any, Sequence[str], str], list[str]]


def projects(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    """`--project`"""
    return _names(ask(ctx, "/projects", project=None), "name")


def prompts(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    return _names(ask(ctx, "/prompts"), "name")


def prompt_versions(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    """Numbers and aliases of the prompt that was named before."""
    name = ctx.params.get("name")
    if not name:
        return []
    versions = ask(ctx, f"/prompts/{quote(name, safe='')}/versions")
    aliases = [alias for row in versions for alias in row.get("aliases") or ()]
    return [*_names(versions, "version"), *dict.fromkeys(aliases), "latest"]


def datasets(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    return _names(ask(ctx, "/datasets"), "name")


def experiments(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    """Names, and ids where one is begun."""
    found = ask(ctx, "/experiments")
    return list(dict.fromkeys([*_names(found, "name"), *(_names(found, "id") if incomplete else ())]))


def ab_tests(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    return _names(ask(ctx, "/ab-tests"), "name")


def sessions(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    return _names(ask(ctx, "/sessions"), "session_id")


def traces(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    return _names(ask(ctx, "/traces"), "trace_id")


def filters(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
    """The field that is being written; what stands before it stays."""
    before, space, word = incomplete.rpartition(" ")
    return [f"{before}{space}{field}" for field in FIELDS if field.startswith(word)]


def one_of(*values: str) -> Completer:
    """A fixed choice."""

    def complete(ctx: Any, args: Sequence[str], incomplete: str) -> list[str]:
        return list(values)

    return complete


def ask(ctx: Any, path: str, **params: Any) -> list[dict[str, Any]]:
    """The first items of a list, as a person at a prompt would wait for them; none where nobody answers at once."""
    import httpx

    from assay.destination import find_destination, http_client
    from assay.errors import AssayError
    from assay.settings import load_settings

    given = {name: ctx.params.get(name) for name in ("project", "data_dir")}
    try:
        settings = load_settings(**{name: value for name, value in given.items() if value is not None})
        found = find_destination(settings, start=False)
        query = {"project": settings.project, "limit": MOST, **params}
        with http_client(found.url, timeout_s=PATIENCE_S) as http:
            answer = http.get(
                f"{found.url}/api/v1{path}",
                params={name: value for name, value in query.items() if value is not None},
                headers=found.headers,
            )
            items: list[dict[str, Any]] = answer.raise_for_status().json()["items"]
            return items
    except (AssayError, httpx.HTTPError, OSError, ValueError, KeyError, TypeError):
        return []  # whatever is wrong, the middle of a line that is being typed is no place to tell it


def _names(rows: Sequence[dict[str, Any]], field: str) -> list[str]:
    return [str(row[field]) for row in rows if row.get(field) is not None]
