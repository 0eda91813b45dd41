"""Strings that try to be more than text, and a source of pages that has one in every field."""

from __future__ import annotations

import copy
from typing import Any

from assay.collector.pages import urls
from assay.errors import InvalidRequest
from support.page_data import BASE_ID, OTHER_ID, PROJECT, FakeSource, score, support_trace

PICTURE = "iVBORw0KGgoAAAAA"  # base64 of what begins like a picture
MARK = "pwned"  # what every string would leave behind if it ran: an element, an attribute or a global of this name
STRINGS = (
    "<script>window.pwned=1</script>",
    '"><img src=x onerror=window.pwned=1>',
    "' onmouseover=window.pwned=1 x='",
    "</title></textarea></style></svg><script>window.pwned=1</script>",
    "javascript:window.pwned=1",
    "[x](javascript:window.pwned=1) ![x](https://pwned.example/x.png) <https://ok.example>",
    "<svg onload=window.pwned=1><pwned></svg>",
    "{{7*7}}{% raw %}${pwned}<%= pwned %>",
    "data:text/html,<script>window.pwned=1</script>",
    "\u202e\u2028\u2029\x00\x1b[31m\U0001f600<pwned>",
)
ADDRESSES = [string for string in STRINGS if string.startswith(("javascript:", "data:"))]  # harm where they come first
# Ids and times are made by the collector, and `type` chooses how a part of a message is shown.
_KEPT = {
    *("project", "trace_id", "span_id", "parent_span_id", "id", "baseline_id", "hash", "status", "type"),
    *("start_time", "end_time", "created_at", "updated_at", "finished_at", "started_at", "stopped_at", "moved_at"),
    *("ends_at", "at", "from", "to", "first", "last", "time", "bucket"),
}
_WRITTEN_IN_ROWS = ("input", "expected", "output", "error", "error_type")


def all_beginning_with(string: str) -> str:
    """All strings as one text, this one first: some would only work there, and long texts are cut in lists."""
    first = STRINGS.index(string)
    return " ".join(STRINGS[first:] + STRINGS[:first])


def poison(value: Any, string: str) -> Any:
    """`value` with `string` in place of every text, except where the collector itself writes."""
    if isinstance(value, str):
        return string
    if isinstance(value, list):
        return [poison(one, string) for one in value]
    if isinstance(value, dict):
        return {key: one if key in _KEPT else poison(one, string) for key, one in value.items()}
    return value


class HostileSource(FakeSource):
    """Every page of it shows `string` wherever a sender, a user or a model could have written it."""

    def __init__(self, string: str) -> None:
        traces = [support_trace("0" * 32), support_trace("1" * 32, fails=True)]
        super().__init__({PROJECT: [_hostile_trace(trace, string) for trace in traces], string: []})
        versions = [_hostile_version(version, string) for version in self.prompt_objects["qa"]]
        self.prompt_objects = {string: versions, "qa": copy.deepcopy(versions)}
        self.experiment_objects = [_hostile_experiment(one, string) for one in self.experiment_objects]
        self.rows = {
            identity: [_hostile_row(row, number, string) for number, row in enumerate(rows[:8])]
            for identity, rows in self.rows.items()
        }
        self.moves = poison(self.moves, string)
        self.alias_objects = poison(self.alias_objects, string)
        came_of_it = poison(self.lineages[2], string)
        for one in came_of_it["scores"]:
            one["labels"] = {string: 1}
        self.lineages = {1: came_of_it, 3: came_of_it}
        self.reports = {
            key: _hostile_report(one, string)
            for key, one in zip((string, "qa-skewed", "qa-welcome"), self.reports.values(), strict=True)
        }
        self.desk.refusal = InvalidRequest(string, hint=string)
        self.string = string

    def trace(self, trace_id: str, project: str | None = None) -> dict[str, Any]:
        trace = super().trace(trace_id, project)
        text = self.string
        of_span = {"span_id": trace["spans"][0]["span_id"]}
        trace["scores"] = [
            score(trace, text, text, explanation=text, author=text),
            score(trace, text, text, explanation=text, author=text, **of_span),
            score(trace, text, None, error=text, **of_span),
        ]
        return trace


