"""How figures are written."""

from __future__ import annotations

import pytest

from assay.evaluation.report import number


@pytest.mark.parametrize(
    ("value", "shown", "signed"),
    [
        (None, "-", "-"),
        (0.25, "0.250", "+0.250"),
        (-0.0, "0.000", "+0.000"),
        (-3.2e-16, "0.000", "+0.000"),
        (-0.0004, "-0.000", "-0.000"),
        (1234.56, "1235", "+1235"),
    ],
)
def test_a_number_has_three_figures_or_four_digits(value: float | None, shown: str, signed: str) -> None:
    assert (number(value), number(value, sign=True)) == (shown, signed)
