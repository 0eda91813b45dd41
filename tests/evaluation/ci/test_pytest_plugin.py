"""Tests of answers under pytest: one test an item, repeats as tests, a gate by statistics, exit codes."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import assay
from assay.client import current_client, reset_client
from assay.collector.server import Server
from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.data.items import Item
from assay.settings import configure

pytest_plugins = ["pytester"]
OTHERS = ("langsmith_plugin", "schemathesis", "hypothesispytest", "respx", "anyio")  # plugins of seconds each

# 30 items; every tenth is answered wrongly, and where it says so the task breaks
TEST = """
import assay

def answer(number):
    if number in {broken}:
        raise ConnectionError("the model is away")
    return f"n{{number}}" if number % {every} else "wrong"

@assay.dataset("qa.jsonl", id="key", cluster="document")
def test_answers(item):
    assay.check(item, output=answer(**item.input), scorers=["exact_match", "length"])
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(data_dir=tmp_path_factory.mktemp("plugin") / ".assay")
    started.start()
    yield started
    started.stop()


@pytest.fixture(autouse=True)
def _settings(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pytester: pytest.Pytester
) -> Iterator[None]:
    pytester.makeini(
        "[pytest]\naddopts = -p assay.evaluation.pytest_plugin.plugin\n"
        "filterwarnings = ignore::pytest.PytestAssertRewriteWarning\n"  # it is imported here already
    )
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    # in the environment too, for workers of pytest-xdist
    for name, value in {"ASSAY_ENDPOINT": server.url, "ASSAY_PROJECT": "tests", "ASSAY_TIMEOUT_S": "60"}.items():
        monkeypatch.setenv(name, value)
    configure(endpoint=server.url, project="tests", timeout_s=60.0, data_dir=tmp_path / ".assay")
    yield
    assay.shutdown()
    reset_client()


