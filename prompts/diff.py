"""What changes between two versions of a prompt: words of the text, messages of a chat, keys of the config. Pure.

Everything here is plain data for pages to render; `str()` of it is for terminals and reads like `git diff --word-diff`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any, Literal

from assay.content_hash import canonical_json
from assay.prompts.messages import Message
from assay.prompts.template import parse_template

Operation = Literal["equal", "insert", "delete"]
Change = Literal["equal", "changed", "inserted", "deleted"]
Segment = tuple[Operation, str]
_Message = tuple[str | None, str]  # role, content

_TOKEN = re.compile(r"\{\{\s*\w+\s*\}\}|\w+|\s+|[^\w\s]")  # a variable is one word

# Above so many pairs of words the middle of two texts counts as replaced: comparing them would hold up a page.
MAX_PAIRS = 25_000_000
MAX_MATCHES_OF_A_WORD = 400  # twenty times on either side

_MARKS: dict[Operation, tuple[str, str]] = {"equal": ("", ""), "insert": ("{+", "+}"), "delete": ("[-", "-]")}


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageDiff:
    """One message on both sides, or on one only. A text prompt is a single message without a role."""

    change: Change
    old_role: str | None  # None too where there is no such side
    new_role: str | None
    segments: tuple[Segment, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfigDiff:
    """One key of the config whose value differs. `key` is a path with dots where objects are nested."""

    change: Change
    key: str
    old: Any  # None too where there is no such side
    new: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Diff:
    """From `old` to `new`. Messages are all there, changed or not; of the config only what differs."""

    old_name: str
    old_version: int
    new_name: str
    new_version: int
    messages: tuple[MessageDiff, ...]
    config: tuple[ConfigDiff, ...]
    variables_added: tuple[str, ...]
    variables_removed: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        """Whether nothing differs that matters to a model."""
        return not self.config and all(message.change == "equal" for message in self.messages)

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def diff_versions(old: Mapping[str, Any], new: Mapping[str, Any]) -> Diff:
    """Compare two prompt version objects of the API: `name`, `version`, `template` and `config` of each are read.

    Raises:
        TemplateError: a template cannot be parsed.
    """
    before, after = parse_template(old["template"]), parse_template(new["template"])
    return Diff(
        old_name=old["name"],
        old_version=old["version"],
        new_name=new["name"],
        new_version=new["version"],
        messages=tuple(_diff_messages(_as_messages(before.source), _as_messages(after.source))),
        config=tuple(_diff_config(old["config"], new["config"])),
        variables_added=tuple(name for name in after.variables if name not in before.variables),
        variables_removed=tuple(name for name in before.variables if name not in after.variables),
    )


def diff_words(old: str, new: str) -> tuple[Segment, ...]:
    """Segments in reading order. Those that are not inserted join to `old`, those that are not deleted to `new`."""
    before, after = _TOKEN.findall(old), _TOKEN.findall(new)
    segments: list[Segment] = []
    for is_equal, i1, i2, j1, j2 in _hunks(before, after):
        if is_equal:
            segments.append(("equal", "".join(before[i1:i2])))
            continue
        segments += [("delete", "".join(before[i1:i2]))] if i1 < i2 else []
        segments += [("insert", "".join(after[j1:j2]))] if j1 < j2 else []
    return tuple(segments)


def _hunks(before: Sequence[str], after: Sequence[str]) -> list[tuple[bool, int, int, int, int]]:
    """Equal and changed stretches by turns. A blank between two changed words is no reason to show two changes."""
    opcodes = _opcodes(before, after)
    hunks: list[tuple[bool, int, int, int, int]] = []
    for index, (tag, i1, i2, j1, j2) in enumerate(opcodes):
        is_inside = 0 < index < len(opcodes) - 1
        is_equal = tag == "equal" and not (is_inside and "".join(before[i1:i2]).isspace())
        if hunks and hunks[-1][0] == is_equal:
            hunks[-1] = (is_equal, hunks[-1][1], i2, hunks[-1][3], j2)
        else:
            hunks.append((is_equal, i1, i2, j1, j2))
    return hunks


def _opcodes(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[tuple[str, int, int, int, int]]:
    """Like SequenceMatcher.get_opcodes, but its work is bounded: equal ends are set aside, huge middles replaced."""
    start = _common(before, after)
    end = _common(before[start:][::-1], after[start:][::-1])
    old, new = before[start : len(before) - end], after[start : len(after) - end]
    if len(old) * len(new) > MAX_PAIRS:
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


def _as_messages(source: str | list[Message]) -> list[_Message]:
    if isinstance(source, str):
        return [(None, source)]
    return [(message["role"], message["content"]) for message in source]


def _diff_messages(old: list[_Message], new: list[_Message]) -> Iterator[MessageDiff]:
    """Messages that are the same on both sides hold the alignment; what lies between two of them is paired in order."""
    for tag, i1, i2, j1, j2 in _opcodes(old, new):
        if tag == "equal":
            for role, content in old[i1:i2]:
                yield _message_diff("equal", role, role, content, content)
        else:
            yield from _pair(old[i1:i2], new[j1:j2])


def _pair(old: list[_Message], new: list[_Message]) -> Iterator[MessageDiff]:
    left = list(old)
    for role, content in new:
        partner = next((index for index, message in enumerate(left) if _may_be_one(message, (role, content))), None)
        if partner is None:
            yield _message_diff("inserted", None, role, "", content)
            continue
        for gone_role, gone in left[:partner]:
            yield _message_diff("deleted", gone_role, None, gone, "")
        yield _message_diff("changed", left[partner][0], role, left[partner][1], content)
        del left[: partner + 1]
    for role, content in left:
        yield _message_diff("deleted", role, None, content, "")


def _may_be_one(old: _Message, new: _Message) -> bool:
    """Whether `new` can be what `old` became: in the same role, or with the same words. A bare text is a user's."""
    return (old[0] or "user") == (new[0] or "user") or old[1] == new[1]


