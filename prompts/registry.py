"""Prompts from a program's side: register, point aliases, look back. What a request does is in loading.py."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.client import current_client
from assay.prompts.loading import forget_moving, quoted
from assay.prompts.version import PromptVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSummary:
    """One prompt of a project, as a list shows it. `tags` and `commit_message` are those of the latest version."""

    name: str
    latest_version: int
    aliases: Mapping[str, int]
    tags: Mapping[str, str]
    commit_message: str
    created_at: datetime
    updated_at: datetime


def register_prompt(
    name: str,
    template: str | Sequence[Mapping[str, str]],
    commit_message: str,
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    author: str | None = None,
) -> PromptVersion:
    """Register a version and return it. When a version with the same template and config exists, that one is returned.

    Args:
        name: letters, digits, `_ - .`, single spaces inside, and `/` between its parts, e.g. `support/answer`.
        template: text, or `[{"role": ..., "content": ...}]`; `{{name}}` is where a value goes.
        commit_message: what changed and why, as in git.
        config: what belongs to the prompt beside its words: model, temperature, ...
        author: the user that runs this process when it is left out.

    Raises:
        TemplateError: the template cannot be parsed; the message points at the place.
        InvalidRequest: the name or the commit message cannot be used.
        CollectorUnavailable: nobody answers.
    """
    client = current_client()
    body = {
        "name": name,
        "template": template if isinstance(template, str) else [dict(message) for message in template],
        "commit_message": commit_message,
        "config": dict(config or {}),
        "tags": dict(tags or {}),
        "author": author or _user(),
    }
    version = PromptVersion.from_api(client.post("/prompts", body))
    forget_moving(client, name)
    return version


def set_prompt_alias(name: str, alias: str, version: int, reason: str | None = None) -> None:
    """Point `alias` at a version. Who did it, when and why is kept, and can be read back.

    Raises:
        PromptNotFound: there is no such prompt or version.
        InvalidRequest: this cannot be an alias; `latest` is taken.
    """
    client = current_client()
    body = {"version": version, "reason": reason, "author": _user()}
    client.put(f"/prompts/{quoted(name)}/aliases/{quoted(alias)}", body)
    forget_moving(client, name)


def prompt_history(name: str) -> list[PromptVersion]:
    """Every version, newest first.

    Raises:
        PromptNotFound: there is no such prompt.
    """
    return [PromptVersion.from_api(row) for row in current_client().pages(f"/prompts/{quoted(name)}/versions")]


def search_prompts(filter: str | None = None) -> list[PromptSummary]:
    """Prompts of the project in the order of their names; `filter` is a part of the name, in any case."""
    return [
        PromptSummary(
            name=row["name"],
            latest_version=row["latest_version"],
            aliases=row["aliases"],
            tags=row["tags"],
            commit_message=row["commit_message"],
            created_at=datetime.fromisoformat(row["created_at"]),
            updated_at=datetime.fromisoformat(row["updated_at"]),
        )
        for row in current_client().pages("/prompts", filter=filter)
    ]


def _user() -> str | None:
    """Name of the user that runs this process; None where the system has none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None
