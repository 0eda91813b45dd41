"""What is compared pairwise: candidates with their outputs, and the pairs of them on the same item. Pure."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.data.dataset import read_items

Key = tuple[str, int]  # item and repeat


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """One item with the output of one candidate."""

    input: Any
    output: Any
    expected: Any = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Outputs by item and repeat, in their order. `failed` counts rows that have none."""

    name: str
    answered: Mapping[Key, Answered]
    failed: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Duel:
    """Two candidates and the items that both have an output for."""

    one: Candidate
    other: Candidate
    keys: Sequence[Key] = field(default_factory=tuple)

    @property
    def lost(self) -> int:
        """Items that only one of them has an output for."""
        return len(self.one.answered.keys() ^ self.other.answered.keys())


def read_candidates(given: Sequence[Any], names: Sequence[str] | None = None) -> list[Candidate]:
    """Candidates of results, of lists of items with outputs, or of one dict of either by name.

    Raises:
        ConfigurationError: fewer than two, names that do not fit, or one without any output.
    """
    if len(given) == 1 and isinstance(given[0], Mapping):
        names, given = [str(name) for name in given[0]], list(given[0].values())
    if len(given) < 2:
        raise ConfigurationError("A pairwise comparison needs two candidates or more.")
    if names is not None and (len(names) != len(given) or len(set(names)) < len(names)):
        raise ConfigurationError(f"{len(given)} candidates need as many different names, not {list(names)}.")
    own = names or _own_names(given)
    return [_candidate(name, each) for name, each in zip(own, given, strict=True)]


def duels(candidates: Sequence[Candidate]) -> Iterator[Duel]:
    """Every two candidates, in the order given.

    Raises:
        ConfigurationError: two have no item in common.
    """
    for one, other in itertools.combinations(candidates, 2):
        keys = [key for key in one.answered if key in other.answered]
        if not keys:
            raise ConfigurationError(
                f"{one.name} and {other.name} have no item in common.",
                hint="Items are the same by their id; without ids, by their input, expected value and metadata.",
            )
        yield Duel(one=one, other=other, keys=keys)


def _own_names(given: Sequence[Any]) -> list[str]:
    """Names of results, with the id where two share one; A, B, C for the others."""
    names = [getattr(each, "name", None) or chr(ord("A") + number % 26) for number, each in enumerate(given)]
    if len(set(names)) == len(names):
        return names
    counts = Counter(names)
    return [
        f"{name} ({getattr(each, 'id', number)})" if counts[name] > 1 else name
        for number, (name, each) in enumerate(zip(names, given, strict=True), start=1)
    ]


def _candidate(name: str, given: Any) -> Candidate:
    records = getattr(given, "records", None)
    if records is not None:
        found = {
            (str(record["item_id"]), int(record["repeat"])): Answered(
                input=record["input"],
                output=record["output"],
                expected=record["expected"],
                cluster=record.get("cluster"),
            )
            for record in records
            if record["status"] == "ok"
        }
        return _checked(Candidate(name=name, answered=found, failed=len(records) - len(found)))
    items = read_items(given)
    with_output = [item for item in items if item.has_output]
    answered = {
        (item.id, 0): Answered(input=item.input, output=item.output, expected=item.expected, cluster=item.cluster)
        for item in with_output
    }
    return _checked(Candidate(name=name, answered=answered, failed=len(items) - len(with_output)))


def _checked(candidate: Candidate) -> Candidate:
    if not candidate.answered:
        raise ConfigurationError(
            f"{candidate.name} has no output to compare.",
            hint="Give results of evaluations, or lists of items with an output.",
        )
    return candidate
