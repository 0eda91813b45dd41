"""ToolEfficiency: were the tools used without waste?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.example_trace import example_trace
from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
STEPS holds what was done, one step a line, in start order, with its depth: calls of models, tools and retrievers, and
what came of them. Decide whether the tools were used without waste for what INPUT asks: no call twice with the same
arguments and nothing changed in between, none whose result is never used, none that a result already known made
needless, no tool that cannot help. Trying again after an error is no waste, nor are calls side by side that are all
needed. Doing without a tool that was not needed is efficient."""


@dataclass(frozen=True, kw_only=True)
class ToolEfficiency(Judge):
    """How little of the work with tools was waste, by a judge over the steps of a trace. Not applicable without one.

    Definition: Efficient (1): no call could be left out; some waste (0.5): one or two could, of several; wasteful (0):
        many, or most.
    Range: 0, 0.5 or 1.
    Direction: Higher is better.
    Source: Written for Assay.
    Pitfalls: Repeated identical calls can be counted without a judge, and should be: see the scorers of agents. A trace
        longer than the judge's context is a failure.
    """

    name: str = "tool_efficiency"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("efficient", 1.0, "no call could be left out"),
        Anchor("some_waste", 0.5, "one or two of several calls could be left out; say which"),
        Anchor("wasteful", 0.0, "many calls, or most, could be left out"),
    )
    shows = ("input", "steps")
    wrong_example = JudgedRow(
        input="What is the weather in Oslo?",
        trace=example_trace(("search", "weather Oslo", "8 degrees, rain"), times=4),
    )
