"""The format `jinja`: conditions and loops as Jinja has them, and nothing that runs code, reaches in, or never ends."""

from __future__ import annotations

import subprocess
import sys
import time
from contextlib import suppress
from enum import Enum
from typing import Any

import jinja2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import PromptNotFound, TemplateError
from assay.prompts import jinja_budget
from assay.prompts.composition import Included, resolve
from assay.prompts.reference import Reference
from assay.prompts.template import escape, parse_template
from support.hostile_templates import JINJA, OTHER_LANGUAGES, Trap, hostile_values

REFERENCE = jinja2.Environment(undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
VALUES: dict[str, Any] = {
    "name": "Ada",
    "vip": True,
    "none": None,
    "n": 7,
    "ratio": 0.256,
    "docs": [{"title": "b", "pages": 3}, {"title": "a", "pages": 10}],
    "words": ["b", "A", "c", "a"],
    "plan": {"name": "pro", "seats": 3},
    "text": "first line\nsecond  line",
}


def formatted(source: str, **values: Any) -> Any:
    """With as many of the values as the template has variables for."""
    template = parse_template(source, "jinja")
    return template.format({name: value for name, value in values.items() if name in template.variables})


def formatted_with_anything(source: str, values: dict[str, Any]) -> Any:
    template = parse_template(source, "jinja")
    return template.format({name: values.get(name, "given") for name in template.variables})


BENIGN = [
    "no tags, {single} braces, 100 % and #hashes\n",
    "Hi {{ name }}{% if vip %}, dear{% elif n > 3 %}!{% else %}.{% endif %}",
    "{% for d in docs %}{{ loop.index }}/{{ loop.length }} {{ d.title }} ({{ d['pages'] }}){% endfor %}",
    "{% for d in docs %}{{ d.title }}{{ '' if loop.last else ', ' }}{% endfor %}",
    "{% for d in docs if d.pages > 5 %}{{ loop.first }}{{ d.title }}{% else %}none{% endfor %}",
    "{% for k, v in plan|items %}{{ k }}={{ v }};{% endfor %}",
    "{% for a in words %}{% for b in words %}{{ loop.index0 }}{{ b }}{% endfor %}{{ loop.revindex }}{% endfor %}",
    "{% for a in words %}{{ loop.previtem|default('-') }}{{ loop.nextitem|default('-') }}{% endfor %}",
    "{% for a in [] %}a{% else %}empty{% endfor %}{% for a in 'abc' %}{{ a }}.{% endfor %}",
    "a\n  {%- if vip -%}  \n b {% endif -%}\n c",
    "{# a comment #}{% raw %}{{ not.a.tag }}{% endraw %}",
    "{% set total = n + 2 %}{{ total }} {{ total is odd }} {{ total is divisibleby 3 }}",
    "{{ n + 1 }} {{ n - 1 }} {{ n * 2 }} {{ n / 2 }} {{ n // 2 }} {{ n % 2 }} {{ -n }}",
    "{{ 'a' ~ n ~ name }} {{ 'a' + name }}",
    "{{ 1 < n <= 7 }} {{ n == 7 }} {{ n != 7 }} {{ 'A' in name }} {{ 'b' not in words }} {{ 'seats' in plan }}",
    "{{ vip and not none }} {{ none or name }} {{ name if vip else 'x' }}",
    "{{ words[0] }} {{ words[-1] }} {{ words[1:3]|join }} {{ name[:2] }} {{ text[::-1] }} {{ docs[0].title }}",
    "{{ missing|default('d') }} {{ missing is defined }} {{ none|default('d', true) }} {{ name is undefined }}",
    "{{ plan.gone|default('d') }} {{ plan.gone is defined }}",
    "{{ none is none }} {{ name is string }} {{ n is number }} {{ n is integer }} {{ ratio is float }}",
    "{{ vip is boolean }} {{ plan is mapping }} {{ words is sequence }} {{ words is iterable }}",
    "{{ vip is true }} {{ vip is false }} {{ n is even }}",
    "{{ n is in words }} {{ n is eq 7 }} {{ n is ne 7 }} {{ n is equalto(7) }}",
    "{{ name|upper }} {{ name|lower }} {{ 'it\\'s a TEST'|title }} {{ 'aB'|capitalize }}",
    "{{ '  a '|trim }} {{ 'xax'|trim('x') }} {{ name|replace('A', 'aa') }} {{ n|string }}",
    "{{ name|length }} {{ words|count }} {{ plan|length }} {{ text|wordcount }}",
    "{{ text|indent }}|{{ text|indent(2, true) }}|{{ text|truncate(12) }}|{{ text|truncate(12, true, '') }}",
    "{{ words|join(', ') }} {{ words|first }} {{ words|last }} {{ words|sort|join }} {{ words|sort(true, true)|join }}",
    "{{ words|reverse|join }} {{ words|unique|join }} {{ words|min }} {{ words|max }} {{ [1, 2]|sum }}",
    "{{ '12'|int }} {{ '1.9'|int }} {{ 'x'|int(5) }} {{ '1.5'|float }} {{ -n|abs }}",
    "{{ ratio|round(1) }} {{ 1.5|round(0, 'floor') }} {{ name|reverse }}",
    "{{ words }} {{ plan }} {{ vip }} {{ ratio }} {{ 'ab'|list }} {{ []|first|default('none') }}",
]  # fmt: skip


@pytest.mark.parametrize("source", BENIGN)
def test_what_is_allowed_does_what_jinja_does(source: str) -> None:
    assert formatted(source, **VALUES) == REFERENCE.from_string(source).render(VALUES)


TERMS = st.sampled_from(
    ["name", "n", "none", "vip", "words", "plan", "ratio", "item", "'a'", "2", "missing", "docs[0].pages"]
)
OPERATORS = st.sampled_from(["+", "-", "*", "%", "//", "~", "==", "!=", "<", ">=", "in", "not in", "and", "or"])
FILTERED = [
    *("upper", "title", "trim", "length", "join('-')", "first", "last", "sort", "unique|list", "reverse|list", "list"),
    *("default('d')", "default('d', true)", "int", "float", "abs", "replace('a', 'bb')", "string"),
]
FILTER_CHAINS = st.lists(st.sampled_from(FILTERED), max_size=2).map(lambda names: "".join(f"|{n}" for n in names))
EXPRESSIONS = st.recursive(
    st.tuples(TERMS, FILTER_CHAINS).map("".join),
    lambda inner: (
        st.tuples(inner, OPERATORS, inner).map(lambda parts: f"({' '.join(parts)})")
        | st.tuples(inner, inner, inner).map(lambda parts: f"({parts[0]} if {parts[1]} else {parts[2]})")
        | inner.map(lambda part: f"(not {part})")
    ),
    max_leaves=4,
)
SOURCES = st.recursive(
    st.sampled_from(["text ", "\n", "{ ", "é"]) | EXPRESSIONS.map(lambda expression: f"{{{{ {expression} }}}}"),
    lambda inner: (
        st.tuples(inner, inner).map("".join)
        | st.tuples(EXPRESSIONS, inner, inner).map(
            lambda parts: f"{{% if {parts[0]} %}}{parts[1]}{{% else %}}{parts[2]}{{% endif %}}"
        )
        | st.tuples(inner, inner).map(
            lambda parts: f"{{% for item in words %}}{{{{ loop.index }}}}{parts[0]}{{% else %}}{parts[1]}{{% endfor %}}"
        )
        | st.tuples(EXPRESSIONS, inner).map(lambda parts: f"{{% set item = {parts[0]} %}}{parts[1]}")
    ),
    max_leaves=5,
)


@given(SOURCES)
@settings(max_examples=25)
def test_what_can_be_formatted_is_what_jinja_makes(source: str) -> None:
    with suppress(TemplateError):
        made = formatted_with_anything(source, {**VALUES, "missing": "there", "item": "outer"})
        assert made == REFERENCE.from_string(source).render({**VALUES, "missing": "there", "item": "outer"})


def test_json_is_written_for_a_model_not_for_a_page() -> None:
    assert formatted("{{ x|tojson }}", x={"a": "<é'>", "n": [1, None]}) == '{"a": "<é\'>", "n": [1, null]}'


def test_text_goes_out_as_it_is() -> None:
    assert formatted("{{ x }}", x="<b> & 'q' {{ y }} {% if %}") == "<b> & 'q' {{ y }} {% if %}"


@given(st.text(st.sampled_from("{}%#- \n'\"ab") | st.characters(codec="utf-8"), max_size=30))
def test_a_value_is_never_read_again(value: str) -> None:
    assert formatted("<{{ x }}{% for y in z %}{{ y }}{% endfor %}>", x=value, z=[value]) == f"<{value}{value}>"


def test_variables_are_listed_without_running_anything() -> None:
    source = (
        "{% for d in docs %}{{ d.title }}{{ sep }}{% endfor %}{% if vip %}{{ who }}{% endif %}{% set a = 1 %}{{ a }}"
    )
    assert parse_template(source, "jinja").variables == ("docs", "sep", "vip", "who")


def test_what_a_template_asks_about_may_be_left_out() -> None:
    template = parse_template("{% if tone is defined %}Be {{ tone }}. {% endif %}{{ q|default('?') }}{{ z }}", "jinja")
    assert template.format({"z": 1}) == "?1"
    assert template.format({"z": 1, "tone": "kind", "q": "!"}) == "Be kind. !1"
    with pytest.raises(TemplateError, match="missing: z; unknown: other"):
        template.format({"other": 1})


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("\n{{ user.gone }}", "line 2: there is no key 'gone'; the keys are: name", id="key"),
        pytest.param("{{ rows[5] }}", "there is no item 5", id="position"),
        pytest.param("{{ name.first }}", "str has no key 'first'", id="text-has-no-keys"),
        pytest.param("{{ none }}", "a value is None", id="none-is-no-text"),
        pytest.param("{{ name + 1 }}", "a number is needed; this is str", id="arithmetic"),
        pytest.param("{{ 1 / 0 }}", "line 1: division by zero", id="division"),
        pytest.param("{% for a in 5 %}{% endfor %}", "a list is needed; this is int", id="loop"),
        pytest.param("{{ rows|sort }}", "a list of texts or numbers", id="sort"),
        pytest.param("{{ [1, 'a']|sort }}", "not supported between", id="sort-of-both"),
        pytest.param("{{ name if false }}", "no else section", id="no-else"),
        pytest.param("{{ name|truncate(1) }}", "no room", id="truncate"),
    ],
)
def test_what_fails_while_it_runs_says_where_and_why(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        formatted(source, user={"name": "Ada"}, rows=[{}], name="Ada", none=None)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        pytest.param("a\n{% if %}", "line 2", id="syntax"),
        pytest.param("a\n{{ x() }}", "line 2: 'call' is not allowed in a prompt. Nothing can be called", id="call"),
        pytest.param("{{ x|nosuch }}", "no filter 'nosuch'; there are abs", id="filter"),
        pytest.param("{% include 'x' %}", "write {{> name@alias }}", id="include"),
    ],
)
def test_what_cannot_be_read_is_refused_when_it_is_parsed(source: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        parse_template([{"role": "user", "content": source}], "jinja")


def test_chat_messages_and_their_parts_are_filled_one_by_one() -> None:
    part = {"type": "image_url", "image_url": {"url": "{{ url }}"}}
    template = parse_template(
        [
            {"role": "system", "content": "{% if brief %}Be brief.{% endif %}"},
            {"role": "placeholder", "content": "history"},
            {"role": "user", "content": [{"type": "text", "text": "{{ q }}"}, part]},
        ],
        "jinja",
    )
    assert (template.variables, template.placeholders) == (("brief", "q", "url"), ("history",))
    assert template.format(
        {"brief": True, "q": "?", "url": "u", "history": [{"role": "user", "content": "{{q}}"}]}
    ) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "{{q}}"},
        {"role": "user", "content": [{"type": "text", "text": "?"}, {**part, "image_url": {"url": "u"}}]},
    ]


