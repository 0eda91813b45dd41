"""`assay eval …`: evaluations from a terminal and in a build."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import quote

import typer

from assay.command.columns import Column, cost, time
from assay.command.complete import experiments
from assay.command.connection import client
from assay.command.frame import command, group
from assay.command.options import Json
from assay.command.printing import print_json, print_rows
from assay.errors import ConfigurationError, ExperimentNotFound

if TYPE_CHECKING:
    from assay.evaluation.ci.verdict import Verdict
    from assay.evaluation.result import EvaluationResult

ID_DIGITS = 32
FEWEST_DIGITS = 6  # of the beginning of an id
EXPERIMENTS = (
    Column("created_at", "created_at UTC", show=time),
    Column("id"),
    Column("name", least=12, most=40),
    Column("status", least=9, show=lambda status: status.replace("_", " ")),
    Column("data", least=8, most=30),
    Column("rows", right=True),
    Column("cost_usd", "cost", show=cost, right=True),
)

File = Annotated[Path, typer.Argument(help="evals/qa.toml or evals/qa.py: says data, task, scorers and more.")]
Experiment = Annotated[
    str, typer.Argument(help="Its id, the beginning of it, or its name for the newest.", autocompletion=experiments)
]
Gate = Annotated[str | None, typer.Option(help="'correctness >= 0.8 and correctness >= baseline - 0.02'")]
Alpha = Annotated[float | None, typer.Option(help="Of the intervals whose bounds decide the gate. [default: 0.05]")]
Junit = Annotated[Path | None, typer.Option(help="Write a JUnit report here.")]
Markdown = Annotated[Path | None, typer.Option(help="Write a Markdown report here; - prints it in place of the table.")]

app = group(
    "Evaluations: run, resumed, compared and gated.",
    "Exit codes: 0 ended and passed; 1 an error, or a run that did not end; 2 asked wrongly; 100 gate missed.",
)


@command(
    app, "run", "assay eval run evals/qa.toml", "assay eval run evals/qa.toml --gate 'correctness >= baseline - 0.02'"
)
def run(
    file: File,
    name: Annotated[str | None, typer.Option(help="Of the experiment. [default: the file says, or its name]")] = None,
    repeats: Annotated[int | None, typer.Option(help="Times the task runs on each item.")] = None,
    concurrency: Annotated[str | None, typer.Option(help="Rows under way at once, or auto.")] = None,
    baseline: Annotated[str | None, typer.Option(help="previous, or an experiment's id: to compare with.")] = None,
    max_cost: Annotated[float | None, typer.Option(help="Dollars that task and judges may cost.")] = None,
    cache: Annotated[str | None, typer.Option(help="off, reuse or refresh: kept answers of models.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="branch=main; kept with the experiment.")] = None,
    gate: Gate = None,
    alpha: Alpha = None,
    junit: Junit = None,
    markdown: Markdown = None,
    as_json: Json = False,
) -> None:
    """Run an evaluation that a file describes. Options go before what the file says."""
    from dataclasses import replace

    from assay.evaluation import Limits, evaluate
    from assay.evaluation.ci.eval_file import read_eval_file
    from assay.evaluation.ci.verdict import judged

    _check_gate(gate, alpha)  # before the run is paid for
    said = read_eval_file(file)
    arguments = dict(said.arguments)
    options = {"name": name, "repeats": repeats, "concurrency": _concurrency(concurrency), "cache": cache}
    arguments |= {key: value for key, value in options.items() if value is not None}
    if baseline is not None:
        arguments["baseline"] = baseline if baseline == "previous" else _found(baseline)["id"]
    if max_cost is not None:
        arguments["limits"] = replace(arguments.get("limits") or Limits(), max_cost_usd=max_cost)
    arguments["tags"] = {**arguments["tags"], **_pairs(tag)}
    result = evaluate(**arguments, progress=False if as_json else None)
    _tell(
        judged(result, gate=gate or said.gate, alpha=said.alpha if alpha is None else alpha), junit, markdown, as_json
    )


@command(app, "resume", "assay eval resume 1f5349b3")
def resume(
    experiment: Experiment,
    file: Annotated[
        Path | None, typer.Argument(help="The evaluation's file. [default: the one it was run from]")
    ] = None,
    allow_changed: Annotated[bool, typer.Option(help="Also if data, task or scorers have changed.")] = False,
    gate: Gate = None,
    alpha: Alpha = None,
    junit: Junit = None,
    markdown: Markdown = None,
    as_json: Json = False,
) -> None:
    """Make the rows that an interrupted or killed run lacks; none is made or paid for twice."""
    from assay.evaluation import resume
    from assay.evaluation.ci.eval_file import EVAL_FILE_TAG, read_eval_file
    from assay.evaluation.ci.verdict import judged

    _check_gate(gate, alpha)
    found = _found(experiment)
    of_the_run = (found.get("tags") or {}).get(EVAL_FILE_TAG)
    file = file or (Path(of_the_run) if of_the_run and Path(of_the_run).is_file() else None)
    said = read_eval_file(file) if file else None
    made_of = said.to_resume() if said else {}
    result = resume(found["id"], **made_of, allow_changed=allow_changed, progress=False if as_json else None)
    gate = gate or (said.gate if said else None)
    alpha = (said.alpha if said else 0.05) if alpha is None else alpha
    _tell(judged(result, gate=gate, alpha=alpha), junit, markdown, as_json)


@command(app, "compare", "assay eval compare qa-v1 qa-v2")
def compare(
    baseline: Experiment,
    candidate: Annotated[
        str, typer.Argument(help="What is compared with it, named alike.", autocompletion=experiments)
    ],
    gate: Gate = None,
    alpha: Alpha = None,
    junit: Junit = None,
    markdown: Markdown = None,
    as_json: Json = False,
) -> None:
    """Compare two experiments item by item: difference, interval, corrected p, and what it means in words."""
    before, after = _result(baseline), _result(candidate)
    _tell(_compared(before, after, gate, alpha), junit, markdown, as_json)


@command(app, "gate", "assay eval gate qa-v2 'correctness >= 0.8'")
def gate_(
    experiment: Experiment,
    expression: Annotated[str, typer.Argument(help="'correctness >= 0.8 and correctness >= baseline - 0.02'")],
    baseline: Annotated[
        str | None, typer.Option(help="previous, or an experiment to compare with.", autocompletion=experiments)
    ] = None,
    alpha: Alpha = None,
    junit: Junit = None,
    markdown: Markdown = None,
    as_json: Json = False,
) -> None:
    """Decide a gate on an experiment that has been run. It is decided on the bounds of intervals, not on means."""
    from assay.evaluation.ci.verdict import judged
    from assay.evaluation.result import find_baseline

    result = _result(experiment)
    if baseline == "previous":
        other = find_baseline(baseline, result.name, result.client, before=result.id)
    else:
        other = None if baseline is None else _result(baseline)
    if other is None:
        verdict = judged(result, gate=expression, alpha=0.05 if alpha is None else alpha)
    else:
        verdict = _compared(other, result, expression, alpha)
    _tell(verdict, junit, markdown, as_json)


@command(app, "list", "assay eval list --name qa-v2")
def list_experiments(
    name: Annotated[str | None, typer.Option(help="Only those of this name.", autocompletion=experiments)] = None,
    status: Annotated[str | None, typer.Option(help="running, completed, interrupted, failed, …")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many, the newest first.")] = 20,
    as_json: Json = False,
) -> None:
    """List experiments, the newest first."""
    from itertools import islice

    rows = list(islice(client().pages("/experiments", name=name, status=status), limit))
    if not as_json:
        rows = [_listed(row) for row in rows]
    print_rows(rows, as_json, EXPERIMENTS, drop=("data", "cost_usd", "rows"))


@command(app, "show", "assay eval show qa-v2")
def show(experiment: Experiment, as_json: Json = False) -> None:
    """Show an experiment's figures, each with its interval and with what failed."""
    from assay.evaluation.ci.verdict import Verdict

    verdict = Verdict(_result(experiment), None, None)
    if as_json:
        print_json(verdict.to_dict())
    else:
        _print(verdict.result)


