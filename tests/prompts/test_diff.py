"""Differences between versions: nothing is lost, and what changed is what is shown."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

from assay.content_hash import canonical_json
from assay.prompts import diff_messages
from assay.prompts.diff import Diff, diff_versions, diff_words
from assay.prompts.diff_keys import KeyDiff

WORDS = st.lists(st.sampled_from(["a", "b", "the ", "fox", ", ", "\n", "{{x}}", "é"]), max_size=30).map("".join)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": WORDS}),
    min_size=1,
    max_size=6,
)


def version(number: int, template: Any, config: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"name": "qa", "version": number, "template": template, "config": config or {}}


def diff(
    old: Any, new: Any, old_config: dict[str, Any] | None = None, new_config: dict[str, Any] | None = None
) -> Diff:
    return diff_versions(version(1, old, old_config), version(2, new, new_config))


@given(WORDS | st.text(), WORDS | st.text())
def test_both_texts_can_be_read_back_from_the_segments(old: str, new: str) -> None:
    segments = diff_words(old, new)
    assert "".join(text for operation, text in segments if operation != "insert") == old
    assert "".join(text for operation, text in segments if operation != "delete") == new
    assert all(text for _, text in segments)


@given(MESSAGES, MESSAGES)
def test_every_message_of_both_sides_is_shown_once_and_can_be_read_back(old: list[Any], new: list[Any]) -> None:
    shown = diff(old, new).messages
    assert read_back(shown, "insert", "old_role", "old_position") == old
    assert read_back(shown, "delete", "new_role", "new_position") == new
    places = [message.new_position for message in shown if message.new_position]
    assert places == sorted(places)


def read_back(shown: Any, other_side: str, role: str, position: str) -> list[dict[str, str]]:
    one_side = sorted((message for message in shown if getattr(message, position)), key=lambda m: getattr(m, position))
    return [
        {
            "role": getattr(message, role),
            "content": "".join(text for operation, text in message.segments if operation != other_side),
        }
        for message in one_side
    ]


@given(WORDS | MESSAGES, st.dictionaries(st.text(max_size=3), st.integers()))
def test_a_version_does_not_differ_from_itself(template: Any, config: dict[str, Any]) -> None:
    assert diff(template, template, config, dict(config)).is_empty


def test_words_are_compared_not_letters() -> None:
    assert diff_words("Answer briefly: {{question}}", "Answer kindly: {{question}}") == (
        ("equal", "Answer "),
        ("delete", "briefly"),
        ("insert", "kindly"),
        ("equal", ": {{question}}"),
    )


def test_words_that_changed_side_by_side_are_one_change() -> None:
    assert diff_words("Say it in a few words.", "Say it by way of song.") == (
        ("equal", "Say it "),
        ("delete", "in a few words"),
        ("insert", "by way of song"),
        ("equal", "."),
    )


def test_a_renamed_variable_is_one_word() -> None:
    assert diff_words("Q: {{question}}", "Q: {{query}}")[1:] == (("delete", "{{question}}"), ("insert", "{{query}}"))


def test_texts_too_large_to_compare_word_by_word_keep_their_equal_ends() -> None:
    old = "begin " + "a b " * 5_000 + "end"
    new = "begin " + "c d " * 5_000 + "end"
    assert [(operation, len(text)) for operation, text in diff_words(old, new)] == [
        ("equal", 6),
        ("delete", 19_999),
        ("insert", 19_999),
        ("equal", 4),
    ]


def test_a_message_put_in_front_does_not_disturb_the_others() -> None:
    user = {"role": "user", "content": "{{question}}"}
    changes = diff([user], [{"role": "system", "content": "Be kind."}, user]).messages
    assert [(message.change, message.new_role) for message in changes] == [("inserted", "system"), ("equal", "user")]


def test_a_message_with_new_words_is_changed_not_replaced() -> None:
    (message,) = diff([{"role": "user", "content": "Say it"}], [{"role": "user", "content": "Say it again"}]).messages
    assert message.change == "changed"
    assert message.segments[-1] == ("insert", " again")


def test_a_message_in_another_role_is_changed() -> None:
    (message,) = diff([{"role": "system", "content": "Hello"}], [{"role": "developer", "content": "Hello"}]).messages
    assert (message.change, message.old_role, message.new_role) == ("changed", "system", "developer")


def test_a_text_that_became_a_chat_is_its_user_message() -> None:
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{question}}"}]
    changes = diff("{{question}}", chat).messages
    assert [(message.change, message.old_role, message.new_role) for message in changes] == [
        ("inserted", None, "system"),
        ("changed", None, "user"),
    ]


def test_config_is_compared_by_key_down_to_the_value() -> None:
    old = {"temperature": 0, "same": [1], "limits": {"tokens": 10, "calls": 1}, "gone": None}
    new = {"temperature": 0.5, "same": [1], "limits": {"tokens": 20, "calls": 1}, "new": {"a": 1}}
    assert diff("x", "x", old, new).config == (
        KeyDiff(change="changed", key="temperature", old=0, new=0.5),
        KeyDiff(change="changed", key="limits.tokens", old=10, new=20),
        KeyDiff(change="deleted", key="gone", old=None, new=None),
        KeyDiff(change="inserted", key="new", old=None, new={"a": 1}),
    )


def test_true_is_not_one_in_a_config() -> None:
    assert [change.key for change in diff("x", "x", {"stream": True}, {"stream": 1}).config] == ["stream"]


def test_variables_that_came_and_went_are_named() -> None:
    changes = diff("{{a}} {{b}}", "{{b}} {{c}}")
    assert (changes.variables_added, changes.variables_removed) == (("c",), ("a",))


def test_it_prints_as_a_word_diff() -> None:
    changes = diff("Answer briefly: {{q}}", "Answer kindly: {{q}} {{z}}", {"model": "a"}, {"model": "b", "n": 1})
    assert str(changes) == (
        "qa 1 -> 2\n"
        "Answer [-briefly-]{+kindly+}: {{q}}{+ {{z}}+}\n"
        'config model: "a" -> "b"\n'
        "config n added: 1\n"
        "variables added: z"
    )


def test_a_chat_prints_message_by_message() -> None:
    old = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{q}}"}]
    new = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Q: {{q}}"}]
    assert str(diff(old, new)) == "qa 1 -> 2\nsystem: (unchanged)\nuser: {+Q: +}{{q}}"


def test_no_difference_says_so() -> None:
    assert str(diff("x", "x")) == "qa 1 -> 2\nNo difference."


SYSTEM = {"role": "system", "content": "You answer questions about the product, briefly and kindly."}
SHOT = {"role": "user", "content": "How do I reset my password?"}
REPLY = {"role": "assistant", "content": "On the settings page, under security."}
QUESTION = {"role": "user", "content": "{{question}}"}


def changes(old: Any, new: Any) -> list[tuple[str, int | None, int | None]]:
    return [(message.change, message.old_position, message.new_position) for message in diff(old, new).messages]


def test_a_message_that_moved_is_told_once_where_it_is_now() -> None:
    found = diff([SYSTEM, SHOT, REPLY, QUESTION], [SHOT, REPLY, SYSTEM, QUESTION])
    assert [(message.change, message.old_position, message.new_position) for message in found.messages] == [
        ("equal", 2, 1),
        ("equal", 3, 2),
        ("moved", 1, 3),
        ("equal", 4, 4),
    ]
    assert "system: (moved, was message 1)" in str(found)


def test_a_message_is_paired_with_the_one_it_resembles() -> None:
    longer = {"role": "system", "content": SYSTEM["content"] + " Never guess."}
    other = {"role": "system", "content": "Today is {{date}}."}
    assert changes([SYSTEM, QUESTION], [other, longer, QUESTION]) == [
        ("inserted", None, 1),
        ("changed", 1, 2),
        ("equal", 2, 3),
    ]


def test_a_message_in_another_role_with_nearly_the_same_words_is_changed() -> None:
    developer = {"role": "developer", "content": SYSTEM["content"] + "!"}
    assert changes([SYSTEM, QUESTION], [developer, QUESTION]) == [("changed", 1, 1), ("equal", 2, 2)]


def test_long_chats_are_paired_in_order() -> None:
    old = [{"role": "user", "content": f"old {number} " + "word " * 20} for number in range(700)]
    new = [{"role": "user", "content": f"new {number} " + "word " * 20} for number in range(701)]
    assert changes(old, new) == [("changed", n, n) for n in range(1, 701)] + [("inserted", None, 701)]


def test_what_is_too_much_to_compare_in_all_messages_together_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def chat(letter: str) -> list[dict[str, str]]:
        words = " ".join(f"w{number}" if number % 2 else f"{letter}{number}" for number in range(20))
        return [{"role": "user", "content": f"{number} {words} end"} for number in range(9)]

    monkeypatch.setattr(diff_messages, "MAX_WORD_PAIRS", 5_000)
    kept = [
        [text for operation, text in m.segments if operation == "equal"] for m in diff(chat("a"), chat("b")).messages
    ]
    assert len(kept[0]) == 11
    assert kept[8] == ["8 ", " w19 end"]


def test_content_in_parts_shows_its_text_and_the_rest_as_json() -> None:
    image = {"type": "image_url", "image_url": {"url": "{{image}}"}}
    old = [{"role": "user", "content": "What is this?"}]
    new = [{"role": "user", "content": [{"type": "text", "text": "What is this?"}, image]}]
    (message,) = diff(old, new).messages
    assert message.change == "changed"
    assert message.segments[0] == ("equal", "What is this?")
    assert diff(old, new).variables_added == ("image",)


def test_placeholders_and_includes_that_came_and_went_are_named() -> None:
    old = [{"role": "placeholder", "content": "history"}, {"role": "user", "content": "{{> tone/1 }}"}]
    new = [{"role": "placeholder", "content": "turns"}, {"role": "user", "content": "{{> tone/2 }}"}]
    found = diff(old, new)
    assert (found.placeholders.added, found.placeholders.removed) == (("turns",), ("history",))
    assert (found.includes.added, found.includes.removed) == (("tone/2",), ("tone/1",))
    assert "placeholders added: turns\nplaceholders removed: history" in str(found)


def content(**parts: Any) -> dict[str, Any]:
    return {**version(1, parts.pop("template", "x")), **parts}


def test_another_format_and_another_type_are_told() -> None:
    found = diff_versions(content(), content(template=[{"role": "user", "content": "x"}], format="jinja"))
    assert (found.type, found.format, found.is_empty) == (("text", "chat"), ("simple", "jinja"), False)
    assert str(found).splitlines()[1:3] == ["type: text -> chat", "format: simple -> jinja"]


def test_a_response_format_is_compared_by_path() -> None:
    old = {"type": "object", "properties": {"a": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "required": ["a"]}
    new = {"type": "object", "properties": {"a": {"anyOf": [{"type": "number"}]}}, "required": ["a", "b"]}
    found = diff_versions(content(response_format=old), content(response_format=new))
    assert found.response_format == (
        KeyDiff(change="changed", key="properties.a.anyOf[0].type", old="string", new="number"),
        KeyDiff(change="deleted", key="properties.a.anyOf[1]", old={"type": "null"}, new=None),
        KeyDiff(change="changed", key="required", old=["a"], new=["a", "b"]),
    )
    assert not found.is_empty


def test_a_response_format_that_was_not_there_is_added_as_a_whole() -> None:
    found = diff_versions(content(), content(response_format={}))
    assert found.response_format == (KeyDiff(change="inserted", key="", old=None, new={}),)
    assert str(found).endswith("response_format added: {}")


def tool(name: str, **more: Any) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, **more}}


def test_tools_are_compared_by_name() -> None:
    old = [tool("search", description="Finds"), tool("gone")]
    new = [tool("first"), tool("search", description="Finds pages")]
    found = diff_versions(content(tools=old), content(tools=new))
    assert [(one.change, one.key) for one in found.tools] == [
        ("changed", "search.function.description"),
        ("deleted", "gone"),
        ("inserted", "first"),
    ]
    assert 'tools search.function.description: "Finds" -> "Finds pages"' in str(found)


def test_tools_in_another_order_are_a_difference() -> None:
    found = diff_versions(content(tools=[tool("a"), tool("b")]), content(tools=[tool("b"), tool("a")]))
    assert found.tools == (KeyDiff(change="changed", key="(order)", old=["a", "b"], new=["b", "a"]),)


def test_tools_without_names_are_compared_by_position() -> None:
    found = diff_versions(content(tools=[{"type": "web"}]), content(tools=[{"type": "web"}, {"type": "code"}]))
    assert found.tools == (KeyDiff(change="inserted", key="[1]", old=None, new={"type": "code"}),)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(max_size=2), JSON), st.dictionaries(st.text(max_size=2), JSON))
@settings(max_examples=40)
def test_keys_differ_exactly_when_the_values_do(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert bool(diff("x", "x", old, new).config) == (canonical_json(old) != canonical_json(new))


def test_it_prints_in_colour_through_rich() -> None:
    console = Console(force_terminal=True, color_system="standard", width=200, no_color=False)
    with console.capture() as printed:
        console.print(diff("Answer [briefly]", "Answer [kindly]"))
    assert "Answer [" in printed.get()  # brackets of a prompt are no markup of rich's
    assert "\x1b[32mkindly" in printed.get()
    assert "briefly" in printed.get()


def test_without_colour_the_marks_say_it() -> None:
    console = Console(color_system=None, width=200)
    with console.capture() as printed:
        console.print(diff("Answer briefly", "Answer kindly"))
    assert printed.get() == "qa 1 -> 2\nAnswer [-briefly-]{+kindly+}\n"
