"""docs/datasets.md and docs/alignment.md are true: their snippets run, and what they say of bounds is the code's."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.demo.stand_in import StandIn
from assay.evaluation.alignment import bias, corrected
from assay.evaluation.alignment.shown import COLUMNS
from assay.evaluation.data import schema
from assay.evaluation.data.item_rows import SHOWN
from assay.evaluation.data.items import ALIASES
from assay.settings import configure
from support.shared_collector import project, running_collector
from support.snippets import ROOT, Snippet, shell_lines, snippets

__all__ = ["project", "running_collector"]

DOCUMENTS = ("docs/datasets.md", "docs/alignment.md")
SNIPPETS = [snippet for document in DOCUMENTS for snippet in snippets(document)]
TEXT = {document: " ".join((ROOT / document).read_text(encoding="utf-8").split()) for document in DOCUMENTS}


@pytest.fixture(scope="module")
def model() -> Iterator[StandIn]:
    with StandIn(aliases=["gpt-4o-mini"]) as stand_in:
        yield stand_in


@pytest.mark.parametrize("snippet", SNIPPETS, ids=str)
def test_every_snippet_runs(snippet: Snippet, project: str, model: StandIn, capsys: pytest.CaptureFixture[str]) -> None:
    configure(gateway="openai", gateway_url=model.url)
    snippet.run_here()
    printed = capsys.readouterr().out
    if "corrected(result)" in snippet.code:
        assert "human agreement" in printed
    if "builtin:support-labels" in snippet.code:
        assert "against people on 48 labels" in printed
    assert printed.strip()


@pytest.mark.parametrize("line", shell_lines("docs/datasets.md"))
def test_every_command_has_the_options_that_are_shown(line: str) -> None:
    words = shlex.split(line)
    assert words[0] == "assay"
    shown = CliRunner().invoke(app, [*words[1:3], "--help"], env={"COLUMNS": "200"}).stdout
    assert [word for word in words[3:] if word.startswith("--") and word not in shown] == []


def test_the_bounds_are_those_of_the_code() -> None:
    data, alignment = (TEXT[document] for document in DOCUMENTS)
    assert SHOWN == 5
    assert f"items above {schema.LARGEST_ITEM // 1024**2} MB" in data
    assert all(f"`{alias}`" in data for aliases in ALIASES.values() for alias in aliases if alias != "outputs")
    assert f"From {corrected.FEWEST_LABELS} labels on" in alignment
    assert f"p below {bias.ALPHA}" in alignment
    assert f"above {1 - bias.RARE:.0%}".replace("%", " %") in alignment
    assert f"fewer than {bias.FEWEST_OF_A_SIDE} rows" in alignment
    shown = re.findall(r"`(\w+)`", alignment)
    assert {"human_agreement", "kappa", "n_labels", "corrected", "corrected_low"} <= {*shown} & {*COLUMNS}
