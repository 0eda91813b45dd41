"""The table of libraries: what is switched on, when, and what is said where something is missing."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest

import assay
from assay.errors import ConfigurationError, MissingPackage
from assay.tracing.autolog import LIBRARIES, autolog, find_library
from assay.tracing.autolog.library import Library
from assay.tracing.autolog.when_imported import forget, when_imported
from support.openai_server import OpenAIServer
from support.snippets import ROOT, shell_lines, snippets
from support.spans import Caught, catch_spans

BY_OPENINFERENCE = Library(
    name="openai_otherwise",
    imports="openai",
    distribution="openai",
    minimum="2",
    instrumentor="openinference.instrumentation.openai:OpenAIInstrumentor",
    package="openinference-instrumentation-openai",
)


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Name of a package that can be imported and has not been."""
    (tmp_path / "never_seen_before.py").write_text("import json\nVALUE = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield "never_seen_before"
    forget("never_seen_before")
    sys.modules.pop("never_seen_before", None)


def test_a_library_is_left_alone_until_it_is_imported(module: str) -> None:
    seen: list[Any] = []
    when_imported(module, lambda: seen.append(sys.modules[module].VALUE))
    assert seen == []
    found = importlib.import_module(module)
    assert seen == [1]
    assert type(found.__loader__).__name__ == "SourceFileLoader"
    assert found.__spec__ is not None
    assert found.__spec__.loader is found.__loader__
    importlib.reload(found)
    assert seen == [1]


def test_one_that_is_imported_already_is_switched_on_at_once() -> None:
    seen: list[int] = []
    when_imported("json", lambda: seen.append(1))
    assert seen == [1]


def test_one_that_is_switched_off_before_its_import_stays_off(module: str) -> None:
    seen: list[int] = []
    when_imported(module, lambda: seen.append(1))
    forget(module)
    importlib.import_module(module)
    assert seen == []


def test_an_autologger_that_fails_does_not_fail_the_import(module: str, caplog: pytest.LogCaptureFixture) -> None:
    when_imported(module, lambda: 1 / 0)  # type: ignore[arg-type, return-value]
    assert importlib.import_module(module).VALUE == 1
    assert "Assay failed in tracing never_seen_before" in caplog.text


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ConfigurationError) as caught:
        assay.autolog("leftpad")
    for name in LIBRARIES:
        assert name in str(caught.value)


@pytest.mark.parametrize(
    ("name", "library"),
    [
        ("openai", "openai"),
        ("google-genai", "google_genai"),
        ("google.genai", "google_genai"),
        ("boto3", "bedrock"),
        ("langgraph", "langchain"),
        ("LiteLLM", "litellm"),
        ("pydantic-ai", "pydantic_ai"),
    ],
)
def test_a_library_goes_by_the_names_that_people_know(name: str, library: str) -> None:
    assert find_library(name) is LIBRARIES[library]


def test_what_is_missing_is_named_with_the_command_that_installs_it() -> None:
    absent = Library(name="leftpad", imports="leftpad", distribution="leftpad", minimum="2", package="leftpad-otel")
    with pytest.raises(MissingPackage, match=r"leftpad, which is not installed.*pip install 'leftpad>=2' leftpad-otel"):
        absent.autolog()
    with pytest.raises(ImportError, match=r"needs leftpad-otel, which is not installed.*pip install leftpad-otel"):
        Library(name="x", imports="httpx", distribution="httpx", minimum="0.1", package="leftpad-otel").autolog()
    with pytest.raises(MissingPackage, match=r"needs httpx 99, not 0\."):
        Library(name="x", imports="httpx", distribution="httpx", minimum="99").autolog()
    absent.autolog(disable=True)


def test_an_instrumentation_is_switched_on_once_and_off_again(openai_server: OpenAIServer, spans: Caught) -> None:
    client = openai.OpenAI(base_url=openai_server.url, api_key="sk-test")
    ask = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    for _ in range(2):
        BY_OPENINFERENCE.autolog()
    try:
        client.chat.completions.create(**ask)  # type: ignore[call-overload]
    finally:
        BY_OPENINFERENCE.autolog(disable=True)
    client.chat.completions.create(**ask)  # type: ignore[call-overload]
    client.close()
    assert spans.attributes()["llm.output_messages.0.message.content"] == "echo: hello"


def test_an_instrumentation_records_no_content_where_that_is_off(openai_server: OpenAIServer) -> None:
    with catch_spans(capture_content=False) as caught, openai.OpenAI(base_url=openai_server.url, api_key="k") as client:
        BY_OPENINFERENCE.autolog()
        try:
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "hello"}])
        finally:
            BY_OPENINFERENCE.autolog(disable=True)
        found = caught.attributes()
    assert "hello" not in str(found)
    assert found["llm.token_count.prompt"] == 1


def test_where_tracing_is_off_no_library_is_instrumented(openai_server: OpenAIServer) -> None:
    from openinference.instrumentation.openai import OpenAIInstrumentor

    assay.init(tracing=False)
    BY_OPENINFERENCE.autolog()
    assert not OpenAIInstrumentor().is_instrumented_by_opentelemetry


def test_everything_is_switched_on_and_off_at_once() -> None:
    hooked = openai._base_client.SyncAPIClient
    autolog()
    assert hasattr(hooked.request, "__wrapped__")
    autolog(disable=True)
    assert not hasattr(hooked.request, "__wrapped__")


@pytest.mark.parametrize("library", LIBRARIES.values(), ids=LIBRARIES)
def test_every_library_has_a_page_that_says_how_it_is_switched_on(library: Library) -> None:
    page = f"docs/{library.name}.md"
    assert f"({library.name}.md)" in (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    code = "".join(snippet.code for snippet in snippets(page))
    assert f"assay.{library.name}.autolog()" in code or (f'"{library.name}"' in code and "assay.autolog(" in code)
    if library.package is not None:
        assert library.package in " ".join(shell_lines(page))
    assert hasattr(getattr(assay, library.name), "autolog")


def test_every_document_is_in_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = {path.name for path in (ROOT / "docs").glob("*.md")} - {"README.md"}
    assert {page for page in pages if f"({page})" not in index} == set()
