"""A model's word on whether two calls of a tool mean the same although their arguments differ."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from assay.errors import ScorerError
from assay.evaluation.agents.calls import CONTENT_OFF, UNKNOWN, Call
from assay.evaluation.agents.matching import Fits, fits_by
from assay.scores import Score

INSTRUCTIONS = (
    "Two calls of the same tool are given as JSON: the arguments that were expected, and those of the call that was "
    "made. Would both calls do the same thing? Differences of wording, spelling, case or format do not count; "
    "different facts, places, dates, amounts or names do."
)
SUMMED = ("calls", "input_tokens", "output_tokens", "cost_usd")


async def judged_equivalent(
    wanted: Sequence[Call], made: Sequence[Call], judge: Callable[..., Any]
) -> tuple[Fits, dict[str, Any]]:
    """When an actual call is the expected one: arguments that are equal need no judge, others are asked about once.

    Also what asking used, as a judge's score tells it. `judge` is called with input (the tool's name), output and
    expected (both calls' arguments as JSON) and says True or False, itself or as a Score.

    Raises:
        ScorerError: arguments are not in the trace, or the judge gives no verdict.
    """
    exactly = fits_by("exact")
    said: dict[tuple[str, str, str], bool] = {}
    used: list[Mapping[str, Any]] = []
    for one in wanted:
        for other in made:
            if one.name != other.name or exactly(one, other):
                continue
            key = (one.name, _as_json(one), _as_json(other))
            if key not in said:
                said[key], metadata = await _verdict(judge, key)
                used.append(metadata)

    def fits(one: Call, other: Call) -> bool:
        return one.name == other.name and (exactly(one, other) or said[one.name, _as_json(one), _as_json(other)])

    return fits, _summed(used)


def built_in_judge(model: str | None) -> Callable[..., Any]:
    """The judge that is asked where none is given; `model` None is the setting `judge_model`."""
    from assay.evaluation.judges.own import judge

    return judge("tool_arguments", INSTRUCTIONS, ("yes", "no"), model, needs_expected=True)


async def _verdict(judge: Callable[..., Any], key: tuple[str, str, str]) -> tuple[bool, Mapping[str, Any]]:
    name, expected, actual = key
    returned = judge(input=name, output=actual, expected=expected)
    if inspect.isawaitable(returned):
        returned = await returned
    value = returned.value if isinstance(returned, Score) else returned
    if not isinstance(value, bool):
        raise ScorerError(f"The judge of tool arguments said {value!r}, which is neither true nor false.")
    return value, returned.metadata if isinstance(returned, Score) else {}


def _as_json(call: Call) -> str:
    if call.arguments is UNKNOWN:
        raise ScorerError(f"The trace does not hold the arguments of {call.name!r}.", hint=CONTENT_OFF)
    return json.dumps(call.arguments, ensure_ascii=False, sort_keys=True, default=str)


def _summed(used: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Tokens, calls and money over all verdicts (money unknown as soon as one is), with the models that gave them."""
    if not used:
        return {}
    first = {key: used[0][key] for key in ("model", "response_model", "prompt_hash") if key in used[0]}
    for key in SUMMED:
        values = [one.get(key) for one in used]
        first[key] = None if None in values else sum(value for value in values if value is not None)
    return first
