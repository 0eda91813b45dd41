"""Expected calls against those that were made: which fit to which, in any order or in theirs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Literal

from assay.errors import ScorerError
from assay.evaluation.agents.calls import CONTENT_OFF, UNKNOWN, Call
from assay.evaluation.agents.same_json import contains, same

Order = Literal["exact", "in_order", "any_order", "single"]
Arguments = Literal["exact", "subset", "ignore", "judge"]
Fits = Callable[[Call, Call], bool]  # expected, actual

ORDERS: tuple[Order, ...] = ("exact", "in_order", "any_order", "single")
ARGUMENTS: tuple[Arguments, ...] = ("exact", "subset", "ignore", "judge")
MOST_DEAD_ENDS = 20_000
_BEGINNING = datetime.min.replace(tzinfo=UTC)


def fits_by(arguments: Arguments) -> Fits:
    """When an actual call is the expected one: the same name, and arguments that are the same, or hold those expected,
    or are not looked at. An expected call that says nothing of arguments fits any.
    """

    def fits(expected: Call, actual: Call) -> bool:
        if expected.name != actual.name:
            return False
        if arguments == "ignore" or expected.arguments is UNKNOWN:
            return True
        if actual.arguments is UNKNOWN:
            raise ScorerError(f"The trace does not hold the arguments of {actual.name!r}.", hint=CONTENT_OFF)
        return (contains if arguments == "subset" else same)(actual.arguments, expected.arguments)

    return fits


def paired(expected: Sequence[Call], actual: Sequence[Call], fits: Fits) -> dict[int, int]:
    """As many pairs as possible, place of expected -> place of actual, each call in one pair at most.

    Augmenting paths (Kuhn 1955): with arguments that need only hold those expected, taking the first fit could leave a
    call without its only partner.
    """
    fitting = [[other for other, call in enumerate(actual) if fits(one, call)] for one in expected]
    partner: dict[int, int] = {}  # actual -> expected

    def place(one: int, tried: set[int]) -> bool:
        if (free := next((other for other in fitting[one] if other not in partner), None)) is not None:
            partner[free] = one
            return True
        for other in fitting[one]:
            if other not in tried:
                tried.add(other)
                if place(partner[other], tried):
                    partner[other] = one
                    return True
        return False

    for one in range(len(expected)):
        place(one, set())
    return {one: other for other, one in partner.items()}


def in_order(expected: Sequence[Call], actual: Sequence[Call], fits: Fits) -> bool:
    """Whether actual calls can be chosen for all the expected ones so that none was over before an earlier one began.

    Calls that overlap have no order, so that choosing the first fit may be wrong: every choice is tried, but for those
    that another one is at least as good as. Of two calls that fit the same, that is the one that both began and ended
    first.

    Raises:
        ScorerError: too many calls overlap for that.
    """
    fitting = [frozenset(one for one, call in enumerate(expected) if fits(call, other)) for other in actual]
    dead_ends: set[tuple[int, datetime, frozenset[int]]] = set()

    def rest(one: int, latest: datetime, used: frozenset[int]) -> bool:
        if one == len(expected):
            return True
        open_calls = frozenset(place for place in used if not actual[place].precedes(latest))
        if (state := (one, latest, open_calls)) in dead_ends:
            return False
        left = [
            place
            for place, call in enumerate(actual)
            if one in fitting[place] and place not in used and not call.precedes(latest)
        ]
        for place in _first_ones(left, actual, fitting):
            if rest(one + 1, max(latest, actual[place].start), used | {place}):
                return True
        if len(dead_ends) >= MOST_DEAD_ENDS:
            raise ScorerError("Too many tool calls overlap to say whether their order fits.", hint="Try any_order.")
        dead_ends.add(state)
        return False

    return rest(0, _BEGINNING, frozenset())


def _first_ones(places: Sequence[int], actual: Sequence[Call], fitting: Sequence[frozenset[int]]) -> list[int]:
    """Of calls that fit the same expected ones, those before which no other both began and ended."""
    found: list[int] = []
    for place in sorted(places, key=lambda place: (actual[place].start, actual[place].end)):
        before = (one for one in found if fitting[one] == fitting[place])
        if all(actual[one].end > actual[place].end for one in before):
            found.append(place)
    return found


def differences(expected: Sequence[Call], actual: Sequence[Call], fits: Fits) -> str:
    """What is missing, what is too much, else that it is the order."""
    pairs = paired(expected, actual, fits)
    missing = [str(call) for place, call in enumerate(expected) if place not in pairs]
    extra = [str(call) for place, call in enumerate(actual) if place not in pairs.values()]
    said = [
        *([f"missing: {', '.join(missing)}"] if missing else []),
        *([f"not expected: {', '.join(extra)}"] if extra else []),
    ]
    return "; ".join(said) or f"other order: {', '.join(map(str, actual))}"