class Plan(str, Enum):  # noqa: UP042  # a class of its own that is a text, and prints as something else
    PRO = "pro"


def test_values_of_classes_of_their_own_are_data_before_a_template_sees_them() -> None:
    class Fraction(float):
        pass

    source = "{{ a }} {{ b is float }} {{ c|join }} {% for k, v in d|items %}{{ k }}{{ v }}{% endfor %}"
    assert (
        formatted(source, a=Plan.PRO, b=Fraction(1), c=(1, 2), d={Plan.PRO: Trap()})
        == "Plan.PRO True 12 Plan.PROa trap"
    )


@pytest.mark.parametrize("source", JINJA, ids=lambda source: source[:60])
def test_no_template_runs_code_reaches_an_attribute_or_works_without_end(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jinja_budget, "MAX_STEPS", 100_000)  # a tenth, for a quicker end
    values = hostile_values()
    started = time.process_time()
    with pytest.raises(TemplateError):
        formatted_with_anything(source, values)
    assert [values[name].touched for name in "xy"] == [[], []]
    assert time.process_time() - started < 30  # seconds, against hours


@pytest.mark.parametrize("source", OTHER_LANGUAGES)
@pytest.mark.parametrize("format", ["simple", "jinja"])
def test_other_languages_are_text(source: str, format: str) -> None:
    assert parse_template(source, format).format({}) == source


