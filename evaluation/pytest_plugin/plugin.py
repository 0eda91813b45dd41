"""The hooks of pytest. Nothing of Assay's is imported before a test asks for it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Generator, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from assay.evaluation.pytest_plugin.rows import TestedRow

MARKER = "assay"
ROW_MARKER = "assay_row"  # of one test made of the data set: which item, which repeat
ARGUMENT = "item"
COUNTED = "counted by the gate"
# What pytest itself made of the tests; anything else (an interruption, a wrong option) is not the gate's to change
DECIDED = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
NAMESPACE = uuid.UUID("8f4df2a6-7b39-4f27-9b0a-1f4f2f6d6a55")  # of experiment ids, from a run of pytest and a test

_run_id = pytest.StashKey[str]()
_row = pytest.StashKey["TestedRow"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("assay", "tests of answers (Assay)")
    group.addoption("--assay-repeats", type=int, metavar="N", help="test every item of a data set N times")
    group.addoption(
        "--assay-gate",
        metavar="GATE",
        help="decide by statistics: 'pass_rate >= 0.9', 'correctness >= baseline - 0.02'. Single tests that fail are "
        "counted then. Exit codes: 0 passed, 1 failed, 2 not enough evidence, 3 tests that broke",
    )
    group.addoption("--assay-baseline", metavar="ID", help="compare with this experiment, or with the previous one")
    group.addoption("--assay-alpha", type=float, default=0.05, metavar="A", help="level of the gate's intervals")


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", f"{MARKER}(data, repeats=None, id='id', cluster=None): run over a data set")
    config.addinivalue_line("markers", f"{ROW_MARKER}(item, repeat, label): one item of a data set, made by {MARKER}")
    of_the_worker: dict[str, Any] = getattr(config, "workerinput", {})
    config.stash[_run_id] = of_the_worker.get("assay_run") or uuid.uuid4().hex
    _check_gate(config.getoption("assay_gate"), config.getoption("assay_alpha"))
    if not of_the_worker:
        config.pluginmanager.register(_Rows(config), "assay-rows")


def _check_gate(gate: str | None, alpha: float) -> None:
    """Before the tests, which cost something, not after them."""
    if gate is None:
        return
    from assay.errors import ConfigurationError
    from assay.evaluation.gate import confidence_of
    from assay.evaluation.pytest_plugin.ending import bounds

    try:
        bounds(gate)
        confidence_of(alpha)
    except ConfigurationError as error:
        raise pytest.UsageError(f"--assay-gate: {error}") from error


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """A worker of pytest-xdist: its rows belong to the same experiments."""
    node.workerinput["assay_run"] = node.config.stash[_run_id]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    marker = metafunc.definition.get_closest_marker(MARKER)
    if marker is None:
        return
    if ARGUMENT not in metafunc.fixturenames:
        raise pytest.UsageError(
            f"{metafunc.definition.nodeid} runs over a data set and takes no argument `{ARGUMENT}`."
        )
    from assay.errors import AssayError
    from assay.evaluation.pytest_plugin.parameters import parameters

    try:
        found = parameters(
            *marker.args,
            **marker.kwargs,
            more_repeats=metafunc.config.getoption("assay_repeats"),
            folders=(Path(metafunc.definition.path).parent, metafunc.config.rootpath),
        )
    except (AssayError, TypeError) as error:
        raise pytest.UsageError(f"{metafunc.definition.nodeid}: {error}") from error
    row_marker = getattr(pytest.mark, ROW_MARKER)
    metafunc.parametrize(
        ARGUMENT,
        [
            pytest.param(item, id=label, marks=row_marker(item=item, repeat=repeat, label=label))
            for item, repeat, label in found
        ],
    )


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Run the test as a row: its spans are one trace, and know the experiment."""
    if item.get_closest_marker(ROW_MARKER) is None:
        yield
        return
    from assay.evaluation.pytest_plugin.tracing import traced_row

    with ExitStack() as stack:
        stack.enter_context(traced_row(_row_of(item)))
        yield


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, Any]:
    report = yield
    marked = item.get_closest_marker(ROW_MARKER)
    ends = call.when == "call" or (call.when == "setup" and report.failed)
    if marked is None or not ends:
        return report
    error = call.excinfo.value if call.excinfo is not None else None
    expected = hasattr(report, "wasxfail") and not isinstance(error, pytest.xfail.Exception)
    if report.skipped and not expected:  # a failure under the mark xfail is a failure all the same
        return report
    is_failure = isinstance(error, AssertionError | pytest.fail.Exception)
    report.assay_row = _row_of(item).to_json(error, is_failure=is_failure, duration_s=call.duration)
    del item.stash[_row]  # a test that is run again starts anew
    if is_failure and item.config.getoption("assay_gate"):
        report.outcome, report.wasxfail = "skipped", COUNTED
    return report


class _Rows:
    """The rows of all tests, also of those that ran in workers, in the process that sees every report."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._by_test: dict[str, dict[str, Any]] = {}  # of a test that was run again the last run, as pytest counts
        self._told: list[str] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if (line := getattr(report, "assay_row", None)) is not None:
            self._by_test[report.nodeid] = {**json.loads(line), "broke": report.failed}

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Store the rows as experiments, and decide the gate."""
        gate = self._config.getoption("assay_gate")
        rows = list(self._by_test.values())
        if self._config.getoption("collectonly") or not (rows or gate):
            return
        from assay.evaluation.pytest_plugin.ending import end_run

        baseline, alpha = self._config.getoption("assay_baseline"), self._config.getoption("assay_alpha")
        ended = end_run(rows, gate=gate, alpha=alpha, baseline=baseline)
        self._told = ended.told
        if gate and exitstatus in DECIDED:
            broken = sum(row["broke"] for row in rows)
            session.exitstatus = pytest.ExitCode.TESTS_FAILED if session.testsfailed > broken else ended.exit_code

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self._told:
            terminalreporter.section("assay")
        for text in self._told:
            terminalreporter.write_line(text)


def _row_of(item: pytest.Item) -> TestedRow:
    if _row not in item.stash:
        from assay.evaluation.pytest_plugin.rows import TestedRow

        marker = item.get_closest_marker(ROW_MARKER)
        assert marker is not None
        name = _experiment_name(item, marker.kwargs["label"])
        item.stash[_row] = TestedRow(
            experiment_id=uuid.uuid5(NAMESPACE, f"{item.config.stash[_run_id]} {name}").hex,
            experiment_name=name,
            item=marker.kwargs["item"],
            repeat=marker.kwargs["repeat"],
        )
    return item.stash[_row]


def _experiment_name(item: pytest.Item, label: str) -> str:
    """The test without its item: test_qa.py::test_answers, or test_qa.py::test_answers[small] where it has other
    parameters. Every set of them is an experiment of its own, as two of them may be run on the same item.
    """
    spec: Any = item.callspec  # type: ignore[attr-defined]  # tests made by parametrize have it
    name, parameters = item.nodeid.partition("[")[0], list(spec.params)
    if parameters == [ARGUMENT]:
        return name
    shown = label if label in spec.id else label.encode("unicode_escape").decode("ascii")  # as pytest does
    if parameters[0] == ARGUMENT:
        others = spec.id.removeprefix(f"{shown}-")
    elif parameters[-1] == ARGUMENT:
        others = spec.id.removesuffix(f"-{shown}")
    else:
        others = spec.id.replace(f"-{shown}-", "-", 1)
    return f"{name}[{others}]"
