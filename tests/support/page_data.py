"""A source of made-up data for the pages, in the shapes of the API: a support assistant, prompts, experiments."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from assay.collector.pages.formats import nanoseconds
from assay.collector.pages.source import Row, Rows
from assay.errors import (
    AbTestNotFound,
    AssayError,
    ExperimentNotFound,
    InvalidRequest,
    NotFound,
    PromptNotFound,
    TraceNotFound,
)
from assay.evaluation.summary import summarise_rows
from support.ab_page_data import ab_reports
from support.page_times import BASE_ID, OTHER_ID, PROJECT, moment
from support.prompt_page_data import alias_moves, aliases, lineage, prompt_summary, prompt_versions, unused
from support.run_figures import run_figures

QUESTIONS = (
    ("How do I reset my password?", "Open Settings, choose Security, then Reset password."),
    ("Can I get a refund after 30 days?", "Refunds are possible within 14 days of purchase."),
    ("Which countries do you ship to?", "We ship to the EU, Norway and Switzerland."),
    ("How do I export my invoices?", "Billing has a button that exports all invoices as PDF."),
    ("Is there a student discount?", "Students get 40 % off with a valid university address."),
)

# Fields of a span that most spans do not have
EMPTY = (
    *("parent_span_id", "kind", "operation", "status_message", "environment", "release", "session_id", "user_id"),
    *("tags", "metadata", "provider", "request_model", "response_model", "finish_reasons", "model_parameters"),
    *("input_messages", "output_messages", "tools", "input", "output", "documents", "tool_name", "tool_call_names"),
    *("input_tokens", "output_tokens", "total_tokens", "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"),
    *("cost_usd", "prompt_name", "prompt_version", "ab_test", "ab_arm", "experiment_id", "item_id"),
)


IN_OUTLINE = ("span_id", "parent_span_id", "name", "kind", "status", "duration_ms", "total_tokens", "cost_usd")


def span(trace_id: str, number: int, **fields: Any) -> Row:
    """A span with every field of the API; `start_ms` and `duration_ms` place it in time."""
    start = timedelta(milliseconds=fields.pop("start_ms", 0))
    length = fields.pop("duration_ms", 10.0)
    return {
        "project": PROJECT,
        "trace_id": trace_id,
        "span_id": f"{number:016x}",
        **dict.fromkeys(EMPTY),
        "name": f"span {number}",
        "dialect": "otel-genai",
        "status": "ok",
        "service_name": PROJECT,
        "start_time": moment(start),
        "end_time": moment(start + timedelta(milliseconds=length)),
        "duration_ms": length,
        "attributes": {},
        "resource": {"service.name": PROJECT},
        "events": [],
        "links": [],
        **fields,
    }


def text(role: str, content: str, **more: Any) -> Row:
    return {"role": role, "parts": [{"type": "text", "content": content}], **more}


def support_trace(trace_id: str, number: int = 0, *, fails: bool = False) -> Row:
    """A question answered with a search, a tool call and two model calls; or one whose model call fails."""
    question, answer = QUESTIONS[number % len(QUESTIONS)]
    system = text(
        "system",
        "You are a support assistant. Answer briefly, from the articles given, and say so when they do not hold the "
        "answer.\n\nArticles:\n1. " + answer + "\n2. Orders can be changed until they are packed.",
    )
    call = {
        "type": "tool_call",
        "id": "call_1",
        "name": "order_status",
        "arguments": {"order": "A-1042", "verbose": True},
    }
    result = {"type": "tool_call_response", "id": "call_1", "response": {"status": "shipped", "eta_days": 2}}
    root = span(trace_id, 1, name="answer", kind="chain", duration_ms=2480.0, input=question, output=answer)
    root["attributes"] = {
        "input.value": f'{{"question": "{question}"}}',
        "output.value": answer,
        "openinference.span.kind": "CHAIN",
        "http.route": "/ask",
        "retries": 0,
    }
    search = span(trace_id, 2, parent_span_id=root["span_id"], name="search_articles", kind="retriever", start_ms=4)
    search |= {
        "duration_ms": 312.0,
        "end_time": moment(timedelta(milliseconds=316)),
        "input": question,
        "output": answer,
    }
    search["documents"] = [
        {"id": "kb/security.md", "content": answer, "score": 0.91, "metadata": {}},
        {
            "id": "kb/orders.md",
            "content": "Orders can be changed until they are packed.",
            "score": 0.42,
            "metadata": {},
        },
    ]
    model = {"provider": "openai", "request_model": "gpt-4o-mini", "response_model": "gpt-4o-mini-2024-07-18"}
    first = span(
        trace_id,
        3,
        parent_span_id=root["span_id"],
        name="chat gpt-4o-mini",
        kind="llm",
        start_ms=320,
        duration_ms=820.0,
    )
    first |= {**model, "input_tokens": 412, "output_tokens": 24, "total_tokens": 436, "cost_usd": 0.0000762}
    first |= {"input": question, "input_messages": [system, text("user", question)]}
    first |= {"output_messages": [{"role": "assistant", "parts": [call], "finish_reason": "tool_calls"}]}
    first |= {"finish_reasons": ["tool_calls"], "output": 'order_status({"order": "A-1042"})'}
    tool = span(
        trace_id, 4, parent_span_id=root["span_id"], name="order_status", kind="tool", start_ms=1150, duration_ms=95.0
    )
    tool |= {"input": '{"order": "A-1042", "verbose": true}', "output": '{"status": "shipped", "eta_days": 2}'}
    second = span(
        trace_id,
        5,
        parent_span_id=root["span_id"],
        name="chat gpt-4o-mini",
        kind="llm",
        start_ms=1255,
        duration_ms=1210.0,
    )
    second |= {**model, "input_tokens": 468, "output_tokens": 61, "total_tokens": 529, "cost_usd": 0.0001068}
    second |= {"cache_read_tokens": 256, "prompt_name": "qa", "prompt_version": 2, "finish_reasons": ["stop"]}
    second |= {"input": question, "output": answer}
    second["input_messages"] = [
        system,
        text("user", question),
        {"role": "assistant", "parts": [call]},
        {"role": "tool", "parts": [result]},
    ]
    markdown = f"**Short answer:** {answer}\n\n- Your order *A-1042* has shipped\n- It arrives in `2` days\n\nSee [the help](https://example.com/help)."
    second["output_messages"] = [text("assistant", markdown, finish_reason="stop")]
    second["attributes"] = {
        "gen_ai.request.temperature": 0.2,
        "gen_ai.operation.name": "chat",
        "server.address": "api.openai.com",
    }
    spans = [root, search, first, tool, second]
    if fails:
        spans = spans[:3]
        first |= {"status": "error", "status_message": "Rate limit reached", "output_messages": None, "output": None}
        first |= {"output_tokens": None, "total_tokens": None, "cost_usd": None}
        stack = (
            'Traceback (most recent call last):\n  File "support.py", line 41, in answer\n'
            "    reply = client.chat.completions.create(**request)\nopenai.RateLimitError: Rate limit reached"
        )
        exception = {
            "exception.type": "openai.RateLimitError",
            "exception.message": "Rate limit reached",
            "exception.stacktrace": stack,
        }
        time = int(datetime.fromisoformat(first["end_time"][:26] + "Z").timestamp() * 1e9)
        first["events"] = [{"name": "exception", "time_unix_nano": time, "attributes": exception}]
        root |= {"status": "error", "status_message": "Rate limit reached", "output": None, "duration_ms": 1145.0}
        root["end_time"] = moment(timedelta(milliseconds=1145))
    return trace_of(spans, session_id="s-118", user_id="u-7", tags=["beta", "web"])


def trace_of(spans: list[Row], **fields: Any) -> Row:
    """The trace row over `spans`, as the store makes it; the first one is the root."""
    root = spans[0]
    return {
        "project": root["project"],
        "trace_id": root["trace_id"],
        "name": root["name"],
        "input": root["input"],
        "output": root["output"],
        "status": root["status"],
        "status_message": root["status_message"],
        "kind": root["kind"],
        "start_time": root["start_time"],
        "end_time": root["end_time"],
        "duration_ms": root["duration_ms"],
        "span_count": len(spans),
        "error_count": sum(one["status"] == "error" for one in spans),
        **{name: _total(spans, name) for name in ("input_tokens", "output_tokens", "total_tokens", "cost_usd")},
        **{name: _total(spans, name) for name in ("cache_read_tokens", "cache_write_tokens", "reasoning_tokens")},
        "models": sorted({one["response_model"] for one in spans if one["response_model"]}),
        "session_id": None,
        "user_id": None,
        "tags": [],
        "metadata": None,
        "prompt_name": next((one["prompt_name"] for one in spans if one["prompt_name"]), None),
        "prompt_version": next((one["prompt_version"] for one in spans if one["prompt_version"]), None),
        "experiment_id": None,
        "item_id": None,
        "scores": {},
        **fields,
        "spans": spans,
    }


def score(trace: Row, name: str, value: Any, **fields: Any) -> Row:
    empty = dict.fromkeys(
        ("explanation", "author", "span_id", "session_id", "experiment_id", "item_id", "repeat", "error")
    )
    given = {"name": name, "value": value, "source": "llm", "trace_id": trace["trace_id"], "created_at": moment()}
    return {"id": f"{name}-{trace['trace_id']}", **empty, "status": "scored", "metadata": None, **given, **fields}


def _total(spans: list[Row], field: str) -> Any:
    known = [one[field] for one in spans if one[field] is not None]
    return sum(known) if known else None


def columns_of(spans: Sequence[Row]) -> dict[str, list[Any]]:
    """Spans, in any order, as `Source.outline` answers them."""
    ordered = sorted(spans, key=lambda one: (nanoseconds(one["start_time"]), one["span_id"]))
    columns = {name: [one.get(name) for one in ordered] for name in IN_OUTLINE}
    columns["start_ns"] = [nanoseconds(one["start_time"]) for one in ordered]
    columns["model"] = [one.get("response_model") or one.get("request_model") for one in ordered]
    return columns


class FakeDesk:
    """See assay.collector.pages.source.Desk. What was asked of it is in `asked`; `refusal` is raised instead."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, Row]] = []
        self.refusal: AssayError | None = None

    def _note(self, what: str, **said: Any) -> None:
        self.asked.append((what, said))
        if self.refusal is not None:
            raise self.refusal

    def register(self, project: str, name: str, content: Row, **said: Any) -> tuple[Row, bool]:
        self._note("register", name=name, content=content, **said)
        return {"version": 3}, True

    def set_alias(self, project: str, name: str, alias: str, version: int, **said: Any) -> None:
        self._note("set_alias", name=name, alias=alias, version=version, **said)

    def delete_alias(self, project: str, name: str, alias: str, **said: Any) -> None:
        self._note("delete_alias", name=name, alias=alias, **said)

    def roll_back_alias(self, project: str, name: str, alias: str, **said: Any) -> None:
        self._note("roll_back_alias", name=name, alias=alias, **said)

    def protect_alias(self, project: str, name: str, alias: str, **said: Any) -> None:
        self._note("protect_alias", name=name, alias=alias, **said)

    def stop_ab_test(self, project: str, name: str, **said: Any) -> None:
        self._note("stop_ab_test", name=name, **said)