def write(pytester: pytest.Pytester, *, every: int = 10, broken: tuple[int, ...] = ()) -> None:
    rows = [
        {"key": f"q{n}", "input": {"number": n}, "expected": f"n{n}", "document": f"d{n // 2}"} for n in range(1, 31)
    ]
    (pytester.path / "qa.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    pytester.makepyfile(test_qa=TEST.format(every=every, broken=broken))


def newest() -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The experiment made last, and its rows."""
    assert assay.flush()
    experiment = next(iter(current_client().pages("/experiments")))
    return experiment, list(current_client().pages(f"/experiments/{experiment['id']}/rows"))


def test_every_item_is_a_test_and_all_of_them_an_experiment(pytester: pytest.Pytester) -> None:
    write(pytester)
    done = pytester.runpytest_inprocess("-q")
    done.assert_outcomes(passed=27, failed=3)
    assert done.ret == 1
    assert "FAILED test_qa.py::test_answers[q10] - AssertionError: exact_match is False" in done.stdout.str()
    experiment, rows = newest()
    assert (experiment["name"], experiment["status"]) == ("test_qa.py::test_answers", "completed")
    assert len(rows) == 30
    wrong = next(row for row in rows if row["item_id"] == "q10")
    assert (wrong["output"], wrong["expected"], wrong["cluster"], wrong["status"]) == ("wrong", "n10", "d5", "ok")
    assert {score["name"]: score["value"] for score in wrong["scores"]} == {
        "exact_match": False,
        "length": 5,
        "pass_rate": False,
    }
    trace = assay.get_trace(wrong["trace_id"])
    assert trace.spans[0].kind == "task"
    assert {row["scorer"]: row["clusters"] for row in experiment["summary"]}["pass_rate"] == 16


def test_repeats_are_tests_and_the_item_stays_the_unit(pytester: pytest.Pytester) -> None:
    write(pytester)
    done = pytester.runpytest_inprocess("-q", "--assay-repeats", "3", "-k", "q10 or q11")
    done.assert_outcomes(passed=3, failed=3, deselected=84)
    experiment, rows = newest()
    assert sorted((row["item_id"], row["repeat"]) for row in rows) == [(q, n) for q in ("q10", "q11") for n in range(3)]
    assert {row["scorer"]: row["n"] for row in experiment["summary"]}["pass_rate"] == 2


@pytest.mark.parametrize(
    ("gate", "broken", "code"),
    [
        ("pass_rate >= 0.6", (), 0),
        ("pass_rate.lower >= 0.6 and exact_match >= 0.6 and length.upper <= 4", (), 0),
        ("pass_rate >= 0.99", (), 1),
        ("pass_rate >= 0.85", (), 2),
        ("pass_rate >= 0.6", (3,), 3),
        ("pass_rate >= 0.99", (3,), 1),
        ("nonsense >= 0.99", (), 3),
    ],
)
def test_a_gate_decides_in_place_of_single_tests(
    gate: str, broken: tuple[int, ...], code: int, pytester: pytest.Pytester
) -> None:
    write(pytester, broken=broken)
    done = pytester.runpytest_inprocess("-q", "--assay-gate", gate)
    assert done.ret == code, done.stdout.str()
    done.assert_outcomes(passed=27 - len(broken), xfailed=3, failed=len(broken))


def test_other_tests_fail_the_run_whatever_the_gate_says(pytester: pytest.Pytester) -> None:
    write(pytester)
    pytester.makepyfile(test_other="def test_other():\n    assert 1 == 2\n")
    assert pytester.runpytest_inprocess("-q", "--assay-gate", "pass_rate >= 0.6").ret == 1
    assert pytester.runpytest_inprocess("-q", "test_other.py", "--assay-gate", "pass_rate >= 0.6").ret == 1
    pytester.makepyfile(test_other="def test_other():\n    pass\n")
    assert pytester.runpytest_inprocess("-q", "test_other.py", "--assay-gate", "pass_rate >= 0.6").ret == 2


def test_a_run_is_compared_with_the_one_before(pytester: pytest.Pytester) -> None:
    write(pytester, every=40)
    assert pytester.runpytest_inprocess("-q").ret == 0
    write(pytester, every=3)
    done = pytester.runpytest_inprocess(
        "-q", "--assay-gate", "pass_rate >= baseline - 0.1", "--assay-baseline", "previous"
    )
    assert done.ret == 1
    assert "0/20/10" in done.stdout.str()


def test_workers_share_one_experiment(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    """As people run it: pytest finds the plugin by itself."""
    pytester.makeini("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    write(pytester, broken=(3,))
    without = [option for name in OTHERS for option in ("-p", f"no:{name}")]
    done = pytester.runpytest_subprocess("-q", *without, "-n", "2", "--assay-gate", "pass_rate >= 0.6")
    assert done.ret == 3, done.stdout.str()
    _, rows = newest()
    assert len(rows) == 30
    assert {row["item_id"]: row["status"] for row in rows}["q3"] == "task_error"
    assert all(row["trace_id"] for row in rows)


def test_other_parameters_make_experiments_of_their_own(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_params="""
        import assay, pytest

        @assay.dataset([{"id": "0-ä", "input": 1, "expected": 1}, {"id": "0", "input": 2, "expected": 2}])
        @pytest.mark.parametrize("more", [1, 0, "0-0"])
        @pytest.mark.parametrize("again", [1])
        def test_sums(item, more, again):
            more = int(more == 1)
            assay.check(item, output=item.input + more, scorers=["exact_match"])
        """
    )
    done = pytester.runpytest_inprocess("-q", "--assay-gate", "pass_rate >= 0.7")
    assert done.ret == 1, done.stdout.str()  # two that passed do not hide two that failed
    made = list(current_client().pages("/experiments"))
    of_these = {each["name"]: each["id"] for each in made if each["name"].startswith("test_params")}
    assert set(of_these) == {f"test_params.py::test_sums[1-{value}]" for value in ("1", "0", "0-0")}
    rows = list(current_client().pages(f"/experiments/{of_these['test_params.py::test_sums[1-1]']}/rows"))
    assert [(row["item_id"], row["output"]) for row in rows] == [("0-ä", 2), ("0", 3)]


def test_what_fails_under_a_mark_is_counted_and_what_is_skipped_is_not(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        test_marks="""
        import assay, pytest

        @pytest.mark.xfail(reason="known")
        @assay.dataset([{"id": f"i{n}", "input": n} for n in range(6)])
        def test_marked(item):
            if item.input == 0:
                pytest.skip("none")
            if item.input == 1:
                pytest.xfail("not yet")
            if item.input == 2:
                raise ConnectionError("away")
            assert item.input > 4

        def test_other():
            assert False
        """
    )
    done = pytester.runpytest_inprocess("-q", "--assay-gate", "pass_rate >= 0.01")
    _, rows = newest()
    passed = {row["item_id"]: [score["value"] for score in row["scores"]] for row in rows}
    assert passed == {"i2": [], "i3": [False], "i4": [False], "i5": [True]}
    assert done.ret == 1  # test_other, which the row that broke as expected does not hide


@pytest.mark.parametrize("options", [("pass_rate => 1",), ("x.upper >= 1",), ("x >= 1", "--assay-alpha", "5")])
def test_a_gate_that_cannot_be_decided_is_refused_before_the_tests(
    options: tuple[str, ...], pytester: pytest.Pytester
) -> None:
    write(pytester)
    done = pytester.runpytest_inprocess("-q", "--assay-gate", *options)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert "--assay-gate: " in done.stderr.str()


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("@assay.dataset('none.jsonl')\ndef test_a(item): pass", "none.jsonl"),
        ("@assay.dataset([{'input': 1}], repeats=0)\ndef test_a(item): pass", "repeats="),
        ("@assay.dataset([{'input': 1}])\ndef test_a(row): pass", "no argument `item`"),
    ],
)
def test_what_is_wrong_is_told_before_anything_runs(test: str, told: str, pytester: pytest.Pytester) -> None:
    pytester.makepyfile(f"import assay\n{test}")
    done = pytester.runpytest_inprocess("-q")
    assert told in done.stdout.str() + done.stderr.str()
    assert done.ret != 0


def test_without_data_sets_nothing_changes(pytester: pytest.Pytester) -> None:
    pytester.makepyfile("def test_one():\n    pass\n")
    done = pytester.runpytest_inprocess("-q")
    assert (done.ret, "assay" in done.stdout.str()) == (0, False)


def test_a_run_within_a_test_leaves_what_it_loaded_but_for_its_tests(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    pytester.makepyfile(test_loads="import colorsys\ndef test_one():\n    pass\n")
    assert pytester.runpytest_inprocess("-q").ret == 0
    assert ("colorsys" in sys.modules, "test_loads" in sys.modules) == (True, False)


def test_a_check_outside_of_a_data_set_is_an_assertion() -> None:
    assert assay.check("hello", output="abc", scorers=[lambda output: len(output) == 3]).missed == []
    with pytest.raises(AssertionError, match="<lambda> is 3, under 5"):
        assay.check("hello", output="abc", scorers=[lambda output: len(output)], threshold=5)
    with pytest.raises(AssertionError, match="length is 3, over 2"):
        assay.check("hello", output="abc", scorers=["length"], threshold={"length": 2})
    with pytest.raises(ScorerError, match="division"):
        assay.check("hello", output="abc", scorers=[lambda output: 1 / 0])
    with pytest.raises(ConfigurationError, match="whole run"):
        assay.check(Item(id="a", expected="abc"), output="abc", scorers=["corpus_bleu"])
    with pytest.raises(ConfigurationError, match="none of the scorers"):
        assay.check("hello", output="abc", scorers=["length"], threshold={"lenght": 3})


async def test_a_check_works_on_an_event_loop() -> None:
    @assay.scorer(direction="lower")
    async def cost(output: str) -> float:
        return float(len(output))

    assert assay.check("hello", output="abc", scorers=[cost], threshold=3).scores[0]["value"] == 3.0
    with pytest.raises(AssertionError, match="cost is 3, over 2"):
        assay.check("hello", output="abc", scorers=[cost], threshold=2)
