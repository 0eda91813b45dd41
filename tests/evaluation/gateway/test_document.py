"""docs/gateway.md: its code runs, its settings are settings, and every kind of gateway is in its table."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from assay.evaluation.gateway.routes import ROUTES
from assay.settings import Settings, configure
from support.openai_server import OpenAIServer
from support.snippets import snippets

DOCUMENT = "docs/gateway.md"
TEXT = (Path(__file__).parents[3] / DOCUMENT).read_text(encoding="utf-8")


def test_the_code_runs_as_shown(openai_server: OpenAIServer, capsys: pytest.CaptureFixture[str]) -> None:
    configure(gateway_url=openai_server.url)
    openai_server.reply(text='{"city": "Paris"}')
    names: dict[str, object] = {}
    for snippet in snippets(DOCUMENT):
        names |= snippet.run_here(**names)
    structured, kept = capsys.readouterr().out.splitlines()
    assert structured.startswith('{"city": "Paris"} echo-2026-01-01 ')
    assert kept.startswith("True 0.0 ")
    assert kept.endswith(" 1")
    assert len(openai_server.requests) == 3  # the last question was asked once


def test_every_setting_it_names_is_one() -> None:
    variables = {name.removeprefix("ASSAY_").lower() for name in re.findall(r"ASSAY_[A-Z_]+[A-Z]", TEXT)}
    named = set(re.findall(r"`((?:gateway|portkey|azure|answer_cache)_\w+)`", TEXT))
    assert len(variables) > 5
    assert variables | named <= set(Settings.model_fields)


def test_every_gateway_is_in_the_table() -> None:
    listed = re.findall(r"^\| `(\w+)` [(|]", TEXT.partition("| --- |")[2], re.MULTILINE)
    kinds = {kind for choice in get_args(Settings.model_fields["gateway"].annotation) for kind in get_args(choice)}
    assert set(listed) == kinds == {"litellm", *ROUTES}
