"""A short pass of `make fuzz`: the seeds, and a few hundred changes of them that are the same every time."""

from __future__ import annotations

import random

import pytest
from fuzz.mutate import mutated
from fuzz.targets import TARGETS

INPUTS = {"protobuf": 300, "json": 150, "logs": 300, "redaction": 100, "gunzip": 300}  # filters, stored: make fuzz


@pytest.mark.parametrize("name", INPUTS)
def test_no_input_makes_it_fail(name: str) -> None:
    target, chance = TARGETS[name], random.Random(7)
    seeds = sorted(target.seeds(), key=len)[:20]
    for data in (*seeds, *(mutated(seeds, chance) for _ in range(INPUTS[name]))):
        target.run(data)
