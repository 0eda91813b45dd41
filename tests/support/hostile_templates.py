"""Templates that try to run code, reach attributes, or never end: to be refused, or outlived."""

from __future__ import annotations

from typing import Any

# In the format `jinja`, each of these is a TemplateError: nothing of it is carried out.
JINJA = [
    # from a value to its class, and from there to everything
    "{{ ''.__class__ }}",
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ ''['__class__'] }}",
    "{{ x.__class__ }}",
    "{{ x['__class__'] }}",
    "{{ x['__cla' ~ 'ss__'] }}",
    "{{ x['__cla' + 'ss__']['__mro__'] }}",
    "{{ x['\\x5f\\x5fclass\\x5f\\x5f'] }}",
    "{{ [].__class__ }}",
    "{{ [].append(1) }}",
    "{{ {}.__class__.__base__ }}",
    "{{ ().__class__.__bases__[0].__subclasses__()[40]('/etc/passwd').read() }}",
    "{{ (1).__class__ }}",
    "{{ 1.0.__class__ }}",
    "{{ true.__class__ }}",
    "{{ x.real }}",
    "{{ name.upper }}",
    "{{ data.keys }}",
    "{{ data.items() }}",
    "{{ data['get'] }}",
    "{{ rows.append }}",
    "{{ rows.sort() }}",
    "{{ name.format(x) }}",
    "{{ '{0.__class__.__init__.__globals__}'.format(x) }}",
    "{{ '{0.__class__}'.format_map(data) }}",
    "{{ '%(x)s' % data }}",
    "{{ name % x }}",
    # filters that read attributes, or make what is not text
    "{{ x|attr('__class__') }}",
    "{{ x|attr('__cla' + 'ss__') }}",
    "{{ ()|attr('__class__')|attr('__base__') }}",
    "{{ rows|map(attribute='__class__')|list }}",
    "{{ rows|map('attr', '__class__')|list }}",
    "{{ rows|selectattr('__class__')|list }}",
    "{{ rows|rejectattr('x')|list }}",
    "{{ rows|groupby('__class__') }}",
    "{{ rows|sort(attribute='__class__') }}",
    "{{ rows|sum(attribute='real') }}",
    "{{ rows|join(attribute='__class__') }}",
    "{{ rows|join(',', '__class__') }}",
    "{{ rows|unique(attribute='real') }}",
    "{{ rows|min(attribute='real') }}",
    "{{ '%s'|format(x) }}",
    "{{ '{0.__class__}'|format(x) }}",
    "{{ data|xmlattr }}",
    "{{ x|pprint }}",
    "{{ x|safe }}",
    "{{ x|forceescape }}",
    "{{ x|filesizeformat }}",
    "{{ name|urlize }}",
    "{{ rows|random }}",
    "{{ rows|batch(2)|list }}",
    "{{ x|tojson(indent=x) }}",
    "{{ x|default(**data) }}",
    "{{ x|default(*rows) }}",
    "{{ x|upper(context=1) }}",
    "{{ x|truncate(length=x) }}",
    "{% if x is defined(1) %}{% endif %}",
    "{{ rows in data }}",
    "{% filter upper %}a{% endfilter %}",
    "{% for f in ['attr'] %}{{ x|f('y') }}{% endfor %}",
    # what Jinja brings along
    "{{ self }}",
    "{{ self.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ lipsum() }}",
    "{{ lipsum.__globals__['os'].popen('id').read() }}",
    "{{ lipsum|attr('__globals__') }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ joiner.__init__.__globals__.os }}",
    "{{ namespace.__init__.__globals__.os }}",
    "{{ namespace(a=1).a }}",
    "{% set ns = namespace(a=1) %}",
    "{% set data.a = 1 %}",
    "{{ range(3) }}",
    "{{ range(999999999)|list }}",
    "{{ dict(a=1) }}",
    "{{ get_flashed_messages.__globals__ }}",
    "{{ url_for.__globals__.os.popen('id').read() }}",
    "{{ config.__class__.__init__.__globals__['os'].popen('id').read() }}",
    "{{ request['application']['__globals__'] }}",
    "{{ environment }}{{ environment.globals }}",
    "{{ caller() }}",
    "{{ super() }}",
    "{{ loop }}",
    "{{ loop.index }}",
    "{% for a in rows %}{{ loop }}{% endfor %}",
    "{% for a in rows %}{{ loop.__init__ }}{% endfor %}",
    "{% for a in rows %}{{ loop['__init__'] }}{% endfor %}",
    "{% for a in rows %}{{ loop._iterator }}{% endfor %}",
    "{% for a in rows %}{{ loop.cycle('a', 'b') }}{% endfor %}",
    "{% for a in rows %}{{ loop.changed(a) }}{% endfor %}",
    "{% for a in rows %}{{ loop|attr('index') }}{% endfor %}",
    "{% for a in rows recursive %}{{ loop(rows) }}{% endfor %}",
    "{% set a = loop %}{{ a }}",
    # code of any kind
    "{{ __import__('os').system('id') }}",
    "{{ eval('1') }}",
    "{{ open('/etc/passwd').read() }}",
    "{{ x() }}",
    "{{ x.run() }}",
    "{% import 'os' as os %}",
    "{% from 'os' import system %}",
    "{% include '/etc/passwd' %}",
    "{% include x %}",
    "{% extends x %}",
    "{% block a %}{% endblock %}",
    "{% macro a() %}{{ caller() }}{% endmacro %}{{ a() }}",
    "{% macro a(n) %}{{ a(n) }}{% endmacro %}",
    "{% call x() %}{% endcall %}",
    "{% do x.run() %}",
    "{% debug %}",
    "{% with a = x.run() %}{% endwith %}",
    "{% autoescape true %}{% endautoescape %}",
    "{% trans %}a{% endtrans %}",
    "{% set a %}{{ x }}{% endset %}",
    "{% if x is callable %}{% endif %}",
    "{% if 'attr' is filter %}{% endif %}",
    "{% if x is sameas y %}{% endif %}",
    "{{ x if x is escaped }}",
    # work and size
    "{{ 'a' * 1000000000 }}",
    "{{ [1] * 1000000000 }}",
    "{{ 2 ** 1000000000 }}",
    "{{ 9999999999999999999 * 9999999999999999999 }}",
    "{{ '%1000000000d' % 1 }}",
    "{{ 'a'.ljust(1000000000) }}",
    "{{ name|center(1000000000) }}",
    "{{ name|indent(1000000000) }}",
    "{{ rows|tojson(1000000000) }}",
    "{{ name|wordwrap(1) }}",
    "{{ {'a': x} }}",
    "{{ [rows, rows] }}",
    "{{ 1" + "0" * 5000 + " }}",
    "{{ 1e999 }}",
    "{{ long|list|list|list|list|list|list|list|list|list|list|length }}",
    "{% for a in many %}{{ data[long] is defined }}{{ long|list|length }}{% endfor %}",
    "{{ " + "(" * 500 + "x" + ")" * 500 + " }}",
    "{{ " + "not " * 5000 + "x }}",
    "{{ x" + ".a" * 5000 + " }}",
    "{{ x" + "|string" * 5000 + " }}",
    "{% if x %}" * 200 + "{% endif %}" * 200,
    "{% for a in rows %}" * 20 + "{% endfor %}" * 20,
    "{% for a in many %}" * 8 + "x" + "{% endfor %}" * 8,
    "{% for a in many %}{% for b in many %}{% if a in many %}{% endif %}{% endfor %}{% endfor %}",
    "{% for a in many %}{% for b in many %}{% if many == many %}{% endif %}{% endfor %}{% endfor %}",
    "{% for a in many %}{{ many|sort|join }}{% endfor %}",
    "{% for a in many %}{{ many[1:]|length }}{% endfor %}",
    "{% for a in many %}{{ many }}{% endfor %}",
    "{% for a in many %}" + "{% if false %}a{% endif %}" * 200 + "{% endfor %}",
    "{% for a in many %}" + "text " * 20_000 + "{% endfor %}",
    "{% set a = name %}" + "{% set a = a ~ a ~ a ~ a %}" * 30 + "{{ a }}",
    "{% set a = name %}" + "{% set a = a + a %}" * 60 + "{{ a }}",
    "{% set a = name %}" + "{% set a = a|replace('n', a) %}" * 60,
    "{{ long|replace('', long) }}",
    "{{ long|replace('x', long) }}",
    "{{ many|join(long) }}",
    "{{ x }}" * 6_001,
    "{{ [" + "1," * 200_000 + "] }}",
    "{{ " + "'a' " * 100_000 + " }}",
    "{{ x" + "<x" * 200_000 + " }}",
    "{# a #}" * 60_000,
    "{% if x %}" + "{% elif x %}" * 201 + "{% endif %}",
]

