"""`docs/call_forms.md`, made from the cases that the tests run: what is tested and what is told are one table.

cd tests && python -m support.matrix_markdown > ../docs/call_forms.md
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

from support.matrix import Case

COLUMNS = {
    "OpenAI 1.109": ("openai", "1.109"),
    "OpenAI 2": ("openai", "2"),
    "OpenAI 3": ("openai", "3"),
    "LangChain": ("langchain", None),
    "LiteLLM": ("litellm", None),
}
INTRODUCTION = """\
# Call forms

In which forms a library can be asked, and which of them are tested: ✓ means that a test calls the real library in this
form, against a server that answers as the API does, and compares what was traced: the tree of spans, kind, provider,
model asked for and model that answered, messages, tools, tokens (cached ones and those spent on reasoning apart),
finish reasons, errors, the link to the prompt. For OpenAI it then compares what a collector reads back with the same.
An empty place is a form that the library or its version does not have, or that has no case of its own.

This page is made from the cases of those tests (`make docs`). `make matrix` runs them with each version of the OpenAI
SDK.
"""


def matrix_markdown() -> str:
    tables = {library: list(_cases(library)) for library in dict(COLUMNS.values())}
    groups = dict.fromkeys(case.group for cases in tables.values() for case in cases)
    return "\n".join([INTRODUCTION, *(_table(group, tables) for group in groups)])


def _cases(library: str) -> Iterator[Case]:
    """Every case of the library's modules, once, in the order of its table."""
    seen: dict[tuple[str, str], Case] = {}
    for path in sorted(Path(__file__).parent.glob(f"matrix_{library}*.py")):
        module = importlib.import_module(f"support.{path.stem}")
        tables = [module.CASES] if hasattr(module, "CASES") else vars(module).values()
        for value in tables:
            if isinstance(value, tuple) and value and all(isinstance(each, Case) for each in value):
                for case in value:
                    seen.setdefault((case.group, case.form), case)
    yield from seen.values()


def _table(group: str, tables: dict[str, list[Case]]) -> str:
    here = {library: {case.form: case for case in cases if case.group == group} for library, cases in tables.items()}
    forms = dict.fromkeys(form for cases in here.values() for form in cases)
    columns = {title: place for title, place in COLUMNS.items() if here[place[0]]}
    lines = [f"## {group}\n", f"| | {' | '.join(columns)} |", f"| --- |{' :-: |' * len(columns)}"]
    for form in forms:
        cells = (_cell(here[library].get(form), version) for library, version in columns.values())
        lines.append(f"| {_label(form, here)} | {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _cell(case: Case | None, version: str | None) -> str:
    return "✓" if case is not None and (version is None or version in case.versions) else ""


def _label(form: str, here: dict[str, dict[str, Case]]) -> str:
    notes = dict.fromkeys(cases[form].note for cases in here.values() if form in cases and cases[form].note)
    return f"{form} ({'; '.join(map(str, notes))})" if notes else form


if __name__ == "__main__":
    print(matrix_markdown(), end="")
