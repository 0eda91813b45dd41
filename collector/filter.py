"""The filter language: one boolean SQL expression over the fields of a trace or a span.

sqlglot parses the text into a tree; every node is checked against what is allowed here; SQL is then written anew from
the tree, with every value of the user's as a bound parameter. Nothing of the text itself reaches the database.

Fields are those of a trace row or of a span. In a filter over traces, a field that only spans have (`kind`,
`attributes[...]`) asks whether some span of the trace matches; `any(...)` asks for one span that matches a whole
condition, `child(...)` for a direct child of the span in question.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import sqlglot
from sqlglot import exp
from sqlglot.errors import ParseError, TokenError

from assay.collector.columns import PUBLIC_COLUMNS
from assay.errors import InvalidRequest

MAX_FILTER_CHARS = 4000
MAX_NODES = 500

Target = Literal["traces", "spans"]
Type = Literal["text", "integer", "number", "time", "list", "json", "boolean", "any"]

SPAN_FIELDS: dict[str, Type] = {
    column.name: "json" if column.kind == "map" else column.kind for column in PUBLIC_COLUMNS
}
TRACE_FIELDS: dict[str, Type] = {
    "project": "text",
    "trace_id": "text",
    "name": "text",
    "input": "text",
    "output": "text",
    "status": "text",
    "status_message": "text",
    "start_time": "time",
    "end_time": "time",
    "duration_ms": "number",
    "span_count": "integer",
    "error_count": "integer",
    "input_tokens": "integer",
    "output_tokens": "integer",
    "total_tokens": "integer",
    "cache_read_tokens": "integer",
    "cache_write_tokens": "integer",
    "reasoning_tokens": "integer",
    "cost_usd": "number",
    "models": "list",
    "session_id": "text",
    "user_id": "text",
    "tags": "list",
    "metadata": "json",
    "service_name": "text",
    "environment": "text",
    "release": "text",
    "prompt_name": "text",
    "prompt_version": "integer",
    "ab_test": "text",
    "ab_arm": "text",
    "experiment_id": "text",
    "item_id": "text",
}
# Fields whose parts are asked for by key: attributes['http.route'], metadata.plan, scores.helpful
KEYED = ("attributes", "metadata", "resource", "model_parameters", "scores")

COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
UNITS = {"second", "minute", "hour", "day", "week", "month", "year"}
NOW = ("now", "current_timestamp", "today", "current_date")


@dataclass(slots=True)
class Compiled:
    """A condition ready to stand behind WHERE; `?` marks are filled by `parameters`, in order."""

    sql: str = "true"
    parameters: list[Any] = field(default_factory=list)


@dataclass(slots=True)
class _Operand:
    sql: str
    type: Type
    parameters: list[Any]
    literal: bool = False
    of_spans: bool = False  # in a filter over traces: a field of spans


def compile_filter(text: str | None, target: Target, alias: str) -> Compiled:
    """Check a filter and write its SQL.

    Args:
        target: whether rows of `traces` or of `span_log` are filtered.
        alias: name of that table in the query around it.

    Raises:
        InvalidRequest: the text is no filter; the message points at the character.
    """
    if text is None or not text.strip():
        return Compiled()
    if len(text) > MAX_FILTER_CHARS:
        raise InvalidRequest(f"The filter has {len(text)} characters; at most {MAX_FILTER_CHARS} are read.")
    tree = _parse(text)
    if sum(1 for _ in tree.walk()) > MAX_NODES:
        raise InvalidRequest(f"The filter has more than {MAX_NODES} parts.", hint="Ask for less at once.")
    try:
        return _Compiler(text, target, alias).condition(tree)
    except RecursionError as error:
        raise InvalidRequest("The filter is nested too deeply.") from error


def _parse(text: str) -> exp.Expr:
    try:
        trees = sqlglot.parse(text, read="duckdb")
    except (ParseError, TokenError) as error:
        details = getattr(error, "errors", None) or [{}]
        at = details[0].get("col")
        what = details[0].get("description") or str(error).splitlines()[0]
        place = f" at character {at}" if at else ""
        raise InvalidRequest(f"The filter cannot be read{place}: {_plain(what)}.", hint=_pointer(text, at)) from error
    except RecursionError as error:
        raise InvalidRequest("The filter is nested too deeply.") from error
    if len(trees) != 1 or trees[0] is None:
        raise InvalidRequest("A filter is one expression.", hint="For example: status = 'error' and duration_ms > 2000")
    return trees[0]


def _plain(description: str) -> str:
    # The parser speaks of its own classes; people want to know what is missing.
    if description.startswith("Required keyword"):
        return "something is missing after an operator"
    return description.rstrip(".")


def _pointer(text: str, column: int | None) -> str | None:
    if not column or "\n" in text:
        return None
    start = max(0, column - 30)
    return f"Near: {text[start : column + 10].strip()}"


class _Compiler:
    def __init__(self, text: str, target: Target, alias: str) -> None:
        self.text = text
        self.target = target
        self.alias = alias
        self.depth = 0

    # Conditions ---------------------------------------------------------------------------------------------------

    def condition(self, node: exp.Expr) -> Compiled:
        if isinstance(node, exp.Paren):
            return self.condition(node.this)
        if isinstance(node, (exp.And, exp.Or)):
            left, right = self.condition(node.left), self.condition(node.right)
            word = "AND" if isinstance(node, exp.And) else "OR"
            return Compiled(f"({left.sql} {word} {right.sql})", left.parameters + right.parameters)
        if isinstance(node, exp.Not):
            inner = self.condition(node.this)
            return Compiled(f"(NOT coalesce({inner.sql}, false))", inner.parameters)
        if isinstance(node, exp.Boolean):
            return Compiled("true" if node.this else "false")
        if isinstance(node, exp.Any):
            return self._span_condition(node.this, child=False)
        if isinstance(node, exp.Anonymous) and node.name.lower() in ("any", "child") and len(node.expressions) == 1:
            return self._span_condition(node.expressions[0], child=node.name.lower() == "child")
        if type(node) in COMPARISONS:
            return self._comparison(node, COMPARISONS[type(node)])
        if isinstance(node, (exp.Like, exp.ILike)):
            return self._like(node)
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
            high = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
            return self.condition(exp.and_(low, high, wrap=False))
        if isinstance(node, exp.Is) and isinstance(node.expression, (exp.Null, exp.Boolean)):
            return self._is(node)
        raise self._refuse(node, "is not a condition")

    def _span_condition(self, node: exp.Expr, *, child: bool) -> Compiled:
        if self.depth >= 4:
            raise InvalidRequest("any() and child() are nested more than four deep.")
        inner = _Compiler(self.text, "spans", f"s{self.depth + 1}")
        inner.depth = self.depth + 1
        condition = inner.condition(node.this if isinstance(node, exp.Paren) else node)
        same_trace = f"{inner.alias}.project = {self.alias}.project AND {inner.alias}.trace_id = {self.alias}.trace_id"
        if child and self.target == "traces":  # of the root
            same_trace += (
                f" AND {inner.alias}.parent_span_id IN (SELECT r.span_id FROM span_log r"
                f" WHERE r.project = {self.alias}.project AND r.trace_id = {self.alias}.trace_id"
                " AND r.parent_span_id IS NULL)"
            )
        elif child:
            same_trace += f" AND {inner.alias}.parent_span_id = {self.alias}.span_id"
        return Compiled(
            f"EXISTS (SELECT 1 FROM span_log {inner.alias} WHERE {same_trace} AND {condition.sql})",
            condition.parameters,
        )

    def _comparison(self, node: exp.Expr, operator: str) -> Compiled:
        left, right = self.operand(node.args["this"]), self.operand(node.args["expression"])
        return self._compare(left, right, operator, node)

    def _compare(self, left: _Operand, right: _Operand, operator: str, node: exp.Expr) -> Compiled:
        if left.type == "list" or right.type == "list":
            return self._contains(left, right, operator, node)
        kind = _common_type(left, right)
        for operand in (left, right):
            if kind == "time" and operand.literal and not _is_time(operand.parameters[0]):
                raise self._refuse(node, "needs a time such as '2026-11-21' or '2026-11-21T10:00:00Z'")
        if kind is None:
            raise self._refuse(node, f"compares {_article(left.type)} with {_article(right.type)}")
        left_sql, right_sql = _cast(left, kind), _cast(right, kind)
        return self._over_spans(f"({left_sql} {operator} {right_sql})", left.parameters + right.parameters, left, right)

    def _contains(self, left: _Operand, right: _Operand, operator: str, node: exp.Expr) -> Compiled:
        """`tags = 'beta'` and `'beta' in tags`: the list has this element."""
        items, item = (left, right) if left.type == "list" else (right, left)
        if item.type != "text" or operator not in ("=", "<>"):
            raise self._refuse(node, "a list is asked with = or in, and a text: tags = 'beta'")
        sql = f"list_contains(coalesce({items.sql}, []), {item.sql})"
        sql = sql if operator == "=" else f"(NOT {sql})"
        return self._over_spans(sql, items.parameters + item.parameters, items, item)

    def _like(self, node: exp.Expr) -> Compiled:
        left, right = self.operand(node.this), self.operand(node.expression)
        if right.type != "text":
            raise self._refuse(node, "like needs a text to compare with")
        word = "ILIKE" if isinstance(node, exp.ILike) else "LIKE"
        text = f"array_to_string({left.sql}, ', ')" if left.type == "list" else _cast(left, "text")
        sql = f"({text} {word} {right.sql})"
        if node.args.get("negate"):
            sql = f"(NOT coalesce({sql}, false))"
        return self._over_spans(sql, left.parameters + right.parameters, left, right)

    def _in(self, node: exp.In) -> Compiled:
        if node.args.get("field") is not None:
            return self._compare(self.operand(node.this), self.operand(node.args["field"]), "=", node)
        if not node.expressions:
            raise self._refuse(node, "in needs a list: status in ('ok', 'error')")
        parts = [self._compare(self.operand(node.this), self.operand(value), "=", node) for value in node.expressions]
        parameters = [parameter for part in parts for parameter in part.parameters]
        return Compiled("(" + " OR ".join(part.sql for part in parts) + ")", parameters)

    def _is(self, node: exp.Is) -> Compiled:
        operand = self.operand(node.this)
        word = "NULL" if isinstance(node.expression, exp.Null) else str(node.expression.this).upper()
        value = operand.sql if word == "NULL" else _cast(operand, "boolean")
        sql = f"({value} IS {word})"
        if node.args.get("negate"):
            sql = f"(NOT {sql})"
        return self._over_spans(sql, operand.parameters, operand)

    def _over_spans(self, sql: str, parameters: list[Any], *operands: _Operand) -> Compiled:
        """A comparison of a span's field, asked of a trace, asks whether some span of it matches."""
        if not any(operand.of_spans for operand in operands):
            return Compiled(sql, parameters)
        return Compiled(
            f"EXISTS (SELECT 1 FROM span_log sx WHERE sx.project = {self.alias}.project"
            f" AND sx.trace_id = {self.alias}.trace_id AND {sql})",
            parameters,
        )

    # Operands -----------------------------------------------------------------------------------------------------

    def operand(self, node: exp.Expr) -> _Operand:
        if isinstance(node, exp.Paren):
            return self.operand(node.this)
        if isinstance(node, exp.Literal):
            return self._literal(node)
        if isinstance(node, exp.Neg) and isinstance(node.this, exp.Literal) and not node.this.is_string:
            number = self._literal(node.this)
            return _Operand("?", number.type, [-number.parameters[0]], literal=True)
        if isinstance(node, exp.Boolean):
            return _Operand("?", "boolean", [bool(node.this)], literal=True)
        if isinstance(node, exp.Column):
            return self._column(node)
        if isinstance(node, exp.Bracket):
            return self._bracket(node)
        if isinstance(node, (exp.CurrentTimestamp, exp.CurrentDate)) or (
            isinstance(node, exp.Anonymous) and node.name.lower() in NOW and not node.expressions
        ):
            day = isinstance(node, exp.CurrentDate) or node.name.lower() in ("today", "current_date")
            return _Operand("date_trunc('day', now()::TIMESTAMP)" if day else "now()::TIMESTAMP", "time", [])
        if isinstance(node, (exp.Sub, exp.Add)) and isinstance(node.expression, exp.Interval):
            return self._time_shift(node)
        if isinstance(node, exp.Cast) and isinstance(node.this, exp.Literal) and node.this.is_string:
            return self._literal(node.this)
        raise self._refuse(node, "is not a field or a value")

    def _literal(self, node: exp.Literal) -> _Operand:
        if node.is_string:
            return _Operand("?", "text", [node.this], literal=True)
        try:
            number: int | float = int(node.this)
        except ValueError:
            try:
                number = float(node.this)
            except ValueError as error:
                raise self._refuse(node, "is not a number") from error
        if isinstance(number, int) and abs(number) >= 2**63:
            number = float(number)
        return _Operand("?", "number", [number], literal=True)

    def _column(self, node: exp.Column) -> _Operand:
        names = [part.name for part in node.parts]
        first = names[0].lower()
        if len(names) > 1:
            if first not in KEYED:
                raise self._unknown(node, ".".join(names))
            return self._keyed(first, ".".join(names[1:]), node)
        if isinstance(node.this, exp.Star):
            raise self._refuse(node, "is not a field")
        if first in self._fields:
            return _Operand(f"{self.alias}.{_quoted(first)}", self._fields[first], [])
        if self.target == "traces" and first in SPAN_FIELDS:
            return _Operand(f"sx.{_quoted(first)}", SPAN_FIELDS[first], [], of_spans=True)
        raise self._unknown(node, names[0])

    def _bracket(self, node: exp.Bracket) -> _Operand:
        keys = node.expressions
        inner = node.this
        if not (
            isinstance(inner, exp.Column) and len(inner.parts) == 1 and len(keys) == 1 and inner.name.lower() in KEYED
        ):
            raise self._refuse(node, "is not a field; one is asked by key as in attributes['http.route']")
        key = keys[0]
        if not (isinstance(key, exp.Literal) and key.is_string):
            raise self._refuse(node, "needs a key in quotes, as in attributes['http.route']")
        return self._keyed(inner.name.lower(), key.this, node)

    def _keyed(self, name: str, key: str, node: exp.Expr) -> _Operand:
        pointer = "/" + key.replace("~", "~0").replace("/", "~1")
        if name == "scores":
            return self._score(key)
        if name == "attributes":
            alias, of_spans = ("sx", True) if self.target == "traces" else (self.alias, False)
            return _Operand(f"{alias}.attributes[?]", "any", [key], of_spans=of_spans)
        if name in self._fields:
            return _Operand(f"json_extract({self.alias}.{_quoted(name)}, ?)", "any", [pointer])
        if name in SPAN_FIELDS:
            return _Operand(f"json_extract(sx.{_quoted(name)}, ?)", "any", [pointer], of_spans=True)
        raise self._unknown(node, name)

    def _score(self, name: str) -> _Operand:
        alias = self.alias
        of_span = f" AND (v.span_id IS NULL OR v.span_id = {alias}.span_id)" if self.target == "spans" else ""
        sql = (
            f"(SELECT arg_max(v.value, v.created_at) FROM scores v WHERE v.project = {alias}.project"
            f" AND v.trace_id = {alias}.trace_id AND v.name = ? AND v.value IS NOT NULL{of_span})"
        )
        return _Operand(sql, "any", [name])

    def _time_shift(self, node: exp.Expr) -> _Operand:
        base = self.operand(node.this)
        interval = node.expression
        unit = str(interval.args.get("unit") or "").lower().rstrip("s")
        amount = interval.this
        if base.type not in ("time", "text") or unit not in UNITS or not isinstance(amount, exp.Literal):
            raise self._refuse(node, "is not a time; write now() - interval 1 day")
        try:
            count = float(amount.this)
        except ValueError as error:
            raise self._refuse(node, "is not a time; write now() - interval 1 day") from error
        sign = "-" if isinstance(node, exp.Sub) else "+"
        sql = f"({_cast(base, 'time')} {sign} (? * INTERVAL 1 {unit.upper()}))"
        whole = int(count) if count == int(count) else count
        return _Operand(sql, "time", [*base.parameters, whole])

    # Errors -------------------------------------------------------------------------------------------------------

    @property
    def _fields(self) -> dict[str, Type]:
        return TRACE_FIELDS if self.target == "traces" else SPAN_FIELDS

    def _refuse(self, node: exp.Expr, why: str) -> InvalidRequest:
        return InvalidRequest(f"In the filter, {node.sql(dialect='duckdb')[:100]!r}{self._at(node)}: {why}.")

    def _unknown(self, node: exp.Expr, name: str) -> InvalidRequest:
        known = [*self._fields, *(SPAN_FIELDS if self.target == "traces" else ()), *KEYED]
        close = difflib.get_close_matches(name, known, n=1)
        quoted = isinstance(node, exp.Column) and node.this.args.get("quoted")
        hint = "Text is written in single quotes: 'like this'." if quoted else None
        hint = f"Did you mean {close[0]}?" if close else hint or f"Fields are: {', '.join(sorted(self._fields))}."
        return InvalidRequest(f"In the filter, {name!r}{self._at(node)} is not a field.", hint=hint)

    def _at(self, node: exp.Expr) -> str:
        starts = [part.meta["start"] for part in node.find_all(exp.Identifier) if "start" in part.meta]
        return f" at character {min(starts) + 1}" if starts else ""


