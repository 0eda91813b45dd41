"""Every call form of LangChain and LangGraph, as `support.matrix_langchain` and the files beside it list them."""

from __future__ import annotations

import asyncio
import contextvars
import inspect
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import assay
from assay import prompt_texts
from support.langchain_models import LangChain
from support.matrix import case_span, check_spans
from support.matrix_langchain import LangChainCase, drawn, same_tree
from support.matrix_langchain_chains import CHAINS
from support.matrix_langchain_graphs import GRAPHS
from support.matrix_langchain_models import MODELS
from support.openai_server import OpenAIServer
from support.spans import Caught

pytest.register_assert_rewrite("support.matrix")
Run = Callable[[LangChainCase], None]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs a case below its span, with models that all cases share: made before anything is traced."""
    server = OpenAIServer().start()
    lc = LangChain(server)
    assert lc.chat
    with asyncio.Runner() as loop:

        def run_case(case: LangChainCase) -> None:
            server.replies.clear()
            for reply in case.replies:
                server.reply(**reply)
            with case_span(case):
                made = case.run(lc)
                if inspect.iscoroutine(made):
                    loop.run(made, context=contextvars.copy_context())

        yield run_case
        loop.run(lc.aclose())
    lc.close()
    server.stop()


@pytest.fixture(autouse=True)
def _no_prompts_of_other_tests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prompt_texts, "_newer", {})
    monkeypatch.setattr(prompt_texts, "_older", {})


@pytest.fixture(autouse=True)
def _autolog() -> Iterator[None]:
    assay.openai.autolog()
    assay.langchain.autolog()
    yield
    assay.langchain.autolog(disable=True)
    assay.openai.autolog(disable=True)


def run_as_expected(run: Run, case: LangChainCase) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of LangChain's: what is new, what is old, what it cannot count
            run(case)
    except BaseException as error:
        if type(error).__name__ != case.raises:
            raise
    else:
        assert case.raises is None


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.group}: {case.form}") for case in (*MODELS, *CHAINS, *GRAPHS)]
)
def test_a_call_is_recorded_as_it_was(case: LangChainCase, run: Run, spans: Caught) -> None:
    run_as_expected(run, case)
    found = spans.all()
    tree = [line[2:] for line in drawn(found) if line.startswith("  ")]
    assert same_tree(tree, case.tree), tree
    check_spans(case, found)
    assert sorted(each.name for each in found if _failed(each)) == sorted(case.errors)
    for name, expected in case.attributes:
        (first, *_) = sorted((each for each in found if each.name == name), key=lambda each: each.start_time)
        assert {key: _seen(first, key) for key in expected} == expected


def _failed(span: Any) -> bool:
    model = (span.attributes or {}).get("openinference.span.kind") in ("LLM", "EMBEDDING")
    return span.status.status_code.value == 2 and not model and span.parent is not None


def _seen(span: Any, name: str) -> Any:
    if name == "<events>":
        return [event.name for event in span.events if event.name != "exception"]
    value = (span.attributes or {}).get(name)
    return list(value) if isinstance(value, tuple) else value