def _compared(before: EvaluationResult, after: EvaluationResult, gate: str | None, alpha: float | None) -> Verdict:
    from assay.evaluation.ci.verdict import judged

    return judged(after, gate=gate, alpha=0.05 if alpha is None else alpha, comparison=after.compare(before))


def _check_gate(gate: str | None, alpha: float | None) -> None:
    from assay.evaluation.gate import confidence_of, parse_gate

    if gate is not None:
        parse_gate(gate)
    if alpha is not None:
        confidence_of(alpha)


def _tell(verdict: Verdict, junit: Path | None, markdown: Path | None, as_json: bool) -> None:
    """Print and write what was asked for, and end with the verdict's exit code."""
    from assay.evaluation.ci import junit as junit_report
    from assay.evaluation.ci import markdown as markdown_report

    if as_json:
        print_json(verdict.to_dict())
    elif str(markdown) == "-":
        print(markdown_report.markdown(verdict), end="")
    else:
        _print(verdict.result if verdict.comparison is None else verdict.comparison)
        if verdict.gate is not None:
            print(f"\n{verdict.words}")
            for each in verdict.gate.results:
                print(f"  {each}")
    if junit is not None:
        _write(junit, junit_report.junit(verdict))
    if markdown is not None and str(markdown) != "-":
        _write(markdown, markdown_report.markdown(verdict))
    if verdict.exit_code:
        if not verdict.gate or verdict.gate.passed:
            print(verdict.words, file=sys.stderr)
        raise typer.Exit(verdict.exit_code)


