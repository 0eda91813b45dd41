"""How fast models may be called: limiters that learn from what providers say, retries, and the pace of tasks' own
clients. README.md of the folder above has the decisions.
"""

from assay.evaluation.rates.clients import paced
from assay.evaluation.rates.limiter import Limiter, Permit
from assay.evaluation.rates.pacing import Pacing, RowPace, current_row
from assay.evaluation.rates.patience import patient_timeout
from assay.evaluation.rates.retry import (
    Answered,
    is_passing,
    lacks_key,
    retry_after_s,
    spent_for_good,
    with_retries,
)
from assay.evaluation.rates.shared import Key, forget_limiters, limit_key, limiter_for

__all__ = [
    "Answered",
    "Key",
    "Limiter",
    "Pacing",
    "Permit",
    "RowPace",
    "current_row",
    "forget_limiters",
    "is_passing",
    "lacks_key",
    "limit_key",
    "limiter_for",
    "paced",
    "patient_timeout",
    "retry_after_s",
    "spent_for_good",
    "with_retries",
]
