"""The bias report: what sways a judge is told with a warning, and what cannot be told says why."""

from __future__ import annotations

import random
from typing import Any

import pytest

from assay.evaluation.alignment.bias import Bias, bias_report, family
from assay.evaluation.alignment.figures import figures
from assay.evaluation.alignment.pair import Pair


def report(pairs: list[Pair], **options: Any) -> dict[str, Bias]:
    return {bias.name: bias for bias in bias_report(pairs, figures(pairs), **options)}


def judged(n: int, verdict: Any, **fields: Any) -> list[Pair]:
    """Rows with labels that alternate and outputs of random length; `verdict` says what the judge makes of them."""
    chance = random.Random(1)
    rows = []
    for number in range(n):
        label, length = number % 2 == 0, chance.randrange(10, 400)
        said = verdict(label, length, chance.random())
        more = {name: value(number) for name, value in fields.items()}
        rows.append(Pair(id=str(number), label=label, verdict=said, output="x" * length, **more))
    return rows


def test_a_judge_that_says_yes_too_often_is_lenient() -> None:
    found = report(judged(80, lambda label, length, luck: label or luck < 0.4))
    assert found["leniency"].warning
    assert "the judge is more lenient than people by" in found["leniency"].told
    assert not found["length"].warning


def test_a_judge_that_likes_long_answers_is_told_apart_from_one_that_does_not() -> None:
    swayed = report(judged(200, lambda label, length, luck: (label + length / 400 + luck) > 1.4))
    assert swayed["length"].warning
    assert "prefers longer outputs" in swayed["length"].told
    fair = report(judged(200, lambda label, length, luck: label if luck < 0.8 else not label))
    assert not fair["length"].warning
    assert not any(bias.warning for bias in fair.values())


def test_a_judge_that_likes_lists_is_told() -> None:
    chance = random.Random(2)
    rows = []
    for n in range(200):
        label, marks = n % 2 == 0, chance.randrange(6)
        verdict = label + marks / 6 + chance.random() > 1.4
        text = "\n".join([*["- point"] * marks, *["word "] * (6 - marks)])
        rows.append(Pair(id=str(n), label=label, verdict=verdict, output=text))
    found = report(rows)["format"]
    assert found.warning
    assert "prefers outputs with more lists and headings" in found.told


def test_a_label_that_is_rare_is_warned_of() -> None:
    rows = [Pair(id=str(n), label=n > 1, verdict=True, output="x") for n in range(40)]
    found = report(rows)["prevalence"]
    assert found.warning
    assert "people said 'yes' of 95% of the rows" in found.told
    assert "only 2 rows are negative by label" in found.told


def test_a_judge_that_favours_its_own_family_is_told() -> None:
    models = ["openai/gpt-4o", "anthropic/claude-4"]
    rows = judged(120, lambda label, length, luck: label, author=lambda n: models[n // 2 % 2])
    own = [
        Pair(
            id=row.id,
            label=row.label,
            verdict=True if row.author == models[0] and int(row.id) % 3 else row.label,
            output=row.output,
            author=row.author,
        )
        for row in rows
    ]
    assert report(own, judge_models=["openai/gpt-5"])["self_preference"].warning
    assert not report(own, judge_models=["anthropic/claude-4"])["self_preference"].warning
    assert "no one family" in report(own, judge_models=models)["self_preference"].told
    assert "name no authors" in report(judged(20, lambda label, *_: label))["self_preference"].told


def pairwise(n: int, order: Any, swapped: Any) -> list[Pair]:
    swap = {"first": "second", "second": "first", "tie": "tie"}
    rows = []
    for number in range(n):
        places = (order(number), swapped(number))
        winner = places[0] if places[0] == swap[places[1]] else "tie"
        rows.append(
            Pair(
                id=str(number),
                label=1.0 if number % 2 else 0.0,
                verdict={"first": 1.0, "second": 0.0, "tie": 0.5}[winner],
                output="x" * (10 + number),
                expected="y" * 30,
                places=places,
            )
        )
    return rows


def test_a_judge_of_pairs_that_favours_a_place_is_told() -> None:
    found = report(pairwise(40, lambda n: "first", lambda n: "first" if n % 2 else "second"))
    assert found["position"].warning
    assert found["position"].told.startswith("20 of 40 pairs are judged alike in both orders; of the others the first")
    fair = report(pairwise(40, lambda n: "first" if n % 2 else "second", lambda n: "second" if n % 2 else "first"))
    assert not fair["position"].warning
    assert set(fair) == {"leniency", "prevalence", "position", "length"}


def test_a_judge_of_pairs_that_chooses_the_longer_answer_is_told() -> None:
    longer = pairwise(60, lambda n: "first" if n > 20 else "second", lambda n: "second" if n > 20 else "first")
    assert report(longer)["length"].warning


def test_labels_without_order_are_looked_at_for_prevalence_alone() -> None:
    rows = [Pair(id=str(n), label="abc"[n % 3], verdict="abc"[n % 3]) for n in range(30)]
    assert set(report(rows)) == {"leniency", "prevalence"}
    assert report(rows)["leniency"].told == "not tested: labels have no order"


def test_nothing_judged_reports_nothing() -> None:
    assert report([Pair(id="a", label=True, outcome="failed")]) == {}


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("openai/gpt-4o-mini", "gpt"),
        ("gpt-5", "gpt"),
        ("bedrock/anthropic/claude-4", "claude"),
        ("Gemini 3", "gemini"),
        (None, None),
        ("", None),
        ("4o", None),
    ],
)
def test_the_family_of_a_model_is_the_word_its_name_begins_with(model: str | None, name: str | None) -> None:
    assert family(model) == name