class FakeSource:
    """See assay.collector.pages.source.Source."""

    def __init__(self, projects: dict[str, list[Row]] | None = None) -> None:
        self.by_project: dict[str, list[Row]] = projects if projects is not None else {PROJECT: sample_traces()}
        self.prompt_objects: dict[str, list[Row]] = {
            "qa": prompt_versions("qa"),
            "team/tone of voice": prompt_versions("team/tone of voice"),
        }
        self.moves: list[Row] = alias_moves()
        self.alias_objects: list[Row] = aliases()
        self.lineages: dict[int, Row] = {2: lineage(2)}
        self.reports: dict[str, Row] = ab_reports()
        self.experiment_objects: list[Row] = experiments()
        self.alignment_objects: list[Row] = []
        self.rows: dict[str, list[Row]] = {BASE_ID: experiment_rows(BASE_ID), OTHER_ID: experiment_rows(OTHER_ID)}
        self.filters: list[str | None] = []
        self.desk = FakeDesk()

    def projects(self) -> list[str]:
        return sorted(self.by_project)

    def traces(self, project: str, *, filter: str | None, limit: int, cursor: str | None) -> Rows:
        self.filters.append(filter)
        if filter and "statsu" in filter:
            raise InvalidRequest("'statsu' is not a field at character 1.", hint="Did you mean status?")
        found = [trace for trace in self.by_project.get(project, []) if not (filter and "nothing" in filter)]
        if filter and "status = 'error'" in filter:
            found = [trace for trace in found if trace["status"] == "error"]
        start = int(cursor or 0)
        more = str(start + limit) if len(found) > start + limit else None
        return Rows([{**one, "spans": None} for one in found[start : start + limit]], more)

    def outline(self, trace_id: str, project: str) -> Row:
        trace = self.trace(trace_id, project)
        return {**trace, "columns": columns_of(trace["spans"])}

    def project_of(self, trace_id: str) -> str:
        return str(self.trace(trace_id)["project"])

    def trace(self, trace_id: str, project: str | None = None) -> Row:
        for name, traces in self.by_project.items():
            for trace in traces:
                if trace["trace_id"] == trace_id and project in (None, name):
                    values = trace["scores"].items()
                    full = [
                        score(trace, key, value, explanation="Says what the article says.") for key, value in values
                    ]
                    return {**trace, "scores": full, "next_cursor": None}
        raise TraceNotFound(f"There is no trace {trace_id!r}.", hint="It may not have arrived yet.")

    def span(self, project: str, trace_id: str, span_id: str) -> Row:
        trace = self.trace(trace_id, project)
        for one in trace["spans"]:
            if one["span_id"] == span_id:
                return one
        raise NotFound(f"Trace {trace_id!r} has no span {span_id!r}.")

    def trace_scores(self, project: str, trace_id: str) -> list[Row]:
        return list(self.trace(trace_id, project)["scores"])

    def prompts(self, project: str, *, filter: str | None, cursor: str | None) -> Rows:
        return Rows(
            [prompt_summary(versions) for name, versions in self.prompt_objects.items() if (filter or "") in name]
            if project in self.by_project
            else []
        )

    def prompt_scores(self, project: str, *, days: int) -> dict[tuple[str, int], list[Row]]:
        helpful = {"name": "helpful", "mean": 0.82, "ci_low": 0.74, "ci_high": 0.9, "n": 96}
        return {("qa", 1): [helpful], ("qa", 2): [{**helpful, "mean": 0.87}]}

    def prompt_calls(self, project: str, *, days: int) -> dict[str, Row]:
        return {"qa": {"calls": 1204, "cost_usd_per_call": 0.00011}}

    def lineage(self, project: str, name: str, version: int) -> Row:
        return self.lineages.get(version) or unused(version)

    def aliases(self, project: str, name: str) -> list[Row]:
        return self.alias_objects

    def alias_moves(self, project: str, name: str) -> list[Row]:
        return self.moves

    def alias_at(self, project: str, name: str, alias: str, time: datetime) -> Row:
        at = f"{time:%Y-%m-%dT%H:%M:%S.%fZ}"
        move = next((one for one in self.moves if one["alias"] == alias and one["moved_at"] <= at), None)
        return {"alias": alias, "at": at, "version": move["to_version"] if move else None, "move": move}

    def ab_tests(self, project: str, *, cursor: str | None) -> Rows:
        return Rows([report["test"] for report in self.reports.values()] if project in self.by_project else [])

    def ab_test(self, project: str, name: str) -> Row:
        if name not in self.reports:
            raise AbTestNotFound(f"There is no A/B test {name!r}.", hint="See the list of tests.")
        report = self.reports[name]
        return {**report["test"], "phases": report["phases"], "decisions": report["decisions"]}

    def ab_report(self, project: str, name: str) -> Row:
        return self.reports[name]

    def prompt_versions(self, project: str, name: str) -> list[Row]:
        if name not in self.prompt_objects:
            raise PromptNotFound(f"There is no prompt {name!r}.", hint="See the list of prompts.")
        return [dict(version) for version in self.prompt_objects[name]]

    def experiments(self, project: str, *, cursor: str | None) -> Rows:
        return Rows(self.experiment_objects if project in self.by_project else [])

    def experiment(self, project: str, experiment_id: str) -> Row:
        for one in self.experiment_objects:
            if one["id"] == experiment_id:
                return one
        raise ExperimentNotFound(f"There is no experiment {experiment_id!r}.", hint="Check the id.")

    def experiment_rows(self, experiment_id: str) -> list[Row]:
        return self.rows[experiment_id]

    def item_metadata(self, project: str, dataset: Row) -> dict[str, Row]:
        return {f"q{number:02}": {"topic": ("account", "orders", "refunds")[number % 3]} for number in range(1, 41)}

    def datasets(self, project: str, *, filter: str | None, cursor: str | None) -> Rows:
        rows: list[Row] = [
            {"name": "support-qa", "latest_version": 2, "item_count": 20},
            {"name": "hard/questions", "latest_version": 1, "item_count": 7},
        ]
        return Rows(items=[row for row in rows if (filter or "").lower() in str(row["name"])])

    def alignments(self, project: str, judge: str, prompt_hash: str | None) -> list[Row]:
        return [one for one in self.alignment_objects if one["judge"] == judge]


