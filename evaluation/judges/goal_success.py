"""GoalSuccess: did an agent do what it was asked to, by what its trace shows?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.example_trace import example_trace
from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
INPUT is what an agent was asked to do, OUTPUT what it answered in the end, and STEPS what it did, one step a line, in
start order. Decide whether it did what it was asked to. Judge by what the steps show, not by what OUTPUT claims: what
is said to be done has to be seen among the results of the tools. Where there is EXPECTED, it says what has to be true
in the end."""


@dataclass(frozen=True, kw_only=True)
class GoalSuccess(Judge):
    """True when a judge finds, by the steps of its trace, that an agent did what it was asked to.

    Definition: Everything that the input asks for (and that the expected value says has to be true in the end, where
        there is one) was done, and the trace shows it. Not applicable without a trace.
    Range: 0 or 1.
    Direction: Higher is better.
    Source: The judge of final states in tau-bench, Yao et al. 2024, arXiv 2406.12045, reading spans for the state.
    Pitfalls: What the spans do not show, the judge cannot see: record inputs and outputs of tools. Where the final
        state can be looked up, do that in a scorer of your own.
    """

    name: str = "goal_success"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("success", True, "everything asked for was done, and the steps show it"),
        Anchor("failure", False, "something was not done, or no step shows it; say what"),
    )
    shows = ("input", "output", "steps", "expected")
    wrong_example = JudgedRow(
        input="Cancel order 4711 and tell me when it is done.",
        output="Done: order 4711 is cancelled.",
        trace=example_trace(("cancel_order", '{"order": 4711}', "error: not permitted")),
    )
