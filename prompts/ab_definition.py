"""An A/B test as a program holds it: everything that is needed to place a unit without asking anybody."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from assay.prompts.assignment import MAX_RECORDED_CHARS, SALT_VERSION, place, pseudonym
from assay.prompts.version import PromptVersion, Source

RUNNING = "running"
MAX_REMEMBERED = 50_000  # units of which a process remembers what it showed them
FALLBACK_ARM = "fallback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """The arm of a unit.

    `covered`: it takes part; who does not has the baseline's prompt (once the test was stopped, that of the promoted
    arm), and is counted nowhere.
    """

    test: str
    unit: str
    arm: str
    covered: bool
    phase: int
    weight: float
    salt_version: int = SALT_VERSION


class Remembered:
    """What this process showed units first: the oldest are forgotten when there are too many. Any thread may use it."""

    def __init__(self) -> None:
        self._arms: dict[tuple[str, str], tuple[str, int]] = {}
        self._lock = threading.Lock()

    def get(self, salt: str, unit: str) -> tuple[str, int] | None:
        return self._arms.get((salt, unit))

    def add(self, salt: str, unit: str, arm: str, phase: int) -> None:
        if (salt, unit) in self._arms:
            return
        with self._lock:
            if len(self._arms) >= MAX_REMEMBERED:
                del self._arms[next(iter(self._arms))]
            self._arms.setdefault((salt, unit), (arm, phase))


@dataclass(frozen=True, kw_only=True)
class AbDefinition:
    """Read from the API's object; `row` is that object."""

    name: str
    arms: Mapping[str, Any]  # in the order declared
    baseline: str
    salt: str
    coverage: float
    phase: int
    weights: Mapping[int, Mapping[str, float]]  # by phase
    running: bool
    promoted: str | None
    prompts: Mapping[str, PromptVersion]
    sticky: Mapping[str, tuple[str, int]]
    row: Mapping[str, Any] = field(repr=False)
    remembered: Remembered = field(repr=False)

    @classmethod
    def from_api(cls, row: Mapping[str, Any], remembered: Remembered) -> AbDefinition:
        """Read what `GET /ab-tests/{name}?resolve=true` answers."""
        order = row["order"]
        return cls(
            name=row["name"],
            arms={arm: row["arms"][arm] for arm in order},
            baseline=row["baseline"],
            salt=row["salt"],
            coverage=row["coverage"],
            phase=row["phase"],
            weights={each["phase"]: {arm: each["weights"][arm] for arm in order} for each in row["phases"]},
            running=row["status"] == RUNNING,
            promoted=row["promoted"],
            prompts={arm: PromptVersion.from_api(version) for arm, version in row["prompts"].items()},
            sticky={unit: (arm, phase) for unit, (arm, phase) in row["sticky"].items()},
            row=row,
            remembered=remembered,
        )

    @classmethod
    def fallback(cls, name: str, prompt: PromptVersion) -> AbDefinition:
        """What stands in for a test that cannot be loaded: everybody gets this prompt, and nobody is counted."""
        return cls(
            name=name,
            arms={FALLBACK_ARM: prompt.uri},
            baseline=FALLBACK_ARM,
            salt="",
            coverage=0.0,
            phase=0,
            weights={0: {FALLBACK_ARM: 1.0}},
            running=False,
            promoted=None,
            prompts={FALLBACK_ARM: prompt},
            sticky={},
            row={},
            remembered=Remembered(),
        )

    def assignment(self, text: str) -> Assignment:
        """Where the unit `text` belongs: where it was first seen in an earlier phase, if that is known, else by the
        rule.
        """
        weights = self.weights[self.phase]
        found = place(text, salt=self.salt, test=self.name, coverage=self.coverage, weights=weights, text=text)
        covered, arm, phase = self.running and found.covered, found.arm, self.phase
        if not covered:
            arm = self.promoted or self.baseline
        elif self.phase > 1 and (known := self._first(text)):
            arm, phase = known
        weight = self.weights[phase][arm]
        return Assignment(test=self.name, unit=text, arm=arm, covered=covered, phase=phase, weight=weight)

    def recorded(self, text: str, shown: str | None) -> str:
        """What stands for the unit on spans. `shown` is None where redaction would change it."""
        return text if shown is not None and len(text) <= MAX_RECORDED_CHARS else pseudonym(text, self.salt)

    def config(self, arm: str) -> dict[str, Any]:
        """What the arm says beside its prompt's own config, on top of that."""
        given = self.arms[arm]
        own = {} if isinstance(given, str) else given["config"] or {}
        return {**(self.prompts[arm].config if arm in self.prompts else {}), **own}

    @property
    def version(self) -> int:
        return self.phase

    def served(self, source: Source, age_s: float | None, is_stale: bool) -> AbDefinition:
        """Itself: it never changes, and tells nobody its age. The cache asks for this."""
        return self

    def _first(self, text: str) -> tuple[str, int] | None:
        if self.sticky:
            known = self.sticky.get(text) or self.sticky.get(pseudonym(text, self.salt))
            if known is not None:
                return known
        return self.remembered.get(self.salt, text)
