"""Which messages of a chat changed, moved, came and went. Pure, and bounded like the words in them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.content_hash import canonical_json
from assay.prompts.diff_words import MAX_PAIRS, TOKEN, Segment, diff_words, opcodes
from assay.prompts.messages import Message

Change = Literal["equal", "changed", "moved", "inserted", "deleted"]

# Beyond so many words to look at, messages are paired in order; beyond so many pairs of words in all messages together,
# what is left of them counts as replaced.
MAX_LIKENESS_WORDS = 2_000_000
MAX_WORD_PAIRS = MAX_PAIRS
MAX_LOOK_AHEAD = 200  # for the partner of a message, where they are paired in order
SAME_ROLE = 0.3  # what a role counts beside words, of which all the same are 1


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDiff:
    """One message on both sides, or on one only. A text prompt is a single message without a role.

    A `moved` message has the same words in another place; it stands where it is now.
    """

    change: Change
    old_role: str | None  # None too where there is no such side
    new_role: str | None
    segments: tuple[Segment, ...]
    old_position: int | None = None  # from 1; None where there is no such side
    new_position: int | None = None


@dataclass(frozen=True, slots=True)
class _Message:
    role: str | None
    text: str  # what a person reads: parts that are no text as JSON
    content: str  # what must be the same
    position: int


_Pair = tuple[_Message | None, _Message | None]  # what is on both sides, or on one of them


def diff_messages(old: str | list[Message], new: str | list[Message]) -> Iterator[MessageDiff]:
    """Every message of both sides once, in the order of the new side.

    Messages that are the same hold the alignment. What lies between two of them is paired so that as many words as
    possible stay; what is left on both sides with the same words has moved.
    """
    before, after = _read(old), _read(new)
    pairs: list[_Pair] = []
    for tag, i1, i2, j1, j2 in opcodes([(m.role, m.content) for m in before], [(m.role, m.content) for m in after]):
        if tag == "equal":
            pairs += zip(before[i1:i2], after[j1:j2], strict=True)
        else:
            pairs += _aligned(before[i1:i2], after[j1:j2])
    left = MAX_WORD_PAIRS
    for change, one, other in _with_moves(pairs):
        yield _message_diff(change, one, other, left)
        if change == "changed" and one and other:
            left = max(0, left - len(TOKEN.findall(one.text)) * len(TOKEN.findall(other.text)))


def _read(source: str | Sequence[Mapping[str, Any]]) -> list[_Message]:
    if isinstance(source, str):
        return [_Message(None, source, source, 1)]
    return [
        _Message(message["role"], _shown(message["content"]), _content(message["content"]), position)
        for position, message in enumerate(source, start=1)
    ]


def _content(content: Any) -> str:
    return content if isinstance(content, str) else f"parts {canonical_json(content)}"


def _shown(content: Any) -> str:
    if isinstance(content, str):
        return content
    return "\n".join(
        part["text"] if set(part) == {"type", "text"} and isinstance(part["text"], str) else _json(part)
        for part in content
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _aligned(old: list[_Message], new: list[_Message]) -> Iterator[_Pair]:
    """Two stretches with nothing in common at the same place; pairs never cross each other."""
    words = [[Counter(TOKEN.findall(message.text)) for message in side] for side in (old, new)]
    looked_at = len(new) * sum(len(one) + 1 for one in words[0]) + len(old) * sum(len(one) + 1 for one in words[1])
    found = _best_pairs(old, new, *words) if looked_at <= MAX_LIKENESS_WORDS else _pairs_in_order(old, new)
    i = j = 0
    for left, right in found:
        yield from ((message, None) for message in old[i:left])
        yield from ((None, message) for message in new[j:right])
        yield old[left], new[right]
        i, j = left + 1, right + 1
    yield from ((message, None) for message in old[i:])
    yield from ((None, message) for message in new[j:])


def _best_pairs(
    old: list[_Message], new: list[_Message], old_words: list[Counter[str]], new_words: list[Counter[str]]
) -> list[tuple[int, int]]:
    """The pairs whose likeness adds up to the most: as one aligns two sequences, from the end to the beginning."""
    likeness = [
        [_likeness(old[i], new[j], old_words[i], new_words[j]) for j in range(len(new))] for i in range(len(old))
    ]
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for i in reversed(range(len(old))):
        for j in reversed(range(len(new))):
            paired = best[i + 1][j + 1] + likeness[i][j] if likeness[i][j] else 0.0
            best[i][j] = max(paired, best[i + 1][j], best[i][j + 1])
    pairs: list[tuple[int, int]] = []
    i = j = 0
    while i < len(old) and j < len(new):
        if likeness[i][j] and best[i][j] == best[i + 1][j + 1] + likeness[i][j]:
            pairs.append((i, j))
            i, j = i + 1, j + 1
        elif best[i][j] == best[i + 1][j]:
            i += 1
        else:
            j += 1
    return pairs


def _pairs_in_order(old: list[_Message], new: list[_Message]) -> list[tuple[int, int]]:
    pairs: list[tuple[int, int]] = []
    start = 0
    for j, message in enumerate(new):
        ahead = range(start, min(start + MAX_LOOK_AHEAD, len(old)))
        partner = next((i for i in ahead if _may_be_one(old[i], message)), None)
        if partner is not None:
            pairs.append((partner, j))
            start = partner + 1
    return pairs


def _likeness(old: _Message, new: _Message, old_words: Counter[str], new_words: Counter[str]) -> float:
    """0 where `new` cannot be what `old` became. A bare text is a user's message."""
    common = sum((old_words & new_words).values())
    all_words = sum(old_words.values()) + sum(new_words.values())
    words = 2 * common / all_words if all_words else 1.0
    if (old.role or "user") == (new.role or "user"):
        return words + SAME_ROLE
    return words if _may_be_one(old, new) or words > 0.8 else 0.0


def _may_be_one(old: _Message, new: _Message) -> bool:
    return (old.role or "user") == (new.role or "user") or old.content == new.content


def _with_moves(pairs: list[_Pair]) -> Iterator[tuple[Change, _Message | None, _Message | None]]:
    """What became of each. A message that went from one place and came in another is one, where it is now."""
    gone: dict[tuple[str | None, str], list[_Message]] = {}
    for old, new in pairs:
        if old and new is None and old.text.strip():
            gone.setdefault((old.role, old.content), []).append(old)
    partners: dict[int, _Message] = {}
    for old, new in pairs:
        if new and old is None and (places := gone.get((new.role, new.content))):
            partners[new.position] = places.pop(0)
    moved = {partner.position for partner in partners.values()}
    for old, new in pairs:
        if old and new:
            yield "equal" if (old.role, old.content) == (new.role, new.content) else "changed", old, new
        elif new:
            yield "moved" if new.position in partners else "inserted", partners.get(new.position), new
        elif old and old.position not in moved:
            yield "deleted", old, None


def _message_diff(change: Change, old: _Message | None, new: _Message | None, max_pairs: int) -> MessageDiff:
    return MessageDiff(
        change=change,
        old_role=old.role if old else None,
        new_role=new.role if new else None,
        segments=diff_words(old.text if old else "", new.text if new else "", max_pairs),
        old_position=old.position if old else None,
        new_position=new.position if new else None,
    )
