"""Which arm of an A/B test a unit gets: a hash, so that every process says the same, and no network is asked.

docs/ab_tests.md states the rule in words, for other languages, and tests/data/assignment_vectors.json holds examples.
Two hashes that know nothing of each other decide who is in the test (coverage) and in which arm (weights): so more
traffic brings more units in and moves none between arms.
"""

from __future__ import annotations

import hashlib
import operator
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass

from assay.errors import ConfigurationError

SALT_VERSION = 1  # of the rule; recorded with every exposure
HEX_DIGITS = 13  # 52 bits: every such number is exact in a double, in any language
SCALE = 16.0**HEX_DIGITS
COVERAGE = ".coverage"  # behind the salt; no salt holds a dot
SALT = re.compile(r"[A-Za-z0-9_\-]{1,64}")
MAX_UNIT_CHARS = 1_000
MAX_RECORDED_CHARS = 100  # longer units are recorded under a pseudonym

Unit = str | int | uuid.UUID


@dataclass(frozen=True, slots=True)
class Place:
    """Where the rule puts a unit: whether it takes part, and the arm that it has if it does."""

    covered: bool
    arm: str


def place(
    unit: Unit, *, salt: str, test: str, coverage: float, weights: Mapping[str, float], text: str | None = None
) -> Place:
    """The place of a unit.

    Args:
        coverage: share of all units that take part, 0 to 1.
        weights: share of each arm, in the order in which the arms were declared; they add up to 1.
        text: the unit as `unit_text` spells it, where that is known already.

    Raises:
        ConfigurationError: this can be no unit.
    """
    spelled = unit_text(unit) if text is None else text
    return Place(
        covered=share(f"{salt}{COVERAGE}", test, spelled) < coverage,
        arm=arm_at(share(salt, test, spelled), weights),
    )


def share(salt: str, test: str, unit: str) -> float:
    """A number from 0 up to, but not including, 1, evenly spread over units."""
    digest = hashlib.sha256(f"{salt}:{test}:{unit}".encode()).hexdigest()
    return int(digest[:HEX_DIGITS], 16) / SCALE


def arm_at(point: float, weights: Mapping[str, float]) -> str:
    """The arm whose part of the line from 0 to 1 holds `point`."""
    end, last = 0.0, ""
    for arm, weight in weights.items():
        if weight <= 0:
            continue
        end, last = end + weight, arm
        if point < end:
            return arm
    return last  # the weights add up to a little less than 1, as three thirds do


def unit_text(unit: Unit) -> str:
    """A unit as it is hashed and recorded: text as it is, whole numbers in decimal digits, UUIDs in their usual form.

    Raises:
        ConfigurationError: this can be no unit.
    """
    if isinstance(unit, str):
        text = unit
    elif isinstance(unit, uuid.UUID):
        text = str(unit)
    else:
        text = _whole_number(unit)
    if not text.strip():
        raise ConfigurationError(
            "An A/B test was asked for an empty unit.",
            hint="A unit is who stays in one arm, e.g. the id of a user. For visitors without one, use their session.",
        )
    if len(text) > MAX_UNIT_CHARS:
        raise ConfigurationError(f"A unit has {len(text)} characters; at most {MAX_UNIT_CHARS} are allowed.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"The unit {unit!r} is no Unicode text.", hint="Decode it before it is used."
        ) from error
    return text


def pseudonym(text: str, salt: str) -> str:
    """What stands for a unit on spans where it must not stand itself. The same unit has the same one, within a test."""
    return f"sha256:{hashlib.sha256(f'{salt}.unit:{text}'.encode()).hexdigest()[:32]}"


def _whole_number(unit: object) -> str:
    try:
        if isinstance(unit, bool):
            raise TypeError
        return str(operator.index(unit))  # type: ignore[arg-type]  # numpy's whole numbers too
    except TypeError:
        raise ConfigurationError(
            f"An A/B test was asked for the unit {unit!r}.",
            hint="A unit is text, a whole number or a UUID, e.g. the id of a user; never None.",
        ) from None
