"""Writes assignment_vectors.json beside it: what docs/ab_tests.md says of 1,200 units, for implementations elsewhere.

    python tests/data/assignment_vectors.py

Run it again only when the rule gets a new version: the file is what other languages are held against.
"""

from __future__ import annotations

import json
import random
import uuid
from pathlib import Path

from assay.prompts.assignment import COVERAGE, SALT_VERSION, place, share, unit_text

FILE = Path(__file__).with_suffix(".json")
TESTS = (
    {"salt": "6efc5591753f505e", "test": "qa-tone", "coverage": 1.0, "weights": {"control": 0.5, "short": 0.5}},
    {"salt": "6efc5591753f505e", "test": "qa-tone", "coverage": 0.1, "weights": {"control": 0.5, "short": 0.5}},
    {"salt": "s", "test": "größe der antwort", "coverage": 0.5, "weights": {"control": 0.9, "short": 0.1}},
    {"salt": "A_b-9", "test": "three.arms", "coverage": 0.75, "weights": dict.fromkeys(("a", "b", "c"), 1 / 3)},
    {"salt": "0", "test": "seven", "coverage": 1.0, "weights": {f"arm-{n}": n / 28 for n in range(1, 8)}},
)
UNUSUAL = (
    0,
    -1,
    2**53 + 1,
    10**30,
    "0",
    "007",
    "a",
    "A",
    "user:1",
    "x" * 1000,
    "ünïcödé",
    "u\u0308",
    "\u00fc",
    "用户",
    "👩‍👩‍👧",
    "a b",
)
UNITS_OF_EACH = 240


def vectors() -> list[dict[str, object]]:
    """The same ones each time."""
    draw = random.Random(20261121)
    found = []
    for test in TESTS:
        numbers = [draw.randrange(10**9) for _ in range(UNITS_OF_EACH - len(UNUSUAL) - 100)]
        ids = [str(uuid.UUID(int=draw.getrandbits(128), version=4)) for _ in range(50)]
        units = [*UNUSUAL, *numbers, *ids, *(f"user-{number}" for number in range(50))]
        for unit in units:
            text = unit_text(unit)
            found.append(
                {
                    **test,
                    "weights": list(test["weights"].items()),
                    "unit": text,
                    "coverage_share": share(f"{test['salt']}{COVERAGE}", test["test"], text),
                    "arm_share": share(test["salt"], test["test"], text),
                    "covered": (where := place(unit, **test)).covered,
                    "arm": where.arm,
                }
            )
    return found


if __name__ == "__main__":
    lines = ",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors())
    FILE.write_text(f'{{"salt_version": {SALT_VERSION}, "vectors": [\n{lines}\n]}}\n', encoding="utf-8")
