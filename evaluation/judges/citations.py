"""Citations in an output, and the documents that they mean: what can be known without asking a model. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from assay.evaluation.judges.fence import as_text
from assay.evaluation.judges.row_texts import Document, answer_of

# What stands in square brackets; a link's text, which a bracket follows at once, is none.
_BRACKETS = re.compile(r"\[([^\[\]\n]{1,200})\](?!\()")
_STOPS = ".!?\u3002\uff01\uff1f"  # the last three in Chinese and Japanese
_SENTENCES = re.compile(rf"(?<=[{_STOPS}])(?=\s|[^\x00-\x7f])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """One mark of an output. `document` counts from 1; None when nothing of what was retrieved has this id."""

    mark: str
    statement: str
    document: int | None


def citations_of(output: Any, documents: Sequence[Document]) -> list[Citation]:
    """The citations of an output in their order, each with the statement that it stands behind.

    A mark is a document's id in square brackets, or its number, from 1; `[1, 3]` and `[a; b]` are two each. What
    stands in brackets and is neither an id that is known nor has a digit is no citation, such as [sic]. A number is an
    id where there is one like it, else a position. Full-width brackets count as well.
    """
    text = as_text(answer_of(output)).translate(_FULL_WIDTH)
    return [
        Citation(mark=mark, statement=_statement(line, *found.span()), document=position(mark, documents))
        for line in text.splitlines()
        for found in _BRACKETS.finditer(line)
        for mark in _marks(found[1], documents)
    ]


def position(mark: str, documents: Sequence[Document]) -> int | None:
    """The document that a mark means, counted from 1; None when there is none."""
    wanted = _key(mark)
    for number, document in enumerate(documents, start=1):
        if document.id is not None and _key(document.id) == wanted:
            return number
    if wanted.isascii() and wanted.isdigit() and 1 <= int(wanted[:9]) <= len(documents) and len(wanted) < 9:
        return int(wanted)
    return None


_FULL_WIDTH = str.maketrans("\u3010\u3011\uff3b\uff3d", "[][]")


def _marks(inside: str, documents: Sequence[Document]) -> list[str]:
    if position(inside, documents) is not None:  # an id may hold a comma
        return [inside.strip()]
    marks = [mark.strip() for mark in re.split("[,;\u3001]", inside) if mark.strip()]
    return [mark for mark in marks if position(mark, documents) is not None or _looks_like_one(mark)]


def _looks_like_one(mark: str) -> bool:
    return any(letter.isdigit() for letter in mark) and " " not in mark


def _key(mark: str) -> str:
    return mark.strip().lstrip("^#").removeprefix("id:").strip().casefold()


def _statement(line: str, start: int, end: int) -> str:
    """The sentence that a mark stands in or, after its full stop, behind; without its marks."""
    before = _BRACKETS.sub(" ", line[:start]).rstrip()
    if before and before[-1] in _STOPS:
        return _tidy(_SENTENCES.split(before)[-1])
    after = _SENTENCES.split(_BRACKETS.sub(" ", line[end:]).lstrip(), maxsplit=1)[0]
    return _tidy(f"{_SENTENCES.split(before)[-1]} {after}")


def _tidy(statement: str) -> str:
    return " ".join(statement.split()).replace(" .", ".")
