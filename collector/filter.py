"""The filter language: one boolean SQL expression over the fields of a trace or a span.

sqlglot parses the text into a tree; `filter_compiler` checks every node and writes SQL anew, with every value of the
user's as a bound parameter. Nothing of the text itself reaches the database.

Fields are those of a trace row or of a span. In a filter over traces, a field that only spans have (`kind`,
`attributes[...]`) asks whether some span of the trace matches; `any(...)` asks for one span that matches a whole
condition, `child(...)` for a direct child of the span in question, `search('...')` for a text in input or output.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, ClassVar

import sqlglot
from sqlglot import exp
from sqlglot.dialects.duckdb import DuckDB
from sqlglot.errors import ParseError, TokenError
from sqlglot.parsers.duckdb import DuckDBParser

from assay.collector.filter_compiler import Compiled, FilterCompiler, Target
from assay.collector.filter_probe import Probe, bounds, probe
from assay.errors import InvalidRequest

__all__ = ["Compiled", "Target", "TraceFilter", "compile_filter", "compile_trace_filter"]

# It warns of statements that it cannot read, with their text: what is no filter is refused here, and logged nowhere.
logging.getLogger("sqlglot").setLevel(logging.CRITICAL)

MAX_FILTER_CHARS = 4000
MAX_NODES = 500


class FilterDialect(DuckDB):
    """DuckDB's expressions without its functions: a call is a call, by the name that was written."""

    class Parser(DuckDBParser):
        FUNCTIONS: ClassVar[dict[str, Any]] = {}


@dataclass(frozen=True, slots=True)
class TraceFilter:
    """A filter over traces, in the pieces that a query over spans wants.

    `condition` speaks of columns of `t`, one row per trace: the fields in `fields`, and c0, c1, … which tell whether
    some span of the trace fulfils `span_conditions[0]`, …, each written over a row `s` of `span_log`.
    """

    condition: Compiled
    fields: frozenset[str]
    span_conditions: tuple[Compiled, ...]
    probe: Probe | None
    """A condition over `s` that at least one span of every matching trace fulfils; None: nothing so simple is known."""
    earliest: tuple[Compiled, ...]
    """Times of which the trace starts at none before."""
    latest: tuple[Compiled, ...]


def compile_filter(text: str | None, target: Target, alias: str) -> Compiled:
    """Check a filter and write its SQL.

    Args:
        target: whether rows of `traces` or of `span_log` are filtered.
        alias: name of that table in the query around it.

    Raises:
        InvalidRequest: the text is no filter; the message points at the character.
    """
    tree = parse_filter(text)
    return Compiled() if tree is None else _guarded(FilterCompiler(target, alias).condition, tree)


def compile_trace_filter(text: str | None) -> TraceFilter:
    """Check a filter over traces and take it apart.

    Raises:
        InvalidRequest: the text is no filter; the message points at the character.
    """
    tree = parse_filter(text)
    if tree is None:
        return TraceFilter(Compiled(), frozenset(), (), None, (), ())
    compiler = FilterCompiler("traces", "t", collect=True)
    condition = _guarded(compiler.condition, tree)
    earliest, latest = bounds(tree)
    return TraceFilter(
        condition, frozenset(compiler.used), tuple(compiler.collected), probe(tree), tuple(earliest), tuple(latest)
    )


def time_bounds(text: str | None) -> tuple[list[Compiled], list[Compiled]]:
    """Times before which, and after which, nothing that matches starts."""
    tree = parse_filter(text)
    return ([], []) if tree is None else bounds(tree)


def _guarded(compile: Any, tree: exp.Expr) -> Compiled:
    try:
        compiled: Compiled = compile(tree)
        return compiled
    except RecursionError as error:
        raise InvalidRequest("The filter is nested too deeply.") from error


def parse_filter(text: str | None) -> exp.Expr | None:
    """The tree of a filter; None when it says nothing.

    Raises:
        InvalidRequest: it cannot be read, or is longer than is allowed.
    """
    if text is None or not text.strip():
        return None
    if len(text) > MAX_FILTER_CHARS:
        raise InvalidRequest(f"The filter has {len(text)} characters; at most {MAX_FILTER_CHARS} are read.")
    try:
        trees = sqlglot.parse(text, read=FilterDialect)
    except (ParseError, TokenError) as error:
        details = getattr(error, "errors", None) or [{}]
        at = _character(text, details[0])
        what = details[0].get("description") or str(error).splitlines()[0]
        place = f" at character {at}" if at else ""
        raise InvalidRequest(f"The filter cannot be read{place}: {_plain(what)}.", hint=_pointer(text, at)) from error
    except RecursionError as error:
        raise InvalidRequest("The filter is nested too deeply.") from error
    if len(trees) != 1 or trees[0] is None:
        raise InvalidRequest("A filter is one expression.", hint="For example: status = 'error' and duration_ms > 2000")
    if sum(1 for _ in trees[0].walk()) > MAX_NODES:
        raise InvalidRequest(f"The filter has more than {MAX_NODES} parts.", hint="Ask for less at once.")
    return trees[0]


def _character(text: str, detail: dict[str, Any]) -> int | None:
    """Where in the whole text the parser stood, counted from 1: it counts columns within a line."""
    column, line = detail.get("col"), detail.get("line") or 1
    if not column:
        return None
    return sum(len(each) for each in text.splitlines(keepends=True)[: line - 1]) + int(column)


def _plain(description: str) -> str:
    # The parser speaks of its own classes; people want to know what is missing.
    if description.startswith("Required keyword"):
        return "something is missing after an operator"
    return description.rstrip(".")


def _pointer(text: str, at: int | None) -> str | None:
    if not at:
        return None
    start = max(0, at - 30)
    return f"Near: {text[start : at + 10].strip()}"
