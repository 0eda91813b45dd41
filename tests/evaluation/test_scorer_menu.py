"""The menu of scorers says what the classes say."""

from __future__ import annotations

import inspect
import re

from assay.evaluation.judges.model_scorer import ModelScorer
from assay.evaluation.scorers import BUILT_IN
from assay.evaluation.scorers.menu import JUDGES, MENU


def test_the_menu_has_every_scorer_that_needs_no_arguments_with_its_first_sentence() -> None:
    offered = {name: sentence for group in MENU.values() for name, sentence in group.items()}
    expected = {}
    for name, kind in BUILT_IN.items():
        try:
            kind(model="echo/last") if issubclass(kind, ModelScorer) else kind()
        except TypeError:
            continue
        said = inspect.cleandoc(kind.__doc__ or "").partition("\n\n")[0].replace("\n", " ")
        expected[name] = re.split(r"(?<=[.?])\s", said)[0]
    assert offered == expected


def test_those_that_ask_a_model_stand_apart() -> None:
    assert set(MENU[JUDGES]) == {
        name for group in MENU.values() for name in group if issubclass(BUILT_IN[name], ModelScorer)
    }
