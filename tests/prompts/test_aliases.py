"""Versions with parents and parts, aliases that are protected and rolled back, what spans tell: from a program."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from itertools import count
from typing import Any

import pytest
from pydantic import BaseModel

import assay
from assay import prompt_texts, semconv
from assay.client import current_client
from assay.collector.registry.actor import Actor
from assay.collector.registry.prompt_aliases import Change
from assay.collector.server import Server
from assay.errors import (
    ConfigurationError,
    Conflict,
    Forbidden,
    GateMissed,
    InvalidRequest,
    PromptNotFound,
    TemplateError,
)
from assay.prompts import PromptVersion, clear_prompt_cache
from assay.prompts.composition import Pin
from assay.settings import configure

numbers = count(1)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = Server(data_dir=tmp_path_factory.mktemp("aliases") / ".assay")
    server.start()
    yield server
    server.stop()


@pytest.fixture
def name(server: Server) -> str:
    """Of a prompt with three versions, `production` on the first and then on the second."""
    clear_prompt_cache()
    configure(endpoint=server.url, project="test")
    name = f"team/qa-{next(numbers)}"
    for template in ("one", "two", "three"):
        assay.register_prompt(name, template, "next")
    assay.set_prompt_alias(name, "production", 1, "first release")
    assay.set_prompt_alias(name, "production", 2, reason="shorter")
    return name


class Answer(BaseModel):
    text: str


def test_what_a_model_is_given_comes_back(name: str) -> None:
    tools = [{"type": "function", "function": {"name": "search"}}]
    made = assay.register_prompt(
        name, "{% if a %}b{% endif %}", "next", format="jinja", response_format=Answer, tools=tools
    )
    loaded = assay.load_prompt(name)
    assert loaded == made
    assert (loaded.template_format, loaded.tools) == ("jinja", tools)
    assert loaded.response_format == Answer.model_json_schema()
    assert loaded.format(a=True) == "b"


def test_a_schema_may_be_given_as_it_is(name: str) -> None:
    assert assay.register_prompt(name, "x", "next", response_format={"type": "object"}).response_format == {
        "type": "object"
    }


@pytest.mark.parametrize("given", [str, 5, "object", [Answer]])
def test_what_has_no_schema_is_refused_before_anybody_is_asked(given: Any) -> None:
    with pytest.raises(ConfigurationError, match="pydantic model class"):
        assay.register_prompt("qa", "x", "next", response_format=given)


def test_containers_of_a_loaded_prompt_are_its_callers(name: str) -> None:
    assay.register_prompt(name, "x", "next", response_format={"a": {}}, tools=[{"a": {}}])
    loaded = assay.load_prompt(name)
    loaded.response_format["a"]["b"] = 1  # type: ignore[index]
    loaded.tools[0]["a"]["b"] = 1  # type: ignore[index]
    again = assay.load_prompt(name)
    assert (again.response_format, again.tools) == ({"a": {}}, [{"a": {}}])


def test_a_version_made_from_another_than_the_latest_is_a_conflict_unless_forced(name: str) -> None:
    with pytest.raises(Conflict, match="parent_version=3"):
        assay.register_prompt(name, "four", "next", parent_version=2)
    made = assay.register_prompt(name, "four", "next", parent_version=2, force=True)
    assert (made.version, made.parent_version) == (4, 2)


def test_a_rollback_is_seen_here_at_once_and_kept(name: str) -> None:
    assert assay.load_prompt(name, alias="production").version == 2
    assert assay.rollback_prompt_alias(name, "production", "it shouts", from_version=2) == 1
    assert assay.load_prompt(name, alias="production").version == 1
    move = assay.prompt_alias_moves(name, "production")[0]
    assert (move.from_version, move.to_version, move.reason, move.actor) == (2, 1, "it shouts", "local")
    assert (move.is_rollback, move.evidence) == (True, None)
    with pytest.raises(Conflict, match="at version 1, not 2"):
        assay.rollback_prompt_alias(name, "production", from_version=2)


def test_what_an_alias_was_is_asked_with_a_time_a_day_or_a_text(name: str) -> None:
    second, first = assay.prompt_alias_moves(name, "production")
    assert assay.prompt_alias_at(name, "production", second.moved_at) == 2
    assert assay.prompt_alias_at(name, "production", first.moved_at.isoformat()) == 1
    assert assay.prompt_alias_at(name, "production", first.moved_at.replace(tzinfo=None)) == 1
    assert assay.prompt_alias_at(name, "production", first.moved_at.astimezone(timezone(timedelta(hours=9)))) == 1
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    assert assay.prompt_alias_at(name, "production", tomorrow) == 2
    assert assay.prompt_alias_at(name, "production", date(2020, 10, 15)) is None
    assert assay.prompt_alias_at(name, "production", "2020-10-15") is None


@pytest.mark.parametrize("at", ["yesterday", "", 5, None, datetime.max.replace(tzinfo=timezone(-timedelta(hours=9)))])
def test_what_is_no_time_is_refused_before_anybody_is_asked(at: Any) -> None:
    with pytest.raises(ConfigurationError, match="is no time"):
        assay.prompt_alias_at("qa", "production", at)


def test_a_protected_alias_is_held_to_its_gate(name: str, server: Server) -> None:
    assay.protect_prompt_alias(name, "production", "correctness >= baseline", reason="customers see it")
    aliases = server.service.registry.aliases
    with pytest.raises(Forbidden, match="protected"):
        aliases.set("test", name, "production", 3, Change(actor=Actor("a-writer")))
    assay.set_prompt_alias(name, "production", 3, "without keys everybody is an admin")
    assay.protect_prompt_alias(name, "production", protected=False)
    assert aliases.set("test", name, "production", 1, Change(actor=Actor("a-writer")))["version"] == 1


@pytest.mark.parametrize("gate", ["correctness", "correctness is good"])
def test_a_gate_that_cannot_be_understood_is_refused(name: str, gate: str) -> None:
    with pytest.raises(InvalidRequest, match="cannot be understood"):
        assay.protect_prompt_alias(name, "production", gate)


def test_an_alias_nobody_has_set_is_told(name: str) -> None:
    with pytest.raises(PromptNotFound, match=r"no alias 'produciton'.*aliases production"):
        assay.prompt_alias_moves(name, "produciton")


def test_an_evaluation_moves_a_protected_alias_when_it_passes_the_gate(name: str) -> None:
    assay.protect_prompt_alias(name, "production", "exact_match >= baseline + 0.1")

    def task(version: int) -> Any:
        return lambda number: "yes" if assay.load_prompt(name, version=version).format() == "three" else "no"

    data = [{"id": str(number), "input": number, "expected": "yes"} for number in range(12)]
    scorers = [assay.scorers.ExactMatch()]
    before = assay.evaluate(data, task(2), scorers=scorers, name="two")
    better = assay.evaluate(data, task(3), scorers=scorers, name="three", baseline=before)
    worse = assay.evaluate(data, task(1), scorers=scorers, name="one", baseline=before)
    with pytest.raises(GateMissed, match=r"not enough evidence|failed"):
        assay.set_prompt_alias(name, "production", 1, experiment_id=worse.id)
    assay.set_prompt_alias(name, "production", 3, "it answers yes", experiment_id=better.id)
    evidence = assay.prompt_alias_moves(name, "production")[0].evidence
    assert evidence is not None
    assert (evidence["experiment_id"], evidence["baseline_id"], evidence["verdict"]) == (better.id, before.id, "passed")


def test_a_span_tells_the_versions_that_its_prompt_included(name: str) -> None:
    outer = f"{name}-outer"
    assay.register_prompt(outer, f"{{{{> {name}@production }}}} and {{{{> {name}/3 }}}}: {{{{question}}}}", "first")
    loaded = assay.load_prompt(outer)
    assert loaded.resolved == (Pin(name, 2, f"{name}@production"), Pin(name, 3, f"{name}/3"))
    assert loaded.includes == (f"{name}@production", f"{name}/3")
    with assay.start_span("ask"):
        assert loaded.format(question="Why?") == "two and three: Why?"
        with assay.start_span("call", attributes={semconv.GEN_AI_OPERATION_NAME: "chat"}):
            pass
    assert assay.flush()
    spans = {span["name"]: span for span in current_client().pages("/spans", filter=f"prompt_name = '{outer}'")}
    assert set(spans) == {"ask", "call"}
    for span in spans.values():
        assert (span["prompt_name"], span["prompt_version"]) == (outer, 1)
        assert span["attributes"][semconv.ASSAY_PROMPT_INCLUDES] == [f"{name}/2", f"{name}/3"]


def test_a_prompt_as_it_was_written_is_not_formatted_with_holes_in_it(name: str) -> None:
    made = assay.register_prompt(f"{name}-outer", f"{{{{> {name} }}}}", "first")
    with pytest.raises(TemplateError, match="use load_prompt"):
        made.format()


def test_messages_at_a_placeholder_are_not_taken_for_the_prompts_own_words() -> None:
    template = [
        {"role": "system", "content": "Be brief, be kind."},
        {"role": "placeholder", "content": "history"},
        {"role": "user", "content": "Now answer this: {{question}}"},
    ]
    version = PromptVersion(name="chat", version=4, template=template, type="chat")
    history = [{"role": "user", "content": f"What a user said {next(numbers)}"} for _ in range(3)]
    messages = version.format(question="Why?", history=history)
    assert [prompt_texts.find(message["content"]) for message in messages] == [  # type: ignore[index]
        ("chat", 4),
        None,
        None,
        None,
        ("chat", 4),
    ]