def _hostile_trace(trace: dict[str, Any], string: str) -> dict[str, Any]:
    hostile: dict[str, Any] = poison(trace, string)
    hostile["scores"] = {string: string, "plain": True}
    for span in hostile["spans"]:
        span["attributes"] = {string: string, "json": {string: [string]}, "input.value": string}
        span["resource"] = {string: string}
        exception = {"exception.type": string, "exception.message": string, "exception.stacktrace": string}
        span["events"] += [
            {"name": string, "time_unix_nano": string, "attributes": {string: string}},
            {"name": "exception", "attributes": exception},
        ]
        parts = [
            {"type": "uri", "modality": string, "uri": string},
            {"type": string, string: string},
            {"type": "reasoning", "content": string},
            {"type": "blob", "mime_type": string, "content": string},
            {"type": "blob", "mime_type": string, "content": PICTURE},
            {"type": "tool_call", "id": string, "name": string, "arguments": {string: [string]}},
            {
                "type": "tool_call_response",
                "id": string,
                "name": string,
                "response": {string: string},
                "is_error": True,
            },
        ]
        asked = {"role": string, "name": string, "parts": parts}
        answer = {"role": "assistant", "parts": [{"type": "text", "content": string}], "finish_reason": string}
        span["input_messages"] = [*(span["input_messages"] or []), asked]
        span["output_messages"] = [answer]
        span["documents"] = [{"id": string, "content": string, "score": string, "metadata": {string: string}}]
    return hostile


def _hostile_version(version: dict[str, Any], string: str) -> dict[str, Any]:
    data: dict[str, Any] = {"config": {string: string}, "tags": {string: string}, "response_format": {string: string}}
    data |= {"tools": [{string: string}], "placeholders": [string], "includes": [{"name": string, "reference": string}]}
    return {**poison(version, string), **data, "type": version["type"], "format": "simple", "variables": [string]}


def _hostile_report(report: dict[str, Any], string: str) -> dict[str, Any]:
    """Names of arms and metrics are keys, which `poison` leaves: they are checked where a test is declared."""
    hostile: dict[str, Any] = poison(report, string)
    for number, (arm, declared) in enumerate(zip(hostile["arms"], report["arms"], strict=True)):
        arm["arm"] = declared["arm"]
        arm["metrics"] = {f"{string}{number}": one for number, one in enumerate(arm["metrics"].values())}
    hostile["test"] |= {"baseline": "control", "primary": string}
    for effect, known in zip(hostile["effects"], report["effects"], strict=True):
        effect |= {"metric": known["metric"] if effect is hostile["effects"][0] else string, "role": known["role"]}
    return hostile


def _hostile_experiment(experiment: dict[str, Any], string: str) -> dict[str, Any]:
    written = poison({key: experiment[key] for key in ("name", "config", "dataset", "scorers")}, string)
    in_summary = {"scorer": string, "method": string, "counts": {string: 1}, "reason": string}
    summary = [
        {**row, **in_summary, "scorer": f"{string}{number}", "artifact": _hostile_artifact(row["artifact"], string)}
        for number, row in enumerate(experiment["summary"])
    ]
    return {**experiment, **written, "tags": {string: string}, "error": string, "summary": summary}


def _hostile_artifact(artifact: dict[str, Any] | None, string: str) -> dict[str, Any] | None:
    return artifact and {**poison(artifact, string), "kind": artifact["kind"]}


def _hostile_row(row: dict[str, Any], number: int, string: str) -> dict[str, Any]:
    scores = [
        {**one, "name": f"{string}{index}", "explanation": string, "error": string}
        for index, one in enumerate(row["scores"])
    ]
    written = poison({key: row[key] for key in _WRITTEN_IN_ROWS}, string)
    return {**row, **written, "item_id": f"{string}{number}", "scores": scores}