# In other languages these would do something; here they are text, in both formats.
OTHER_LANGUAGES = [
    "{x.__class__.__init__.__globals__}",
    "{0.__class__}",
    "{x!r:>1000000000}",
    "%(x)s %s %1000000000d",
    "$x ${x} $(id) `id`",
    "<%= system('id') %> <% x %>",
    "#{7*7} ${7*7} *{7*7} @(7*7)",
    "[[${x}]] [(${x})]",
    "<script>alert(1)</script> &amp;",
    "__import__('os').system('id')",
    "f'{x.__class__}' \\x7b\\x7b x \\x7d\\x7d",
    "\\{\\{ x \\}\\} &#123;&#123; x &#125;&#125;",
]


class Trap:
    """A value that notes which of its attributes are asked for, and is not to be called."""

    touched: list[str]

    def __init__(self) -> None:
        object.__setattr__(self, "touched", [])

    def __getattribute__(self, name: str) -> Any:
        if name not in ("__class__", "touched"):  # what isinstance asks, and what the test does
            object.__getattribute__(self, "touched").append(name)
        return object.__getattribute__(self, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.touched.append("()")

    def __getitem__(self, key: Any) -> Any:
        object.__getattribute__(self, "touched").append(f"[{key!r}]")

    def __str__(self) -> str:
        return "a trap"

    def run(self) -> str:
        return "code has run"


def hostile_values() -> dict[str, Any]:
    return {
        "x": Trap(),
        "y": Trap(),
        "name": "name",
        "data": {"a": 1, "x": Trap()},
        "rows": [Trap(), Trap()],
        "many": list(range(5_000)),
        "long": "x" * 100_000,
    }
