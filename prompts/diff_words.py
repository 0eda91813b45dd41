"""Which words of a text changed. Pure, and bounded: no pair of texts holds up a page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from difflib import SequenceMatcher
from typing import Literal

Operation = Literal["equal", "insert", "delete"]
Segment = tuple[Operation, str]

# A variable or another tag is one word.
TOKEN = re.compile(r"\{\{[^{}\n]{0,200}\}\}|\{%[^{}\n]{0,200}%\}|\w+|\s+|[^\w\s]")

# Above so many pairs of words the middle of two texts counts as replaced: comparing them would hold up a page.
MAX_PAIRS = 25_000_000
MAX_MATCHES_OF_A_WORD = 400  # twenty times on either side


def diff_words(old: str, new: str, max_pairs: int = MAX_PAIRS) -> tuple[Segment, ...]:
    """Segments in reading order. Those that are not inserted join to `old`, those that are not deleted to `new`."""
    before, after = TOKEN.findall(old), TOKEN.findall(new)
    segments: list[Segment] = []
    for is_equal, i1, i2, j1, j2 in _hunks(before, after, max_pairs):
        if is_equal:
            segments.append(("equal", "".join(before[i1:i2])))
            continue
        segments += [("delete", "".join(before[i1:i2]))] if i1 < i2 else []
        segments += [("insert", "".join(after[j1:j2]))] if j1 < j2 else []
    return tuple(segments)


def _hunks(before: Sequence[str], after: Sequence[str], max_pairs: int) -> list[tuple[bool, int, int, int, int]]:
    """Equal and changed stretches by turns. A blank between two changed words is no reason to show two changes."""
    codes = opcodes(before, after, max_pairs)
    hunks: list[tuple[bool, int, int, int, int]] = []
    for index, (tag, i1, i2, j1, j2) in enumerate(codes):
        is_inside = 0 < index < len(codes) - 1
        is_equal = tag == "equal" and not (is_inside and "".join(before[i1:i2]).isspace())
        if hunks and hunks[-1][0] == is_equal:
            hunks[-1] = (is_equal, hunks[-1][1], i2, hunks[-1][3], j2)
        else:
            hunks.append((is_equal, i1, i2, j1, j2))
    return hunks


def opcodes(
    before: Sequence[Hashable], after: Sequence[Hashable], max_pairs: int = MAX_PAIRS
) -> list[tuple[str, int, int, int, int]]:
    """Like SequenceMatcher.get_opcodes, but its work is bounded: equal ends are set aside, huge middles replaced."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) * len(new) > max_pairs:
        middle = [("replace", 0, len(old), 0, len(new))]
    else:
        middle = list(SequenceMatcher(_is_common(old, new), old, new, autojunk=False).get_opcodes())
    shifted = [(tag, i1 + start, i2 + start, j1 + start, j2 + start) for tag, i1, i2, j1, j2 in middle]
    head = [("equal", 0, start, 0, start)] if start else []
    tail = [("equal", len(before) - end, len(before), len(after) - end, len(after))] if end else []
    return head + shifted + tail


def _is_common(old: Sequence[Hashable], new: Sequence[Hashable]) -> Callable[[Hashable], bool]:
    """Whether a word stands in both texts too often to begin a match with; matches still grow over it."""
    in_old, in_new = Counter(old), Counter(new)
    return lambda word: in_old[word] * in_new[word] > MAX_MATCHES_OF_A_WORD


def _common(left: Sequence[Hashable], right: Sequence[Hashable]) -> int:
    """How many first elements are the same."""
    shorter = min(len(left), len(right))
    return next((index for index in range(shorter) if left[index] != right[index]), shorter)