def sample_traces() -> list[Row]:
    traces = []
    for number in range(24):
        trace = support_trace(f"{number:032x}", number, fails=number % 7 == 3)
        trace["scores"] = (
            {} if number % 3 == 2 else {"correctness": number % 5 > 0, "helpful": round(0.4 + number / 50, 2)}
        )
        trace["start_time"] = moment(timedelta(minutes=-17 * number))
        traces.append(trace)
    return traces


def experiments() -> list[Row]:
    return [
        {
            "id": identity,
            "project": PROJECT,
            "name": name,
            "status": status,
            "dataset": {"name": "support-qa", "version": 1, "hash": "c" * 64, "item_count": 40},
            "scorers": [{"name": "exact_match", "version": 1}, {"name": "correctness", "version": 1}],
            "config": {
                "model": "openai/gpt-4o-mini",
                "used": {"prompts": [{"name": "qa", "version": 2}]},
                "git_commit": "0b1ff49",
            },
            "tags": {},
            "repeats": 1,
            "seed": 7,
            "baseline_id": BASE_ID if identity == OTHER_ID else None,
            "summary": [row.to_dict() for row in summarise_rows(experiment_rows(identity))] + run_figures(),
            "error": None,
            "stalled": False,
            "created_at": moment(timedelta(hours=-hours)),
            "updated_at": moment(timedelta(hours=-hours)),
            "finished_at": moment(timedelta(hours=-hours, seconds=48)),
        }
        for identity, name, status, hours in (
            (OTHER_ID, "qa-v3-grounded", "completed_with_errors", 1),
            (BASE_ID, "qa-v2", "completed", 3),
        )
    ]