PIECES = [
    "{{ ", " }}", "{% ", " %}", "{#", "#}", "if ", "endif", "for a in ", "endfor", "set a = ", "x", "rows", "data",
    "loop", ".", "|", "(", ")", "[", "]", "'", '"', "__class__", "attr", "upper", "join", "default", "1", "0",
    " and ", " is ", "defined", "-", "+", "~", "*", ",", "{{> a }}", "self", "\n", "{", "raw", "endraw", "_", "\\", "é",
]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
@settings(max_examples=40)  # each is compiled
def test_any_text_is_formatted_or_a_template_error(source: str) -> None:
    values = hostile_values()
    with suppress(TemplateError):
        formatted_with_anything(source, values)
    assert values["x"].touched == []


@pytest.mark.parametrize(
    "source",
    [
        "{% if n %}" * 55 + "x" + "{% endif %}" * 55,
        "{% for n in words %}" * 8 + "x" + "{% endfor %}" * 8,
        "{{ " + "(1 + " * 50 + "n" + ")" * 50 + " }}",
        "{{ " + "(n if n else " * 50 + "n" + ")" * 50 + " }}",
        "{{ " + "words[" * 25 + "0" + "]" * 25 + " }}",
        "{{ n" + "|string" * 50 + " }}",
        "{% if n == 1 %}a" + "{% elif n == 2 %}b" * 200 + "{% endif %}",
    ],
    ids=lambda source: source[:20],
)
def test_what_is_deep_but_allowed_can_be_compiled(source: str) -> None:
    parse_template(source, "jinja").prepare()


