"""`docs/dialects.md`, made from the dialects' own tables."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from types import ModuleType

from assay.collector import dialects
from assay.collector.canonical import READERS
from assay.collector.dialects.dialect import EVENTS, Dialect, Function

INTRODUCTION = """\
# Dialects

A span is stored with the attributes it came with, and beside them with the same columns whoever sent it. Each
convention that spans are written in is a module in `collector/dialects/`: a table of names, and functions for what is
more than a rename. This page is made from those tables (`make docs`).

- **A column is filled by the first dialect that has a value for it**, in the order of the list below: senders mix
  conventions on one span. `dialect` is a label only, that of the first one that recognises the span.
- **Messages** of every provider's shape become `[{"role", "parts": [{"type", ...}]}]`, the newest message schema of the
  GenAI conventions. Text that a model or a person wrote is never parsed: an answer in JSON is text.
- **Tokens**: `input_tokens` includes what a cache read and wrote, `output_tokens` includes reasoning, and the total is
  their sum. Where a provider's counts exclude a part and an instrumentation passes them on so, the part is added.
  What nobody counted stays unknown: it is never 0.
- **A trace counts every model call once**: only spans of kind `llm` and `embedding`, and of two directly above each
  other only the inner one. What an agent reports is the sum of its children, so it counts only where none arrived.
- **Cost** is what the span reports, else the price of that day: from your own file (the setting `prices`), else from
  the price list of `genai-prices`. `assay reprice` prices again what is stored.
- **Log records** of GenAI events are events of their span, whichever came first.

## Adding a dialect is one file and one test file

1. `collector/dialects/<name>.py` with a `DIALECT` and a docstring that names the source; a line for it in
   `collector/dialects/__init__.py`, before those it knows better than.
2. `tests/collector/dialects/test_<name>.py` over requests that the real library sent: `tests/data/<name>/` holds them
   beside the `record.py` that made them.

```python
DIALECT = Dialect(
    name="generic",  # the label; a library with words of its own may share one
    prefixes=("acme.",),  # asked only where an attribute, a scope or an event starts so
    recognises=lambda attributes: "acme.kind" in attributes,
    fields={"request_model": ("acme.model", "acme.engine")},  # column -> attributes, best first
    functions={"kind": lambda attributes: KINDS.get(attributes.get("acme.kind"))},
)
```

A function is given all attributes, and under `@name`, `@scope`, `@span_kind`, `@events` and `@resource` what else the
span says. It returns None where it has no value, and never raises on values of a strange type.

## The list, in the order asked
"""


def dialects_markdown() -> str:
    modules = sorted(_modules(), key=lambda module: dialects.DIALECTS.index(module.DIALECT))
    lines = [INTRODUCTION, "| module | label | attributes | scopes | events |", "| --- | --- | --- | --- | --- |"]
    lines += [_overview(_name(module), module.DIALECT) for module in modules]
    for module in modules:
        lines += ["", f"## {_name(module)}", "", inspect.getdoc(module) or "", ""]
        lines += ["| column | attributes, best first | else |", "| --- | --- | --- |", *_columns(module.DIALECT)]
    return "\n".join(lines) + "\n"


def _modules() -> Iterator[ModuleType]:
    for value in vars(dialects).values():
        if isinstance(value, ModuleType) and isinstance(getattr(value, "DIALECT", None), Dialect):
            yield value


def _name(module: ModuleType) -> str:
    return module.__name__.rpartition(".")[2]


def _overview(name: str, dialect: Dialect) -> str:
    starts = (dialect.prefixes, dialect.scopes, dialect.events)
    cells = (", ".join(_code(f"{start}…" if start else "any") for start in given) for given in starts)
    return f"| {name} | {dialect.name} | {' | '.join(cells)} |"


def _columns(dialect: Dialect) -> Iterator[str]:
    for column in READERS:
        names, functions = dialect.fields.get(column, ()), dialect.functions_of(column)
        if names or functions:
            told = "; ".join(map(_function, functions))
            yield f"| `{column}` | {', '.join(map(_code, names))} | {told} |"


def _function(function: Function) -> str:
    """What the function says of itself, and what it reads where that is declared."""
    doc = (inspect.getdoc(function) or "").split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
    needed = [start for start in getattr(function, "needs", ()) if start != EVENTS]
    reads = [_code(start if not start.endswith(".") else f"{start}…") for start in needed]
    if EVENTS in getattr(function, "needs", ()):
        reads.append("events")
    read = f"from {', '.join(reads)}" if reads else "" if doc else "worked out"
    return f"{read}: {doc}" if read and doc else read or doc


def _code(text: str) -> str:
    return f"`{text}`"
