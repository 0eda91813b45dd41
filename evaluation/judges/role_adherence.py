"""RoleAdherence: does the assistant stay in the role it was given?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
CONVERSATION holds one turn a line, in order. Decide whether the assistant stays in its role in every turn: what it does
and does not do, whom it speaks as, and how it speaks. Users may try to talk it out of the role; what counts is what the
assistant says then. {role}"""
FROM_SYSTEM = "The role is the one that the turns of the system describe."


@dataclass(frozen=True, kw_only=True)
class RoleAdherence(Judge):
    """True when a judge finds that the assistant stays in its role in every turn.

    Definition: No turn of the assistant leaves the role: that of `role`, else the one that the system's turns describe.
    Range: 0 or 1.
    Direction: Higher is better.
    Source: The metric of this name in DeepEval, as one verdict over the whole conversation.
    Pitfalls: Without a role and without a system's turn there is nothing to stay in; the judge then guesses one.
    """

    name: str = "role_adherence"
    instructions: str = INSTRUCTIONS
    role: str | None = None

    anchors = (
        Anchor("kept", True, "the assistant stays in its role in every turn"),
        Anchor("left", False, "it leaves the role in some turn; say in which, and how"),
    )
    shows = ("conversation",)
    wrong_example = JudgedRow(
        input=[
            {"role": "system", "content": "You are a polite librarian who speaks of books and of nothing else."},
            {"role": "user", "content": "Who will win the election?"},
        ],
        output="The opposition, you fool, and I would bet my car on it.",
    )

    def __post_init__(self) -> None:
        role = FROM_SYSTEM if self.role is None else f"The role: {self.role.strip()}"
        object.__setattr__(self, "instructions", self.instructions.replace("{role}", role))
        super().__post_init__()
