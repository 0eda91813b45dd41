"""`assay ab`: A/B tests declared, looked at, ramped and ended from a terminal or by a job."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from assay.command.columns import Column, time
from assay.command.complete import ab_tests, one_of
from assay.command.connection import client
from assay.command.ending import EXIT_MISSED
from assay.command.frame import command, group
from assay.command.options import Json, Reason
from assay.command.printing import print_json, print_rows
from assay.errors import ConfigurationError

STATUSES = ("running", "stopped")
STATES = ("continue", "ship", "harm", "futility", "expired", "blocked")  # of evaluation/ab/report.py
FILE_HINT = 'Write what the test declares, such as {"arms": {"control": "prompts:/qa/1", …}, "primary": "error_rate"}.'
GUARDRAIL = re.compile(r"\s*(.+?)\s*((?:<=|>=).+)")

app = group(
    "A/B tests in production.", "Exit codes: 0; 1 an error; 2 asked wrongly; 100 a test is not where --expect says."
)

TESTS = (
    Column("name"),
    Column("status"),
    Column("phase", right=True),
    Column("coverage", right=True),
    Column("weights", least=14, most=60),
    Column("primary", least=12),
    Column("promoted"),
    Column("created_at", "created_at UTC", show=time),
)
DECISIONS = (
    Column("at", "at UTC", show=time),
    Column("action"),
    Column("arm"),
    Column("alias"),
    Column("detail", least=20, most=70),
    Column("reason", least=18),
    Column("author", least=8, most=30),
    Column("data_hash", least=12, most=12),
)
FACTS = ("status", "promoted", "unit", "coverage", "phase", "primary", "guardrails", "baseline", "salt", "ends_at")

Name = Annotated[str, typer.Argument(help="Name of the test.", autocompletion=ab_tests)]


@command(app, "list", "assay ab list --status running")
def list_tests(
    status: Annotated[
        str | None,
        typer.Option(metavar="STATUS", help="running or stopped. [default: all]", autocompletion=one_of(*STATUSES)),
    ] = None,
    as_json: Json = False,
) -> None:
    """List A/B tests: how much traffic they have, and how it is shared out."""
    if status not in (None, *STATUSES):
        raise ConfigurationError(f"--status is {status!r}.", hint=f"It is one of: {', '.join(STATUSES)}.")
    rows = list(client().pages("/ab-tests", status=status))
    print_rows(rows, as_json, TESTS, drop=("created_at", "promoted", "weights", "phase"))


@command(app, "show", "assay ab show qa-tone")
def show_test(name: Name, as_json: Json = False) -> None:
    """Show what was declared, each phase, and what was decided when, by whom and why."""
    test = client().get(_path(name))
    if as_json:
        print_json(test)
        return
    for fact in FACTS:
        print(f"{fact:>10}  {_fact(test[fact])}")
    for arm in test["order"]:
        print(f"{'arm':>10}  {arm}: {_fact(test['arms'][arm])}")
    for phase in test["phases"]:
        shares = ", ".join(f"{arm} {weight:.4g}" for arm, weight in phase["weights"].items())
        print(f"{'phase':>10}  {phase['phase']} since {time(phase['started_at'])} UTC: {shares}")
    print()
    print_rows(test["decisions"], False, DECISIONS, drop=("data_hash", "detail", "alias", "author"))


@command(app, "report", "assay ab report qa-tone", "assay ab report qa-tone --expect ship --expect continue")
def report_test(
    name: Name,
    expect: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STATE",
            help=f"End with status {EXIT_MISSED} unless the test is at one of these: {', '.join(STATES)}.",
            autocompletion=one_of(*STATES),
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Show how a test stands: health first, then arms, differences, and the decision in words."""
    if unknown := sorted(set(expect or ()) - set(STATES)):
        raise ConfigurationError(f"A test is never at {unknown[0]!r}.", hint=f"It is at one of: {', '.join(STATES)}.")
    found = client().get(f"{_path(name)}/report")
    if as_json:
        print_json(found)
    else:
        from rich.console import Console

        from assay.prompts.ab_report import AbReport

        Console(highlight=False).print(AbReport(found))
    if expect and found["decision"]["state"] not in expect:
        raise typer.Exit(EXIT_MISSED)


