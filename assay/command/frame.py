"""What all commands have alike: how one joins its group, an example in its help, `--project` and `--data-dir`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, TypeVar

import typer
from typer.core import TyperGroup

from assay.command.options import DataDir, Project

Function = TypeVar("Function", bound=Callable[..., None])


class Group(TyperGroup):
    """A group of commands, whose help says of each what it does, and may list them under headings."""

    sections: ClassVar[Mapping[str, Sequence[str]]] = {}  # heading -> names of commands

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        for heading, names in (self.sections or {"Commands": list(self.commands)}).items():
            with formatter.section(heading):
                formatter.write_dl([(name, first_sentence(self.commands[name].help)) for name in names])


def group(help: str, ends: str | None = None, cls: type[Group] = Group) -> typer.Typer:
    """A group of commands. Its help is plain text: what stands in brackets is no markup, and nothing loads rich."""
    return typer.Typer(
        cls=cls,
        help=help,
        epilog=ends,
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def command(
    app: typer.Typer,
    name: str,
    *examples: str,
    project: bool = True,
    data_dir: bool = True,
) -> Callable[[Function], Function]:
    """Make a function the command `name` of `app`.

    Args:
        examples: what somebody would type; they close the command's help, and a test reads them.
        project, data_dir: the command gets `--project` and `--data-dir`, and the settings are those of these options
            before it is called. A function that takes a parameter of that name does with it what it wants.
    """

    def register(function: Function) -> Function:
        framed = _with_settings(function, project=project, data_dir=data_dir)
        app.command(name, epilog=_examples(examples))(framed)
        return function

    return register


def first_sentence(help: str | None) -> str:
    """What a command does, for a list of them."""
    first = " ".join((help or "").split("\n\n")[0].split())
    end = first.find(". ")
    return first if end < 0 else first[: end + 1]


def _examples(lines: tuple[str, ...]) -> str | None:
    if not lines:
        return None
    title = "Example:" if len(lines) == 1 else "Examples:"
    return "\n".join(["\b", title, *(f"  {line}" for line in lines)])


def _with_settings(function: Callable[..., None], *, project: bool, data_dir: bool) -> Callable[..., None]:
    """`function` behind the options that say where to look, which come last but for `--json`."""
    signature = inspect.signature(function, eval_str=True)
    wanted = {"project": (project, Project), "data_dir": (data_dir, DataDir)}
    added = {
        option: inspect.Parameter(option, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)
        for option, (is_wanted, annotation) in wanted.items()
        if is_wanted and option not in signature.parameters
    }
    if not added:
        return function

    @functools.wraps(function)
    def framed(**given: Any) -> None:
        from assay.settings import configure  # reads the environment with pydantic: not for those who want help only

        configure(**{option: given.pop(option) for option in added})
        function(**given)

    own = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in signature.parameters.values()]
    last = [each for each in own if each.name == "as_json"]
    ordered = [*(each for each in own if each not in last), *added.values(), *last]
    framed.__signature__ = signature.replace(parameters=ordered)  # type: ignore[attr-defined]
    # Annotations that are read already: typer would read those of every command three times before it starts one.
    framed.__annotations__ = {each.name: each.annotation for each in ordered}
    return framed
