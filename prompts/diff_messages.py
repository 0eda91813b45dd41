"""Which messages of a chat changed, moved, came and went. Pure, and bounded like the words in them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from assay.content_hash import canonical_json
from assay.prompts.diff_words import TOKEN, Segment, diff_words, opcodes
from assay.prompts.messages import Message

Change = Literal["equal", "changed", "moved", "inserted", "deleted"]

MAX_PAIRS = 10_000  # of messages that are compared with each other; beyond it they are paired in order
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


def diff_messages(old: str | list[Message], new: str | list[Message]) -> Iterator[MessageDiff]:
    """Every message of both sides once, in the order of the new side.

    Messages that are the same hold the alignment. What lies between two of them is paired so that as many words as
    possible stay; what is left on both sides with the same words has moved.
    """
    before, after = _read(old), _read(new)
    found: list[MessageDiff] = []
    for tag, i1, i2, j1, j2 in opcodes([(m.role, m.content) for m in before], [(m.role, m.content) for m in after]):
        if tag == "equal":
            found += [_pair(old, new) for old, new in zip(before[i1:i2], after[j1:j2], strict=True)]
        else:
            found += _aligned(before[i1:i2], after[j1:j2])
    yield from _with_moves(found, before, after)


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


def _aligned(old: list[_Message], new: list[_Message]) -> list[MessageDiff]:
    """Two stretches with nothing in common at the same place; pairs never cross each other."""
    pairs = _best_pairs(old, new) if len(old) * len(new) <= MAX_PAIRS else _pairs_in_order(old, new)
    found: list[MessageDiff] = []
    i = j = 0
    for left, right in [*pairs, (len(old), len(new))]:
        found += [_one_side(message, "deleted") for message in old[i:left]]
        found += [_one_side(message, "inserted") for message in new[j:right]]
        if left < len(old):
            found.append(_pair(old[left], new[right]))
        i, j = left + 1, right + 1
    return found


def _best_pairs(old: list[_Message], new: list[_Message]) -> list[tuple[int, int]]:
    """The pairs whose likeness adds up to the most: as one aligns two sequences, from the end to the beginning."""
    words = [[Counter(TOKEN.findall(message.text)) for message in side] for side in (old, new)]
    likeness = [[_likeness(old[i], new[j], words[0][i], words[1][j]) for j in range(len(new))] for i in range(len(old))]
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
        partner = next((i for i in range(start, len(old)) if _may_be_one(old[i], message)), None)
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


def _with_moves(found: list[MessageDiff], before: list[_Message], after: list[_Message]) -> Iterator[MessageDiff]:
    """Messages that went from one place and came in another are told once, where they are now."""
    gone: dict[tuple[str | None, str], list[int]] = {}
    for one in found:
        if one.change == "deleted" and one.old_position is not None:
            message = before[one.old_position - 1]
            if message.text.strip():
                gone.setdefault((message.role, message.content), []).append(message.position)
    came_from: dict[int, int] = {}
    for one in found:
        if one.change == "inserted" and one.new_position is not None:
            message = after[one.new_position - 1]
            if places := gone.get((message.role, message.content)):
                came_from[one.new_position] = places.pop(0)
    moved = set(came_from.values())
    for one in found:
        if one.change == "inserted" and one.new_position in came_from:
            segments: tuple[Segment, ...] = tuple(("equal", text) for _, text in one.segments)
            old_position = came_from[one.new_position]
            yield replace(one, change="moved", old_role=one.new_role, segments=segments, old_position=old_position)
        elif not (one.change == "deleted" and one.old_position in moved):
            yield one


def _pair(old: _Message, new: _Message) -> MessageDiff:
    return MessageDiff(
        change="equal" if (old.role, old.content) == (new.role, new.content) else "changed",
        old_role=old.role,
        new_role=new.role,
        segments=diff_words(old.text, new.text),
        old_position=old.position,
        new_position=new.position,
    )


def _one_side(message: _Message, change: Literal["inserted", "deleted"]) -> MessageDiff:
    is_new = change == "inserted"
    return MessageDiff(
        change=change,
        old_role=None if is_new else message.role,
        new_role=message.role if is_new else None,
        segments=diff_words("", message.text) if is_new else diff_words(message.text, ""),
        old_position=None if is_new else message.position,
        new_position=message.position if is_new else None,
    )
