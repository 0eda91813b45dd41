"""Redaction rules of one's own: expressions that take linear time, by the engine or by bounds.

google-re2 matches any expression it knows in linear time. Without it, and for what it does not know (look-around), `re`
is used within bounds: an expression that could try more than `MAX_TRIES` ways at one place is refused, and a text is
looked through in windows, so that matches of up to `OVERLAP` characters are found wherever they stand.
"""

from __future__ import annotations

import importlib
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.errors import ConfigurationError
from assay.redaction_rules import Rule

WINDOW = 512
OVERLAP = 256
MAX_TRIES = 1024
INLINE_FLAGS = {re.IGNORECASE: "i", re.MULTILINE: "m", re.DOTALL: "s"}


class _OwnRule(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    pattern: Annotated[str, Field(min_length=1, max_length=10_000)]


class _RulesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    rule: Annotated[list[_OwnRule], Field(max_length=100)] = []


def own_rules(patterns: Mapping[str, str], path: Path | None) -> list[Rule]:
    """Rules from a table of names and expressions, and from a TOML file of `[[rule]]` with `name` and `pattern`.

    Raises:
        ConfigurationError: the file, or a rule, cannot be used.
    """
    named = [own_rule(name, pattern) for name, pattern in patterns.items()]
    return named + (read_rules(path) if path else [])


def read_rules(path: Path) -> list[Rule]:
    """The rules in a TOML file of `[[rule]]` tables with a `name` and a `pattern`.

    Raises:
        ConfigurationError: the file, or a rule in it, cannot be used.
    """
    try:
        file = _RulesFile.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else error
        raise ConfigurationError(
            f"The redaction rules in {path} cannot be read: {said}.",
            hint="It is TOML: [[rule]] with name = 'ticket' and pattern = 'TICKET-[0-9]+'.",
        ) from error
    return [own_rule(rule.name, rule.pattern) for rule in file.rule]


def own_rule(name: str, pattern: str | re.Pattern[str]) -> Rule:
    """A rule of the user's. A group named `secret` is the part to replace; without one it is the whole match.

    Raises:
        ConfigurationError: the expression cannot be used.
    """
    if not re.fullmatch(r"[a-z0-9_]{1,40}", name):
        raise ConfigurationError(
            f"{name!r} cannot be the name of a redaction rule.", hint="Use up to 40 of a to z, 0 to 9 and '_'."
        )
    text = pattern if isinstance(pattern, str) else _with_flags(pattern)
    compiled, why = _by_re2(text)
    if compiled is None:
        compiled = _by_re(name, text, why)
    if compiled.search(""):
        raise ConfigurationError(f"The redaction rule {name!r} matches the empty text.", hint="Make it find something.")
    return Rule(name=name, group="own", pattern=compiled)


class Windowed:
    """An expression of `re` that looks at no more than `WINDOW` characters at a time."""

    def __init__(self, pattern: re.Pattern[str]) -> None:
        self._pattern = pattern

    def search(self, text: str) -> re.Match[str] | None:
        return next(self._matches(text), None)

    def sub(self, repl: Callable[[re.Match[str]], str], string: str, /) -> str:
        parts, done = [], 0
        for match in self._matches(string):
            parts += [string[done : match.start()], repl(match)]
            done = match.end()
        return "".join([*parts, string[done:]])

    def _matches(self, text: str) -> Iterator[re.Match[str]]:
        start = 0
        while start <= len(text):
            end = min(start + WINDOW, len(text))
            match = self._pattern.search(text, start, end)
            if match is None:
                if end == len(text):
                    return
                start = end - OVERLAP
            elif match.end() == end < len(text) and match.start() > start:
                start = match.start()  # it may go on beyond the window
            else:
                yield match
                start = max(match.end(), match.start() + 1)


def _by_re2(pattern: str) -> tuple[Any, str]:
    """The expression for RE2; None, and why, where that does not know it or is not there."""
    try:
        import re2
    except ImportError:
        return None, "google-re2 is not installed, and "
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options), ""
    except re2.error as error:
        return None, f"RE2 says: {_said(error)}; and "


def _by_re(name: str, pattern: str, why: str) -> Windowed:
    try:
        compiled = re.compile(pattern)
        tree = importlib.import_module("re._parser").parse(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        raise ConfigurationError(
            f"The redaction rule {name!r} cannot be used: {error}.", hint="It is an expression as RE2 reads it."
        ) from error
    if tree.getwidth()[0] == 0:
        raise ConfigurationError(f"The redaction rule {name!r} matches the empty text.", hint="Make it find something.")
    if _tries(tree) > MAX_TRIES:
        raise ConfigurationError(
            f"The redaction rule {name!r} cannot be used: {why}with `re` it may take far longer than its text is long.",
            hint="Give its repeats small bounds, as in {1,20}, and put none into another"
            + ("; or pip install google-re2." if why.startswith("google") else "."),
        )
    return Windowed(compiled)


def _tries(tree: Any) -> int:
    """How many ways there may be to match at one place: an upper bound, and a high one. Stops counting early."""
    ways = 1
    for operation, value in tree:
        ways *= max(1, _tries_of(str(operation), value))
        if ways > MAX_TRIES:
            break
    return ways


def _tries_of(operation: str, value: Any) -> int:
    if operation in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, high, body = value
        high = min(int(high), WINDOW)
        inner = _tries(body)
        rounds = 0 if inner == 1 else min(high, 11)  # 2 ** 11 is too many in any case
        return int(inner**rounds * (high - min(int(low), high) + 1))
    if operation == "SUBPATTERN":
        return _tries(value[-1])
    if operation == "BRANCH":
        return sum(_tries(branch) for branch in value[1])
    if operation in ("ASSERT", "ASSERT_NOT"):
        return _tries(value[1])
    if operation == "ATOMIC_GROUP":
        return _tries(value)
    return MAX_TRIES + 1 if operation.startswith("GROUPREF") else 1


def _with_flags(pattern: re.Pattern[str]) -> str:
    if pattern.flags & re.VERBOSE:
        raise ConfigurationError(
            f"{pattern.pattern!r} is written with re.VERBOSE.", hint="Write it without spaces and comments."
        )
    flags = "".join(letter for flag, letter in INLINE_FLAGS.items() if pattern.flags & flag)
    return f"(?{flags}){pattern.pattern}" if flags else pattern.pattern


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
