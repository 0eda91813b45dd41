"""From several ballots to one verdict: strict majority, ties, entropy, and what is recorded of them. Pure."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.errors import GatewayError, ScorerError
from assay.evaluation.judges.ballots import Ballot
from assay.evaluation.judges.spending import joined, spent


def majority(labels: Iterable[str], panel: int) -> str | None:
    """The label that more than half of a panel of this size gave; None when there is none."""
    [*most] = Counter(labels).most_common(1)
    return most[0][0] if most and 2 * most[0][1] > panel else None


def entropy_bits(counts: Mapping[str, int]) -> float | None:
    """How much the votes differ: ``-sum p log2 p``, 0 when all agree, 1 for two verdicts half and half.

    None for fewer than two votes: one vote cannot differ. Source: Shannon 1948.
    """
    total = sum(counts.values())
    if total < 2:
        return None
    return sum(-count / total * math.log2(count / total) for count in counts.values() if count) + 0.0


def record(ballots: Sequence[Ballot]) -> dict[str, Any]:
    """Metadata of a score: models, tokens and cost of all ballots together, and each of several by itself."""
    answers = [answer for ballot in ballots for answer in ballot.answers]
    found: dict[str, Any] = {"model": joined([ballot.model for ballot in ballots]), **spent(answers)}
    if left := sorted({name for ballot in ballots for name in ballot.described().get("left_out", ())}):
        found["left_out"] = left
    if len(ballots) > 1:
        found["panel"] = [ballot.described() for ballot in ballots]
    return found


def voted(ballots: Sequence[Ballot]) -> dict[str, Any]:
    """How many votes each verdict had, how much they differ, and of several models what each of them said."""
    said = [(ballot.model, ballot.reading.label) for ballot in ballots if ballot.reading and ballot.reading.label]
    votes = dict(Counter(label for _, label in said).most_common())
    found: dict[str, Any] = {"votes": votes, "entropy": entropy_bits(votes)}
    models = list(dict.fromkeys(ballot.model for ballot in ballots))
    if len(models) > 1:
        found["by_model"] = {each: dict(Counter(label for model, label in said if model == each)) for each in models}
    return found


def check_answered(ballots: Sequence[Ballot], metadata: Mapping[str, Any]) -> None:
    """Raise when no ballot could be read.

    Raises:
        GatewayError: the one ballot there is failed before any answer came.
        ScorerError: all failed; its metadata hold what they cost, and the raw text of the last answer.
    """
    failed = [ballot for ballot in ballots if ballot.error is not None]
    if len(failed) < len(ballots):
        return
    first = failed[0].error
    assert first is not None
    if len(ballots) == 1 and not ballots[0].answers:
        raise first
    raise unanswered(str(first) if len(ballots) == 1 else _counted(failed, len(ballots)), failed, metadata)


class JudgeFailed(ScorerError):
    """No verdict. `status` is the HTTP status of the first failure when nothing but failed calls was the reason."""

    def __init__(self, message: str, *, metadata: Mapping[str, Any], status: int | None) -> None:
        super().__init__(message, metadata=metadata)
        self.status = status


def unanswered(message: str, failed: Sequence[Ballot], metadata: Mapping[str, Any]) -> JudgeFailed:
    """The failure of a whole panel, with the last raw answer that could not be used."""
    errors = [ballot.error for ballot in failed]
    calls = [error for error in errors if isinstance(error, GatewayError)]
    raw = next((ballot.answers[-1].text for ballot in reversed(failed) if ballot.answers), None)
    status = calls[0].status if len(calls) == len(errors) else None
    error = JudgeFailed(message, metadata={**metadata, "raw": raw}, status=status)
    error.__cause__ = errors[0]
    return error


def _counted(failed: Sequence[Ballot], panel: int) -> str:
    return f"{len(failed)} of {panel} votes failed; the first: {failed[0].error}"


def no_majority(ballots: Sequence[Ballot], metadata: Mapping[str, Any]) -> ScorerError | None:
    """Is it for failures that no verdict has a majority? Then that is a failure, not a tie."""
    failed = [ballot for ballot in ballots if ballot.error is not None]
    if not failed:
        return None
    message = f"The votes that did not fail give no verdict a majority of the panel. {_counted(failed, len(ballots))}"
    return unanswered(message, failed, metadata)


def too_few(ballots: Sequence[Ballot], metadata: Mapping[str, Any]) -> ScorerError | None:
    """Have half of a panel or more failed? Then the others do not speak for it."""
    failed = [ballot for ballot in ballots if ballot.error is not None]
    if 2 * len(failed) < len(ballots):
        return None
    return unanswered(_counted(failed, len(ballots)), failed, metadata)
