"""From the tree of a filter to SQL: every node is checked here, and every value becomes a bound parameter."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from sqlglot import exp

from assay.collector.columns import LONG_TEXT_COLUMNS
from assay.collector.filter_fields import CHOICES, FUNCTIONS, KEYED, SPAN_FIELDS, TRACE_FIELDS, Type, known_names
from assay.collector.filter_text import contains, has_value, is_short, spelled, where_long, whole_attribute, whole_text
from assay.errors import InvalidRequest

Target = Literal["traces", "spans"]

MAX_NESTED_SPANS = 4
COMPARISONS: dict[type[exp.Expr], str] = {
    exp.EQ: "=",
    exp.NEQ: "<>",
    exp.GT: ">",
    exp.GTE: ">=",
    exp.LT: "<",
    exp.LTE: "<=",
}
YEARS_S = 365 * 86_400
UNITS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 7 * 86_400, "month": 30 * 86_400}
UNITS_S |= {"year": YEARS_S}
# What nanoseconds in 64 bits can say. Times beyond are read as these: no span starts there.
EARLIEST, LATEST = "1677-09-22 00:00:00", "2262-04-11 23:47:16"
FARTHEST_S = 600 * YEARS_S  # from any time between them to beyond the other
NOW = ("now", "current_timestamp", "today", "current_date")


@dataclass(slots=True)
class Compiled:
    """A condition ready to stand behind WHERE; `?` marks are filled by `parameters`, in order."""

    sql: str = "true"
    parameters: list[Any] = field(default_factory=list)

    def joined(self, word: Literal["AND", "OR"], other: Compiled) -> Compiled:
        return Compiled(f"({self.sql} {word} {other.sql})", self.parameters + other.parameters)


@dataclass(slots=True)
class _Operand:
    sql: str
    type: Type
    parameters: list[Any]
    literal: bool = False
    of_spans: bool = False  # in a filter over traces: a field of spans
    whole: str = ""  # SQL of the whole of a value that `sql` holds only while it is short
    whole_parameters: list[Any] = field(default_factory=list)
    number: str = ""  # SQL of it as a number, where that lies beside it
    choices: tuple[str, ...] = ()  # all the values there are; none: any text

    values: str = ""  # SQL of the map that holds it, under the key in `parameters`

    @property
    def is_short_text(self) -> bool:
        return self.literal and self.type == "text" and is_short(self.parameters[0])

    @property
    def in_full(self) -> _Operand:
        return replace(self, sql=self.whole, parameters=self.whole_parameters, whole="") if self.whole else self


class FilterCompiler:
    """Writes the SQL of one filter.

    Args:
        target: whether the row in question is a trace or a span.
        alias: that row's name in the SQL.
        collect: put conditions over spans into `collected`, and name them c0, c1, … as columns of the trace's row;
            else each becomes a subquery.
        renamed: fields read from another column than the one of their name.
        lists: false where a field that is a list is read from a column of single texts.
    """

    def __init__(
        self,
        target: Target,
        alias: str,
        *,
        collect: bool = False,
        renamed: Mapping[str, str] | None = None,
        lists: bool = True,
        depth: int = 0,
    ) -> None:
        self.target = target
        self.alias = alias
        self.depth = depth
        self.used: set[str] = set()
        self.collected: list[Compiled] = []
        self._collect = collect
        self._renamed = renamed or {}
        self._lists = lists

    # Conditions ---------------------------------------------------------------------------------------------------

    def condition(self, node: exp.Expr) -> Compiled:
        """The SQL of a condition.

        Raises:
            InvalidRequest: it is none.
        """
        if isinstance(node, exp.Paren):
            return self.condition(node.this)
        if isinstance(node, (exp.And, exp.Or)):
            word: Literal["AND", "OR"] = "AND" if isinstance(node, exp.And) else "OR"
            return self.condition(node.left).joined(word, self.condition(node.right))
        if isinstance(node, exp.Not):
            inner = self.condition(node.this)
            return Compiled(f"(NOT coalesce({inner.sql}, false))", inner.parameters)
        if isinstance(node, exp.Boolean):
            return Compiled("true" if node.this else "false")
        if (inner_node := is_call(node, "any")) is not None:
            return self._span_condition(inner_node, child=False)
        if (inner_node := is_call(node, "child")) is not None:
            return self._span_condition(inner_node, child=True)
        if (wanted := is_call(node, "search")) is not None:
            return self._search(wanted, node)
        if type(node) in COMPARISONS:
            return self._comparison(node, COMPARISONS[type(node)])
        if isinstance(node, (exp.Like, exp.ILike)):
            return self._like(node)
        if isinstance(node, exp.In):
            return self._in(node)
        if isinstance(node, exp.Between):
            low = exp.GTE(this=node.this.copy(), expression=node.args["low"].copy())
            high = exp.LTE(this=node.this.copy(), expression=node.args["high"].copy())
            return self.condition(low).joined("AND", self.condition(high))
        if isinstance(node, exp.Is) and isinstance(node.expression, (exp.Null, exp.Boolean)):
            return self._is(node)
        if isinstance(node, exp.Alias):  # so SQL reads the s of `duration_ms > 2s`
            raise self._refuse(node.args["alias"], "is a word too many; numbers have no unit, as in duration_ms > 2000")
        raise self._refuse(node, "is not a condition")

    def time(self, node: exp.Expr) -> Compiled:
        """The SQL of an expression that gives a time."""
        operand = self._as_time(self.operand(node), node)
        return Compiled(_cast(operand, "time"), operand.parameters)

    def _span_condition(self, node: exp.Expr, *, child: bool) -> Compiled:
        if self.depth >= MAX_NESTED_SPANS:
            raise InvalidRequest("In the filter, any() and child() are nested more than four deep.")
        alias = "s" if self._collect else f"s{self.depth + 1}"
        inner = FilterCompiler("spans", alias, depth=self.depth + 1)
        condition = inner.condition(node)
        if child and self.target == "traces":  # of the root
            below_root = (
                f"({alias}.project, {alias}.trace_id, {alias}.parent_span_id) IN"
                " (SELECT (r.project, r.trace_id, r.span_id) FROM span_log r WHERE r.parent_span_id IS NULL)"
            )
            condition = Compiled(f"({below_root} AND {condition.sql})", condition.parameters)
        elif child:
            below = f"{alias}.parent_span_id = {self.alias}.span_id"
            condition = Compiled(f"({below} AND {condition.sql})", condition.parameters)
        return self._some_span(condition, alias)

    def _some_span(self, condition: Compiled, alias: str) -> Compiled:
        """Some span of the trace fulfils `condition`, which is written over `alias`."""
        if self._collect:
            self.collected.append(condition)
            return Compiled(f"{self.alias}.c{len(self.collected) - 1}")
        same = f"{alias}.project = {self.alias}.project AND {alias}.trace_id = {self.alias}.trace_id"
        return Compiled(
            f"EXISTS (SELECT 1 FROM span_log {alias} WHERE {same} AND {condition.sql})", condition.parameters
        )

    def _search(self, wanted: exp.Expr, node: exp.Expr) -> Compiled:
        if not (isinstance(wanted, exp.Literal) and wanted.is_string and wanted.this.strip()):
            raise self._refuse(node, "needs a text, as in search('refund')")
        alias = self._span_alias
        holds, parameters = contains(wanted.this)
        either = [where_long(f"{alias}.{name}", holds) for name in LONG_TEXT_COLUMNS]
        condition = Compiled(f"({' OR '.join(either)})", parameters * 2 * len(LONG_TEXT_COLUMNS))
        return self._some_span(condition, alias) if self.target == "traces" else condition

    def _comparison(self, node: exp.Expr, operator: str) -> Compiled:
        left, right = self.operand(node.args["this"]), self.operand(node.args["expression"])
        return self._compare(left, right, operator, node)

    def _compare(self, left: _Operand, right: _Operand, operator: str, node: exp.Expr) -> Compiled:
        if left.type == "list" or right.type == "list":
            return self._contains(left, right, operator, node)
        kind = _common_type(left, right)
        if kind == "time":
            left, right = self._as_time(left, node), self._as_time(right, node)
        for field_of_choices, value in ((left, right), (right, left)):
            if field_of_choices.choices and value.literal and value.parameters[0] not in field_of_choices.choices:
                raise self._refuse(node, f"matches nothing: there are only {', '.join(field_of_choices.choices)}")
        if kind is None:
            raise self._refuse(node, f"compares {_article(left.type)} with {_article(right.type)}")
        if kind == "text" and operator == "=" and (equal := _equal_attribute(left, right)) is not None:
            return self._over_spans(equal.sql, equal.parameters, left, right)
        if kind == "text" and not (operator == "=" and (left.is_short_text or right.is_short_text)):
            left, right = left.in_full, right.in_full
        left_sql, right_sql = _cast(left, kind), _cast(right, kind)
        return self._over_spans(f"({left_sql} {operator} {right_sql})", left.parameters + right.parameters, left, right)

    def _as_time(self, operand: _Operand, node: exp.Expr) -> _Operand:
        """A time as it was written, or the first or last that a span can have."""
        if not operand.literal:
            return operand
        try:
            year = datetime.fromisoformat(operand.parameters[0]).year
        except (TypeError, ValueError) as error:
            raise self._refuse(node, "needs a time such as '2026-11-21' or '2026-11-21T10:00:00Z'") from error
        if int(EARLIEST[:4]) < year < int(LATEST[:4]):
            return operand
        return replace(operand, parameters=[EARLIEST if year <= int(EARLIEST[:4]) else LATEST])

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
        if left.whole and left.type == "text" and right.literal:
            sql, parameters = where_long(left.sql, f"<text> {word} {right.sql}"), right.parameters * 2
        else:
            left = left.in_full
            text = f"array_to_string({left.sql}, ', ')" if left.type == "list" else _cast(left, "text")
            sql, parameters = f"({text} {word} {right.sql})", left.parameters + right.parameters
        if operand_is_negated(node):
            sql = f"(NOT coalesce({sql}, false))"
        return self._over_spans(sql, parameters, left, right)

    def _in(self, node: exp.In) -> Compiled:
        if node.args.get("field") is not None:
            return self._compare(self.operand(node.this), self.operand(node.args["field"]), "=", node)
        if not node.expressions:
            raise self._refuse(node, "in needs a list: status in ('ok', 'error')")
        parts = [self._compare(self.operand(node.this), self.operand(value), "=", node) for value in node.expressions]
        parameters = [parameter for part in parts for parameter in part.parameters]
        return Compiled("(" + " OR ".join(part.sql for part in parts) + ")", parameters)

    def _is(self, node: exp.Is) -> Compiled:
        operand = self.operand(node.this).in_full
        word = "NULL" if isinstance(node.expression, exp.Null) else str(node.expression.this).upper()
        value = operand.sql if word == "NULL" else _cast(operand, "boolean")
        sql = f"({value} IS {word})"
        if operand_is_negated(node):
            sql = f"(NOT {sql})"
        return self._over_spans(sql, operand.parameters, operand)

    @property
    def _span_alias(self) -> str:
        """The span in question, or, where traces are asked, the span of theirs that is looked for."""
        if self.target == "spans":
            return self.alias
        return "s" if self._collect else "sx"

    def _over_spans(self, sql: str, parameters: list[Any], *operands: _Operand) -> Compiled:
        """A comparison of a span's field, asked of a trace, asks whether some span of it matches."""
        condition = Compiled(sql, parameters)
        if not any(operand.of_spans for operand in operands):
            return condition
        return self._some_span(condition, self._span_alias)

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
        if first in self._renamed:
            kind = TRACE_FIELDS[first]
            sql = f"{self.alias}.{_quoted(self._renamed[first])}"
            return _Operand(sql, "text" if kind == "list" and not self._lists else kind, [])
        if first in self._fields:
            self.used.add(first)
            whole = ""
            if first in LONG_TEXT_COLUMNS and (self._collect or self.target == "spans"):
                self.used.add(f"{first}_id")
                whole = whole_text(self.alias, first)
            choices = CHOICES.get(first, ())
            return _Operand(f"{self.alias}.{_quoted(first)}", self._fields[first], [], whole=whole, choices=choices)
        if self.target == "traces" and first in SPAN_FIELDS:
            return _Operand(f"{self._span_alias}.{_quoted(first)}", SPAN_FIELDS[first], [], of_spans=True)
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
        of_spans = name not in self._fields
        alias = self._span_alias if of_spans else self.alias
        if name == "attributes":
            values = f"{alias}.attributes"
            whole, keys = whole_attribute(alias, key)
            return _Operand(
                f"{values}[?]", "any", [key], of_spans=of_spans, whole=whole, whole_parameters=keys, values=values
            )
        self.used.add(name)
        return _Operand(f"json_extract({alias}.{_quoted(name)}, ?)", "any", [pointer], of_spans=of_spans)

    def _score(self, name: str) -> _Operand:
        alias = self.alias
        of_span = f" AND (v.span_id IS NULL OR v.span_id = {alias}.span_id)" if self.target == "spans" else ""
        newest = (
            f"FROM scores v WHERE v.project = {alias}.project"
            f" AND v.trace_id = {alias}.trace_id AND v.name = ? AND v.value IS NOT NULL{of_span}"
        )
        return _Operand(
            f"(SELECT arg_max(v.value, v.created_at) {newest})",
            "any",
            [name],
            number=f"(SELECT arg_max_null(v.number, v.created_at) {newest})",
        )

    def _time_shift(self, node: exp.Expr) -> _Operand:
        base = self.operand(node.this)
        interval = node.expression
        unit = str(interval.args.get("unit") or "").lower().rstrip("s")
        amount = interval.this
        if base.type not in ("time", "text") or unit not in UNITS_S or not isinstance(amount, exp.Literal):
            raise self._refuse(node, "is not a time; write now() - interval 1 day")
        try:
            count = float(amount.this)
        except ValueError as error:
            raise self._refuse(node, "is not a time; write now() - interval 1 day") from error
        base = self._as_time(base, node)
        most = FARTHEST_S / UNITS_S[unit]
        count = max(-most, min(most, count))
        sign = "-" if isinstance(node, exp.Sub) else "+"
        shifted = f"{_cast(base, 'time')}::TIMESTAMP {sign} (? * INTERVAL 1 {unit.upper()})"
        sql = f"greatest(TIMESTAMP '{EARLIEST}', least(TIMESTAMP '{LATEST}', {shifted}))::TIMESTAMP_NS"
        return _Operand(sql, "time", [*base.parameters, int(count) if count == int(count) else count])

    # Errors -------------------------------------------------------------------------------------------------------

    @property
    def _fields(self) -> dict[str, Type]:
        return TRACE_FIELDS if self.target == "traces" else SPAN_FIELDS

    def _refuse(self, node: exp.Expr, why: str) -> InvalidRequest:
        hint = None
        if isinstance(node, (exp.Anonymous, exp.Func)) or list(node.find_all(exp.Anonymous)):
            hint = f"Functions are: {', '.join(FUNCTIONS)} and now()."
        return InvalidRequest(f"In the filter, {node.sql(dialect='duckdb')[:100]!r}{_at(node)}: {why}.", hint=hint)

    def _unknown(self, node: exp.Expr, name: str) -> InvalidRequest:
        known = known_names(self.target)
        close = difflib.get_close_matches(name.lower(), known, n=1)
        compared = type(node.parent) in COMPARISONS and node.arg_key == "expression"
        quoted = isinstance(node, exp.Column) and node.this.args.get("quoted")
        hints = [f"Did you mean {close[0]}?"] if close else []
        hints += ["Text is written in single quotes: 'like this'."] if compared or quoted else []
        hint = " ".join(hints) or f"Fields are: {', '.join(sorted(self._fields))}."
        return InvalidRequest(f"In the filter, {name!r}{_at(node)} is not a field.", hint=hint)


