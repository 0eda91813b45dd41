"""`docs/scorers.md`, made from the docstrings of the scorers."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Iterator, Mapping

PARTS = ("Definition", "Range", "Direction", "Source", "Pitfalls")

# Heading -> where its classes live, by how their modules begin; the longest that fits counts
GROUPS = {
    "Texts": "assay.evaluation.scorers.",
    "JSON": "assay.evaluation.scorers.json_",
    "Retrieval": "assay.evaluation.scorers.retrieval",
    "Classification and regression": "assay.evaluation.classic.",
    "Agents, tools and limits": "assay.evaluation.agents.",
    "Judges": "assay.evaluation.judges.",
}
WIDTH = 120

INTRODUCTION = """\
# Scorers

A scorer looks at one row, or at all rows of a run, and says one thing about it. This page is made from the classes' own
docstrings (`make docs`).

```python
import assay
from assay.scorers import ExactMatch, scorer


@scorer(direction="lower", range=(0, 1))
def shouting(output):
    letters = [letter for letter in output if letter.isalpha()]
    return sum(letter.isupper() for letter in letters) / len(letters) if letters else None


data = [
    {"id": "a", "input": "two and two?", "output": "It is 4.", "expected": ["4", "It is 4."]},
    {"id": "b", "input": "and three?", "output": "SEVEN", "expected": "7"},
]
result = assay.evaluate(data, scorers=[ExactMatch(normalize="casefold"), "rouge_l", shouting])
print(result)
```

- **By class or by name.** `ExactMatch(normalize="squad")` is a class with its options, `"exact_match"` the same with
  its defaults, `"ndcg@5"` one with a cut-off. Of two scorers of one class, one needs another `name=`.
- **Three answers.** A value; None, where it does not apply (a row without an expected value, a query without relevant
  documents); or an error that says what to do, counted as `scorer_error`. A mean is over values alone: what failed is
  counted beside it and never a 0.
- **Several references.** Where the expected value of a scorer of texts is a list, each of its texts is a reference, and
  the best counts unless the scorer says otherwise.
- **Texts only.** A scorer of texts that is given a dict says so. Let the task return the text, or call the scorer in
  one of your own: `@scorer def answer(output, expected): return Rouge1()(output["answer"], expected)`.
- **The whole run.** Scorers marked "run" see all rows at once, for what is no mean over rows. Their figures are
  compared by difference only.
- **Retrieved documents** are ids, best first: the output if it is a list, a field of the output or of the item's
  metadata (`retrieved="output.hits"`), or what the retriever spans of the row's trace returned (`retrieved="trace"`).
  Expected is a list of the relevant ids, or a dict of ids and grades.
- **What is recorded** beside the value: the scorer's version (a hash of its source), its options, and in the score's
  metadata what the figure cannot be read without: sacrebleu's signature, the embedding model, unjudged documents.

METEOR, BERTScore, perplexity, toxicity classifiers and language detection are not here: they download models or texts
when they are used. A scorer of your own is a function.
"""


def scorers_markdown(built_in: Mapping[str, type]) -> str:
    """The whole page; `built_in` is the table of scorers by name."""
    groups: dict[str, list[tuple[str, type]]] = {title: [] for title in GROUPS}
    for name, found in built_in.items():
        groups[_group(found)].append((name, found))
    lines = [INTRODUCTION, "## All of them", "", "| name | class | tells | of | range | direction |"]
    lines += ["| --- | --- | --- | --- | --- | --- |"]
    lines += [_overview(name, found) for members in groups.values() for name, found in members]
    for title, members in groups.items():
        if members:
            lines += ["", f"## {title}"]
            lines += [line for name, found in members for line in _section(name, found)]
    return "\n".join(lines) + "\n"


def parts_of(found: type) -> dict[str, str]:
    """The paragraphs of a class's docstring by their first word, with what stands before them under ""."""
    text = inspect.cleandoc(found.__doc__ or "")
    pieces = re.split(rf"^({'|'.join(PARTS)}):", text, flags=re.MULTILINE)
    named = dict(zip(pieces[1::2], pieces[2::2], strict=True))
    return {name: " ".join(part.split()) for name, part in {"": pieces[0], **named}.items()}


def _group(found: type) -> str:
    fitting = [title for title, place in GROUPS.items() if found.__module__.startswith(place)]
    return max(fitting, key=lambda title: len(GROUPS[title]))


def _overview(name: str, found: type) -> str:
    parts = parts_of(found)
    says = re.split(r"(?<=[.?!])\s", parts[""], maxsplit=1)[0]
    level = "run" if getattr(found, "level", None) == "run" else "row"
    cells = [f"`{name}`", f"[{found.__name__}](#{found.__name__.lower()})", says, level]
    cells += [_short(parts[part]) for part in ("Range", "Direction")]
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _short(text: str) -> str:
    """The part before a remark: "0 to 1", "lower"."""
    return re.split(r"[.;,]\s|\.$|\sis better", text, maxsplit=1)[0]


def _section(name: str, found: type) -> Iterator[str]:
    parts = parts_of(found)
    yield from ("", f"### {found.__name__}", "", textwrap.fill(parts[""], WIDTH), "")
    yield f"`{found.__name__}({', '.join(_options(found))})`, by name `{name}`"
    yield ""
    for part in PARTS:
        yield textwrap.fill(
            f"- **{part}**: {parts[part]}",
            WIDTH,
            subsequent_indent="  ",
            break_long_words=False,
            break_on_hyphens=False,
        )


def _options(found: type) -> Iterator[str]:
    """The arguments as they are written, with their defaults; the name, which all have, is left out."""
    for parameter in inspect.signature(found).parameters.values():
        if parameter.name in ("name", "gateway"):
            continue
        required = parameter.default is parameter.empty
        yield parameter.name if required else f"{parameter.name}={_default(parameter.default)}"


def _default(value: object) -> str:
    # what has no literal form (a factory's placeholder, an object) would differ between machines
    return repr(value) if isinstance(value, str | int | float | bool | tuple | None) else "..."
