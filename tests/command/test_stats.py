"""`assay stats`: figures by group and over time, and thresholds that end a command with 100."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from assay.cli import app
from assay.collector.stats import BUCKETS
from assay.command import stats
from assay.command.figures_table import figure, shown, title
from assay.command.threshold import parse_threshold
from assay.errors import ConfigurationError

runner = CliRunner()


@pytest.mark.usefixtures("asked")
def test_figures_by_group() -> None:
    rows = json.loads(runner.invoke(app, ["stats", "--by", "name", "--measure", "count", "--json"]).stdout)
    assert {row["name"]: row["count"] for row in rows} == {"question": 1, "greeting": 1, "wide": 1}


@pytest.mark.usefixtures("asked")
def test_a_table_has_the_change_against_the_period_before() -> None:
    told = runner.invoke(app, ["stats", "--since", "1h", "--previous", "--every", "1h"], env={"COLUMNS": "200"})
    assert told.exit_code == 0
    assert "from UTC" in told.stdout


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    ("condition", "ends_with"),
    [
        ("count > 2", 100),
        ("count > 3", 0),
        ("count >= 3", 100),
        ("error_rate > 99%", 0),
        ("scores.nobody < 0.5", 100),  # what is unknown passes for nothing
    ],
)
def test_a_threshold_that_is_missed_ends_with_100(condition: str, ends_with: int) -> None:
    ended = runner.invoke(app, ["stats", "--fail-if", condition])
    assert ended.exit_code == ends_with
    assert ("--fail-if" in ended.stderr) == bool(ends_with)


@pytest.mark.usefixtures("asked")
def test_no_row_at_all_passes_for_nothing() -> None:
    ended = runner.invoke(app, ["stats", "--by", "name", "--filter", "name = 'none'", "--fail-if", "error_rate > 5%"])
    assert (ended.exit_code, "there is no row" in ended.stderr) == (100, True)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize(
    "arguments",
    [
        *(["--fail-if", "count"], ["--fail-if", "count > many"], ["--since", "yesterday"], ["--previous"]),
        *(["--since", "1h", "--from", "2026-01-01"], ["--every", "2h"]),
    ],
)
def test_what_cannot_be_read_is_asked_wrongly(arguments: list[str]) -> None:
    assert isinstance(runner.invoke(app, ["stats", *arguments]).exception, ConfigurationError)


@pytest.mark.usefixtures("asked")
@pytest.mark.parametrize("listed", [["traces", "list"], ["sessions", "list"], ["stats", "--by", "name"]])
def test_a_filter_that_nothing_matches_does_not_say_that_nothing_is_there(listed: list[str]) -> None:
    told = runner.invoke(app, [*listed, "--filter", "name = 'never'"])
    assert (told.exit_code, told.stdout) == (0, "Nothing matches.\n")


def test_the_name_of_a_score_gives_a_terminal_no_orders() -> None:
    assert title("scores.\x1b[31mred\x07") == "\ufffd[31mred\ufffd"


def test_a_percentage_is_a_share() -> None:
    assert parse_threshold("error_rate>5%").number == 0.05


def test_of_scores_the_mean_is_compared() -> None:
    row = {"scores.helpful": {"mean": 0.4, "n": 5}}
    assert parse_threshold("scores.helpful < 0.5").verdict(row) == "scores.helpful is 0.4"
    assert parse_threshold("scores.helpful < 0.3").verdict(row) is None


@pytest.mark.parametrize(
    ("measure", "value", "told"),
    [
        ("count", 12345, "12,345"),
        ("error_rate", 0.031, "3.1%"),
        ("latency_p95_ms", 1234.0, "1.2 s"),
        ("cost_usd", None, "-"),
        ("scores.helpful", {"mean": 0.5, "n": 4, "ci_low": 0.1, "ci_high": 0.9}, "0.50 [0.10, 0.90] n=4"),
        ("scores.helpful", {"mean": None, "n": 0}, "-"),
    ],
)
def test_a_figure_has_its_unit(measure: str, value: object, told: str) -> None:
    assert figure(measure, value) == told


def test_a_change_is_a_share_and_of_rates_in_points() -> None:
    row = {"count": 12, "error_rate": 0.05, "previous": {"count": 10, "error_rate": 0.03}}
    assert shown(row, ["count", "error_rate"])["count"] == "12 (+20%)"
    assert shown(row, ["count", "error_rate"])["error_rate"] == "5.0% (+2.0 pp)"


def test_steps_of_time_are_those_of_the_collector() -> None:
    assert tuple(BUCKETS) == stats.BUCKETS
