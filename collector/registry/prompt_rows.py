"""Rows of prompts: how they are found, and how the API shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from assay.collector.registry.models import AliasMove, Prompt, PromptAlias, PromptVersion
from assay.collector.registry.names import LATEST
from assay.collector.registry.times import iso
from assay.errors import PromptNotFound, TemplateError
from assay.prompts.template import parse_template

MAX_VERSION = 2**31 - 1


def find_prompt(session: Session, project: str, name: str) -> Prompt | None:
    return session.scalar(select(Prompt).where(Prompt.project == project, Prompt.name == name))


def get_prompt(session: Session, project: str, name: str) -> Prompt:
    """The prompt of that name.

    Raises:
        PromptNotFound: there is none.
    """
    if prompt := find_prompt(session, project, name):
        return prompt
    raise PromptNotFound(
        f"Project {project!r} has no prompt {name!r}.",
        hint="Register it with assay.register_prompt, or check the project.",
    )


def version_with_hash(session: Session, prompt: Prompt, digest: str) -> PromptVersion | None:
    return session.scalar(
        select(PromptVersion).where(PromptVersion.prompt_id == prompt.id, PromptVersion.content_hash == digest)
    )


def find_version(session: Session, prompt: Prompt, reference: int | str) -> PromptVersion:
    """One version: by its number (as int or as text), by an alias, or the `latest`.

    Raises:
        PromptNotFound: there is none; the message says what there is.
    """
    number = _number(session, prompt, reference)
    if number is not None and 1 <= number <= MAX_VERSION:
        found = session.scalar(
            select(PromptVersion).where(PromptVersion.prompt_id == prompt.id, PromptVersion.version == number)
        )
        if found is not None:
            return found
    aliases = ", ".join(aliases_of(session, [prompt.id]).get(prompt.id, {}))
    what = f"version {reference}" if number is not None else f"alias {reference!r}"
    raise PromptNotFound(
        f"Prompt {prompt.name!r} has no {what}.",
        hint=f"It has versions 1 to {prompt.latest_version}, {f'aliases {aliases}' if aliases else 'and no aliases'}.",
    )


def _number(session: Session, prompt: Prompt, reference: int | str) -> int | None:
    """The number that `reference` means; None for an alias that is not there."""
    if isinstance(reference, int):
        return reference
    if reference == LATEST:
        return prompt.latest_version
    if reference.isascii() and reference.isdigit():
        return int(reference[:20])
    pointer = session.get(PromptAlias, (prompt.id, reference))
    return pointer.version if pointer else None


def aliases_of(session: Session, prompt_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Alias -> version of each prompt that has any, in the order of their names."""
    query = select(PromptAlias).where(PromptAlias.prompt_id.in_(prompt_ids)).order_by(PromptAlias.alias)
    found: dict[int, dict[str, int]] = {}
    for pointer in session.scalars(query):
        found.setdefault(pointer.prompt_id, {})[pointer.alias] = pointer.version
    return found


def version_with_aliases(session: Session, prompt: Prompt, row: PromptVersion) -> dict[str, Any]:
    return version_object(prompt, row, aliases_of(session, [prompt.id]).get(prompt.id, {}))


def version_object(prompt: Prompt, row: PromptVersion, aliases: Mapping[str, int]) -> dict[str, Any]:
    """The prompt version object of the API."""
    return {
        "project": prompt.project,
        "name": prompt.name,
        "version": row.version,
        "type": row.type,
        "format": row.format,
        "template": row.template,
        "config": row.config,
        "response_format": row.response_format,
        "tools": row.tools,
        "tags": row.tags,
        "commit_message": row.commit_message,
        "author": row.author,
        "created_at": iso(row.created_at),
        "content_hash": row.content_hash,
        "parent_version": row.parent_version,
        **names_in(row.template, row.format),
        "aliases": [alias for alias, version in aliases.items() if version == row.version],
    }


def names_in(template: Any, format: str) -> dict[str, Any]:
    """What a template asks for: variables, messages at placeholders, other prompts."""
    try:
        parsed = parse_template(template, format)
    except TemplateError:  # registered when the language had fewer words; who uses it is told what is wrong
        return {"variables": [], "placeholders": [], "includes": []}
    return {
        "variables": list(parsed.variables),
        "placeholders": list(parsed.placeholders),
        "includes": [{"name": include.name, "reference": include.reference} for include in parsed.includes],
    }


def move_object(move: AliasMove) -> dict[str, Any]:
    """One line of an alias's log."""
    return {
        "id": move.id,
        "alias": move.alias,
        "from_version": move.from_version,
        "to_version": move.to_version,
        "author": move.author,
        "actor": move.actor,
        "reason": move.reason,
        "moved_at": iso(move.moved_at),
        "evidence": move.evidence,
        "undoes": move.undoes,
    }
