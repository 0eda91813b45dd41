"""Texts of prompt versions that this process has used: a model call that sends one of them belongs to that version.

A span that formats a prompt is linked to it, and so are the model calls below. Where a text is formatted in one place
and sent in another, or by a template of LangChain's that was made from it, only the text itself tells. Of each text
nothing but its hash and length are kept.
"""

from __future__ import annotations

import re
from collections import OrderedDict

MAX_TEXTS = 2_000
_VARIABLE = re.compile(r"\{\{[^{}]*\}\}|\{[^{}]*\}")

_versions: OrderedDict[tuple[int, int], tuple[str, int]] = OrderedDict()


def remember(text: str, name: str, version: int) -> None:
    """`text` comes from this version. One that is no more than a variable's value says nothing: use `has_own_text`."""
    if not text:
        return
    key = (hash(text), len(text))
    _versions[key] = (name, version)
    try:
        _versions.move_to_end(key)
        while len(_versions) > MAX_TEXTS:
            _versions.popitem(last=False)
    except KeyError:  # another thread was at it
        pass


def find(text: str) -> tuple[str, int] | None:
    """Name and version of the prompt that this very text comes from."""
    return _versions.get((hash(text), len(text))) if text else None


def has_own_text(template: str) -> bool:
    """Is there more in a template than variables?"""
    return any(piece.strip() for piece in _VARIABLE.split(template))


def made_from(template: str, text: str) -> bool:
    """Can `text` be `template` with its variables replaced? All that stands between them is there, in order."""
    if not has_own_text(template):
        return False
    position = 0
    for piece in _VARIABLE.split(template):
        found = text.find(piece, position)
        if found < 0:
            return False
        position = found + len(piece)
    return True
