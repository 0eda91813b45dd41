"""`docs/cli.md`, made of the commands themselves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import typer
from typer.main import get_command

INTRODUCTION = """\
# The command line

`assay` is one command with many below it; each says with `--help` what it does and shows an example. What is the same
everywhere:

- **Where it looks.** `--project` names the project, else `ASSAY_PROJECT`, else `default`. The collector is the one of
  `ASSAY_ENDPOINT` (with the key in `ASSAY_API_KEY`), else the one that serves `--data-dir`, by default `./.assay`.
- **`--json`** prints one JSON document for programs; `assay traces tail --json` one line for each trace.
- **`--filter`** is the filter language of pages, API and Python: one SQL condition over the fields, such as
  `status = 'error' and duration_ms > 2000 and input ilike '%refund%' and scores.helpful < 0.5`. What cannot be read is
  an error that says at which character.
- **Exit codes.** 0: done. 1: an error, told in one line on standard error. 2: asked wrongly. 100: done, but a threshold
  or gate was missed. Only `assay repair` has another one, 3: something is gone.
- **Tables** fit the terminal: what is long is cut or left out, ids that other commands take never are. Where standard
  output is no terminal, there are no colours. What data hold cannot give a terminal orders.
- **Completion.** `assay --install-completion` once; then Tab completes commands and options, and, where a collector
  answers at once, the names of projects, prompts, data sets, experiments and A/B tests.
"""


def cli_markdown(app: typer.Typer, sections: Mapping[str, Sequence[str]]) -> str:
    """The whole document."""
    root: Any = get_command(app)
    lines = [INTRODUCTION]
    for heading, names in sections.items():
        lines += [f"## {heading}", ""]
        for name in names:
            lines += _command(f"assay {name}", root.commands[name])
    return "\n".join(lines).rstrip() + "\n"


def commands(app: typer.Typer) -> Iterator[tuple[str, Any]]:
    """Every command with its whole name; groups are left out, what is in them is not."""

    def below(name: str, command: Any) -> Iterator[tuple[str, Any]]:
        if hasattr(command, "commands"):
            for each, found in command.commands.items():
                yield from below(f"{name} {each}", found)
        else:
            yield name, command

    yield from below("assay", get_command(app))


def examples(command: Any) -> list[str]:
    """The lines that the command's help shows."""
    return [line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")]


# Helpers ----------------------------------------------------------------------------------------------------------


def _command(name: str, command: Any) -> list[str]:
    if hasattr(command, "commands"):
        ends = [command.epilog, ""] if command.epilog else []
        below = [line for each, found in command.commands.items() for line in _command(f"{name} {each}", found)]
        return [f"### {name} …", "", _text(command.help), "", *ends, *below]
    shown = examples(command)
    return [
        f"### {name}",
        "",
        _text(command.help),
        "",
        *(["```sh", *shown, "```", ""] if shown else []),
        *_parameters(command),
    ]


def _parameters(command: Any) -> list[str]:
    rows = [
        f"| {_name(parameter)} | {_cell((parameter.help or '') + _default(parameter))} |"
        for parameter in command.params
        if parameter.name != "help" and not getattr(parameter, "hidden", False)
    ]
    return ["| | |", "| --- | --- |", *rows, ""] if rows else []


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return f"`{parameter.name.upper()}`" + ("" if parameter.required else " (optional)")
    names = ", ".join(f"`{name}`" for name in parameter.opts)
    takes = "" if parameter.is_flag else f" `{parameter.metavar or 'VALUE'}`"
    return names + takes + (" (required)" if parameter.required else "")


def _default(parameter: Any) -> str:
    has_one = isinstance(parameter.default, (str, int, float)) and not isinstance(parameter.default, bool)
    return f" [default: {parameter.default}]" if has_one and parameter.default != "" else ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _text(help: str | None) -> str:
    """Paragraphs of a docstring, each on one line."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in (help or "").split("\n\n"))
