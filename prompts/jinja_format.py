"""The format `jinja`: conditions and loops, for prompts that choose it. Loaded only where one does.

Jinja reads, compiles and runs the template, in its immutable sandbox; around that stand three fences of our own, any of
which would do against what gets past the others:

- Before anything runs, the tree that Jinja's parser made is compared with a list of what is allowed (jinja_nodes.py):
  no calls, no macros, no imports, no blocks, no namespaces, and of filters and tests only those of jinja_filters.py.
- `a.b` is `a["b"]`: the sandbox's two ways to reach into a value look up keys and positions, and nothing else. Values
  are copied to plain data first, so that there is no object in reach to have attributes.
- Every loop, comparison, filter and printed text is paid for out of one budget, which ends templates that work or grow
  without bounds.

A missing name is an error when it is used. Text goes out as it is, nothing is escaped. Lines end in \\n.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice
from threading import Lock
from types import CodeType
from typing import Any

from jinja2 import StrictUndefined, TemplateSyntaxError, meta, nodes
from jinja2 import Template as JinjaTemplate
from jinja2.exceptions import SecurityError, UndefinedError
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from assay.errors import TemplateError
from assay.prompts.jinja_budget import BUDGET, Budget, plain
from assay.prompts.jinja_filters import FILTERS, TESTS
from assay.prompts.jinja_nodes import INTERNAL_FILTERS, INTERNAL_TESTS, LOOP_ATTRIBUTES, Refused, check, guarded
from assay.prompts.jinja_values import calculated
from assay.prompts.simple_format import INCLUDE, Include, parse_include

MAX_SOURCE = 500_000  # characters of one text
MAX_TOKENS = 30_000  # names, signs and blanks inside its tags, and the texts between them: {{ x }} has five
KEPT = 128  # texts that are kept read and compiled

_FILENAME = "<prompt>"
_MARK = "\ufdd0"  # stands for an include while the rest is read; no text has it, Unicode keeps it for such uses


class Scope:
    """The values that a whole prompt is formatted with, as plain data, and what its texts may spend together."""

    __slots__ = ("names",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self.names: dict[str, Any] = {**plain(values), BUDGET: Budget()}


class JinjaText:
    """One text, read and checked; compiled when it is first filled."""

    __slots__ = ("_source", "_template", "includes", "optional", "variables")

    def __init__(self, source: str) -> None:
        self._source = source  # and not its tree, which is far larger
        self._template: JinjaTemplate | None = None
        marks = INCLUDE.findall(source)
        tree = _parsed(INCLUDE.sub(_MARK, source))
        data = "".join(node.data for node in tree.find_all(nodes.TemplateData))
        if data.count(_MARK) != len(marks):
            raise Refused("an include {{> name }} stands inside a tag or a comment", 1)
        undeclared = meta.find_undeclared_variables(tree)
        if "loop" in undeclared:
            raise Refused("'loop' is only known inside a loop", 1)
        names = list(tree.find_all(nodes.Name))
        self.variables = tuple(dict.fromkeys(name.name for name in names if name.name in undeclared))
        self.optional = _asked_about(tree) & frozenset(self.variables)
        self.includes: tuple[Include, ...] = tuple(parse_include(mark) for mark in marks)

    def fill(self, scope: Scope) -> str:
        template = self._template or self.prepare()
        try:  # nothing of the caller's runs in there, so whatever is raised is the template's doing
            return "".join(template.root_render_func(template.new_context(scope.names)))
        except Exception as error:
            raise TemplateError(f"The template fails at line {_line(error, template)}: {error}") from error

    def prepare(self) -> JinjaTemplate:
        """
        Raises:
            TemplateError: Python does not compile what Jinja makes of it.
        """
        with _COMPILING:
            if self._template is None:
                try:
                    code: CodeType = _ENVIRONMENT.compile(guarded(_parsed(self._source)), filename=_FILENAME)
                except (MemoryError, RecursionError, SyntaxError) as error:
                    raise TemplateError("The template is nested too deeply to be compiled.") from error
                self._template = JinjaTemplate.from_code(_ENVIRONMENT, code, {})
            return self._template


class _Environment(ImmutableSandboxedEnvironment):
    """A sandbox in which nothing can be called, and values have keys and positions but no attributes."""

    intercepted_binops = frozenset({"+", "-", "*", "/", "//", "%", "**"})

    def getattr(self, obj: Any, attribute: str) -> Any:
        if type(obj) is LoopContext and attribute in LOOP_ATTRIBUTES:
            return LOOP_ATTRIBUTES[attribute](obj)
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, Undefined):
            raise UndefinedError(obj._undefined_message)
        if type(obj) is dict and type(argument) in (str, int, float, bool):
            if argument in obj:
                return obj[argument]
            has = ", ".join(_short(key) for key in islice(obj, 20)) or "none"
            return self.undefined(f"there is no key {_short(argument)!r}; the keys are: {has}")
        if type(obj) in (list, tuple, str) and type(argument) is int:
            return obj[argument] if -len(obj) <= argument < len(obj) else self.undefined(f"there is no item {argument}")
        return self.undefined(
            f"{type(obj).__name__} has no key {_short(argument)!r}; pass data: of an object, its model_dump() or vars()"
        )

    def call(self, context: Context, obj: Any, *args: Any, **kwargs: Any) -> Any:
        raise SecurityError("a template calls nothing")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        return False

    def is_safe_callable(self, obj: Any) -> bool:
        return False

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        return calculated(context, operator, left, right)


def read_text(source: str, place: str = "") -> JinjaText:
    """Read one text of a template, without running any of it.

    Args:
        place: where the text stands, for messages of errors.

    Raises:
        TemplateError: Jinja cannot read it, or it uses what is not allowed here; the message says what, and where.
    """
    try:
        return _read(source)
    except TemplateSyntaxError as error:
        raise TemplateError(f"{error.message} (at {place}line {error.lineno}).") from error
    except Refused as error:
        raise TemplateError(f"At {place}line {error.line}: {error}.", hint=error.hint) from error
    except RecursionError as error:
        raise TemplateError(f"At {place}line 1: the template is nested too deeply.") from error
    except ValueError as error:  # a number of thousands of digits
        raise TemplateError(f"At {place}line 1: {error}.") from error


_read = lru_cache(maxsize=KEPT)(JinjaText)


def _parsed(source: str) -> nodes.Template:
    """The tree of a source, checked."""
    if len(source) > MAX_SOURCE:
        raise Refused(f"the text has more than {MAX_SOURCE:,} characters", 1)
    if next(islice(_ENVIRONMENT.lex(source), MAX_TOKENS, None), None) is not None:
        raise Refused(f"the text has more than {MAX_TOKENS:,} tokens (names, signs and blanks in tags)", 1)
    tree = _ENVIRONMENT.parse(source)
    check(tree)
    return tree


def _asked_about(tree: nodes.Template) -> frozenset[str]:
    """The names that the template itself asks about, so that a caller may leave them out."""
    tests = (node for node in tree.find_all(nodes.Test) if node.name in ("defined", "undefined"))
    filters = (node for node in tree.find_all(nodes.Filter) if node.name in ("default", "d"))
    asked: Iterable[nodes.Expr | None] = (node.node for node in (*tests, *filters))
    return frozenset(node.name for node in asked if isinstance(node, nodes.Name))


def _short(key: Any) -> str:
    """A key as a message shows it, without reading all of a long one."""
    return key[:50] if type(key) is str else f"a {type(key).__name__}" if type(key) in (list, dict) else str(key)


def _line(error: BaseException, template: JinjaTemplate) -> int:
    """The line of the template that an error comes from."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILENAME:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


def _environment() -> _Environment:
    environment = _Environment(
        undefined=StrictUndefined, autoescape=False, keep_trailing_newline=True, optimized=False, cache_size=0
    )
    environment.globals.clear()
    environment.filters = {**FILTERS, **INTERNAL_FILTERS}
    environment.tests = {**TESTS, **INTERNAL_TESTS}
    return environment


_ENVIRONMENT = _environment()
_COMPILING = Lock()
