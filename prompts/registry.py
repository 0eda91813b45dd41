"""Prompts from a program's side: register, point aliases, look back. What a request does is in loading.py."""

from __future__ import annotations

import getpass
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from assay.client import current_client
from assay.errors import ConfigurationError, TemplateError
from assay.prompts.arguments import mapping, mappings, url_part
from assay.prompts.loading import refresh_loaded
from assay.prompts.template import TemplateFormat
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
    template: str | Sequence[Mapping[str, Any]],
    commit_message: str,
    config: Mapping[str, Any] | None = None,
    tags: Mapping[str, str] | None = None,
    author: str | None = None,
    *,
    format: TemplateFormat = "simple",
    response_format: Mapping[str, Any] | type | None = None,
    tools: Sequence[Mapping[str, Any]] | None = None,
    parent_version: int | None = None,
    force: bool = False,
) -> PromptVersion:
    """Register a version and return it. When a version with the same content exists, that one is returned.

    Args:
        name: letters, digits, `_ - .`, single spaces inside, and `/` between its parts, e.g. `support/answer`.
        template: text, or `[{"role": ..., "content": ...}]`; `{{name}}` is where a value goes.
        commit_message: what changed and why, as in git.
        config: what belongs to the prompt beside its words: model, temperature, ...
        author: the user that runs this process when it is left out.
        format: how the template is read; `jinja` has conditions and loops.
        response_format: the JSON schema of the answer, or a pydantic model class that has one.
        tools: the tools that the model may call, as the model's provider takes them.
        parent_version: the version that this one was made from, 0 for none: refused when the latest is another one by
            now, unless `force` is given.

    Raises:
        TemplateError: the template cannot be parsed, or something that it includes cannot be found; the message says
            where.
        InvalidRequest: the name or the commit message cannot be used, or something holds what JSON cannot say.
        Conflict: the latest version is not `parent_version`.
        ConfigurationError: an argument is of another type; the message says which it takes.
        CollectorUnavailable: nobody answers.
    """
    client = current_client()
    body = {
        "name": name,
        "template": _template(template),
        "commit_message": commit_message,
        "format": format,
        "config": mapping("config", config or {}, '{"temperature": 0}'),
        "response_format": _json_schema(response_format),
        "tools": None if tools is None else mappings("tools", tools, '[{"type": "function", …}]'),
        "tags": mapping("tags", tags or {}, '{"team": "support"}'),
        "author": author or user_name(),
        "parent_version": parent_version,
        "force": force,
    }
    version = PromptVersion.from_api(client.post("/prompts", body))
    refresh_loaded(client, name)
    return version


def prompt_history(name: str) -> list[PromptVersion]:
    """Every version, newest first.

    Raises:
        PromptNotFound: there is no such prompt.
    """
    return [
        PromptVersion.from_api(row) for row in current_client().pages(f"/prompts/{url_part('A prompt', name)}/versions")
    ]


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


def _template(template: object) -> str | list[dict[str, Any]]:
    if isinstance(template, str):
        return template
    if isinstance(template, Sequence) and all(isinstance(message, Mapping) for message in template):
        return [dict(message) for message in template]
    raise TemplateError(
        f"The template is {template!r}.",
        hint='Give a text, or a list of messages such as [{"role": "user", "content": "{{question}}"}].',
    )


def _json_schema(response_format: Mapping[str, Any] | type | None) -> dict[str, Any] | None:
    if response_format is None:
        return None
    if isinstance(response_format, Mapping):
        return dict(response_format)
    if hasattr(response_format, "model_json_schema"):  # pydantic is not loaded for this
        schema: dict[str, Any] = response_format.model_json_schema()
        return schema
    raise ConfigurationError(
        f"response_format is {response_format!r}.", hint="Give a JSON schema as a dict, or a pydantic model class."
    )


def user_name() -> str | None:
    """Name of the user that runs this process; None where the system has none, as in some containers."""
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):
        return None
