"""Prompts against a real collector: registered, loaded, aliased, and served on when the collector is gone."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest

import assay
from assay import semconv
from assay.client import current_client, reset_client
from assay.collector.server import Server
from assay.errors import CollectorUnavailable, ConfigurationError, InvalidRequest, PromptNotFound, TemplateError
from assay.prompts import PromptVersion, clear_prompt_cache
from assay.settings import configure
from support.shared_collector import project, running_collector

__all__ = ["project", "running_collector"]

CHAT = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "{{question}}"}]


@pytest.fixture
def collector(running_collector: Server, project: str) -> Server:
    """One for all of them, each with a project of its own."""
    return running_collector


@pytest.fixture(autouse=True)
def _nothing_loaded() -> None:
    clear_prompt_cache()


@pytest.fixture
def unused_url() -> str:
    """An address on which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


def test_a_registered_prompt_is_loaded_as_it_was_registered(collector: Server) -> None:
    registered = assay.register_prompt(
        "support/answer",
        "Answer: {{question}}",
        "first",
        config={"temperature": 0},
        tags={"team": "docs"},
        author="ada",
    )
    assert assay.load_prompt("support/answer") == registered
    assert (registered.version, registered.config, registered.tags) == (1, {"temperature": 0}, {"team": "docs"})
    assert (registered.commit_message, registered.author, registered.parent_version) == ("first", "ada", None)


@pytest.mark.parametrize("name", ["qa", "support/answer", "support/Frequent questions/v1.2", "größe/été", "a_b-c.d"])
def test_names_with_slashes_spaces_and_other_letters_go_through_urls(collector: Server, name: str) -> None:
    assay.register_prompt(name, "x", "first")
    assay.set_prompt_alias(name, "production", 1)
    assert assay.load_prompt(f"prompts:/{name}@production").name == name
    assert assay.load_prompt(f"prompts:/{name}/1").uri == f"prompts:/{name}/1"
    assert [version.name for version in assay.prompt_history(name)] == [name]


def test_chat_templates_and_their_variables_come_back(collector: Server) -> None:
    assay.register_prompt("chat", CHAT, "first")
    loaded = assay.load_prompt("chat")
    assert (loaded.type, loaded.template, loaded.variables) == ("chat", CHAT, ("question",))
    assert loaded.format(question="Why?")[1] == {"role": "user", "content": "Why?"}


def test_the_same_content_is_the_same_version_even_when_it_is_not_the_latest(collector: Server) -> None:
    first = assay.register_prompt("qa", "one", "first")
    assay.register_prompt("qa", "two", "second")
    assert assay.register_prompt("qa", "one", "once more", tags={"other": "tag"}) == first
    assert [version.version for version in assay.prompt_history("qa")] == [2, 1]


def test_another_config_is_another_version(collector: Server) -> None:
    assay.register_prompt("qa", "one", "first")
    assert assay.register_prompt("qa", "one", "warmer", config={"temperature": 1}).version == 2


def test_versions_are_loaded_by_number_alias_label_and_uri(collector: Server) -> None:
    for number in (1, 2, 3):
        assay.register_prompt("qa", f"version {number}", "next")
    assay.set_prompt_alias("qa", "production", 2, reason="it won")
    loaded = [
        assay.load_prompt("qa"),
        assay.load_prompt("qa", version=1),
        assay.load_prompt("qa", alias="production"),
        assay.load_prompt("qa", label="production"),
        assay.load_prompt("prompts:/qa/1"),
        assay.load_prompt("prompts:/qa@production"),
        assay.load_prompt("prompts:/qa"),
        assay.load_prompt("qa", alias="latest"),
    ]
    assert [version.version for version in loaded] == [3, 1, 2, 2, 1, 2, 3, 3]
    assert loaded[2].aliases == ("production",)


def test_an_alias_moved_here_is_seen_here_at_once(collector: Server) -> None:
    assay.register_prompt("qa", "one", "first")
    assay.set_prompt_alias("qa", "production", 1)
    assert assay.load_prompt("qa", alias="production").version == 1
    assay.register_prompt("qa", "two", "second")
    assert assay.load_prompt("qa").version == 2
    assay.set_prompt_alias("qa", "production", 2)
    assert assay.load_prompt("qa", alias="production").version == 2


def test_an_alias_moved_elsewhere_is_seen_after_the_time_to_live(collector: Server) -> None:
    for text in ("one", "two"):
        assay.register_prompt("qa", text, "next")
    assay.set_prompt_alias("qa", "production", 1)
    assert assay.load_prompt("qa", alias="production").version == 1
    current_client().put("/prompts/qa/aliases/production", {"version": 2})  # as another process would
    assert assay.load_prompt("qa", alias="production").version == 1
    assert assay.load_prompt("qa", alias="production", cache_ttl=0).version == 2


def test_loaded_prompts_are_served_on_when_the_collector_is_gone(tmp_path: Path) -> None:
    collector = Server(data_dir=tmp_path / ".assay")
    collector.start()
    configure(endpoint=collector.url, project="test")
    assay.register_prompt("qa", "one", "first")
    assay.load_prompt("qa")
    collector.stop()
    assert assay.load_prompt("qa", cache_ttl=0).version == 1


