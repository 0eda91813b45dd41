"""From an online scorer's definition to the scorer."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.judges import judge
from assay.evaluation.prepared_scorers import PreparedScorer, prepare_scorer
from assay.evaluation.scorers import BUILT_IN
from assay.evaluation.scorers.by_name import ALIASES, scorer_by_name
from assay.evaluation.scorers.protocol import snake_case

NOT_TO_BE_GIVEN = ("name", "gateway")  # of a scorer's parameters: the one is the online scorer's, the other an object


def make_scorer(name: str, definition: Mapping[str, Any]) -> PreparedScorer:
    """The scorer that is meant, under the online scorer's name.

    Raises:
        ConfigurationError: there is none such, or it has nothing to judge in a live trace.
        PromptNotFound: a judge's prompt is not there.
    """
    if definition.get("judge") is not None:
        options = {key: value for key, value in definition["judge"].items() if value is not None}
        scorer = judge(name, **options)
    else:
        scorer = _built_in(definition["scorer"], definition.get("parameters") or {})
    prepared = prepare_scorer(scorer)
    if prepared.level == "run":
        raise ConfigurationError(f"{_called(definition)} judges whole experiments, and no single trace.")
    if prepared.needs_expected:
        raise ConfigurationError(
            f"{_called(definition)} needs an expected value, and live traces have none.",
            hint="Evaluate a data set with it: assay.evaluate(...).",
        )
    return dataclasses.replace(prepared, name=name)


def _built_in(asked: str, parameters: Mapping[str, Any]) -> Any:
    if not parameters:
        return scorer_by_name(asked, BUILT_IN)
    name = snake_case(ALIASES.get(asked, asked))
    if name not in BUILT_IN:
        return scorer_by_name(asked, BUILT_IN)  # which says what there is
    if refused := next((each for each in NOT_TO_BE_GIVEN if each in parameters), None):
        raise ConfigurationError(f"The parameter {refused!r} cannot be given to an online scorer.")
    try:
        return BUILT_IN[name](**parameters)
    except (TypeError, ValueError) as error:
        raise ConfigurationError(
            f"Scorer {asked!r} cannot be made with {dict(parameters)!r}: {error}.", hint="docs/scorers.md has them all."
        ) from error


def _called(definition: Mapping[str, Any]) -> str:
    return "The judge" if definition.get("judge") is not None else f"Scorer {definition['scorer']!r}"