def experiment_rows(experiment_id: str) -> list[Row]:
    """40 rows; the newer experiment is better at being correct, and two of its rows failed."""
    newer = experiment_id == OTHER_ID
    chance = random.Random(experiment_id)
    rows = []
    for number in range(40):
        question, expected = QUESTIONS[number % len(QUESTIONS)]
        fails = newer and number in (11, 30)
        right = chance.random() < (0.9 if newer else 0.5)
        output = expected if right else "I believe " + expected.replace("14", "30").replace("EU", "whole world").lower()
        scores = [
            {"name": "exact_match", "value": right and number % 3 != 0, "status": "scored", "source": "code"},
            {
                "name": "correctness",
                "value": 1.0 if right else round(chance.uniform(0, 0.6), 2),
                "status": "scored",
                "source": "llm",
            },
        ]
        scores[1]["explanation"] = "Says what the article says." if right else "Contradicts the article."
        if number == 5:
            scores[1] |= {"value": None, "status": "scorer_error", "error": "The judge timed out after 30 s."}
        if fails:
            scores = [{**one, "value": None, "status": "not_applicable"} for one in scores]
        rows.append(
            {
                "experiment_id": experiment_id,
                "item_id": f"q{number + 1:02}",
                "repeat": 0,
                "status": "task_error" if fails else "ok",
                "input": {"question": question},
                "expected": expected,
                "output": None if fails else output,
                "error": "Rate limit reached" if fails else None,
                "error_type": "RateLimitError" if fails else None,
                "trace_id": f"{number % 24:032x}",
                "cluster": None,
                "started_at": moment(),
                "duration_ms": 900.0 + 31 * number,
                "input_tokens": 412,
                "output_tokens": 40,
                "cost_usd": None if fails else 0.00012,
                "scores": [{"explanation": None, "error": None, "metadata": {}, **one} for one in scores],
            }
        )
    return rows
