"""Prompt versions as the page shows them."""

from __future__ import annotations

from assay.collector.pages.prompt_view import Piece, find_version, pieces, template_messages


def test_variables_are_told_apart_from_text() -> None:
    assert pieces("Answer {{ question }}, {briefly}") == [
        Piece("Answer "),
        Piece("question", True),
        Piece(", {briefly}"),
    ]


def test_a_template_of_another_language_is_shown_as_it_is() -> None:
    assert pieces("{{#each items}}x{{/each}}") == [Piece("{{#each items}}x{{/each}}")]


def test_a_chat_has_a_message_per_role() -> None:
    template = [{"role": "developer", "content": "Be brief."}, {"role": "critic", "content": "{{text}}"}]
    shown = template_messages({"template": template})
    assert [(message.role, message.label) for message in shown] == [("system", "System"), ("other", "critic")]


def test_a_text_prompt_has_no_role() -> None:
    assert [message.role for message in template_messages({"template": "x"})] == [None]


def test_a_version_that_there_is_not_is_none() -> None:
    assert find_version([{"version": 2}, {"version": 1}], 3) is None
