"""Base of judges that give many small verdicts, of claims or of documents, and whose score is a share of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean
from typing import ClassVar

from assay.evaluation.judges.ballots import Ballot
from assay.evaluation.judges.model_scorer import ModelScorer
from assay.evaluation.judges.panel import record, too_few
from assay.evaluation.judges.prompt import JudgePrompt, framed, json_object, one_of
from assay.evaluation.judges.reading import Reading


@dataclass(frozen=True, kw_only=True)
class Counted(ModelScorer):
    """A judge whose value is counted from the verdicts on the parts of a row.

    With several votes the score is the mean of their values; the parts recorded are those of the vote nearest to it.
    Where half of the votes or more found nothing to count, there is no value.
    """

    instructions: ClassVar[str]
    parts: ClassVar[str]  # what the list of parts is called in the answer
    fields: ClassVar[tuple[str, ...]]  # of each, in the order in which they are written
    verdicts: ClassVar[tuple[str, ...]]
    answer: ClassVar[str]  # the answer in words
    range: ClassVar[tuple[float, float]] = (0.0, 1.0)

    @property
    def best_verdict(self) -> str:
        return self.verdicts[0]

    @cached_property
    def prompt(self) -> JudgePrompt:
        kinds = {"verdict": one_of(self.verdicts), "document": {"type": "integer"}, "citation": {"type": "integer"}}
        each = json_object({name: kinds.get(name, {"type": "string"}) for name in self.fields})
        fields = ", ".join(f'"{name}": ...' for name in self.fields)
        return JudgePrompt(
            template=framed(self.instructions, answer=self.answer),
            schema=json_object({self.parts: {"type": "array", "items": each}}),
            shape=f'{{"{self.parts}": [{{{fields}}}, ...]}}',
        )

    def decide(self, ballots: Sequence[Ballot]) -> Reading:
        read = [ballot.reading for ballot in ballots if ballot.reading is not None]
        if failure := too_few(ballots, {**record(ballots), **self._identity()}):
            raise failure
        empty = [reading for reading in read if reading.value is None]
        if 2 * len(empty) >= len(read):
            return empty[0] if empty else read[0]
        values = [float(reading.value) for reading in read if isinstance(reading.value, int | float)]
        value = fmean(values)
        nearest = min(
            (reading for reading in read if isinstance(reading.value, int | float)),
            key=lambda reading: abs(float(reading.value or 0) - value),
        )
        more = {"values": [reading.value for reading in read]} if len(ballots) > 1 else {}
        return replace(nearest, value=value, details={**nearest.details, **more})
