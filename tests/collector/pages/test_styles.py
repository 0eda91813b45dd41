"""All styles are served as one sheet: a class that two areas lay out would be laid out by whichever comes last."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

import assay.collector.pages

STYLES = Path(assay.collector.pages.__file__).parent / "static" / "css"
OVERRULES = "narrow.css"  # is meant to change what the others say


def _classes(style: str) -> set[str]:
    """Classes that a rule of its own lays out wherever they stand, outside of media queries."""
    text = re.sub(r"/\*.*?\*/", "", style, flags=re.DOTALL)
    text = re.sub(r"@\w[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}", "", text)
    selectors = (re.sub(r"\([^()]*\)", "()", group) for group in re.findall(r"([^{}]+)\{", text))
    return {one.strip() for group in selectors for one in group.split(",") if re.fullmatch(r"\s*\.[\w-]+\s*", one)}


def test_classes_are_told_from_selectors_that_only_mention_them() -> None:
    style = (
        "/* .no { } */ .a { color: red } :is(.b, .c) p, .d { } @media (x) { .e { } .f { } } .g .h, .i:hover { } .j{}"
    )
    assert _classes(style) == {".a", ".d", ".j"}


def test_no_class_is_laid_out_by_two_areas() -> None:
    places = defaultdict(set)
    for path in STYLES.glob("*.css"):
        if path.name != OVERRULES:
            for name in _classes(path.read_text(encoding="utf-8")):
                places[name].add(path.name)
    assert {name: sorted(files) for name, files in places.items() if len(files) > 1} == {}
