"""GoalCompletion: did the conversation get the user what the user came for?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
CONVERSATION holds one turn a line, in order. Work out what the user wanted to achieve, including what came up on the
way, and decide how far it was achieved by the end. Judge by what happened, not by what the assistant says of it: "done"
is no proof where nothing was done. Where there is EXPECTED, it says what the goal was."""


@dataclass(frozen=True, kw_only=True)
class GoalCompletion(Judge):
    """How far the user of a conversation got what the user came for, by a judge over all turns.

    Definition: Achieved (1): every goal that the user had was met by the end; partly (0.5): some were, or the main one
        with a rest to do; missed (0): the main goal was not. The conversation is that of the input, the output or the
        trace; the expected value, where there is one, says what the goal was.
    Range: 0, 0.5 or 1.
    Direction: Higher is better.
    Source: Task success of dialogue systems, PARADISE, Walker et al. 1997.
    Pitfalls: A user who leaves without a word may be content or not. Judge sessions, with the user as `cluster`.
    """

    name: str = "goal_completion"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("achieved", 1.0, "every goal that the user had was met by the end"),
        Anchor("partly", 0.5, "some goals were met, or the main one with a rest left to do"),
        Anchor("missed", 0.0, "the main goal was not met"),
    )
    shows = ("conversation", "expected")
    wrong_example = JudgedRow(
        input=[
            {"role": "user", "content": "Please cancel my order 4711."},
            {"role": "assistant", "content": "Our shop has many fine products."},
            {"role": "user", "content": "I only want to cancel it."},
        ],
        output="You can find all of them on our front page.",
    )
