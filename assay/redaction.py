"""Redaction: secrets and personal data in texts and attributes are replaced by `[redacted:<rule>]`.

Pure, and light to import: a traced program runs it before a span leaves it, the collector before anything is stored.
It fails closed: what cannot be looked through is replaced by `[redaction failed]`.
"""

from __future__ import annotations

import fnmatch
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from assay.errors import ConfigurationError
from assay.redaction_rules import RULES, SECRET_NAME, SECRET_NAME_NEEDLES, Rule

FAILED = "[redaction failed]"
MAX_DEPTH = 64  # of nested values, and of JSON in JSON
MAX_ESCAPINGS = 4  # of a text in a text, where the outer one is no whole JSON
MAX_NAMES = 4096  # of attributes, whose outcome is remembered
GROUPS = ("secrets", "personal")
CREDENTIAL = "credential"  # the rule that also knows names whose values are secrets
HIDDEN = "attribute"  # stands for the rule, where a value goes because of its name alone
FAULT = "failed"  # stands for the rule, where a text could not be looked through

Found = Counter[str]
"""How often each rule found something."""

Visit = Callable[[str], str]

_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([^u]))", re.DOTALL)
_ESCAPED = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


class Texts:
    """Walks through values and replaces every text in them by what `visit` makes of it.

    JSON in a text is looked through value by value and stays JSON. What `visit` fails on becomes `[redaction failed]`.

    Args:
        found: counts what is replaced here.
        hidden: names under which nothing stays.
        secret: names under which no text and no number stays.
    """

    def __init__(
        self,
        visit: Visit,
        found: Found,
        *,
        hidden: Callable[[str], bool] | None = None,
        secret: Callable[[str], bool] | None = None,
    ) -> None:
        self._visit = visit
        self._found = found
        self._hidden = hidden
        self._secret = secret

    def text(self, text: str, depth: int = 0) -> str:
        try:
            if text[:1] in ("{", "[") and (parsed := _parsed(text)) is not None:
                replaced = self._value(parsed, "", depth + 1)
                return text if replaced == parsed else json.dumps(replaced, ensure_ascii=False)
            return self._visit(text)
        except Exception:
            return self._failed()

    def value(self, value: Any, name: str = "") -> Any:
        """A JSON-like value, with the name it is found under."""
        try:
            return self._value(value, name, 0)
        except Exception:
            return self._failed()

    def _value(self, value: Any, name: str, depth: int) -> Any:
        if depth > MAX_DEPTH:
            return self._failed()
        if value is None or value == "":
            return value
        if self._hidden is not None and self._hidden(name):
            self._found[HIDDEN] += 1
            return f"[redacted:{HIDDEN}]"
        if isinstance(value, Mapping):
            return {
                self.text(str(key), depth + 1): self._value(each, str(key), depth + 1) for key, each in value.items()
            }
        if isinstance(value, (list, tuple)):
            return [self._value(each, name, depth + 1) for each in value]
        if isinstance(value, bool):
            return value
        if self._secret is not None and self._secret(name):
            self._found[CREDENTIAL] += 1
            return f"[redacted:{CREDENTIAL}]"
        if isinstance(value, str):
            return self.text(value, depth)
        if isinstance(value, bytes):
            text = value.decode("utf-8", "surrogateescape")
            replaced = self.text(text, depth)
            return value if replaced == text else replaced.encode("utf-8", "surrogateescape")
        if isinstance(value, int) and abs(value) >= 10**12:  # the number of a card, written as a number
            digits = str(value)
            replaced = self.text(digits, depth)
            return value if replaced == digits else replaced
        return value

    def _failed(self) -> str:
        self._found[FAULT] += 1
        return FAILED


class Redactor:
    """Applies rules to values. Any thread may use it. No method raises for what it is given.

    Each method takes a counter of what was found, by the rules' names.

    Args:
        hide: names of values that are replaced whatever they are; `*` and `?` stand for others.
    """

    def __init__(self, rules: Sequence[Rule], *, hide: Sequence[str] = ()) -> None:
        self.rules = tuple(rules)
        self._by_name = any(rule.name == CREDENTIAL for rule in rules)
        self._needles = {needle for rule in rules for needle in rule.needles}
        self._always = any(not rule.needles for rule in rules)
        if self._by_name:
            self._needles.update(SECRET_NAME_NEEDLES)
        self._hidden = _names_like(hide) if hide else None
        self._clean_names: set[str] = set()

    def text(self, text: str, found: Found | None = None) -> str:
        """`text` with what the rules find replaced. JSON is looked through value by value, and stays JSON."""
        return text if self._is_clean(text) else self._texts(found).text(text)

    def value(self, value: Any, name: str = "", found: Found | None = None) -> Any:
        """A JSON-like value, with the name it is found under: under `password` nothing stays."""
        return self._texts(found).value(value, name)

    def attributes(self, attributes: Mapping[str, Any], found: Found | None = None) -> dict[str, Any]:
        """Attributes, names included: a name that holds an address is not spared."""
        texts = self._texts(found)
        return {self._name(name, texts): texts.value(value, name) for name, value in attributes.items()}

    def are_clean(self, texts: Iterable[str], attributes: Iterable[Mapping[str, Any]]) -> bool:
        """Whether it can be told without a closer look that nothing is found in any of these: most spans are passed
        over with one look at all their texts together.
        """
        seen = list(texts)
        for each in attributes:
            for name, value in each.items():
                if name not in self._clean_names or (self._by_name and _is_secret_name(name)):
                    return False
                if not _collect(value, seen):
                    return False
        return self._is_clean("\n".join(seen))

    def _texts(self, found: Found | None) -> Texts:
        counts = Counter[str]() if found is None else found
        secret = _is_secret_name if self._by_name else None
        return Texts(lambda text: self._redacted(text, counts), counts, hidden=self._hidden, secret=secret)

    def _name(self, name: str, texts: Texts) -> str:
        if name in self._clean_names:
            return name
        replaced = texts.text(name)
        if replaced == name and len(self._clean_names) < MAX_NAMES:
            self._clean_names.add(name)
        return replaced

    def _is_clean(self, text: str) -> bool:
        """Whether it can be told without a closer look that no rule finds anything, in JSON either."""
        if self._always or self._hidden is not None or "\\u" in text or "\\/" in text:
            return False
        lowered = text.lower()
        return not any(needle in lowered for needle in self._needles)

    def _redacted(self, text: str, found: Found) -> str:
        """A text that is no JSON, but may be cut out of some: what is escaped there is found as well."""
        if self._is_clean(text):
            return text
        text = self._apply(text, found)
        unescaped = text
        for _ in range(MAX_ESCAPINGS):
            before, unescaped = unescaped, _unescaped(unescaped)
            if unescaped == before:
                break
            redacted = self._apply(unescaped, found)
            if redacted != unescaped:
                text = unescaped = redacted
        return text

    def _apply(self, text: str, found: Found) -> str:
        lowered = text.lower()
        for rule in self.rules:
            if _may_match(rule, lowered):
                replaced = _sub(rule, text, found)
                if replaced != text:
                    text, lowered = replaced, replaced.lower()
        return text


