"""What the tree of a `jinja` template may consist of, and how it is made to pay for what it does.

A node whose class is not listed is refused, whatever Jinja makes of it today or in a later release.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator
from typing import Any

from jinja2 import nodes
from jinja2.runtime import LoopContext
from jinja2.visitor import NodeTransformer

from assay.prompts.jinja_budget import CHARS_PER_STEP
from assay.prompts.jinja_filters import FILTERS, TESTS
from assay.prompts.jinja_values import COMPARISONS, each, joined, printed, sliced

MAX_NODES = 20_000
MAX_DEPTH = 60  # of nodes in nodes
MAX_LOOPS = 8  # in each other; Python compiles no more than 20 blocks
MAX_BRANCHES = 200  # of one `if`: Python nests them

_STATEMENTS = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.Assign)
_VALUES = (nodes.Name, nodes.Const, nodes.List, nodes.Tuple, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.CondExpr)
_OPERATORS = (
    nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos, nodes.Concat,
    nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod,
)  # fmt: skip
_CALLED = (nodes.Filter, nodes.Test, nodes.Keyword)
ALLOWED = frozenset({*_STATEMENTS, *_VALUES, *_OPERATORS, *_CALLED})

_HINTS: dict[type[nodes.Node], str] = {
    nodes.Call: "Nothing can be called: write {{ text|upper }} for text.upper(), or pass the result as a variable.",
    nodes.Include: "To include another prompt, write {{> name@alias }}.",
    nodes.Import: "To include another prompt, write {{> name@alias }}.",
    nodes.FromImport: "To include another prompt, write {{> name@alias }}.",
    nodes.Extends: "To include another prompt, write {{> name@alias }}.",
    nodes.Dict: "Pass it as a variable.",
    nodes.Pow: "Pass the result as a variable.",
}
_LANGUAGE = "There are if, for and set; comparisons, + - * / // % ~, and, or, not, in; filters and tests."

LOOP_ATTRIBUTES: dict[str, Callable[[LoopContext], Any]] = {
    "index": lambda loop: loop.index,
    "index0": lambda loop: loop.index0,
    "revindex": lambda loop: loop.revindex,
    "revindex0": lambda loop: loop.revindex0,
    "first": lambda loop: loop.first,
    "last": lambda loop: loop.last,
    "length": lambda loop: loop.length,
    "previtem": lambda loop: loop.previtem,
    "nextitem": lambda loop: loop.nextitem,
}

# Names that no template can write, because no name has a space in it.
INTERNAL_FILTERS = {"the items of": each, "the text of": printed, "the joint of": joined, "the slice of": sliced}
INTERNAL_TESTS = {f"it {operator}": compare for operator, compare in COMPARISONS.items()}


class Refused(Exception):  # becomes a TemplateError, which knows the place
    def __init__(self, problem: str, line: int, hint: str | None = None) -> None:
        super().__init__(problem)
        self.line = line
        self.hint = hint


def check(tree: nodes.Template) -> None:
    """
    Raises:
        Refused: the tree has something in it that a prompt may not have, or too much of what it may have.
    """
    count = 0
    waiting: list[tuple[nodes.Node, int, int]] = [(tree, 0, 0)]
    while waiting:
        node, depth, loops = waiting.pop()
        count += 1
        if count > MAX_NODES:
            raise Refused(f"the text has more than {MAX_NODES:,} tags and parts of tags", node.lineno)
        if depth > MAX_DEPTH:
            raise Refused(f"tags are nested more than {MAX_DEPTH} deep", node.lineno)
        if type(node) not in ALLOWED:
            what = type(node).__name__.lower()
            raise Refused(f"{what!r} is not allowed in a prompt", node.lineno, _HINTS.get(type(node), _LANGUAGE))
        loops += isinstance(node, nodes.For)
        if loops > MAX_LOOPS:
            raise Refused(f"loops are nested more than {MAX_LOOPS} deep", node.lineno)
        problem = next(_problems(node), None)
        if problem:
            raise Refused(problem, node.lineno)
        waiting += [(child, depth + 1, loops) for child in _children(node)]


def guarded(tree: nodes.Template) -> nodes.Template:
    """The same tree, in which loops, comparisons, joints, slices and printed values go through functions that pay."""
    guarded_tree: nodes.Template = _Guard().visit(tree)
    return guarded_tree


def _children(node: nodes.Node) -> Iterator[nodes.Node]:
    """Without the name `loop` in `loop.index`: that is the one place for it."""
    for child in node.iter_child_nodes():
        if not (isinstance(node, nodes.Getattr) and isinstance(child, nodes.Name) and child.name == "loop"):
            yield child


def _problems(node: nodes.Node) -> Iterator[str]:
    """What is wrong with a node of a class that is allowed."""
    if isinstance(node, nodes.Name):
        if node.name == "loop":
            yield "'loop' can only be asked for what it knows, like loop.index"
        if node.name == "self" or unicodedata.normalize("NFKC", node.name) != node.name:
            yield f"{node.name!r} cannot be the name of a variable"
    elif isinstance(node, nodes.Const):
        if isinstance(node.value, float) and not math.isfinite(node.value):
            yield "a number is too large"
    elif isinstance(node, nodes.Getattr):
        if node.attr.startswith("__"):
            yield f"{node.attr!r} is no key of a prompt's data"
        if isinstance(node.node, nodes.Name) and node.node.name == "loop" and node.attr not in LOOP_ATTRIBUTES:
            yield f"there is no loop.{node.attr}; there are {', '.join(LOOP_ATTRIBUTES)}"
    elif isinstance(node, nodes.Filter | nodes.Test):
        known = FILTERS if isinstance(node, nodes.Filter) else TESTS
        if node.node is None or node.name not in known:
            yield f"there is no {type(node).__name__.lower()} {node.name!r}; there are {', '.join(sorted(known))}"
        if node.dyn_args is not None or node.dyn_kwargs is not None:
            yield "arguments are written one by one, without * and **"
    elif isinstance(node, nodes.List | nodes.Tuple):
        # A list of variables could hold one list many times, and that one another: small to write, huge to read.
        is_target = isinstance(node, nodes.Tuple) and node.ctx == "store"
        if not all(isinstance(item, nodes.Name if is_target else nodes.Const) for item in node.items):
            yield "a list is written with texts and numbers only; pass others as a variable"
    elif isinstance(node, nodes.If):
        if len(node.elif_) > MAX_BRANCHES:
            yield f"an 'if' has more than {MAX_BRANCHES} branches"
    elif isinstance(node, nodes.For):
        if node.recursive:
            yield "a loop cannot be recursive"
    elif isinstance(node, nodes.Assign) and not isinstance(node.target, nodes.Name):
        yield "set gives one name a value"


class _Guard(NodeTransformer):
    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # Jinja's visitors are called so
        self.generic_visit(node)
        node.nodes = [
            child if isinstance(child, nodes.TemplateData) else _call("the text of", child) for child in node.nodes
        ]
        return node

    def visit_For(self, node: nodes.For) -> nodes.Node:
        steps = _size(node)
        self.generic_visit(node)
        assert isinstance(node.iter, nodes.Expr)
        node.iter = _call("the items of", node.iter, nodes.Const(steps))
        return node

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:
        self.generic_visit(node)
        first, *others = node.nodes
        return _call("the joint of", first, *others)

    def visit_Getitem(self, node: nodes.Getitem) -> nodes.Node:
        self.generic_visit(node)
        if not isinstance(node.arg, nodes.Slice):
            return node
        ends = (node.arg.start, node.arg.stop, node.arg.step)
        return _call("the slice of", node.node, *(end or nodes.Const(None) for end in ends))

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:
        self.generic_visit(node)
        left, compared = node.expr, []
        for operand in node.ops:
            compared.append(_test(f"it {operand.op}", left, operand.expr))
            left = operand.expr
        whole: nodes.Expr = compared[0]
        for test in compared[1:]:
            whole = nodes.And(whole, test, lineno=node.lineno)
        return whole


def _size(node: nodes.For) -> int:
    """What one turn of a loop costs: the nodes in it, and the text between them. Loops in it pay for themselves too."""
    waiting: list[nodes.Node] = list(node.iter_child_nodes())
    size = 1
    while waiting:
        child = waiting.pop()
        size += 1 + (len(child.data) // CHARS_PER_STEP if isinstance(child, nodes.TemplateData) else 0)
        waiting += child.iter_child_nodes()
    return size


def _call(name: str, node: nodes.Expr, *arguments: nodes.Expr) -> nodes.Filter:
    made = nodes.Filter(node, name, list(arguments), [], None, None)
    made.set_lineno(node.lineno)
    return made


def _test(name: str, left: nodes.Expr, right: nodes.Expr) -> nodes.Test:
    made = nodes.Test(left, name, [right], [], None, None)
    made.set_lineno(left.lineno)
    return made
