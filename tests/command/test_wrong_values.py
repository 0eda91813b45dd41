"""An option whose value cannot be read is refused in plain words."""

from __future__ import annotations

import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.command.wrong_values import in_our_words


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["reprice", "--since", "abc"], "'abc' is no time. Write it as 2026-11-01"),
        (["traces", "list", "--limit", "abc"], "'abc' is no whole number."),
        (["mcp", "--port", "99999999"], "'99999999' is too large: 65535 is the most."),
    ],
)
def test_a_wrong_value_is_refused_in_plain_words(arguments: list[str], said: str) -> None:
    answer = CliRunner().invoke(app, arguments)
    assert answer.exit_code == 2
    assert said in answer.stderr
    assert "Input should be" not in answer.stderr


def test_other_refusals_keep_their_words() -> None:
    assert in_our_words("File 'x' does not exist.", None) == "File 'x' does not exist."
    assert in_our_words("Hm.", ValueError("Hm.")) == "Hm."