@command(
    app,
    "create",
    "assay ab create qa-tone --arm control=prompts:/qa/1 --arm short=prompts:/qa/2 --primary scores.helpful",
)
def create_test(
    name: Name,
    arm: Annotated[list[str] | None, typer.Option(help="control=prompts:/qa/1; give it once for each arm.")] = None,
    weight: Annotated[
        list[str] | None, typer.Option(help="control=0.5; all of them add up to 1. [default: even ones]")
    ] = None,
    primary: Annotated[str | None, typer.Option(help="The metric that decides: scores.helpful")] = None,
    guardrail: Annotated[list[str] | None, typer.Option(help="'cost_usd <= +10%'")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="fast='duration_ms < 2000'; a filter expression.")] = None,
    unit: Annotated[str | None, typer.Option(help="user_id, session_id or trace_id. [default: user_id]")] = None,
    coverage: Annotated[float | None, typer.Option(help="Share of units that take part. [default: 1.0]")] = None,
    file: Annotated[
        Path | None, typer.Option(help="JSON with everything that POST /api/v1/ab-tests takes; options go before it.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Begin a test. Declared once more as it was, it goes on as it stands."""
    said = {"author": _user(), **(_declared(file) if file else {}), "name": name}
    given = {
        "arms": _pairs("--arm", arm),
        "weights": _weights("--weight", weight),
        "primary": primary,
        "guardrails": _by_name("--guardrail", [_guardrail(text) for text in guardrail or ()]),
        "metrics": _pairs("--metric", metric),
        "unit": unit,
        "coverage": None if coverage is None else _finite("--coverage", coverage),
    }
    said |= {key: value for key, value in given.items() if value not in (None, {})}
    if missing := [option for option, key in (("--arm", "arms"), ("--primary", "primary")) if key not in said]:
        raise ConfigurationError(f"{missing[0]} is missing.", hint="Try: assay ab create --help")
    _said(client().post("/ab-tests", said), as_json)


@command(app, "ramp", 'assay ab ramp qa-tone 0.25 --reason "no complaints so far"')
def ramp_test(
    name: Name,
    coverage: Annotated[float, typer.Argument(help="Share of units that take part, 0 to 1.")],
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Let more or fewer units in. Nobody changes arms."""
    body = {"coverage": _finite("coverage", coverage), "reason": reason, "author": _user()}
    _said(client().put(f"{_path(name)}/coverage", body), as_json)


@command(app, "weights", "assay ab weights qa-tone control=0.2 short=0.8")
def set_weights(
    name: Name,
    weights: Annotated[list[str], typer.Argument(help="control=0.2 short=0.8; they add up to 1.")],
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """Begin a new phase with other weights. Units that were exposed before keep their arm."""
    body = {"weights": _weights("weights", weights), "reason": reason, "author": _user()}
    _said(client().put(f"{_path(name)}/weights", body), as_json)


@command(app, "assign", "assay ab assign qa-tone user-4711")
def assign_unit(
    name: Name,
    unit: Annotated[str, typer.Argument(help="The user, session or request.")],
    as_json: Json = False,
) -> None:
    """Show the arm of a unit. It is not counted as an exposure."""
    found = client().get(f"{_path(name)}/assign", unit=unit)
    if as_json:
        print_json(found)
    else:
        how = f"phase {found['phase']}" if found["covered"] else "not in the test"
        print(f"{found['arm']} ({how}): {found['prompt'] or found['config']}")


@command(app, "stop", "assay ab stop qa-tone --promote short")
def stop_test(
    name: Name,
    promote: Annotated[str | None, typer.Option(help="Arm that everybody gets. [default: the baseline]")] = None,
    alias: Annotated[str, typer.Option(help="Alias to move to the promoted version; '' moves none.")] = "production",
    reason: Reason = None,
    as_json: Json = False,
) -> None:
    """End a test, and point the alias at the promoted version. What was known is recorded with it."""
    said = {"promote": promote, "alias": alias or None, "reason": reason, "author": _user()}
    test = client().post(f"{_path(name)}/stop", said)
    if as_json:
        print_json(test)
        return
    decision = test["decisions"][-1]
    moved = decision["detail"]
    print(f"{name} has been stopped; everybody gets {promote or test['baseline']} from now on.")
    if moved:
        before, now = moved["from"], moved["to"]
        came = "is new, at version" if before is None else f"went from version {before} to"
        went = f"was at version {now} already" if before == now else f"{came} {now}"
        print(f"{decision['alias']} of {moved['prompt']} {went}.")


# Helpers ----------------------------------------------------------------------------------------------------------


def _path(name: str) -> str:
    from assay.prompts.arguments import url_part

    return f"/ab-tests/{url_part('An A/B test', name)}"


def _user() -> str | None:
    from assay.prompts.registry import user_name

    return user_name()


def _declared(file: Path) -> dict[str, Any]:
    """What a file declares.

    Raises:
        ConfigurationError: it cannot be read, or is no JSON object.
    """
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}.", hint="Is the path right?") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{file} is no JSON: {error}.", hint=FILE_HINT) from error
    if not isinstance(said, dict):
        raise ConfigurationError(f"{file} holds no JSON object, but {str(said)[:80]!r}.", hint=FILE_HINT)
    return said


def _pairs(option: str, texts: list[str] | None) -> dict[str, str]:
    """`["a=b"]` -> {"a": "b"}.

    Raises:
        ConfigurationError: one has no "=", or two have the same name.
    """
    split = [text.partition("=") for text in texts or ()]
    if wrong := [text for text, (key, equals, _) in zip(texts or (), split, strict=True) if not (key and equals)]:
        raise ConfigurationError(f"{option} is {wrong[0]!r}.", hint="Write it as name=value.")
    return _by_name(option, [(key.strip(), value.strip()) for key, _, value in split])


def _by_name(option: str, pairs: list[tuple[str, str]]) -> dict[str, str]:
    names = [name for name, _ in pairs]
    if twice := [name for name in names if names.count(name) > 1]:
        raise ConfigurationError(f"{option} is given for {twice[0]!r} more than once.", hint="Give it once.")
    return dict(pairs)


def _weights(option: str, texts: list[str] | None) -> dict[str, float]:
    return {arm: _number(option, value) for arm, value in _pairs(option, texts).items()}


def _number(option: str, text: str) -> float:
    try:
        return _finite(option, float(text))
    except ValueError as error:
        raise ConfigurationError(f"{option} is {text!r}.", hint="It is a number, such as 0.5.") from error


def _finite(option: str, number: float) -> float:
    if not math.isfinite(number):
        raise ConfigurationError(f"{option} is {number}.", hint="It is a number, such as 0.5.")
    return number


def _guardrail(text: str) -> tuple[str, str]:
    found = GUARDRAIL.fullmatch(text)
    if not found:
        raise ConfigurationError(f"--guardrail is {text!r}.", hint="Write it as 'cost_usd <= +10%'.")
    return found[1], found[2].strip()


def _said(test: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(test)
    else:
        shares = ", ".join(f"{arm} {test['weights'][arm]:.4g}" for arm in test["order"])
        print(f"{test['name']}: {test['status']}, phase {test['phase']}, coverage {test['coverage']:.4g}, {shares}")


def _fact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else "-" if value is None else str(value)
