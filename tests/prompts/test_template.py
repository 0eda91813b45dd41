"""Templates: what is substituted, what is text, what is refused, and that no value can do more than stand there."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.errors import TemplateError
from assay.prompts.template import Variable, escape, parse_template, parse_text

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True)
# Text with many braces and quotes: what could be mistaken for syntax.
TEXTS = st.text(st.sampled_from("{}\"'\\ \n#>/ab.é") | st.characters(codec="utf-8"), max_size=40)
PARTS = st.lists(TEXTS.map(str) | NAMES.map(Variable), max_size=8)


def written(parts: list[str | Variable]) -> str:
    return "".join("{{" + part.name + "}}" if isinstance(part, Variable) else escape(part) for part in parts)


@given(TEXTS)
def test_escaped_text_formats_to_itself(text: str) -> None:
    assert parse_template(escape(text)).format({}) == text


@given(PARTS, st.data())
def test_formatting_puts_each_value_in_its_place_and_leaves_the_rest(
    parts: list[str | Variable], data: st.DataObject
) -> None:
    source = written(merged(parts))
    template = parse_template(source)
    values = {name: data.draw(TEXTS) for name in template.variables}
    expected = "".join(values[part.name] if isinstance(part, Variable) else part for part in parts)
    assert template.format(values) == expected


@given(PARTS)
def test_parsing_what_was_written_gives_the_parts_back(parts: list[str | Variable]) -> None:
    assert list(parse_text(written(merged(parts)))) == merged(parts)


@given(st.text())
def test_any_text_is_a_template_or_a_template_error(text: str) -> None:
    with suppress(TemplateError):
        assert parse_template(text).source == text


@given(
    st.recursive(
        st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
    )
)
def test_anything_else_is_a_template_or_a_template_error(source: Any) -> None:
    with suppress(TemplateError):
        assert parse_template(source).source == source


@given(NAMES, TEXTS)
def test_a_value_is_never_read_again(name: str, text: str) -> None:
    hostile = text + "{{other}} {{" + name + "}}"
    assert parse_template("<{{" + name + "}}>").format({name: hostile}) == f"<{hostile}>"


@pytest.mark.parametrize(
    ("template", "formatted"),
    [
        pytest.param("{{x}}", "1", id="variable"),
        pytest.param("{{ x\n }}", "1", id="white-space-inside"),
        pytest.param("{x} {{x}} {x}", "{x} 1 {x}", id="single-braces-are-text"),
        pytest.param('{"a": {"b": {{x}}}}', '{"a": {"b": 1}}', id="json-around-a-variable"),
        pytest.param("{{{x}}}", "{1}", id="three-braces-are-one-and-a-variable"),
        pytest.param('{{"{{"}}x}}', "{{x}}", id="literal-braces"),
        pytest.param("{{ '{{' }}{{x}}", "{{1", id="literal-braces-in-single-quotes"),
        pytest.param("}} {{x}}}}", "}} 1}}", id="closing-braces-are-text"),
        pytest.param("\\{{x}}", "\\1", id="a-backslash-is-text"),
        pytest.param("%s {0} ${x} {{x}} {% if x %}", "%s {0} ${x} 1 {% if x %}", id="other-languages-are-text"),
    ],
)
def test_what_is_a_variable_and_what_is_text(template: str, formatted: str) -> None:
    variables = parse_template(template).variables
    assert parse_template(template).format(dict.fromkeys(variables, 1)) == formatted


HOSTILE = [
    "{{x.__class__}}",
    "{{x.__class__.__mro__[1].__subclasses__()}}",
    "{{''.__class__}}",
    "{{ x['a'] }}",
    "{{x()}}",
    "{{x|safe}}",
    "{{7*7}}",
    "{{lipsum.__globals__['os'].popen('id')}}",
    "{{__import__('os').system('id')}}",
    "{{x!r}}",
    "{{x:>10}}",
    "{{#each x}}",
    "{{/each}}",
    "{{^x}}",
    "{{& x}}",
    "{{= <% %> =}}",
    "{{@root}}",
    "{{0}}",
    "{{}}",
    "{{ }}",
    "{{x",
    "{{ x y }}",
    "{{x}",
    "{{{{x}}}}",
    "{{-x-}}",
    "{{x\u200b}}",
]


@pytest.mark.parametrize("template", HOSTILE)
def test_nothing_but_a_name_is_accepted_between_braces(template: str) -> None:
    with pytest.raises(TemplateError, match="not a variable"):
        parse_template(f"before {template}")


@pytest.mark.parametrize("value", ["{x.__class__}", "%(x)s", "$x", "{{x}}", "{% raw %}", "\\1\\g<0>", "\x00"])
def test_hostile_values_stand_in_the_text_as_they_are(value: str) -> None:
    assert parse_template("a {{x}} b").format({"x": value}) == f"a {value} b"


def test_variables_come_in_the_order_of_their_first_use() -> None:
    messages = [{"role": "system", "content": "{{b}} {{a}}"}, {"role": "user", "content": "{{a}} {{c}} {{b}}"}]
    assert parse_template(messages).variables == ("b", "a", "c")


def test_chat_templates_format_to_messages() -> None:
    messages = [{"role": "system", "content": "Be {{how}}."}, {"role": "user", "content": "{{question}}"}]
    assert parse_template(messages).format({"how": "brief", "question": "Why?"}) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        pytest.param({"a": 1}, "missing: b", id="missing"),
        pytest.param({"a": 1, "b": 2, "question": 3}, "unknown: question", id="unknown"),
        pytest.param({"a": 1, "b": None}, "None: b", id="none"),
        pytest.param({"c": 1}, "missing: a, b; unknown: c", id="everything-at-once"),
    ],
)
def test_values_that_do_not_fit_are_named(values: dict[str, Any], message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse_template("{{a}} {{b}}").format(values)


def test_values_that_are_no_text_go_in_as_str() -> None:
    assert parse_template("{{n}} {{flag}}").format({"n": 1.5, "flag": False}) == "1.5 False"


def test_a_compatibility_letter_is_the_name_that_python_makes_of_it() -> None:
    def keyword(**values: Any) -> dict[str, Any]:
        return values

    assert parse_template("{{\ufb01eld}}").format(keyword(ﬁeld=1)) == "1"


def test_an_error_points_at_the_place() -> None:
    messages = [{"role": "system", "content": "fine"}, {"role": "user", "content": "first\nsecond {{user.name}}"}]
    with pytest.raises(TemplateError, match=r"'\{\{user.name\}\}' at message 2, line 2, column 8"):
        parse_template(messages)


@pytest.mark.parametrize(
    "source",
    [
        pytest.param([], id="no-messages"),
        pytest.param(None, id="nothing"),
        pytest.param({"role": "user", "content": "a"}, id="a-message-outside-a-list"),
        pytest.param(["text"], id="a-string-in-the-list"),
        pytest.param([{"role": "user"}], id="no-content"),
        pytest.param([{"role": "", "content": "a"}], id="empty-role"),
        pytest.param([{"role": "user", "content": None}], id="content-is-no-text"),
        pytest.param([{"role": "user", "content": "a", "name": "b"}], id="unknown-key"),
        pytest.param(b"text", id="bytes"),
    ],
)
def test_what_is_neither_text_nor_messages_is_refused(source: object) -> None:
    with pytest.raises(TemplateError):
        parse_template(source)


def test_a_megabyte_of_near_misses_is_read_in_one_pass() -> None:
    # A parser that starts over at every brace would still be at it tomorrow.
    template = parse_template("{{a}}" + "{ { " * 250_000 + "{{b}}" + " " * 100_000 + "}}" * 100_000)
    assert template.variables == ("a", "b")
    with pytest.raises(TemplateError):
        parse_template("{{" + " " * 1_000_000)


def merged(parts: list[str | Variable]) -> list[str | Variable]:
    """The parts as a parser must see them: no empty texts, neighbours joined."""
    joined: list[str | Variable] = []
    for part in parts:
        if isinstance(part, str) and joined and isinstance(joined[-1], str):
            joined[-1] += part
        elif part != "":
            joined.append(part)
    return joined
