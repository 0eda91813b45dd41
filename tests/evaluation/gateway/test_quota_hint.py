"""What a failed call advises: waiting, unless waiting cannot help."""

from __future__ import annotations

import pytest

from assay.evaluation.gateway.failures import CallFailed, explained
from assay.settings import Settings


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        ("Too many requests", "a lower concurrency= may help"),
        ("You exceeded your current quota (insufficient_quota)", "No waiting helps"),
        ("Your credit balance is too low to access the API", "No waiting helps"),
    ],
)
def test_a_used_up_quota_is_no_rate_limit(said: str, advice: str) -> None:
    error = explained(CallFailed(said, status=429), model="openai/m", address="http://there", settings=Settings())
    assert advice in str(error)
