"""What an empty page offers to copy does what the page says, as it stands."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from assay.collector.pages.snippets import (
    Snippet,
    ab_test_snippet,
    evaluation_snippet,
    load_prompt_snippet,
    prompt_snippet,
    tracing_snippets,
)
from assay.collector.server import Server

PROJECT = 'my "first" project'


def run(snippet: Snippet, folder: Path) -> None:
    program = folder / "snippet.py"
    program.write_text(snippet.text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(program)], cwd=folder, env=dict(os.environ), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("snippet", "path"),
    [
        (lambda url: tracing_snippets(url, PROJECT)[0], "traces"),
        (lambda url: prompt_snippet(url, PROJECT), "prompts"),
        (lambda url: evaluation_snippet(url, PROJECT), "experiments"),
        (lambda url: ab_test_snippet(url, PROJECT), "ab-tests"),
    ],
    ids=["traces", "prompts", "evaluations", "A/B tests"],
)
def test_the_program_of_an_empty_page_fills_it(collector: Server, tmp_path: Path, snippet: object, path: str) -> None:
    run(snippet(collector.url), tmp_path)  # type: ignore[operator]
    listed = httpx.get(f"{collector.url}/api/v1/{path}", params={"project": PROJECT}, timeout=60).json()
    assert listed["items"]


def test_names_cannot_break_out_of_a_snippet() -> None:
    name = 'it\'s $(touch /tmp/x) `y` "z"'
    for snippet in tracing_snippets("http://127.0.0.1:4318", name)[:1]:
        compile(snippet.text, "snippet", "exec")
    shell = tracing_snippets("http://127.0.0.1:4318", name)[1].text
    shown = subprocess.run(["sh", "-c", f'{shell}\nprintf %s "$OTEL_SERVICE_NAME"'], capture_output=True, text=True)
    assert shown.stdout == name


def test_a_prompt_is_loaded_by_an_alias_where_there_is_one() -> None:
    assert 'alias="production"' in load_prompt_snippet("qa", 2, ["production"], []).text
    assert load_prompt_snippet("qa", 2, [], ["a", "b"]).text.splitlines() == [
        'prompt = assay.load_prompt("qa", version=2)',
        "prompt.format(a=…, b=…)",
    ]
