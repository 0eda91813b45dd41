"""Prompt versions as the page shows them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.prompts.prompt_view import (
    Piece,
    find_version,
    history,
    pieces,
    scored_versions,
    template_messages,
)

SIMPLE = "Answer {{ question }}, {briefly} {{> team/tone@production }} {{'{{'}} {% if x %}"
JINJA = "{# note #}{% if sources %}{{ sources | upper }}{% endif %} {{question}} {{> tone }}"


def test_variables_and_includes_are_told_apart_from_text() -> None:
    assert pieces(SIMPLE) == [
        Piece("Answer "),
        Piece("question", "variable"),
        Piece(", {briefly} "),
        Piece("team/tone@production", "include"),
        Piece(" {{'{{'}} {% if x %}"),
    ]


def test_code_of_the_format_jinja_is_told_apart_too() -> None:
    assert [(piece.kind, piece.text) for piece in pieces(JINJA, "jinja")] == [
        ("comment", "{# note #}"),
        ("code", "{% if sources %}"),
        ("code", "{{ sources | upper }}"),
        ("code", "{% endif %}"),
        ("text", " "),
        ("variable", "question"),
        ("text", " "),
        ("include", "tone"),
    ]


@given(st.text(alphabet="{}%#> ab\n'\"", max_size=60), st.sampled_from(["simple", "jinja"]))
def test_no_letter_of_a_template_is_lost(text: str, format: str) -> None:
    shown = {"variable": "{{%s}}", "include": "{{> %s}}"}
    joined = "".join(shown.get(piece.kind, "%s") % piece.text for piece in pieces(text, format))
    assert joined.replace(" ", "") == text.replace(" ", "").replace("{{-", "{{").replace("-}}", "}}")


def test_a_template_of_another_language_is_shown_as_it_is() -> None:
    assert pieces("{{#each items}}x{{/each}}") == [Piece("{{#each items}}x{{/each}}")]


def test_a_chat_has_a_message_per_role() -> None:
    template = [{"role": "developer", "content": "Be brief."}, {"role": "critic", "content": "{{text}}"}]
    shown = template_messages({"template": template})
    assert [(message.role, message.label) for message in shown] == [("system", "System"), ("other", "critic")]


def test_a_placeholder_of_messages_is_no_message() -> None:
    [shown] = template_messages({"template": [{"role": "placeholder", "content": " history "}]})
    assert (shown.is_placeholder, shown.pieces) == (True, [Piece("history", "variable")])


def test_content_in_parts_is_shown_as_data() -> None:
    parts = [{"type": "text", "text": "{{a}}"}, {"type": "image_url", "image_url": {"url": "{{b}}"}}]
    [shown] = template_messages({"template": [{"role": "user", "content": parts}]})
    assert (shown.parts, shown.pieces) == (parts, [])


def test_a_text_prompt_has_no_role() -> None:
    assert [message.role for message in template_messages({"template": "x"})] == [None]


def test_a_version_that_there_is_not_is_none() -> None:
    assert find_version([{"version": 2}, {"version": 1}], 3) is None


@pytest.mark.parametrize("later", ["2026-10-02T00:00:00Z", "2026-10-01T00:00:00Z"])
def test_the_history_has_moves_above_the_versions_of_their_instant(later: str) -> None:
    events = history([{"version": 1, "created_at": "2026-10-01T00:00:00Z"}], [{"alias": "a", "moved_at": later}])
    assert [event.version is None for event in events] == [True, False]


def test_the_list_shows_the_most_frequent_score_of_production_and_of_the_latest_version() -> None:
    prompts = [
        {"name": "qa", "aliases": {"production": 1}, "latest_version": 3},
        {"name": "new", "aliases": {}, "latest_version": 1},
    ]
    helpful, kind = {"name": "helpful", "mean": 0.8}, {"name": "kind", "mean": 0.5}
    scores = {("qa", 1): [helpful, kind], ("qa", 2): [kind], ("qa", 3): [kind, {**helpful, "mean": 0.9}]}
    found = scored_versions(prompts, scores)
    assert [(line.version, line.score["mean"]) for line in found["qa"]] == [(1, 0.8), (3, 0.9)]
    assert found["new"] == []
