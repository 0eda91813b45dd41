"""What `evaluate` was asked for, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from os import PathLike
from pathlib import Path
from typing import Any, Literal

from assay.errors import ConfigurationError
from assay.evaluation.gateway.answering import POLICIES, Policy
from assay.evaluation.limits import Limits

OnError = Literal["record", "raise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The arguments of `evaluate` but data, task and scorers. The experiment records those that change its rows."""

    name: str | None = None
    repeats: int = 1
    concurrency: int | Literal["auto"] = 16
    id: str = "id"
    cluster: str | None = None
    baseline: Any = None  # an EvaluationResult, its id, or "previous"
    limits: Limits = field(default_factory=Limits)
    cache: Policy = "off"
    score_on_error: bool = False
    on_error: OnError = "record"
    tags: Mapping[str, str] = field(default_factory=dict)
    seed: int = 0
    progress: Any = None

    def __post_init__(self) -> None:
        if not _is_count(self.repeats):
            raise ConfigurationError(f"repeats= is a whole number of 1 or more, not {self.repeats!r}.")
        if self.concurrency != "auto" and not _is_count(self.concurrency):
            raise ConfigurationError(
                f'concurrency= is a whole number of 1 or more, or "auto", not {self.concurrency!r}.'
            )
        if self.cache not in POLICIES:
            raise ConfigurationError(f"cache= is one of {', '.join(POLICIES)}, not {self.cache!r}.")
        if self.on_error not in ("record", "raise"):
            raise ConfigurationError(f'on_error= is "record" or "raise", not {self.on_error!r}.')
        if not isinstance(self.limits, Limits):
            raise ConfigurationError(f"limits= is an assay.Limits, not {self.limits!r}.")


def data_source(data: Any, options: Options) -> dict[str, Any]:
    """Where the data can be read again, as the experiment records it; "source" is None for data held in memory."""
    source = None
    if isinstance(data, str | PathLike):
        path = Path(data)
        source = str(path.absolute()) if path.is_file() else str(data)
    return {"source": source, "id": options.id, "cluster": options.cluster}


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1
