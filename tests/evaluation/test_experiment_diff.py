"""In what two experiments differ, and when that is too much to tell a cause."""

from __future__ import annotations

from typing import Any

import pytest

from assay.evaluation.experiment_diff import experiment_diff


def experiment(**changes: Any) -> dict[str, Any]:
    config = {
        "task": {"name": "m.answer", "source_hash": "a" * 16},
        "concurrency": 16,
        "environment": {"assay": "0.1", "python": "3.11.1", "packages": {"openai": "2.0"}},
        "git": {"commit": "c" * 40, "dirty": False, "diff_hash": None},
        "used": {
            "prompts": [{"name": "qa", "version": 3}],
            "models": ["gpt-x-2026"],
            "parameters": [{"name": "temperature", "value": 0.0}],
        },
    }
    scorers = [{"name": "exact", "version": "v", "parameters": {"normalize": "none"}}]
    data = {"name": "qa", "version": 2, "hash": "d" * 64}
    made = {"name": "exp", "dataset": data, "scorers": scorers, "config": config, "repeats": 1, "seed": 0}
    for path, value in changes.items():
        place: Any = made
        *way, last = path.split("__")
        for step in way:
            place = place[step]
        place[last] = value
    return made


CHANGES: list[Any] = [
    pytest.param({"config__used__prompts": [{"name": "qa", "version": 4}]}, ["prompts"], id="prompt"),
    pytest.param({"config__task__source_hash": "b" * 16}, ["task"], id="task"),
    pytest.param({"dataset__hash": "e" * 64}, ["data"], id="data"),
    pytest.param({"config__environment__packages": {"openai": "2.1"}}, ["package openai"], id="package"),
    pytest.param({"config__environment__packages": {}}, ["package openai"], id="package-gone"),
    pytest.param({"scorers": []}, ["scorer exact"], id="scorer"),
    pytest.param({"config__git": None, "config__concurrency": 1}, [], id="no-cause"),
]


@pytest.mark.parametrize(("changes", "causes"), CHANGES)
def test_what_differs_is_told(changes: dict[str, Any], causes: list[str]) -> None:
    found = experiment_diff(experiment(), experiment(**changes))
    assert found.causes == causes
    assert found.differences
    assert found.warning is None


def test_more_than_one_difference_is_warned_of() -> None:
    changes = {"config__task__source_hash": "b" * 16, "config__used__models": ["gpt-y"]}
    found = experiment_diff(experiment(), experiment(**changes))
    assert found.warning == (
        "2 things differ (task, models): a difference in scores cannot be put down to one of them."
    )
    told = str(found)
    assert "gpt-x-2026" in told
    assert "gpt-y" in told
    assert "2 things differ" in told


def test_the_same_thing_twice_does_not_differ() -> None:
    assert "no difference is recorded" in str(experiment_diff(experiment(), experiment()))
