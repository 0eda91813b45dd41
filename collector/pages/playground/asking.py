"""Columns as they are sent to be asked: includes put in, and linked to the prompt version that they are. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.collector.pages.playground.origins import of_version
from assay.collector.pages.playground.sheet import Column, Sheet, is_written, parsed_json
from assay.collector.pages.source import Row
from assay.errors import InvalidRequest, PromptNotFound
from assay.prompts.composition import Included, resolve
from assay.prompts.reference import Reference

Versions = Callable[[str], list[Row]]  # of a prompt, newest first; raises NotFound


def find(versions: Versions, written: str) -> Row:
    """The version that `name`, `name@3` or `name@production` means.

    Raises:
        PromptNotFound: there is none.
    """
    name, _, which = written.rpartition("@") if "@" in written else (written, "", "")
    return _version(versions(name.strip()), name, int(which) if which.isdigit() else which or "latest")


def column_params(column: Column, versions: Versions) -> dict[str, Any]:
    """The column as evaluation/playground/request.py reads it.

    Raises:
        InvalidRequest: it names no model, or what should be JSON is none.
        TemplateError: a template cannot be read, or something that it includes is not there.
    """
    if not column.model:
        raise InvalidRequest("No model is named.", hint="Write one as LiteLLM names it, or echo/last to try it out.")
    tools = parsed_json(column.tools, "Tools", list)
    return {
        "template": _whole(column, versions),
        "format": column.format,
        "model": column.model,
        "parameters": column.parameters(),
        "tools": tools,
        "response_format": parsed_json(column.schema, "Response format", dict),
        "prompt": _link(column, versions),
    }


def run_params(sheet: Sheet, number: int, versions: Versions) -> dict[str, Any]:
    """One column with the values of the variables. Raises as `column_params`."""
    return {"column": column_params(sheet.columns[number - 1], versions), "variables": sheet.values()}


def label(column: Column) -> str:
    """What an experiment of this column is called: names differ where prompts or models do."""
    return f"{column.prompt or 'draft'}, {column.model}"[:200]


def labels(columns: Sequence[Column]) -> list[str]:
    """One for each column, all of them different."""
    named = [label(column) for column in columns]
    return [f"{name} ({number})" if named.count(name) > 1 else name for number, name in enumerate(named, 1)]


def _whole(column: Column, versions: Versions) -> str | list[dict[str, Any]]:
    def lookup(reference: Reference) -> Included:
        row = _version(versions(reference.name), reference.name, reference.version)
        template, format = row["template"], row.get("format") or "simple"
        return Included(name=row["name"], version=row["version"], template=template, format=format)

    template = column.template()
    if isinstance(template, str):
        return resolve(template, lookup, format=column.format)[0]
    whole: list[dict[str, Any]] = []
    for written, group in itertools.groupby(template, key=is_written):
        messages = list(group)
        resolved = resolve(messages, lookup, format=column.format)[0] if written else messages
        whole += [dict(message) for message in resolved if isinstance(message, Mapping)]
    return whole


def _link(column: Column, versions: Versions) -> dict[str, Any] | None:
    """The version whose messages these are, unchanged."""
    if not column.prompt:
        return None
    try:
        version = find(versions, column.prompt)
    except PromptNotFound:
        return None
    same = of_version(version)
    if (same.messages, same.format) != (column.messages, column.format):
        return None
    return {"name": version["name"], "version": version["version"]}


def _version(rows: Sequence[Row], name: str, which: int | str) -> Row:
    if which == "latest" and rows:
        return rows[0]
    for row in rows:
        if row["version"] == which or which in row["aliases"]:
            return row
    raise PromptNotFound(f"Prompt {name!r} has no version {which!r}.", hint="Its page lists the versions it has.")
