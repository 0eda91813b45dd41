"""Texts of prompt versions that this process has used: a model call that sends one of them belongs to that version.

A span that formats a prompt is linked to it, and so are the model calls below. Where a text is formatted in one place
and sent in another, or by a template of LangChain's that was made from it, only the text itself tells. Of each text
nothing but its hash and length are kept, of the texts used last: when the newer ones are many, they become the older
ones, and those before them are forgotten.
"""

from __future__ import annotations

import re

MAX_TEXTS = 2_000  # newer ones, and as many older ones
_VARIABLE = re.compile(r"\{\{[^{}]*\}\}|\{[^{}]*\}")

_Versions = dict[tuple[int, int], tuple[str, int]]
_newer: _Versions = {}
_older: _Versions = {}


def remember(text: str, name: str, version: int) -> None:
    """`text` comes from this version. One that is no more than a variable's value says nothing: use `has_own_text`."""
    global _newer, _older
    if not text:
        return
    newer = _newer
    newer[hash(text), len(text)] = (name, version)
    if len(newer) >= MAX_TEXTS and newer is _newer:  # else another thread has just seen to it
        _older, _newer = newer, {}


def find(text: str) -> tuple[str, int] | None:
    """Name and version of the prompt that this very text comes from."""
    key = (hash(text), len(text))
    return (_newer.get(key) or _older.get(key)) if text else None


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