def _write(path: Path, report: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(report, encoding="utf-8")


def _print(shown: Any) -> None:
    from rich.console import Console

    Console(highlight=False).print(shown, crop=False)


def _result(experiment: str) -> EvaluationResult:
    from assay.evaluation.result import EvaluationResult

    return EvaluationResult.load(_found(experiment)["id"], client=client())


def _found(experiment: str) -> dict[str, Any]:
    """An experiment by its id, the beginning of its id, or its name: then the newest.

    Raises:
        ExperimentNotFound: there is none.
        ConfigurationError: several ids begin so.
    """
    is_hex = all(digit in "0123456789abcdef" for digit in experiment)
    if is_hex and len(experiment) == ID_DIGITS:
        found: dict[str, Any] = client().get(f"/experiments/{quote(experiment, safe='')}")
        return found
    if named := next(iter(client().pages("/experiments", name=experiment)), None):
        return dict(named)
    begin_so = [each for each in client().pages("/experiments") if each["id"].startswith(experiment)] if is_hex else []
    if len(experiment) < FEWEST_DIGITS or not begin_so:
        raise ExperimentNotFound(f"There is no experiment {experiment!r}.", hint="Try: assay eval list")
    if len(begin_so) > 1:
        raise ConfigurationError(f"{len(begin_so)} experiments have ids that begin with {experiment!r}.")
    return dict(begin_so[0])


def _listed(row: dict[str, Any]) -> dict[str, Any]:
    used = (row.get("config") or {}).get("used") or {}
    data = row.get("dataset") or {}
    version = f"@{data['version']}" if data.get("version") else ""
    return {
        **row,
        "data": f"{data['name']}{version}" if data.get("name") else None,
        "rows": used.get("rows_run"),
        "cost_usd": used.get("cost_usd") or None,
    }


def _concurrency(text: str | None) -> int | Literal["auto"] | None:
    if text is None:
        return None
    if text == "auto":
        return "auto"
    try:
        return int(text)
    except ValueError:
        raise ConfigurationError(f"--concurrency is {text!r}.", hint="It is a number, or auto.") from None


def _pairs(tags: list[str] | None) -> dict[str, str]:
    pairs = [tag.partition("=") for tag in tags or ()]
    if wrong := next((name for name, equals, _ in pairs if not name or not equals), None):
        raise ConfigurationError(f"--tag is {wrong!r}.", hint="Write name=value.")
    return {name: value for name, _, value in pairs}
