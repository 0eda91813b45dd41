"""docs/ab_tests.md is true: its snippets run, and its example of the rule is one of the recorded vectors."""

from __future__ import annotations

import json
import shutil
import subprocess

import pytest

from assay.collector import ab_metrics
from assay.collector.server import Server
from assay.prompts import assignment
from support.snippets import ROOT, snippets

DOCUMENT = "docs/ab_tests.md"
TEXT = (ROOT / DOCUMENT).read_text(encoding="utf-8")
VECTOR = json.loads((ROOT / "tests/data/assignment_vectors.json").read_text(encoding="utf-8"))["vectors"][0]


def test_the_python_runs_and_prints_a_report(collector: Server, capsys: pytest.CaptureFixture[str]) -> None:
    [snippet] = snippets(DOCUMENT)
    snippet.run_here()
    assert "qa-tone: running, phase 1" in capsys.readouterr().out


@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
def test_the_javascript_places_units_as_recorded() -> None:
    [snippet] = snippets(DOCUMENT, "javascript")
    test = {"salt": VECTOR["salt"], "name": VECTOR["test"], "coverage": VECTOR["coverage"]}
    test |= {"order": [arm for arm, _ in VECTOR["weights"]], "weights": dict(VECTOR["weights"])}
    code = f"{snippet.code}\nconsole.log(JSON.stringify(place({json.dumps(test)}, {json.dumps(VECTOR['unit'])})));"
    answer = subprocess.run(
        ["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True
    ).stdout
    assert json.loads(answer) == {"covered": VECTOR["covered"], "arm": VECTOR["arm"]}


def test_the_example_of_the_rule_is_one_of_the_vectors() -> None:
    assert f"salt `{VECTOR['salt']}`, test `{VECTOR['test']}`, unit `{VECTOR['unit']}`" in TEXT
    assert f"coverage share {VECTOR['coverage_share']}" in TEXT
    assert f"{VECTOR['arm_share']}, which is `{VECTOR['arm']}`" in TEXT
    assert f"first {assignment.HEX_DIGITS} digits" in TEXT
    assert f"`salt_version` is {assignment.SALT_VERSION}" in TEXT


def test_every_figure_and_every_key_of_a_metric_is_documented() -> None:
    for name in (*ab_metrics.FIGURES, ab_metrics.ERROR_RATE, *ab_metrics.KEYS):
        assert f"`{name}`" in TEXT, name
