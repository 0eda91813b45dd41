"""Whoever names things nastily, over the API, in addresses or in commands, gets text for an answer, and no fault."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.collector.pages import urls
from assay.collector.server import Server
from assay.errors import AssayError
from assay.settings import configure
from support.harmless import assert_harmless
from support.otlp import PROTOBUF, recorded
from support.shared_collector import running_collector

__all__ = ["running_collector"]

NAMES = {
    "script": "<script>window.pwned=1</script>",
    "attribute": '"><img src=x onerror=window.pwned=1>',
    "right to left": "\u202epwned\u202c",
    "long": "x" * 10_000,
    "emoji": "😀👩‍💻",
    "lines": "a\nb\r\nc",
    "path": "../..",
    "escaped": "%2F..%252F",
    "template": "{{7*7}}${x}<%= x %>",
    "nothing": "\x00",
}
KINDS: dict[str, Any] = {
    "prompts": {"template": "Hi", "commit_message": "first"},
    "datasets": {"items": [{"input": "x"}], "message": "first"},
    "experiments": {"scorers": []},
    "ab-tests": {"arms": {"a": "prompts:/qa/1", "b": "prompts:/qa/2"}, "unit": "user_id", "primary": "scores.s"},
    "review-queues": {"rubric": [{"name": "s", "type": "boolean"}]},
    "online-scorers": {"definition": {"scorer": "contains", "parameters": {"phrases": "x"}}},
    "alerts": {"measure": "error_rate", "above": 0.1},
}
COMMANDS = (("prompts", "show"), ("datasets", "show"), ("eval", "show"), ("ab", "report"), ("traces", "show"))


def pages_of(project: str, name: str) -> list[str]:
    path = urls.project(project)
    return [
        *(urls.traces(project, q=name), urls.session(project, name), urls.trace(project, name)),
        *(urls.prompt(project, name), urls.dataset(project, name), urls.experiment(project, name)),
        *(urls.ab_test(project, name), urls.review_queue(project, name)),
        *(f"{path}/{part}/{urls.segment(name)}" for part in ("dashboards", "playground/runs")),
        urls.with_query("/search", q=name, project=project),
        *(f"/settings/{part}/{urls.segment(name)}?project=p" for part in ("alerts", "online")),
    ]


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
def test_names_are_taken_or_refused_and_every_page_about_them_is_text(running_collector: Server, name: str) -> None:
    with httpx.Client(base_url=running_collector.url, timeout=60, headers={"accept": "text/html"}) as browser:
        for kind, rest in KINDS.items():
            answer = browser.post(f"/api/v1/{kind}", params={"project": "p"}, json={"name": name, **rest})
            assert answer.status_code < 500, (kind, answer.text)
        for project in ("p", name):
            for address in pages_of(project, name):
                page = browser.get(address, follow_redirects=True)
                assert page.status_code < 500, address
                assert_harmless(page.text, address)


@pytest.mark.parametrize("name", [name for name in NAMES.values() if "\0" not in name], ids=lambda name: name[:12])
def test_traces_of_hostile_projects_users_and_models_are_shown_as_text(running_collector: Server, name: str) -> None:
    attributes = {"user.id": name, "session.id": name, "gen_ai.request.model": name, "gen_ai.operation.name": "chat"}
    with recorded(service__name=name) as recorder:
        recorder.tracer.start_span(name, attributes=attributes).end()
        body = recorder.body()
    httpx.post(f"{running_collector.url}/v1/traces", content=body, headers=PROTOBUF, timeout=60).raise_for_status()
    with httpx.Client(base_url=running_collector.url, timeout=60, headers={"accept": "text/html"}) as browser:
        for address in ("/projects", urls.project(name), urls.traces(name, figures="1"), urls.session(name, name)):
            page = browser.get(address, follow_redirects=True)
            assert page.status_code < 500, address
            assert_harmless(page.text, address)


@pytest.mark.parametrize("name", [name for name in NAMES.values() if "\0" not in name], ids=lambda name: name[:12])
def test_commands_about_hostile_names_end_without_a_traceback(running_collector: Server, name: str) -> None:
    configure(endpoint=running_collector.url, project="p", timeout_s=60.0)
    for command in COMMANDS:
        told = CliRunner().invoke(app, [*command, name])
        assert told.exit_code in (0, 1, 2), command  # an experiment may be called so
        assert told.exception is None or isinstance(told.exception, (SystemExit, AssayError, OSError)), command
        assert "\u202e" not in told.stdout
