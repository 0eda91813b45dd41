"""The two experiments of the demo, and what their comparison means for production."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import assay
from assay.client import current_client
from assay.demo.assistant import Assistant, read_rows
from assay.demo.scorers import cites_page, concise
from assay.scorers import Correctness

if TYPE_CHECKING:
    from assay.evaluation import EvaluationResult
    from assay.evaluation.comparison import ComparisonRow
    from assay.evaluation.progress import Progress

DATASET = "support-qa"
DECISIVE = "correctness"  # the scorer that a version has to be better by


@dataclass(frozen=True)
class Decision:
    promote: bool
    reason: str


def register_data() -> None:
    """Register the questions as a data set; the same questions again are the version that there is."""
    description = "Questions to the support of Mossby, with expected answers. Written for Assay."
    current_client().post("/datasets", {"name": DATASET, "items": read_rows(DATASET), "description": description})


def evaluate(assistant: Assistant, progress: Progress) -> EvaluationResult:
    """Put every question to the assistant and score the answers: two functions, and a judge behind the gateway."""
    prompt = assistant.prompt

    def support_assistant(question: str) -> str:
        return assistant.answer(question)

    return assay.evaluate(
        DATASET,
        support_assistant,
        scorers=[Correctness(), concise, cites_page],
        name=f"{prompt.name} v{prompt.version}",
        tags={"prompt": prompt.uri},
        progress=progress,
    )


def decide(rows: Sequence[ComparisonRow]) -> Decision:
    """A version goes live when it is more often right, by more than chance explains, and nothing got worse."""
    outcomes: dict[str, Any] = {row.scorer: row.outcome for row in rows}
    worse = [name for name, outcome in outcomes.items() if outcome == "regressed"]
    if worse:
        return Decision(False, f"{', '.join(worse)} regressed")
    if outcomes.get(DECISIVE) != "improved":
        return Decision(False, f"the data do not show that {DECISIVE} improved")
    return Decision(True, f"{DECISIVE} improved and nothing regressed")
