"""Claims with their verdicts and evidence, as a judge's model lists them, and the check of the quotes. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from assay.evaluation.judges.reading import Unusable, choice, objects, text
from assay.evaluation.judges.row_texts import Document

# Quotation marks of all kinds, and the backtick: none of them is part of what is quoted
_DOUBLE, _SINGLE = "\u201c\u201d\u201e\u00ab\u00bb", "\u2018\u2019\u201a`"
_QUOTE_MARKS = str.maketrans(dict.fromkeys(_DOUBLE, '"') | dict.fromkeys(_SINGLE, "'"))
_ELLIPSIS = re.compile(r"\s*(?:\.\.\.|…|\[\.\.\.\]|\[…\])\s*")


def read_claims(said: Any, verdicts: Sequence[str], documents: Sequence[Document]) -> list[dict[str, Any]]:
    """The claims of an answer, each once, with `evidence_found`: whether its quote really stands in a document.

    Raises:
        Unusable: they are no list of claims with a verdict each.
    """
    found: dict[str, dict[str, Any]] = {}
    for each in objects(said, "claims"):
        claim = text(each.get("claim"))
        if not claim:
            raise Unusable('a claim has no text "claim"')
        evidence = text(each.get("evidence"))
        verdict = choice(each.get("verdict"), verdicts)
        known: dict[str, Any] = {"claim": claim, "verdict": verdict, "evidence": evidence or None}
        if evidence:
            known["evidence_found"] = is_quoted(evidence, documents)
        found.setdefault(normalised(claim), known)
    return list(found.values())


def is_quoted(quote: str, documents: Sequence[Document]) -> bool:
    """Whether a quote stands in one of the documents.

    White space, case, the kind of quotation marks and Unicode's compatibility forms do not count; the parts around an
    ellipsis have to stand in the same document in their order.
    """
    parts = [part for part in map(normalised, _ELLIPSIS.split(quote)) if part]
    return bool(parts) and any(_in_order(parts, normalised(document.content)) for document in documents)


def normalised(written: str) -> str:
    folded = unicodedata.normalize("NFKC", written).translate(_QUOTE_MARKS).casefold()
    return " ".join(folded.split()).strip("\"' ")


def _in_order(parts: Sequence[str], within: str) -> bool:
    position = 0
    for part in parts:
        start = within.find(part, position)
        if start < 0:
            return False
        position = start + len(part)
    return True