def test_a_fallback_stands_in_when_the_collector_is_away_from_the_start(unused_url: str) -> None:
    configure(endpoint=unused_url, timeout_s=1.0)
    own = PromptVersion.unregistered("qa", "mine: {{q}}", config={"model": "m"})
    assert assay.load_prompt("qa", fallback="Answer: {{q}}").format(q="why") == "Answer: why"
    assert assay.load_prompt("chat", fallback=CHAT).format(question="why") == [
        CHAT[0],
        {"role": "user", "content": "why"},
    ]
    assert assay.load_prompt("other", fallback=own) == own
    with pytest.raises(CollectorUnavailable):
        assay.load_prompt("qa")


def test_a_fallback_is_checked_before_it_is_needed(collector: Server) -> None:
    assay.register_prompt("qa", "one", "first")
    with pytest.raises(TemplateError):
        assay.load_prompt("qa", fallback="{{not a variable}}")


def test_what_a_caller_does_to_a_loaded_prompt_stays_with_the_caller(collector: Server) -> None:
    assay.register_prompt("qa", "one", "first", config={"temperature": 0})
    assay.load_prompt("qa").config["temperature"] = 1  # type: ignore[index]
    assert assay.load_prompt("qa").config == {"temperature": 0}


def test_prompts_of_another_project_are_not_found(collector: Server) -> None:
    assay.register_prompt("qa", "one", "first")
    assay.load_prompt("qa")
    reset_client()
    configure(project="other")
    with pytest.raises(PromptNotFound, match="no prompt 'qa'"):
        assay.load_prompt("qa")


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("nothing", "no prompt 'nothing'"),
        ("prompts:/qa/7", "has no version 7.*versions 1 to 1"),
        ("prompts:/qa@staging", "has no alias 'staging'.*aliases production"),
    ],
)
def test_what_is_not_there_is_told_with_what_there_is(collector: Server, reference: str, message: str) -> None:
    assay.register_prompt("qa", "one", "first")
    assay.set_prompt_alias("qa", "production", 1)
    with pytest.raises(PromptNotFound, match=message):
        assay.load_prompt(reference)


@pytest.mark.parametrize(
    ("name", "template", "commit_message", "error"),
    [
        pytest.param("qa", "one", " ", InvalidRequest, id="no-commit-message"),
        pytest.param("qa", "{{a.b}}", "first", TemplateError, id="no-template"),
        pytest.param("qa/1", "one", "first", InvalidRequest, id="name-ends-in-a-number"),
        pytest.param("a@b", "one", "first", InvalidRequest, id="name-holds-an-at-sign"),
        pytest.param("a/versions", "one", "first", InvalidRequest, id="name-is-reserved"),
    ],
)
def test_what_cannot_be_registered_is_refused(
    collector: Server, name: str, template: str, commit_message: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        assay.register_prompt(name, template, commit_message)


def test_latest_cannot_be_set(collector: Server) -> None:
    assay.register_prompt("qa", "one", "first")
    with pytest.raises(InvalidRequest, match="'latest' is always the newest version"):
        assay.set_prompt_alias("qa", "latest", 1)


def test_two_versions_at_once_are_refused_before_anybody_is_asked() -> None:
    with pytest.raises(ConfigurationError):
        assay.load_prompt("prompts:/qa/1", alias="production")


def test_prompts_are_found_by_a_part_of_their_name(collector: Server) -> None:
    for name in ("support/answer", "support/escalate", "summary"):
        assay.register_prompt(name, "x", f"about {name}")
    assay.set_prompt_alias("summary", "production", 1)
    assert [prompt.name for prompt in assay.search_prompts()] == ["summary", "support/answer", "support/escalate"]
    (summary,) = assay.search_prompts("SUMM")
    assert (summary.latest_version, summary.aliases, summary.commit_message) == (1, {"production": 1}, "about summary")
    assert assay.search_prompts("_%") == []


def test_an_author_is_noted_without_being_asked_for(collector: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNAME", "grace")
    assert assay.register_prompt("qa", "one", "first").author == "grace"


def test_the_span_in_which_a_prompt_is_used_carries_its_version(collector: Server) -> None:
    assay.register_prompt("support/answer", "Answer: {{question}}", "first")
    with assay.start_span("before"):
        pass
    with assay.start_span("ask"):
        assay.load_prompt("support/answer").format(question="Why?")
    assert assay.flush()
    spans = {span["name"]: span for span in current_client().pages("/spans")}
    assert (spans["ask"]["prompt_name"], spans["ask"]["prompt_version"]) == ("support/answer", 1)
    assert spans["before"]["prompt_name"] is None


def test_a_fallback_links_no_span_to_a_version(collector: Server) -> None:
    with assay.start_span("ask"):
        assay.load_prompt("missing", fallback="x").format()
    assert assay.flush()
    (span,) = current_client().pages("/spans")
    assert span["prompt_name"] is None
    assert semconv.GEN_AI_PROMPT_NAME not in json.dumps(span["attributes"])


def test_a_long_history_is_read_page_by_page(collector: Server) -> None:
    rows: list[dict[str, Any]] = []
    for number in range(1, 6):
        current_client().post("/prompts", {"name": "qa", "template": f"v{number}", "commit_message": "next"})
    cursor = None
    while True:
        answer = current_client().get("/prompts/qa/versions", limit=2, cursor=cursor)
        rows += answer["items"]
        if (cursor := answer["next_cursor"]) is None:
            break
    assert [row["version"] for row in rows] == [5, 4, 3, 2, 1]
