"""Differences between versions: nothing is lost, and what changed is what is shown."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from assay.prompts.diff import ConfigDiff, Diff, diff_versions, diff_words

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
def test_every_message_of_both_sides_is_shown_once_in_order(old: list[Any], new: list[Any]) -> None:
    shown = diff(old, new).messages
    olds = [message for message in shown if message.old_role is not None]
    news = [message for message in shown if message.new_role is not None]
    assert [message.old_role for message in olds] == [message["role"] for message in old]
    assert [message.new_role for message in news] == [message["role"] for message in new]
    assert ["".join(t for op, t in message.segments if op != "insert") for message in olds] == [
        m["content"] for m in old
    ]
    assert ["".join(t for op, t in message.segments if op != "delete") for message in news] == [
        m["content"] for m in new
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
        ConfigDiff(change="changed", key="temperature", old=0, new=0.5),
        ConfigDiff(change="changed", key="limits.tokens", old=10, new=20),
        ConfigDiff(change="deleted", key="gone", old=None, new=None),
        ConfigDiff(change="inserted", key="new", old=None, new={"a": 1}),
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
