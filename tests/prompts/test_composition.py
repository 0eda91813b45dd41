"""Includes: put in where they stand, pinned, bounded, and never more than the two texts say by themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import PromptNotFound, TemplateError
from assay.prompts.composition import MAX_DEPTH, Included, Lookup, Pin, includes, resolve
from assay.prompts.reference import Reference
from assay.prompts.template import escape, parse_template

BRACES = st.text(st.sampled_from("{}%#>\"' -a\n"), max_size=12)
CHAT = [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello {{name}}"}]


def registry(**prompts: Any) -> Lookup:
    """Prompts of one version each: a template, or a template and its format."""

    def lookup(reference: Reference) -> Included:
        if reference.name not in prompts:
            raise PromptNotFound(f"There is no prompt {reference.name!r}.", hint="Register it.")
        found = prompts[reference.name]
        template, format = found if isinstance(found, tuple) else (found, "simple")
        return Included(name=reference.name, version=7, template=template, format=format)

    return lookup


def test_the_text_stands_where_the_include_stands() -> None:
    lookup = registry(tone="Be {{how}}.", rules="Rules: {{> tone/2 }}")
    assert resolve("{{> rules@production }} Answer: {{question}}", lookup) == (
        "Rules: Be {{how}}. Answer: {{question}}",
        (Pin("rules", 7, "rules@production"), Pin("tone", 7, "tone/2")),
    )


def test_includes_are_listed_as_they_are_written() -> None:
    listed = includes([{"role": "user", "content": "{{> team/tone@production}} {{>tone/2}} {{> tone }} {{> tone }}"}])
    assert [(include.name, include.version, include.reference) for include in listed] == [
        ("team/tone", "production", "team/tone@production"),
        ("tone", 2, "tone/2"),
        ("tone", "latest", "tone"),
    ]


@given(BRACES, BRACES, BRACES)
def test_the_seam_of_two_texts_is_never_a_tag(before: str, inside: str, after: str) -> None:
    resolved, _ = resolve(f"{escape(before)}{{{{> a }}}}{escape(after)}", registry(a=escape(inside)))
    assert parse_template(resolved).format({}) == before + inside + after


@given(BRACES, BRACES)
def test_resolving_what_is_resolved_changes_nothing(text: str, inside: str) -> None:
    lookup = registry(a=escape(inside) + "{{x}}", b="{{> a }}" + escape(inside))
    resolved, _ = resolve(f"{{{{ y }}}}{escape(text)}{{{{> b }}}}{{{{> a }}}}", lookup)
    assert resolve(resolved, lookup) == (resolved, ())


def test_variables_of_what_is_included_are_variables_of_the_whole() -> None:
    resolved, _ = resolve("{{a}} {{> x }}", registry(x="{{b}} {{a}}"))
    assert parse_template(resolved).variables == ("a", "b")


def test_a_message_keeps_its_role_around_a_text() -> None:
    template = [{"role": "system", "content": "{{> tone }}"}, {"role": "user", "content": "{{q}}"}]
    resolved, _ = resolve(template, registry(tone="Be kind."))
    assert resolved == [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "{{q}}"}]


@pytest.mark.parametrize("role", ["placeholder", "system"])
def test_the_messages_of_a_chat_take_the_place_of_a_message_that_is_the_include_alone(role: str) -> None:
    template = [{"role": role, "content": " {{> shots }}"}, {"role": "user", "content": "{{q}}"}]
    resolved, pins = resolve(template, registry(shots=CHAT))
    assert resolved == [*CHAT, {"role": "user", "content": "{{q}}"}]
    assert [pin.name for pin in pins] == ["shots"]


def test_a_text_part_of_a_message_may_include_a_text() -> None:
    image = {"type": "image_url", "image_url": {"url": "{{> base }}/{{id}}.png"}}
    template = [{"role": "user", "content": [{"type": "text", "text": "{{> tone }}"}, image]}]
    resolved, _ = resolve(template, registry(tone="Be kind.", base="https://example.org"))
    assert [*resolved[0]["content"]] == [  # type: ignore[index]
        {"type": "text", "text": "Be kind."},
        {"type": "image_url", "image_url": {"url": "https://example.org/{{id}}.png"}},
    ]


@pytest.mark.parametrize(
    ("template", "message"),
    [
        pytest.param("{{> shots }}", "is a chat prompt", id="a-chat-in-a-text"),
        pytest.param([{"role": "user", "content": "x {{> shots }}"}], "is a chat prompt", id="a-chat-in-a-sentence"),
        pytest.param([{"role": "placeholder", "content": "{{> tone }}"}], "has no messages", id="a-text-for-messages"),
        pytest.param("{{> gone@production }}", "gone@production .*There is no prompt 'gone'", id="missing"),
        pytest.param("{{> me }}", "'me' includes itself: me -> me", id="itself"),
        pytest.param("{{> outer/3 }}", "'outer' includes itself: outer -> outer", id="itself-in-another-version"),
        pytest.param("{{> a }}", "'a' includes itself: a -> b -> a", id="a-circle"),
    ],
)
def test_what_cannot_be_put_in_is_refused(template: Any, message: str) -> None:
    lookup = registry(shots=CHAT, tone="Be kind.", me="{{> me }}", a="{{> b }}", b="{{> a@x }}", outer="{{> outer/2 }}")
    with pytest.raises(TemplateError, match=message):
        resolve(template, lookup, name="outer")


def chain(length: int) -> Lookup:
    return registry(**{f"p{n}": f"{{{{> p{n + 1} }}}}" for n in range(1, length)}, **{f"p{length}": "end"})


def test_includes_nest_ten_deep_and_no_deeper() -> None:
    assert resolve("{{> p1 }}", chain(MAX_DEPTH))[0] == "end"
    with pytest.raises(TemplateError, match="more than 10 deep"):
        resolve("{{> p1 }}", chain(MAX_DEPTH + 1))


def test_the_depth_of_what_is_already_known_counts() -> None:
    # `p3` is met first near the top, where its own depth is allowed, then again at the end of a long way.
    lookup = chain(9)
    deep = {f"q{n}": f"{{{{> q{n + 1} }}}}" for n in range(1, 5)}

    def both(reference: Reference) -> Included:
        return registry(**deep, q5="{{> p3 }}")(reference) if reference.name[0] == "q" else lookup(reference)

    assert resolve("{{> p3 }}", both)[0] == "end"
    with pytest.raises(TemplateError, match="more than 10 deep"):
        resolve("{{> p3 }}{{> q1 }}", both)


@pytest.mark.parametrize("last", ["x" * 100, CHAT], ids=["text", "chat"])
def test_includes_that_multiply_are_refused_before_they_are_large(last: Any) -> None:
    def ten(name: str) -> Any:
        tag = f"{{{{> {name} }}}}"
        return tag * 10 if isinstance(last, str) else [{"role": "placeholder", "content": tag}] * 10

    bomb = {f"p{n}": ten(f"p{n + 1}") for n in range(1, 9)}
    with pytest.raises(TemplateError, match="more than 1,000,000 characters"):
        resolve(ten("p1"), registry(**bomb, p9=last))


def test_too_many_prompts_are_refused() -> None:
    many = {f"p{n}": "x" for n in range(101)}
    with pytest.raises(TemplateError, match="more than 100 prompts"):
        resolve("".join(f"{{{{> {name} }}}}" for name in many), registry(**many))


def counting(lookup: Lookup, asked: list[str]) -> Callable[[Reference], Included]:
    def counted(reference: Reference) -> Included:
        asked.append(str(reference))
        return lookup(reference)

    return counted


def test_an_include_is_looked_up_once_so_that_it_is_one_version() -> None:
    asked: list[str] = []
    resolve("{{> a }}{{> b@x }}{{> a }}", counting(registry(a="{{> b@x }}", b="x"), asked))
    assert asked == ["prompts:/a", "prompts:/b@x"]


def test_a_template_whose_includes_are_not_in_yet_is_not_formatted() -> None:
    with pytest.raises(TemplateError, match=r"includes tone@production, which has not been put in.*load_prompt"):
        parse_template("{{> tone@production }}").format({})


@pytest.mark.parametrize("tag", ["{{> }}", "{{>}}", "{{> a\nb }}", "{{> .. }}", "{{> {{a}} }}", "{{> a"])
def test_an_include_must_name_a_prompt(tag: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(f"before {tag}")