def every_page(string: str) -> list[str]:
    """Addresses of every kind of page, tab and fragment of a HostileSource."""
    tabs = ("messages", "io", "attributes", "events", "scores", "raw")
    pages = ["/", "/projects", urls.traces(PROJECT), urls.traces(PROJECT, q=string), urls.traces(string)]
    pages += _lists(string)
    for trace_id in ("0" * 32, "1" * 32):
        pages += [urls.trace(PROJECT, trace_id, span=f"{span:016x}", tab=tab) for span in (1, 3) for tab in tabs]
        pages += [urls.span_details(PROJECT, trace_id, f"{1:016x}", tab=tab) for tab in tabs]
        pages += [urls.trace(PROJECT, trace_id, view="chat"), urls.trace_scores(PROJECT, trace_id, span=f"{1:016x}")]
        views = ("timeline", "table", "json")
        pages += [urls.trace(PROJECT, trace_id, view=view, find=string, zoom=string, sort=string) for view in views]
        pages += [urls.trace(PROJECT, trace_id, find=string, zoom=string, q=string), *_parts_of_a_trace(trace_id)]
        refs = [trace_id, f"{trace_id}/{1:016x}", f"experiment:{BASE_ID}/{string}0", string]
        pages += [urls.send(PROJECT, "dataset", ref=refs[:3], next=string, dataset=string, expected="output")]
        pages += [urls.send(PROJECT, "dataset", ref=refs)]
    pages += [urls.session(PROJECT, string), urls.session(string, string)]
    pages += [urls.trace(PROJECT, string), urls.trace(PROJECT, "0" * 32, span=string, tab=string)]
    pages += [urls.prompts(PROJECT), urls.prompts(string), urls.evals(PROJECT), urls.evals(string)]
    for name in ("qa", string):
        pages += [urls.prompt(PROJECT, name, version) for version in (1, 3)]
        pages += [urls.prompt_diff(PROJECT, name, 1, 3), urls.prompt_diff(PROJECT, name, 2, 3)]
        pages += [
            urls.prompt_versions(PROJECT, name, alias=string, on="2026-11-05"),
            urls.prompt_edit(PROJECT, name, 3),
        ]
        pages += [urls.prompt_aliases(PROJECT, name, done=string)]
    pages += [urls.prompts(PROJECT, q=string), urls.ab_tests(PROJECT), urls.ab_tests(string)]
    pages += [urls.ab_test(PROJECT, name) for name in ("qa-skewed", "qa-welcome", string)]
    pages += [urls.playground(PROJECT, prompt=f"{name}@{version}") for name in ("qa", string) for version in (1, 3)]
    pages += [urls.playground(PROJECT, span=f"{'0' * 32}/{3:016x}", dataset=string), urls.playground(string)]
    pages += [urls.playground(PROJECT, prompt=string, beside=string), urls.playground_run(PROJECT, string)]
    pages += [urls.experiment(PROJECT, OTHER_ID), urls.experiment(PROJECT, OTHER_ID, only="error")]
    pages += [urls.experiment(PROJECT, string), urls.compare(PROJECT, BASE_ID, OTHER_ID)]
    pages += [
        urls.compare(PROJECT, BASE_ID, OTHER_ID, only=only, score=string) for only in ("worse", "changed", string)
    ]
    return [*pages, urls.with_query("/nothing", x=string)]


def _lists(string: str) -> list[str]:
    columns = f"name,input,scores,models,tags,user,scores.{string},metadata.{string},attributes.{string}"
    pages = [
        urls.traces(PROJECT, view=view, cols=cols) for view, cols in (("", columns), ("spans", ""), ("sessions", ""))
    ]
    pages += [urls.traces(PROJECT, figures="1", q="name = 'x'"), urls.traces(PROJECT, part="figures")]
    pages += [urls.traces(PROJECT, **{key: string}) for key in ("view", "from", "to", "cols", "sort", "after")]
    pages += [urls.traces(PROJECT, part="rows", after="1"), urls.traces(PROJECT, q=f"name = '{string}'", figures="1")]
    path = urls.traces(PROJECT)
    pages += [urls.with_query(f"{path}/complete", q=f"name = '{string}", at=len(string) + 8)]
    pages += [urls.with_query(f"{path}/delete", ref=["0" * 32, string], next=string)]
    return [*pages, urls.with_query(f"{path}/pair", ref=[string, "b"])]


def _parts_of_a_trace(trace_id: str) -> list[str]:
    """What its page links to and its script asks for."""
    return [f"{urls.span_details(PROJECT, trace_id, f'{1:016x}')}/json"]
