"""Every key of the pages: what the help shows. The scripts of the pages bind them (static/js/keys.js)."""

from __future__ import annotations

from dataclasses import dataclass

from assay.collector.pages.shell.sections import SECTIONS


@dataclass(frozen=True, slots=True)
class Key:
    keys: str  # as it is pressed: "g t" one after the other, "Ctrl+K" together, "j / k" either
    meaning: str


KEYS: dict[str, list[Key]] = {
    "Everywhere": [
        Key("?", "These keys"),
        Key("Ctrl+K", "Search: pages, ids, prompts, data sets, experiments, messages"),
        Key("/", "The filter of the page"),
        *(Key(section.keys, f"To {section.label}") for section in SECTIONS),
    ],
    "Review": [
        Key("1 to 9", "The answer with this number, to the question that is marked"),
        Key("y / n", "Yes, or no"),
        Key("Ctrl+Enter", "Store the answers, and on to the next item"),
        Key("s", "Leave the item to others"),
        Key("u", "Take back what you said last"),
        Key("c", "Write a comment"),
    ],
    "Lists of traces": [
        Key("j / k", "The row below, or above"),
        Key("Enter", "Open the row"),
        Key("o", "Open it in a new tab"),
        Key("x", "Select it, or not; with Shift and a click, all rows between"),
        Key("J / K", "Select it and go on, down or up"),
    ],
    "Trees": [
        Key("↑ / ↓", "The span above, or below"),
        Key("→ / ←", "Open and go in; close, or to the parent"),
        Key("Home / End", "The first, or the last"),
        Key("Enter", "Show its details"),
    ],
    "Details": [
        Key("m", "Messages as Markdown, or as plain text"),
        Key("f", "Fold or unfold everything"),
        Key("↑ / ↓", "In JSON: the part above, or below; Tab leads to its copy buttons"),
    ],
    "Comparisons": [
        Key("j / k", "The next item, or the one before"),
        Key("w / b", "The next item that got worse, or better"),
        Key("x", "Base and new the other way round"),
    ],
    "Playground": [
        Key("Ctrl+Enter", "Run all columns; also from a field"),
    ],
}
