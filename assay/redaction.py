"""Redaction: secrets and personal data in texts and attributes are replaced by `[redacted:<rule>]`.

Pure, and light to import: the collector runs it before anything is stored, and a traced program may run the same rules
before a span leaves it. It fails closed: what cannot be looked through is replaced by `[redaction failed]`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from assay.errors import ConfigurationError, MissingExtra
from assay.redaction_rules import RULES, SECRET_NAME, Rule

FAILED = "[redaction failed]"
MAX_DEPTH = 64  # of nested values, and of JSON in JSON
GROUPS = ("secrets", "personal")
CREDENTIAL = "credential"  # the rule that also knows names whose values are secrets


class Redactor:
    """Applies rules to values. Immutable; any thread may use it. No method raises for what it is given."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self._by_name = any(rule.name == CREDENTIAL for rule in rules)

    def text(self, text: str) -> str:
        """`text` with what the rules find replaced. JSON is looked through value by value, and stays JSON."""
        return self._guarded(text, 0)

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON-like value, with the name it is found under: under `password` nothing stays."""
        try:
            return self._value(value, name, 0)
        except Exception:
            return FAILED

    def attributes(self, attributes: Mapping[str, Any]) -> dict[str, Any]:
        """Attributes, names included: a name that holds an address is not spared."""
        return {self.text(name): self.value(value, name) for name, value in attributes.items()}

    # Steps ------------------------------------------------------------------------------------------------------

    def _guarded(self, text: str, depth: int) -> str:
        try:
            return self._text(text, depth)
        except Exception:
            return FAILED

    def _text(self, text: str, depth: int) -> str:
        if text[:1] in ("{", "[") and (parsed := _parsed(text)) is not None:
            redacted = self._value(parsed, "", depth + 1)
            return text if redacted == parsed else json.dumps(redacted, ensure_ascii=False)
        lowered = text.lower()
        for rule in self.rules:
            if not rule.needles or any(needle in lowered for needle in rule.needles):
                replaced = rule.pattern.sub(lambda match, rule=rule: _replacement(rule, match), text)  # type: ignore[misc]
                if replaced != text:
                    text, lowered = replaced, replaced.lower()
        return text

    def _value(self, value: Any, name: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return FAILED
        if isinstance(value, dict):
            return {
                self._guarded(str(key), depth + 1): self._value(each, str(key), depth + 1)
                for key, each in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._value(each, name, depth + 1) for each in value]
        if value is None or isinstance(value, bool) or value == "":
            return value
        if self._by_name and _is_secret_name(name):
            return f"[redacted:{CREDENTIAL}]"
        if isinstance(value, str):
            return self._guarded(value, depth)
        if isinstance(value, int) and abs(value) >= 10**12:  # the number of a card, written as a number
            digits = str(value)
            redacted = self._guarded(digits, depth)
            return value if redacted == digits else redacted
        return value


def make_redactor(wanted: str, own: Iterable[Rule] = ()) -> Redactor | None:
    """The redactor for a setting such as `secrets`, `all,-phone` or `email,card`; None when nothing is wanted.

    Args:
        own: rules besides the built-in ones, see `own_rule`; they always apply.

    Raises:
        ConfigurationError: a rule is not known.
    """
    chosen: set[str] = set()
    words = [word.strip().lower() for word in wanted.split(",") if word.strip()]
    for word in words:
        names = _names(word.removeprefix("-"))
        chosen = chosen - names if word.startswith("-") else chosen | names
    rules = [*(rule for rule in RULES if rule.name in chosen), *own]
    return Redactor(rules) if rules else None


def own_rule(name: str, pattern: str) -> Rule:
    """A rule of the user's. It is matched by RE2, which takes linear time whatever the expression.

    Raises:
        ConfigurationError: the expression cannot be used.
        MissingExtra: google-re2 is not installed.
    """
    try:
        import re2
    except ImportError as error:
        raise MissingExtra("A redaction rule of one's own", "server") from error
    if not re.fullmatch(r"[a-z0-9_]{1,40}", name):
        raise ConfigurationError(
            f"{name!r} cannot be the name of a redaction rule.", hint="Use up to 40 of a to z, 0 to 9 and '_'."
        )
    options = re2.Options()
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as error:
        raise ConfigurationError(
            f"The redaction rule {name!r} cannot be used: {_said(error)}.",
            hint="It is read by RE2, which knows no look-around and no back-references.",
        ) from error
    if compiled.search(""):
        raise ConfigurationError(f"The redaction rule {name!r} matches the empty text.", hint="Make it find something.")
    return Rule(name=name, group="own", pattern=compiled)


# Helpers ----------------------------------------------------------------------------------------------------------


def _names(word: str) -> set[str]:
    if word in ("off", "none", "false"):
        return set()
    found = {rule.name for rule in RULES if word in (rule.name, rule.group, "all", "true", "on")}
    if not found:
        known = ", ".join((*GROUPS, "all", "off", *(rule.name for rule in RULES)))
        raise ConfigurationError(f"There is no redaction rule {word!r}.", hint=f"There are: {known}.")
    return found


def _replacement(rule: Rule, match: re.Match[str]) -> str:
    whole = match.group()
    mark = f"[redacted:{rule.name}]"
    if rule.length is not None:
        length = rule.length(whole)
        return mark + whole[length:] if length else whole
    if "secret" not in match.re.groupindex:
        return mark
    start, end = (place - match.start() for place in match.span("secret"))
    if whole[start:].startswith("[redacted"):  # by a rule before this one
        return whole
    return whole[:start] + mark + whole[end:]


def _is_secret_name(name: str) -> bool:
    return SECRET_NAME.fullmatch(name.rpartition(".")[2]) is not None


def _parsed(text: str) -> Any:
    """The JSON in `text`; None when it is none, or nested too deeply to be looked through."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _said(error: Exception) -> str:
    said = error.args[0] if error.args else error
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
