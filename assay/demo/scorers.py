"""What the demo looks for in an answer, beside whether it is right: two functions that need no model."""

from __future__ import annotations

from typing import Any

from assay.demo.assistant import HELP_PAGES
from assay.scorers import Score, scorer

MAX_WORDS = 45  # two sentences, a long one and a short one


@scorer
def concise(output: str) -> Score:
    """Short enough to be read on a telephone."""
    count = len(output.split())
    return Score(name="concise", value=count <= MAX_WORDS, explanation=f"{count} words; {MAX_WORDS} are allowed")


@scorer
def cites_page(output: str, metadata: dict[str, Any]) -> bool | None:
    """Names the help page that it rests on. Does not apply where no page holds the answer."""
    if metadata["kind"] in ("order-status", "unanswerable"):
        return None
    return any(f"[{page['id']}]" in output for page in HELP_PAGES)
