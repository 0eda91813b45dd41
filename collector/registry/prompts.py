"""Prompts: versions that never change. The aliases that point at them are in prompt_aliases.py."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models import Prompt, PromptVersion
from assay.collector.registry.names import LATEST, check_name
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.prompt_includes import check_includes, resolved_version
from assay.collector.registry.prompt_rows import (
    aliases_of,
    find_prompt,
    find_version,
    get_prompt,
    version_object,
    version_with_aliases,
    version_with_hash,
)
from assay.collector.registry.times import Clock, iso, utc_now
from assay.content_hash import canonical_json, prompt_hash
from assay.errors import Conflict, InvalidRequest
from assay.prompts.template import parse_template

MAX_CONTENT_CHARS = 1_000_000  # of template, config, response format and tools as JSON


@dataclass(frozen=True, slots=True)
class Prompts:
    """Answers are prompt version objects of the API, as dicts."""

    database: Database
    clock: Clock = utc_now

    def register(
        self,
        project: str,
        name: str,
        template: str | Sequence[Mapping[str, Any]],
        commit_message: str,
        *,
        format: str = "simple",
        config: Mapping[str, Any] | None = None,
        response_format: Mapping[str, Any] | None = None,
        tools: Sequence[Mapping[str, Any]] | None = None,
        tags: Mapping[str, str] | None = None,
        author: str | None = None,
        parent_version: int | None = None,
        force: bool = False,
        actor: Actor = LOCAL,
    ) -> tuple[dict[str, Any], bool]:
        """The version that holds this content, and whether it is new.

        Content is what `prompt_hash` counts: registering one that any version of the prompt has, be it the latest or
        an older one, returns that version as it is, and the message, tags and author given now are not kept.

        Args:
            parent_version: the version that this one was made from; 0: there was no such prompt. When the latest is
                another one by now, somebody else was quicker. None: nobody says, and the latest it is.
            force: register it beside what somebody else has registered meanwhile.

        Raises:
            TemplateError: the template cannot be parsed, or cannot be given what it includes.
            InvalidRequest: the name, the commit message or a part of the content cannot be used.
            Conflict: `parent_version` is not the latest.
        """
        check_name("prompt", name)
        _check_size(template, config, response_format, tools)
        parsed = parse_template(template, format)
        if not commit_message.strip():
            raise InvalidRequest(
                f"Version of prompt {name!r} has no commit message.", hint="Say in a few words what changed, and why."
            )
        canonical_json({"tags": dict(tags or {}), "message": commit_message, "author": author})
        digest = prompt_hash(
            parsed.source, parsed.type, config, format=format, response_format=response_format, tools=tools
        )
        with self.database.write() as session:
            now = self.clock()
            prompt = find_prompt(session, project, name)
            if prompt and (same := version_with_hash(session, prompt, digest)):
                return version_with_aliases(session, prompt, same), False
            latest = prompt.latest_version if prompt else 0
            _check_parent(name, parent_version, latest, force=force)
            if prompt is None:
                ensure_project(session, project, now, actor)
                prompt = Prompt(project=project, name=name, latest_version=0, created_at=now, updated_at=now)
                session.add(prompt)
                session.flush()
            version = PromptVersion(
                prompt_id=prompt.id,
                version=latest + 1,
                type=parsed.type,
                format=format,
                template=parsed.source,
                config=dict(config or {}),
                response_format=None if response_format is None else dict(response_format),
                tools=[dict(tool) for tool in tools] if tools else None,
                tags=dict(tags or {}),
                commit_message=commit_message.strip(),
                author=author,
                created_at=now,
                content_hash=digest,
                parent_version=(latest if parent_version is None else parent_version) or None,
            )
            session.add(version)
            prompt.latest_version, prompt.updated_at = latest + 1, now
            record(session, actor, now, "prompt.register", name, project=project, version=latest + 1, author=author)
            session.flush()
            if parsed.includes:
                check_includes(session, prompt, version)
            return version_with_aliases(session, prompt, version), True

    def page(
        self, project: str, *, filter: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page:
        """Prompts in the order of their names; `filter` is a part of the name, in any case."""
        query = (
            select(Prompt, PromptVersion)
            .join(
                PromptVersion,
                (PromptVersion.prompt_id == Prompt.id) & (PromptVersion.version == Prompt.latest_version),
            )
            .where(Prompt.project == project)
            .order_by(Prompt.name)
            .limit(checked_limit(limit) + 1)
        )
        if filter:
            query = query.where(func.lower(Prompt.name).contains(filter.lower(), autoescape=True))
        if cursor is not None:
            query = query.where(Prompt.name > cursor)
        with self.database.read() as session:
            rows = session.execute(query).all()
            aliases = aliases_of(session, [prompt.id for prompt, _ in rows])
            return page_of(
                rows,
                limit,
                lambda row: _summary(row[0], row[1], aliases.get(row[0].id, {})),
                lambda row: row[0].name,
            )

    def versions(self, project: str, name: str, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
        """Newest first.

        Raises:
            PromptNotFound: there is no such prompt.
        """
        with self.database.read() as session:
            prompt = get_prompt(session, project, name)
            query = (
                select(PromptVersion)
                .where(PromptVersion.prompt_id == prompt.id)
                .order_by(PromptVersion.version.desc())
                .limit(checked_limit(limit) + 1)
            )
            if cursor is not None:
                query = query.where(PromptVersion.version < numeric_cursor(cursor))
            aliases = aliases_of(session, [prompt.id]).get(prompt.id, {})
            rows = session.scalars(query).all()
            return page_of(rows, limit, lambda row: version_object(prompt, row, aliases), lambda row: row.version)

    def version(
        self, project: str, name: str, reference: int | str = LATEST, *, resolve: bool = False
    ) -> dict[str, Any]:
        """One version, by its number (as int or as text), by an alias, or the `latest`.

        Args:
            resolve: put in what it includes, and tell under "resolved" which versions that was.

        Raises:
            PromptNotFound: there is no such prompt, version or alias; the message says what there is.
            TemplateError: something that it includes cannot be put in.
        """
        with self.database.read() as session:
            prompt = get_prompt(session, project, name)
            row = find_version(session, prompt, reference)
            return (resolved_version if resolve else version_with_aliases)(session, prompt, row)


def _check_size(*parts: Any) -> None:
    """Refuse content that would hold up everybody who loads it.

    Raises:
        InvalidRequest: it is too large, or cannot be written as JSON.
    """
    size = sum(len(canonical_json(part)) for part in parts)
    if size > MAX_CONTENT_CHARS:
        raise InvalidRequest(
            f"This version has {size:,} characters; at most {MAX_CONTENT_CHARS:,} are allowed.",
            hint="Let variables take what is long: values are not counted.",
        )


def _check_parent(name: str, parent: int | None, latest: int, *, force: bool) -> None:
    """Refuse a version that was made from another than the latest, unless it is to stand beside it.

    Raises:
        Conflict: the latest is another one; with `force`, there is no such parent.
    """
    if parent is None or parent == latest or (force and 0 <= parent <= latest):
        return
    now = f"has versions up to {latest} now" if latest else "has no versions"
    made_from = f"was made from version {parent}" if parent else "was made as its first"
    raise Conflict(
        f"Prompt {name!r} {now}, and this one {made_from}.",
        hint=f"Look at what changed, and register it with parent_version={latest}; or with force, to leave that aside.",
    )


def _summary(prompt: Prompt, latest: PromptVersion, aliases: Mapping[str, int]) -> dict[str, Any]:
    return {
        "name": prompt.name,
        "latest_version": prompt.latest_version,
        "aliases": dict(aliases),
        "tags": latest.tags,
        "created_at": iso(prompt.created_at),
        "updated_at": iso(prompt.updated_at),
        "commit_message": latest.commit_message,
    }
