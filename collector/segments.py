"""Names as segments of paths.

A name (project, prompt) may hold any character, also "/". Servers and proxies decode "%2F" before they route, so a name
is escaped twice where that matters: `segment` turns "/" and "%" into text that survives one decoding, `name_of` undoes
it.
"""

from __future__ import annotations

from urllib.parse import quote, unquote

PAGES = frozenset({"new"})  # words that stand in addresses where names do
FILE_ENDS = frozenset({"json", "jsonl", "csv", "svg"})  # what pages answer as a file where an address ends so


def segment(name: str) -> str:
    """`name` as one path segment that still is one after it was decoded on the way."""
    kept = name.replace("%", "%25").replace("/", "%2F")
    if kept in {".", ".."}:  # browsers resolve these, encoded or not
        kept = kept.replace(".", "%2E")
    stem, dot, end = kept.rpartition(".")
    if dot and end in FILE_ENDS:
        kept = f"{stem}%2E{end}"
    if kept in PAGES:
        kept = f"%{ord(kept[0]):02X}{kept[1:]}"
    return quote(kept, safe="")


def name_of(decoded_segment: str) -> str:
    """The name behind a path segment as the router hands it over, decoded once."""
    return unquote(decoded_segment)