def _message_diff(change: Change, old_role: str | None, new_role: str | None, old: str, new: str) -> MessageDiff:
    return MessageDiff(change=change, old_role=old_role, new_role=new_role, segments=diff_words(old, new))


def _diff_config(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> Iterator[ConfigDiff]:
    for name in dict.fromkeys([*old, *new]):
        key, before, after = f"{prefix}{name}", old.get(name), new.get(name)
        if name not in old:
            yield ConfigDiff(change="inserted", key=key, old=None, new=after)
        elif name not in new:
            yield ConfigDiff(change="deleted", key=key, old=before, new=None)
        elif isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _diff_config(before, after, f"{key}.")
        elif canonical_json(before) != canonical_json(after):  # true is not 1 to a model
            yield ConfigDiff(change="changed", key=key, old=before, new=after)


def _lines(diff: Diff) -> Iterator[str]:
    new_name = "" if diff.new_name == diff.old_name else f"{diff.new_name} "
    yield f"{diff.old_name} {diff.old_version} -> {new_name}{diff.new_version}"
    if diff.is_empty:
        yield "No difference."
        return
    for message in diff.messages:
        yield from _message_lines(message)
    for change in diff.config:
        old, new = (json.dumps(value, ensure_ascii=False) for value in (change.old, change.new))
        told = {"inserted": f"added: {new}", "deleted": f"removed: {old}"}.get(change.change, f"{old} -> {new}")
        yield f"config {change.key}: {told}" if change.change == "changed" else f"config {change.key} {told}"
    for names, what in ((diff.variables_added, "added"), (diff.variables_removed, "removed")):
        if names:
            yield f"variables {what}: {', '.join(names)}"


def _message_lines(message: MessageDiff) -> Iterator[str]:
    if message.change == "equal":
        if message.old_role is not None:
            yield f"{message.old_role}: (unchanged)"
        return
    roles = [role for role in (message.old_role, message.new_role) if role is not None]
    prefix = " -> ".join(dict.fromkeys(roles))
    text = "".join(f"{_MARKS[operation][0]}{text}{_MARKS[operation][1]}" for operation, text in message.segments)
    yield f"{prefix}: {text}" if prefix else text
