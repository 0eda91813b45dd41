"""Prompt versions → what the prompt pages show. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.collector.pages.traces.messages import ROLE_LABELS

PLACEHOLDER = "placeholder"
PRODUCTION = "production"
PieceKind = Literal["text", "variable", "include", "code", "comment"]

# Only for colours: what a template means is decided in assay.prompts. A tag that none of these fits stays text.
_SIMPLE = re.compile(r"\{\{\s*(?:(?P<variable>[^\W\d]\w*)|>\s*(?P<include>[^{}\r\n]{1,300}?))\s*\}\}")
_JINJA = re.compile(
    r"\{\{-?\s*(?:(?P<variable>[^\W\d]\w*)|>\s*(?P<include>[^{}\r\n]{1,300}?))\s*-?\}\}"
    r"|(?P<comment>\{#.*?#\})|(?P<code>\{%.*?%\}|\{\{.*?\}\})",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a template: text, the name of a variable, the reference of an included prompt, or code as written."""

    text: str
    kind: PieceKind = "text"


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    role: str | None  # None: the prompt is plain text
    label: str
    pieces: list[Piece]
    parts: Any = None  # content that is a list of parts, which is shown as data
    is_placeholder: bool = False  # other messages go here; the one piece is the name they are given by


@dataclass(frozen=True, slots=True)
class ScoredVersion:
    """The mean of one score of one version."""

    version: int
    score: Mapping[str, Any]


def scored_versions(
    prompts: Iterable[Mapping[str, Any]], scores: Mapping[tuple[str, int], Sequence[Mapping[str, Any]]]
) -> dict[str, list[ScoredVersion]]:
    """For each prompt its version in production beside the latest one, by the score that most of their traces have."""
    found: dict[str, list[ScoredVersion]] = {}
    for prompt in prompts:
        name = prompt["name"]
        versions = dict.fromkeys([(prompt["aliases"] or {}).get(PRODUCTION), prompt["latest_version"]])
        shown = [number for number in versions if number is not None and (name, number) in scores]
        score = next((scores[name, number][0]["name"] for number in shown), None)
        found[name] = [
            ScoredVersion(number, one) for number in shown for one in scores[name, number] if one["name"] == score
        ]
    return found


def template_messages(version: Mapping[str, Any]) -> list[TemplateMessage]:
    template, format = version["template"], version.get("format") or "simple"
    if isinstance(template, str):
        return [TemplateMessage(role=None, label="Text", pieces=pieces(template, format))]
    return [_message(message["role"], message["content"], format) for message in template]


def _message(role: str, content: Any, format: str) -> TemplateMessage:
    if role == PLACEHOLDER and isinstance(content, str):
        name = [Piece(content.strip(), "variable")]
        return TemplateMessage(role="other", label="Messages given as", pieces=name, is_placeholder=True)
    shown = pieces(content, format) if isinstance(content, str) else []
    parts = None if isinstance(content, str) else content
    return TemplateMessage(role=role_class(role), label=ROLE_LABELS.get(role, role), pieces=shown, parts=parts)


def role_class(role: str | None) -> str:
    """The role as the style sheet knows it."""
    return ROLE_LABELS.get(role or "", "other").lower()


def pieces(text: str, format: str = "simple") -> list[Piece]:
    """The text in runs, in order; joined as they are written they are the text."""
    return list(_pieces(text, _JINJA if format == "jinja" else _SIMPLE))


def _pieces(text: str, pattern: re.Pattern[str]) -> Iterator[Piece]:
    done = 0
    for match in pattern.finditer(text):
        if match.start() > done:
            yield Piece(text[done : match.start()])
        kind = match.lastgroup
        assert kind is not None, "one of the groups matched"
        yield Piece(match[kind], kind)  # type: ignore[arg-type]  # the groups are named after the kinds
        done = match.end()
    if done < len(text):
        yield Piece(text[done:])


def find_version(versions: Iterable[Mapping[str, Any]], number: int) -> Mapping[str, Any] | None:
    return next((version for version in versions if version["version"] == number), None)


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a prompt's history: a version that was registered, or an alias that moved."""

    at: str
    version: Mapping[str, Any] | None = None
    move: Mapping[str, Any] | None = None


def history(versions: Sequence[Mapping[str, Any]], moves: Sequence[Mapping[str, Any]]) -> list[Event]:
    """Both together, newest first. A version stands below the moves of its own instant, which came after it."""
    events = [Event(move["moved_at"], move=move) for move in moves]
    events += [Event(version["created_at"], version=version) for version in versions]
    return sorted(events, key=lambda event: event.at, reverse=True)
