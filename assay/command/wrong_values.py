"""What is said of an option whose value cannot be read: typer leaves that to pydantic, which speaks to programmers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# How the name of pydantic's problem begins -> what is wrong, with `{ge}` and the like from the problem
WORDS = {
    "int_": "{value!r} is no whole number.",
    "float_": "{value!r} is no number.",
    "bool_": "{value!r} is neither true nor false.",
    "datetime_": "{value!r} is no time. Write it as 2026-11-01 or 2026-11-01T12:30, in UTC.",
    "greater_than_equal": "{value!r} is too small: {ge} is the least.",
    "greater_than": "{value!r} is too small: it has to be more than {gt}.",
    "less_than_equal": "{value!r} is too large: {le} is the most.",
    "less_than": "{value!r} is too large: it has to be less than {lt}.",
}


def in_our_words(message: str, cause: BaseException | None) -> str:
    """`message` of a refused value, said plainly where `cause` is a problem of pydantic that is known here."""
    problems: list[Mapping[str, Any]] = getattr(cause, "errors", list)()
    return _said(problems[0]) or message if problems else message


def _said(problem: Mapping[str, Any]) -> str:
    words = next((words for begins, words in WORDS.items() if problem["type"].startswith(begins)), "")
    return words.format(value=problem["input"], **problem.get("ctx", {}))
