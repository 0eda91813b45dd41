"""Correctness: a judge that compares the output with the expected answer."""

from __future__ import annotations

from assay.evaluation.gateway import Gateway
from assay.evaluation.scorers.judges import Judge

INSTRUCTIONS = """\
Decide whether OUTPUT is a correct answer to INPUT, given EXPECTED, which holds the right answer or the facts that a
right answer must state.

OUTPUT is correct when it states everything that EXPECTED states, in whatever words, and nothing that contradicts it.
Further details that do not contradict it are no fault, nor are length, style or politeness. Numbers must agree,
allowing for how they are written and for units that are converted correctly. An output that does not answer, or
answers something else, is incorrect."""


class Correctness(Judge):
    """True when a judge finds the output correct by the expected answer. Not applicable to items without one.

    Args:
        model: as LiteLLM names it; the setting `judge_model` if not given.

    Pitfalls: a judge errs; call its rate a judge's rate, not accuracy, until it was compared with people's labels.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        name: str = "correctness",
        temperature: float | None = 0.0,
        gateway: Gateway | None = None,
    ) -> None:
        super().__init__(
            name=name,
            instructions=INSTRUCTIONS,
            choices={"correct": True, "incorrect": False},
            needs_expected=True,
            model=model,
            temperature=temperature,
            gateway=gateway,
        )