def test_values_without_end_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    with pytest.raises(TemplateError, match="nested more than 50 deep"):
        formatted("{{ x }}", x=endless)


def test_one_budget_is_for_the_whole_prompt() -> None:
    message = {"role": "user", "content": "{% for a in many %}{{ a }}{% endfor %}"}
    with pytest.raises(TemplateError, match="does too much"):
        parse_template([message] * 50, "jinja").format({"many": list(range(20_000))})


def test_a_long_prompt_is_well_within_the_budget() -> None:
    documents = [{"title": f"Document {n}", "body": "word " * 400} for n in range(1_000)]
    made = formatted("{% for d in docs %}## {{ d.title }}\n{{ d.body|trim }}\n{% endfor %}", docs=documents)
    assert len(made) > 2_000_000


def test_jinja_is_loaded_only_where_a_prompt_asks_for_it() -> None:
    code = (
        "import sys; from assay.prompts.template import parse_template as p; p('{{x}}'); print('jinja2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def registered(**prompts: tuple[Any, str]) -> Any:
    def lookup(reference: Reference) -> Included:
        if reference.name not in prompts:
            raise PromptNotFound(f"There is no prompt {reference.name!r}.")
        template, format = prompts[reference.name]
        return Included(name=reference.name, version=1, template=template, format=format)

    return lookup


@given(st.text(st.sampled_from("{}%#>\"' -a"), max_size=12), st.text(st.sampled_from("{}%# a"), max_size=3))
@settings(max_examples=25)
def test_a_simple_prompt_keeps_its_meaning_inside_a_jinja_one(text: str, before: str) -> None:
    before = before.replace("{", "(")
    source = before + "{{> a }}{{> a }}{% if true %}!{% endif %}"
    resolved, _ = resolve(source, registered(a=(escape(text) + "{{x}}", "simple")), format="jinja")
    assert parse_template(resolved, "jinja").format({"x": 1}) == before + f"{text}1" * 2 + "!"


def test_the_seam_of_two_jinja_texts_is_no_tag() -> None:
    lookup = registered(a=("{ x }} {", "jinja"))
    resolved, pins = resolve("{{{> a }}{{> a }}{% if true %}{% endif %}", lookup, format="jinja")
    assert parse_template(resolved, "jinja").format({}) == "{{ x }} {{ x }} {"
    assert len(pins) == 1


def test_the_messages_of_a_simple_chat_keep_their_meaning_inside_a_jinja_one() -> None:
    shots = [
        {"role": "user", "content": [{"type": "text", "text": "{% x %} {{name}}"}]},
        {"role": "placeholder", "content": "more"},
    ]
    template = [{"role": "placeholder", "content": "{{> shots }}"}, {"role": "user", "content": "{{ q|upper }}"}]
    resolved, _ = resolve(template, registered(shots=(shots, "simple")), format="jinja")
    assert parse_template(resolved, "jinja").format({"name": "Ada", "q": "why", "more": []}) == [
        {"role": "user", "content": [{"type": "text", "text": "{% x %} Ada"}]},
        {"role": "user", "content": "WHY"},
    ]


def test_conditions_cannot_be_put_into_a_simple_prompt() -> None:
    with pytest.raises(TemplateError, match="format 'jinja', beyond a simple prompt"):
        resolve("{{> a }}", registered(a=("{% if x %}{% endif %}", "jinja")))


@pytest.mark.parametrize("source", ["{# {{> a }} #}", "{{ '{{> a }}' }}", "{% if {{> a }} %}{% endif %}"])
def test_an_include_inside_a_tag_is_refused(source: str) -> None:
    with pytest.raises(TemplateError):
        parse_template(source, "jinja")


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(TemplateError, match="Choose one of: simple, jinja"):
        parse_template("x", "mustache")
