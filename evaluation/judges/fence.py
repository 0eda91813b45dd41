"""The fence around judged texts: they are data, and nothing in them can end where they stand."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from assay.evaluation.plain import plain

FENCE_DIGITS = 16


@dataclass(frozen=True, slots=True)
class Fenced:
    """Texts between tags that end in `word`, by name: ``<output-word>`` ... ``</output-word>``."""

    word: str
    blocks: Mapping[str, str]

    def __str__(self) -> str:
        return "\n\n".join(self.blocks.values())


def fenced(texts: Mapping[str, Any]) -> Fenced:
    """Every text in a fence of its own, in the order given; what is no text is shown as JSON.

    The fence is a hash of all the texts: one that wanted to close its fence would have to contain its own hash. Unlike
    a random word it is the same for the same texts, so that a request can be repeated, and its answer kept.
    """
    shown = {name: as_text(value) for name, value in texts.items()}
    word = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:FENCE_DIGITS]
    return Fenced(word, {name: f"<{name}-{word}>\n{text}\n</{name}-{word}>" for name, text in shown.items()})


def as_text(value: Any) -> str:
    """What a judge reads of a value: a text as it is, anything else as JSON."""
    known = plain(value)
    return known if isinstance(known, str) else as_json(known)


def as_json(value: Any) -> str:
    """A value as JSON on one line, whole: what spans record is cut at some length, what is judged is not."""
    return json.dumps(plain(value), ensure_ascii=False)