def is_call(node: exp.Expr, *names: str) -> exp.Expr | None:
    """The one argument of a call of one of these functions; None when `node` is no such call."""
    if isinstance(node, exp.Any):
        inner = node.this if "any" in names else None
    elif isinstance(node, exp.Anonymous) and node.name.lower() in names and len(node.expressions) == 1:
        inner = node.expressions[0]
    else:
        return None
    return inner.this if isinstance(inner, exp.Paren) else inner


def operand_is_negated(node: exp.Expr) -> bool:
    """`not like` and `is not`, where the parser marks them on the node itself."""
    return bool(node.args.get("negate"))


def _at(node: exp.Expr) -> str:
    starts = [part.meta["start"] for part in node.walk() if "start" in part.meta]
    return f" at character {min(starts) + 1}" if starts else ""


def _quoted(name: str) -> str:
    return f'"{name}"'  # names come from our own tables; quoted because some are words of SQL


def _equal_attribute(left: _Operand, right: _Operand) -> Compiled | None:
    """An attribute equals a text, asked of its JSON as it lies; None where that cannot be told from the JSON."""
    attribute, value = (left, right) if left.values else (right, left)
    if not attribute.values or not value.literal or (json := spelled(value.parameters[0])) is None:
        return None
    return Compiled(has_value(attribute.values), [json, *attribute.parameters, json])


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


def _cast(operand: _Operand, kind: Type) -> str:
    """SQL of an operand read as `kind`; what cannot be read so is null, and so matches nothing."""
    if operand.type == kind or {operand.type, kind} == {"integer", "number"}:
        return operand.sql
    readers: dict[Type, Callable[[str], str]] = {
        "text": lambda sql: (
            f"json_extract_string({sql}, '$')" if operand.type in ("any", "json") else f"CAST({sql} AS VARCHAR)"
        ),
        "number": lambda sql: operand.number or f"TRY_CAST(json_extract_string({sql}, '$') AS DOUBLE)",
        "boolean": lambda sql: f"TRY_CAST(json_extract_string({sql}, '$') AS BOOLEAN)",
        "time": lambda sql: f"TRY_CAST({sql} AS TIMESTAMP_NS)",
    }
    return readers[kind](operand.sql) if kind in readers else operand.sql


def _article(kind: Type) -> str:
    return {"any": "a value", "integer": "a number", "json": "a structure"}.get(kind, f"a {kind}")
