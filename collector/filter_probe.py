"""What a filter over traces says of single spans, so that traces can be looked for without summing them all up.

A trace whose session is 's1' has a span whose session is 's1': looking for such spans reads one narrow column. The
condition found here is necessary, not sufficient; whoever uses it checks the whole filter on the traces it leads to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from sqlglot import exp

from assay.collector.filter_compiler import COMPARISONS, Compiled, FilterCompiler, is_call, operand_is_negated
from assay.collector.filter_fields import SPAN_FIELDS, TAKEN_FROM_A_SPAN, TRACE_FIELDS
from assay.collector.trace_bounds import AT_MOST, Above, above

# Rank of a condition by how few spans it is likely to leave: the lowest is looked for first.
ID_FIELDS = ("trace_id", "span_id", "session_id", "user_id", "experiment_id", "item_id")
RANK_ID, RANK_SCORE, RANK_EQUAL, RANK_TEXT, RANK_OTHER, RANK_SUM = range(6)
MOST_OTHERS = 3

FLIPPED: dict[type[exp.Expr], type[exp.Expr]] = {exp.GT: exp.LT, exp.GTE: exp.LTE, exp.LT: exp.GT, exp.LTE: exp.GTE}


@dataclass(frozen=True, slots=True)
class Probe:
    """A condition over a row `s` of `span_log`."""

    rank: int
    condition: Compiled
    exact: bool = False
    """A trace fulfils the filter exactly when one of its spans fulfils the condition."""
    above: Above | None = None
    """The condition asks for nothing but large sums, and these are they."""
    others: tuple[Probe, ...] = ()
    """What may leave as few spans: which leaves fewer, or newer ones, is not known before it is tried."""


def probe(node: exp.Expr) -> Probe | None:
    """What some span of every trace that fulfils `node` fulfils; None when nothing simple can be said."""
    if isinstance(node, exp.Paren):
        return probe(node.this)
    if isinstance(node, exp.And):
        sides = [each for side in (probe(node.left), probe(node.right)) if side for each in (side, *side.others)]
        if not sides:
            return None
        best, *others = sorted(sides, key=lambda side: side.rank)
        simple = tuple(replace(each, others=()) for each in others if each.rank <= RANK_EQUAL)
        return replace(best, exact=False, others=simple[:MOST_OTHERS])
    if isinstance(node, exp.Or):
        left, right = probe(node.left), probe(node.right)
        if left is None or right is None:
            return None
        rank, either = max(left.rank, right.rank), left.condition.joined("OR", right.condition)
        return Probe(rank, either, exact=left.exact and right.exact)
    if (inner := is_call(node, "any", "child")) is not None:
        return Probe(_rank(inner), _over_spans(inner), exact=is_call(node, "any") is not None)
    if is_call(node, "search") is not None:
        return Probe(RANK_TEXT, _over_spans(node), exact=True)
    if isinstance(node, (*COMPARISONS, exp.Like, exp.ILike, exp.In, exp.Between)) and not operand_is_negated(node):
        return _of_comparison(node)
    return None


def _of_comparison(node: exp.Expr) -> Probe | None:
    names = {_field(column) for column in node.find_all(exp.Column)}
    if len(names) != 1:
        return None
    (name,) = names
    if name == "scores":
        keys = [_score_name(column) for column in node.find_all(exp.Column)]
        if len(keys) != 1:
            return None
        sql = "s.trace_id IN (SELECT v.trace_id FROM score_log v WHERE v.name = ?)"
        return Probe(RANK_SCORE, Compiled(sql, [keys[0]]))
    if name == "name":
        over_names = _over_spans(node)
        given = FilterCompiler("spans", "s", renamed={"name": "trace_name"}).condition(node)
        return Probe(_rank(node), over_names.joined("OR", given))
    if name in TAKEN_FROM_A_SPAN or (name in SPAN_FIELDS and name not in TRACE_FIELDS):
        return Probe(_rank(node), _over_spans(node), exact=name not in TRACE_FIELDS)
    if name == "models" and isinstance(node, (exp.EQ, exp.In)):
        either = [
            FilterCompiler("spans", "s", renamed={"models": model}, lists=False).condition(node)
            for model in ("response_model", "request_model")
        ]
        return Probe(RANK_EQUAL, either[0].joined("OR", either[1]))
    if name == "error_count" and _at_least_one(node):
        return Probe(RANK_EQUAL, Compiled("s.status = 'error'"))
    if name == "duration_ms" and isinstance(node, (exp.LT, exp.LTE)) and isinstance(node.this, exp.Column):
        return Probe(RANK_OTHER, _over_spans(node))  # no span lasts longer than its trace
    if name in AT_MOST and (sign := _wants_more(node)):
        sums = above(name, sign, _number(node.args["expression"]))
        return Probe(RANK_SUM, sums.condition, above=sums)
    return None


def _wants_more(node: exp.Expr) -> str | None:
    """The sign of a comparison with a number that only large sums fulfil, which are few."""
    value = node.args.get("expression")
    if not (isinstance(node.this, exp.Column) and isinstance(value, exp.Literal) and not value.is_string):
        return None
    if isinstance(node, (exp.GTE, exp.EQ)):
        return ">="
    return ">" if isinstance(node, exp.GT) else None


def _number(node: exp.Expr) -> float:
    return float(node.this)


def _over_spans(node: exp.Expr) -> Compiled:
    return FilterCompiler("spans", "s").condition(node)


def _rank(node: exp.Expr) -> int:
    fields = {_field(column) for column in node.find_all(exp.Column)}
    if not isinstance(node, (exp.EQ, exp.In)):
        return RANK_TEXT if isinstance(node, (exp.Like, exp.ILike)) else RANK_OTHER
    return RANK_ID if fields & set(ID_FIELDS) else RANK_EQUAL


def _field(column: exp.Column) -> str:
    return str(column.parts[0].name).lower()


def _score_name(column: exp.Column) -> str:
    if isinstance(column.parent, exp.Bracket):
        return str(column.parent.expressions[0].this)
    return ".".join(part.name for part in column.parts[1:])


def _at_least_one(node: exp.Expr) -> bool:
    value = node.args.get("expression")
    if not (isinstance(node.this, exp.Column) and isinstance(value, exp.Literal) and not value.is_string):
        return False
    number = _number(value)
    return (isinstance(node, exp.GT) and number >= 0) or (isinstance(node, (exp.GTE, exp.EQ)) and number > 0)


# Time -------------------------------------------------------------------------------------------------------------


def bounds(node: exp.Expr) -> tuple[list[Compiled], list[Compiled]]:
    """Times that what matches does not start before, and does not start after. They only narrow the search."""
    earliest: list[Compiled] = []
    latest: list[Compiled] = []
    for part in _conjuncts(node):
        if isinstance(part, exp.Between) and _is_start(part.this):
            earliest.append(_time(part.args["low"]))
            latest.append(_time(part.args["high"]))
        elif isinstance(part, (exp.GT, exp.GTE, exp.LT, exp.LTE, exp.EQ)):
            kind, value = _of_start(part)
            if value is not None and kind in (exp.GT, exp.GTE, exp.EQ):
                earliest.append(_time(value))
            if value is not None and kind in (exp.LT, exp.LTE, exp.EQ):
                latest.append(_time(value))
    return earliest, latest


def _conjuncts(node: exp.Expr) -> list[exp.Expr]:
    if isinstance(node, exp.Paren):
        return _conjuncts(node.this)
    if isinstance(node, exp.And):
        return _conjuncts(node.left) + _conjuncts(node.right)
    return [node]


def _of_start(node: exp.Expr) -> tuple[type[exp.Expr], exp.Expr | None]:
    """The comparison as one of start_time with something that names no field; None when it is not one."""
    left, right = node.args["this"], node.args["expression"]
    if _is_start(left) and not list(right.find_all(exp.Column)):
        return type(node), right
    if _is_start(right) and not list(left.find_all(exp.Column)):
        return FLIPPED.get(type(node), type(node)), left
    return type(node), None


def _is_start(node: exp.Expr) -> bool:
    return isinstance(node, exp.Column) and len(node.parts) == 1 and _field(node) == "start_time"


def _time(node: exp.Expr) -> Compiled:
    return FilterCompiler("spans", "s").time(node)