def _quoted(name: str) -> str:
    return f'"{name}"'  # names come from our own tables; quoted because some are words of SQL


def _common_type(left: _Operand, right: _Operand) -> Type | None:
    """The type in which two operands are compared; None when there is none."""
    kinds = {"number" if kind == "integer" else kind for kind in (left.type, right.type)}
    if kinds == {"any"} or kinds == {"json"}:
        return "text"
    kinds -= {"any"}
    if "json" in kinds:
        return "text"
    if len(kinds) == 1:
        return kinds.pop()
    if kinds == {"time", "text"}:
        return "time"
    return None


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _cast(operand: _Operand, kind: Type) -> str:
    """SQL of an operand read as `kind`; what cannot be read so is null, and so matches nothing."""
    if operand.type == kind or {operand.type, kind} == {"integer", "number"}:
        return operand.sql
    readers: dict[Type, Callable[[str], str]] = {
        "text": lambda sql: (
            f"json_extract_string({sql}, '$')" if operand.type in ("any", "json") else f"CAST({sql} AS VARCHAR)"
        ),
        "number": lambda sql: f"TRY_CAST(json_extract_string({sql}, '$') AS DOUBLE)",
        "boolean": lambda sql: f"TRY_CAST(json_extract_string({sql}, '$') AS BOOLEAN)",
        "time": lambda sql: f"TRY_CAST({sql} AS TIMESTAMP_NS)",
    }
    return readers[kind](operand.sql) if kind in readers else operand.sql


def _article(kind: Type) -> str:
    return {"any": "a value", "integer": "a number", "json": "a structure"}.get(kind, f"a {kind}")