def make_redactor(wanted: str, own: Iterable[Rule] = (), *, hide: Sequence[str] = ()) -> Redactor | None:
    """The redactor for a setting such as `secrets`, `all,-phone` or `email,card`; None when nothing is wanted.

    Args:
        own: rules besides the built-in ones, see redaction_own.py; they always apply.
        hide: names of values that are replaced whatever they are.

    Raises:
        ConfigurationError: a rule is not known.
    """
    chosen: set[str] = set()
    for word in names_of(wanted.lower()):
        names = _names(word.removeprefix("-"))
        chosen = chosen - names if word.startswith("-") else chosen | names
    rules = [*(rule for rule in RULES if rule.name in chosen), *own]
    return Redactor(rules, hide=hide) if rules or hide else None


def names_of(listed: str) -> list[str]:
    """The names in a list with commas between."""
    return [name.strip() for name in listed.split(",") if name.strip()]


# Helpers ----------------------------------------------------------------------------------------------------------


def _names(word: str) -> set[str]:
    if word in ("off", "none", "false"):
        return set()
    found = {rule.name for rule in RULES if word in (rule.name, rule.group, "all", "true", "on")}
    if not found:
        known = ", ".join((*GROUPS, "all", "off", *(rule.name for rule in RULES)))
        raise ConfigurationError(f"There is no redaction rule {word!r}.", hint=f"There are: {known}.")
    return found


def _may_match(rule: Rule, lowered: str) -> bool:
    if rule.needles and not any(needle in lowered for needle in rule.needles):
        return False
    return rule.near is None or rule.near.search(lowered) is not None


def _sub(rule: Rule, text: str, found: Found) -> str:
    def replace(match: re.Match[str]) -> str:
        replaced = _replacement(rule, match)
        if replaced != match.group():
            found[rule.name] += 1
        return replaced

    return rule.pattern.sub(replace, text)


def _replacement(rule: Rule, match: re.Match[str]) -> str:
    whole = match.group()
    mark = f"[redacted:{rule.name}]"
    if rule.length is not None:
        length = rule.length(whole)
        return mark + whole[length:] if length else whole
    if "secret" not in match.re.groupindex or match["secret"] is None:
        return mark
    start, end = (place - match.start() for place in match.span("secret"))
    if whole[start:].startswith("[redacted"):  # by a rule before this one
        return whole
    return whole[:start] + mark + whole[end:]


@lru_cache(maxsize=MAX_NAMES)
def _is_secret_name(name: str) -> bool:
    return SECRET_NAME.fullmatch(name.rpartition(".")[2]) is not None


def _collect(value: Any, texts: list[str]) -> bool:
    """Add the texts of an attribute's value. False: it is of a kind that has to be looked at by itself."""
    if isinstance(value, str):
        texts.append(value)
    elif isinstance(value, int):
        texts.append(str(value))
    elif isinstance(value, (list, tuple)):
        return all(_collect(each, texts) for each in value)
    else:
        return value is None or isinstance(value, float)
    return True


def _names_like(globs: Sequence[str]) -> Callable[[str], bool]:
    pattern = re.compile("|".join(fnmatch.translate(each.strip()) for each in globs), re.IGNORECASE)
    return lru_cache(maxsize=MAX_NAMES)(lambda name: pattern.match(name) is not None)


def _unescaped(text: str) -> str:
    """`text` with the escapes of JSON read once, wherever they stand."""
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda match: chr(int(match[1], 16)) if match[1] else _ESCAPED.get(match[2], match[2]), text)


def _parsed(text: str) -> Any:
    """The JSON in `text`; None when it is none, repeats a name, or is nested too deeply to be looked through."""
    try:
        return json.loads(text, object_pairs_hook=_without_repeats)
    except (ValueError, RecursionError):
        return None


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Of a name that comes twice, only the last value would be looked at."""
    read = dict(pairs)
    if len(read) != len(pairs):
        raise ValueError("a name is repeated")
    return read
