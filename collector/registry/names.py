"""Which names are allowed. They stand in URLs (`/prompts/{name}/versions/2`) and URIs (`prompts:/qa@production`)."""

from __future__ import annotations

import re

from assay.errors import InvalidRequest

MAX_LENGTH = 200
LATEST = "latest"  # always the newest version; no alias can be called so

# Parts of the paths that follow a name, in the API and in the pages: a name with one of them could be read in two ways.
RESERVED_PARTS = frozenset({"versions", "aliases", "items", "diff", "v"})

_NAME = re.compile(r"[\w.\-]+(?: +[\w.\-]+)*(?:/[\w.\-]+(?: +[\w.\-]+)*)*")
_ALIAS = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,63}")
# Control characters, halves of pairs, and marks that turn the direction of writing: no name looks like another
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def check_name(kind: str, name: str) -> str:
    """`name`, when a prompt or a data set may have it.

    Raises:
        InvalidRequest: it may not; the message says why.
    """
    _check_length(kind, name)
    if not _NAME.fullmatch(name):
        raise InvalidRequest(
            f"{name!r} cannot be the name of {_a(kind)}.",
            hint="Use letters, digits, '_', '-', '.', single spaces inside, and '/' between the parts of a name.",
        )
    parts = name.split("/")
    if reserved := RESERVED_PARTS.intersection(parts) or {"..", "."}.intersection(parts):
        raise InvalidRequest(
            f"{name!r} cannot be the name of {_a(kind)}: {min(reserved)!r} means something else in addresses.",
            hint="Use another word for that part.",
        )
    if len(parts) > 1 and parts[-1].isdigit():
        raise InvalidRequest(
            f"{name!r} cannot be the name of {_a(kind)}: its last part is a number, which would be read as a version.",
            hint="End the name with something that is not a number.",
        )
    return name


def check_alias(alias: str) -> str:
    """`alias`, when a prompt version may carry it.

    Raises:
        InvalidRequest: it may not; the message says why.
    """
    if alias == LATEST:
        raise InvalidRequest(
            "'latest' is always the newest version; it cannot be set or removed.",
            hint="Use another name, e.g. 'production'.",
        )
    if not _ALIAS.fullmatch(alias):
        raise InvalidRequest(
            f"{alias!r} cannot be an alias.",
            hint="Begin with a letter; then up to 63 letters, digits, '_', '-' or '.'.",
        )
    return alias


def check_project(name: str) -> str:
    """`name`, when a project may have it: any service name can be a project, so nearly everything is allowed.

    Raises:
        InvalidRequest: it may not; the message says why.
    """
    _check_length("project", name)
    if _CONTROL.search(name) or name != name.strip():
        raise InvalidRequest(
            f"{name!r} cannot be the name of a project.", hint="Leave out control characters and white space around it."
        )
    return name


def check_label(kind: str, name: str) -> str:
    """`name`, when it may label an experiment or a key: it stands in no path, so only what is unreadable is refused.

    Raises:
        InvalidRequest: it may not; the message says why.
    """
    _check_length(kind, name)
    if _CONTROL.search(name):
        raise InvalidRequest(f"{name!r} cannot be the name of {_a(kind)}.", hint="Leave out control characters.")
    return name


def check_part(kind: str, name: str) -> str:
    """`name`, when an online scorer or an alert may have it: a label that is one part of a path.

    Raises:
        InvalidRequest: it may not; the message says why.
    """
    check_label(kind, name)
    if "/" in name or name in (".", ".."):
        raise InvalidRequest(
            f"{name!r} cannot be the name of {_a(kind)}.", hint="Leave out '/'; '.' and '..' alone are none either."
        )
    return name


def _a(kind: str) -> str:
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _check_length(kind: str, name: str) -> None:
    if not name.strip():
        raise InvalidRequest(f"The {kind} has no name.", hint="Give it one.")
    if len(name) > MAX_LENGTH:
        raise InvalidRequest(
            f"The name of the {kind} has {len(name)} characters.", hint=f"At most {MAX_LENGTH} are allowed."
        )
