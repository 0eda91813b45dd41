"""KnowledgeRetention: does the assistant keep what the user has said?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
CONVERSATION holds one turn a line, in order. Decide whether the assistant keeps in mind what the user has told it: it
asks for nothing that was already said, contradicts nothing of it, and uses it where it matters. What the user takes
back or changes counts as it was said last."""


@dataclass(frozen=True, kw_only=True)
class KnowledgeRetention(Judge):
    """True when a judge finds that the assistant forgets nothing that the user has said.

    Definition: In no turn does the assistant ask again for what it was told, contradict it, or leave it out where it
        matters.
    Range: 0 or 1.
    Direction: Higher is better.
    Source: The metric of this name in DeepEval, as one verdict over the whole conversation.
    Pitfalls: Nothing can be forgotten in a conversation of one turn: it passes.
    """

    name: str = "knowledge_retention"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("kept", True, "nothing that the user said is asked for again, contradicted or passed over"),
        Anchor("forgotten", False, "something is; say what, and in which turn"),
    )
    shows = ("conversation",)
    wrong_example = JudgedRow(
        input=[
            {"role": "user", "content": "I am Ada, my order is 4711, and I am allergic to nuts."},
            {"role": "assistant", "content": "Thank you. What is your order number?"},
            {"role": "user", "content": "4711, as I said. What cake can I have?"},
        ],
        output="Our walnut cake is very popular. By the way, what is your name?",
    )
