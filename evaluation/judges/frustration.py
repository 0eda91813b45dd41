"""Frustration: does the user become frustrated?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge
from assay.evaluation.summary import Direction

INSTRUCTIONS = """\
CONVERSATION holds one turn a line, in order. Decide how frustrated the user is with the assistant, judging by the
user's turns alone: repeating a request, correcting, reproaching, irony, capitals, giving up. Anger at something else is
not meant, nor is a grave subject."""


@dataclass(frozen=True, kw_only=True)
class Frustration(Judge):
    """How frustrated the user of a conversation is with the assistant, by a judge.

    Definition: None (0): no sign of it; some (0.5): the user repeats or corrects something, or is short; strong (1):
        reproaches, irony at the assistant's expense, or giving up.
    Range: 0, 0.5 or 1.
    Direction: Lower is better.
    Source: Written for Assay.
    Pitfalls: Polite people hide it and curt people seem to show it: compare like with like, with the user as `cluster`.
    """

    name: str = "frustration"
    instructions: str = INSTRUCTIONS
    direction: Direction = "lower"

    anchors = (
        Anchor("none", 0.0, "no sign of it"),
        Anchor("some", 0.5, "the user repeats or corrects something, or becomes short"),
        Anchor("strong", 1.0, "the user reproaches, is ironic at the assistant's expense, or gives up"),
    )
    shows = ("conversation",)
    wrong_example = JudgedRow(
        input=[
            {"role": "user", "content": "Cancel order 4711."},
            {"role": "assistant", "content": "Which order?"},
            {"role": "user", "content": "4711!!! For the THIRD time. This is useless. I give up."},
        ],
        output="Which order?",
    )
