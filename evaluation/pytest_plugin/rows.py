"""One test as a row of an experiment: what went in, what came out, what the scorers said, and whether it passed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from assay.evaluation.data.items import NOTHING, Item
from assay.evaluation.plain import plain
from assay.evaluation.prepared_scorers import PreparedScorer
from assay.evaluation.pytest_plugin.checking import Checked, plain_scores
from assay.tracing.serialise import describe_error, error_type

PASS_RATE = "pass_rate"  # the score that every row has: whether its test passed
PASS_SCORER = {"name": PASS_RATE, "source": "code", "direction": "higher", "range": [0.0, 1.0]}

_current: ContextVar[TestedRow | None] = ContextVar("assay_tested_row", default=None)


@dataclass(kw_only=True)
class TestedRow:
    """Filled while its test runs, and handed over as JSON: with pytest-xdist the test runs in another process."""

    __test__ = False  # pytest collects classes that are called so

    experiment_id: str
    experiment_name: str
    item: Item
    repeat: int
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    trace_id: str | None = None
    usage: Any = None
    output: Any = NOTHING
    scores: list[dict[str, Any]] = field(default_factory=list)
    scorers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def add(self, output: Any, checked: Checked, scorers: Sequence[PreparedScorer]) -> None:
        """What a check found; the last output counts, and of scores of one name the last."""
        self.output = output
        names = {score["name"] for score in checked.scores}
        self.scores = [score for score in self.scores if score["name"] not in names] + plain_scores(checked.scores)
        self.scorers |= {scorer.name: scorer.described() for scorer in scorers}

    def to_json(self, error: BaseException | None, *, is_failure: bool, duration_s: float) -> str:
        """The row as the API takes it, with its scorers.

        Args:
            is_failure: the test found the answer wrong; any other error says nothing of it.
        """
        status = "ok" if error is None or is_failure else "task_error"
        passed = {
            "name": PASS_RATE,
            "value": error is None,
            "explanation": describe_error(error) if error is not None else None,
            "status": "scored",
            "error": None,
            "source": "code",
            "metadata": {},
        }
        usage = self.usage
        row = {
            "item_id": self.item.id,
            "repeat": self.repeat,
            "status": status,
            "input": plain(self.item.input),
            "expected": plain(self.item.expected),
            "output": None if self.output is NOTHING else plain(self.output),
            "error": describe_error(error) if error is not None and not is_failure else None,
            "error_type": error_type(error) if error is not None and not is_failure else None,
            "trace_id": self.trace_id,
            "cluster": self.item.cluster,
            "started_at": self.started_at.isoformat().replace("+00:00", "Z"),
            "duration_ms": duration_s * 1000,
            "input_tokens": usage.input_tokens if usage else None,
            "output_tokens": usage.output_tokens if usage else None,
            "cost_usd": usage.cost_usd if usage else None,
            "scores": [*self.scores, passed] if status == "ok" else self.scores,
        }
        of = {"experiment_id": self.experiment_id, "experiment_name": self.experiment_name}
        return json.dumps({**of, "row": row, "scorers": list(self.scorers.values())})


def current_row() -> TestedRow | None:
    """The row whose test is running here; None outside of such tests."""
    return _current.get()


set_current, reset_current = _current.set, _current.reset
