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
        Key("U", "Times in the zone of this machine, or in UTC"),
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
    "Traces": [
        Key("↑ / ↓", "The span above, or below; its details follow"),
        Key("→ / ←", "Open and go in; close, or to the parent"),
        Key("h / j / k / l", "The same as the arrows, from anywhere on the page"),
        Key("Home / End", "The first, or the last"),
        Key("Enter", "Into the details; Esc leads back"),
        Key("/", "Find spans, by name and by what they hold"),
        Key("n / N", "The next that was found, or the one before"),
        Key("e / E", "The next that failed, or the one before"),
        Key("x", "The longest time by itself; again: the next longest"),
        Key("$", "The most expensive; again: the next"),
        Key("z", "Zoom to the time of the span and what is below it; so does a double click"),
        Key("Shift+Z", "The whole time"),
        Key("f", "Fold all, or open all"),
        Key("[ / ]", "The newer, or the older trace of the list"),
        Key("1 / 2 / 3 / 4 / 5 / 6", "A tab of the details"),
        Key("y", "Copy a link to what is shown"),
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
