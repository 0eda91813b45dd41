"""Prompt versions → what the prompt pages show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.messages import ROLE_LABELS
from assay.errors import TemplateError
from assay.prompts.template import Variable, parse_text


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of a template: text, or the name of a variable."""

    text: str
    is_variable: bool = False


@dataclass(frozen=True, slots=True)
class TemplateMessage:
    role: str | None  # None: the prompt is plain text
    label: str
    pieces: list[Piece]


def template_messages(version: Mapping[str, Any]) -> list[TemplateMessage]:
    template = version["template"]
    if isinstance(template, str):
        return [TemplateMessage(role=None, label="Text", pieces=pieces(template))]
    return [
        TemplateMessage(
            role=role_class(message["role"]),
            label=ROLE_LABELS.get(message["role"], message["role"]),
            pieces=pieces(message["content"]),
        )
        for message in template
    ]


def role_class(role: str | None) -> str:
    """The role as the style sheet knows it."""
    return ROLE_LABELS.get(role or "", "other").lower()


def pieces(text: str) -> list[Piece]:
    """Text and variables in order; a template of another language is text throughout."""
    try:
        parts = list(parse_text(text))
    except TemplateError:
        return [Piece(text)]
    return [Piece(part.name, True) if isinstance(part, Variable) else Piece(part) for part in parts]


def find_version(versions: Iterable[Mapping[str, Any]], number: int) -> Mapping[str, Any] | None:
    return next((version for version in versions if version["version"] == number), None)
