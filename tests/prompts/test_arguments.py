"""What the public functions of prompts and A/B tests are given wrongly is told in words, by an error of ours."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import assay
from assay.client import reset_client
from assay.collector.server import Server
from assay.errors import AssayError, ConfigurationError, InvalidRequest, TemplateError
from assay.prompts import AbTest
from assay.settings import configure

ARMS = {"control": "prompts:/qa/1", "short": "prompts:/qa/2"}
NAN = math.nan


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(data_dir=tmp_path_factory.mktemp("arguments") / ".assay")
    started.start()
    for template in ("one", "two"):
        started.service.registry.prompts.register("test", "qa", template, "next")
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _settings(server: Server) -> Iterator[None]:
    configure(endpoint=server.url, project="test", timeout_s=60.0)
    yield
    reset_client()


def register(template: Any = "x", **said: Any) -> object:
    return assay.register_prompt("h", template, "why", **said)


def create(**said: Any) -> object:
    return assay.create_ab_test("bad", **{"arms": ARMS, "primary": "error_rate", **said})


WRONG: list[tuple[Callable[[], object], type[AssayError], str]] = [
    (lambda: register(None), TemplateError, "a list of messages"),
    (lambda: register(5), TemplateError, "a list of messages"),
    (lambda: register({"a": 1}), TemplateError, "a list of messages"),
    (lambda: register(b"x"), TemplateError, "a list of messages"),
    (lambda: register("\ud800"), InvalidRequest, "cannot be written as JSON"),
    (lambda: register(config={"t": NAN}), InvalidRequest, "finite numbers"),
    (lambda: register(config={"t": object()}), InvalidRequest, "cannot be written as JSON"),
    (lambda: register(config=[1]), ConfigurationError, "config is [1]. Give a dict"),
    (lambda: register(tools="x"), ConfigurationError, "Give a list of dicts"),
    (lambda: register(tags=["a"]), ConfigurationError, "tags is ['a']. Give a dict"),
    (lambda: assay.set_prompt_alias("qa", "", 1), ConfigurationError, "An alias cannot be called ''"),
    (lambda: assay.set_prompt_alias("qa", "..", 1), ConfigurationError, "An alias cannot be called"),
    (lambda: assay.set_prompt_alias("qa", None, 1), ConfigurationError, "An alias is named by a text"),  # type: ignore[arg-type]
    (lambda: assay.set_prompt_alias("qa", "\ud800", 1), ConfigurationError, "surrogate"),
    (lambda: assay.set_prompt_alias("qa", "p", True), ConfigurationError, "version is True. Give the number"),
    (lambda: assay.load_prompt("qa", cache_ttl="x"), ConfigurationError, "cache_ttl is 'x'. Give seconds"),  # type: ignore[arg-type]
    (lambda: assay.load_prompt("qa", cache_ttl=NAN), ConfigurationError, "cache_ttl is nan"),
    (lambda: assay.load_prompt("qa").diff(None), ConfigurationError, "compared with another, not with None"),  # type: ignore[arg-type]
    (lambda: create(arms=None), ConfigurationError, "arms is None. Give a dict"),
    (lambda: create(arms=["a", "b"]), ConfigurationError, "Give a dict"),
    (lambda: create(arms={"a": 1, "b": 2}), ConfigurationError, "The arm 'a' is 1"),
    (lambda: create(weights={"control": NAN, "short": 1}), ConfigurationError, "The weight of 'control' is nan"),
    (lambda: create(guardrails=["cost_usd"]), ConfigurationError, "guardrails is ['cost_usd']. Give a dict"),
    (lambda: create(metrics="fast"), ConfigurationError, "or a list of names"),
    (lambda: create(coverage="all"), ConfigurationError, "coverage is 'all'. Give a number"),
    (lambda: create(coverage=10**400), InvalidRequest, ""),
    (lambda: AbTest("t").ramp(NAN), ConfigurationError, "coverage is nan. Give a number"),
    (lambda: AbTest("t").set_weights([0.5, 0.5]), ConfigurationError, "weights is [0.5, 0.5]. Give a dict"),  # type: ignore[arg-type]
    (lambda: assay.ab_test(None), ConfigurationError, "An A/B test is named by a text, not by None"),  # type: ignore[arg-type]
    (lambda: assay.ab_test(""), ConfigurationError, "An A/B test cannot be called ''"),
    (lambda: assay.ab_test("t", cache_ttl="x"), ConfigurationError, "cache_ttl is 'x'"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "kind", "words"), WRONG)
def test_what_is_given_wrongly_is_told(call: Callable[[], object], kind: type[AssayError], words: str) -> None:
    with pytest.raises(kind) as caught:
        call()
    assert words in str(caught.value)
