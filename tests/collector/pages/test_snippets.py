"""What an empty page offers to copy does what the page says, as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

import assay
from assay.collector.decode_json import decode_json_request
from assay.collector.pages.snippets import (
    Snippet,
    ab_test_snippet,
    evaluation_snippet,
    load_prompt_snippet,
    prompt_snippet,
    tracing_snippets,
)
from assay.collector.server import Server
from assay.settings import reset_settings
from support.snippets import run_apart

PROJECT = 'my "first" project'


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ASSAY_TIMEOUT_S", "120")  # machines are slow at times
    reset_settings()


def listed(collector: Server, path: str) -> list[Any]:
    answer = httpx.get(f"{collector.url}/api/v1/{path}", params={"project": PROJECT}, timeout=60)
    items: list[Any] = answer.json()["items"]
    return items


def test_the_first_program_of_an_empty_page_fills_it(collector: Server, tmp_path: Path) -> None:
    program = tmp_path / "snippet.py"
    program.write_text(tracing_snippets(collector.url, PROJECT)[0].text, encoding="utf-8")
    run_apart([sys.executable, str(program)], dict(os.environ), tmp_path)
    assert listed(collector, "traces")


@pytest.mark.parametrize(
    ("snippet", "path"),
    [(prompt_snippet, "prompts"), (evaluation_snippet, "experiments"), (ab_test_snippet, "ab-tests")],
)
def test_what_an_empty_page_shows_fills_it(
    collector: Server, snippet: Callable[[str, str], Snippet], path: str
) -> None:
    exec(compile(snippet(collector.url, PROJECT).text, path, "exec"), {"__name__": "__main__"})
    assay.flush()
    assert listed(collector, path)


NASTY = 'it\'s $(touch /tmp/x) `y` "z"'


def titled(title: str, endpoint: str, project: str) -> str:
    [found] = [snippet.text for snippet in tracing_snippets(endpoint, project) if snippet.title == title]
    return found


@pytest.mark.parametrize("title", ["Python", "OpenAI", "LangChain", "LlamaIndex"])
def test_names_cannot_break_out_of_a_program(title: str) -> None:
    compile(titled(title, "http://127.0.0.1:4318", NASTY), "snippet", "exec")


def test_names_cannot_break_out_of_a_shell() -> None:
    shell = titled("A service that speaks OpenTelemetry", "http://127.0.0.1:4318", NASTY)
    shown = subprocess.run(["sh", "-c", f'{shell}\nprintf %s "$OTEL_SERVICE_NAME"'], capture_output=True, text=True)
    assert shown.stdout == NASTY


def test_what_curl_would_send_is_a_span_of_the_project(tmp_path: Path) -> None:
    curl = tmp_path / "curl"  # says what it was given to send
    curl.write_text('#!/bin/sh\nfor last; do :; done\nprintf %s "$last"\n')
    curl.chmod(0o755)
    openssl = tmp_path / "openssl"
    openssl.write_text(
        '#!/bin/sh\n[ "$3" = 16 ] && printf 0af7651916cd43dd8448eb211c80319c || printf b7ad6b7169203331\n'
    )
    openssl.chmod(0o755)
    shell = titled("curl", "http://127.0.0.1:4318", NASTY)
    sent = subprocess.run(
        ["sh", "-c", shell], capture_output=True, env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    )
    [span] = decode_json_request(sent.stdout).spans
    assert span.resource["service.name"] == NASTY
    assert span.end_time - span.start_time == 500 * 10**6


def test_a_prompt_is_loaded_by_an_alias_where_there_is_one() -> None:
    assert 'alias="production"' in load_prompt_snippet("qa", 2, ["production"], []).text
    assert load_prompt_snippet("qa", 2, [], ["a", "b"]).text.splitlines() == [
        'prompt = assay.load_prompt("qa", version=2)',
        "prompt.format(a=…, b=…)",
    ]
