"""Conciseness: is the output no longer than it needs to be?"""

from __future__ import annotations

from dataclasses import dataclass

from assay.evaluation.judges.row_texts import JudgedRow
from assay.evaluation.judges.verdict import Anchor, Judge

INSTRUCTIONS = """\
Decide whether OUTPUT says what it says without waste, for a reader who asked INPUT. Waste is what could be struck out
without a loss to that reader: repetition, preambles, restating the question, remarks about the answer itself, advice
that nobody asked for. Length alone is no waste: a question that needs a long answer gets one. Do not judge whether it
is true."""


@dataclass(frozen=True, kw_only=True)
class Conciseness(Judge):
    """How little of the output could be struck out without a loss, by a judge.

    Definition: Concise (1): nothing, or next to nothing; wordy (0.5): some sentences; bloated (0): a third or more.
    Range: 0, 0.5 or 1.
    Direction: Higher is better.
    Source: Written for Assay.
    Pitfalls: An empty or a wrong answer is concise. Judges tend to prefer long answers (Zheng et al. 2023, arXiv
        2306.05685), so compare with a count of words.
    """

    name: str = "conciseness"
    instructions: str = INSTRUCTIONS

    anchors = (
        Anchor("concise", 1.0, "next to nothing could be struck out"),
        Anchor("wordy", 0.5, "some sentences could be struck out"),
        Anchor("bloated", 0.0, "a third of it or more could be struck out"),
    )
    shows = ("input", "output")
    wrong_example = JudgedRow(
        input="What is 2 + 2?",
        output="What a great question! You are asking what 2 + 2 is. Sums are fascinating, and I am glad you ask. "
        "To answer what 2 + 2 is, let us look at what 2 + 2 is. Having looked at it, I can say that 2 + 2 is 4. So, to "
        "sum up, 2 + 2, which is what you asked about, is 4. I hope this answer about 2 + 2 helps you!",
    )
