"""What happened in the time of a chart: releases, versions of prompts, aliases that were moved."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from assay.collector.pages import urls
from assay.collector.pages.charts.chart import Mark
from assay.collector.pages.charts.scale import moment_text
from assay.collector.pages.formats import one_line
from assay.collector.pages.traces.filters import equals

LONGEST_LABEL = 24


def marks_of(project: str, changes: Iterable[Mapping[str, Any]]) -> list[Mark]:
    """In the order of their time."""
    return sorted((_mark(project, change) for change in changes), key=lambda mark: mark.time_ns)


def _mark(project: str, change: Mapping[str, Any]) -> Mark:
    time = change["time"]
    if change.get("alias") is not None:
        label, said, href = _move(project, change)
    elif change.get("release") is not None:
        label, said = str(change["release"]), f"release {change['release']} first seen"
        href = urls.traces(project, q=equals("release", str(change["release"])))
    else:
        label = f"{change['prompt_name']} v{change['prompt_version']}"
        said, href = f"prompt {label} first used", urls.prompt(project, change["prompt_name"], change["prompt_version"])
    return Mark(time_ns=time, label=one_line(label, LONGEST_LABEL), title=f"{moment_text(time)}: {said}", href=href)


def _move(project: str, move: Mapping[str, Any]) -> tuple[str, str, str]:
    target = "removed" if move["to_version"] is None else f"v{move['to_version']}"
    came = f" from v{move['from_version']}" if move["from_version"] is not None else ""
    label = f"{move['name']}@{move['alias']} {target}"
    said = f"{move['name']}@{move['alias']} moved to {target}{came}" if move["to_version"] else f"{label}{came}"
    return label, said, urls.prompt_aliases(project, move["name"])
