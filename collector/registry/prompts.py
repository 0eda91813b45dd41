"""Prompts: versions that never change, and aliases that point at them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models import AliasMove, Prompt, PromptAlias, PromptVersion
from assay.collector.registry.names import LATEST, check_alias, check_name
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.times import Clock, iso, utc_now
from assay.content_hash import canonical_json, prompt_hash
from assay.errors import InvalidRequest, PromptNotFound
from assay.prompts.template import parse_template

MAX_VERSION = 2**31 - 1


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
        config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        author: str | None = None,
        actor: Actor = LOCAL,
    ) -> tuple[dict[str, Any], bool]:
        """The version that holds this content, and whether it is new.

        Content is template, type and config: registering one that any version of the prompt has, be it the latest or
        an older one, returns that version as it is, and the message, tags and author given now are not kept.

        Raises:
            TemplateError: the template cannot be parsed.
            InvalidRequest: the name or the commit message cannot be used.
        """
        check_name("prompt", name)
        parsed = parse_template(template)
        if not commit_message.strip():
            raise InvalidRequest(
                f"Version of prompt {name!r} has no commit message.", hint="Say in a few words what changed, and why."
            )
        canonical_json({"tags": dict(tags or {}), "message": commit_message, "author": author})
        digest = prompt_hash(parsed.source, parsed.type, config)
        with self.database.write() as session:
            now = self.clock()
            ensure_project(session, project, now, actor)
            prompt = _find_prompt(session, project, name)
            if prompt is None:
                prompt = Prompt(project=project, name=name, latest_version=0, created_at=now, updated_at=now)
                session.add(prompt)
                session.flush()
            elif same := _version_with_hash(session, prompt, digest):
                return _version(session, prompt, same), False
            parent = prompt.latest_version
            version = PromptVersion(
                prompt_id=prompt.id,
                version=parent + 1,
                type=parsed.type,
                template=parsed.source,
                config=dict(config or {}),
                tags=dict(tags or {}),
                commit_message=commit_message.strip(),
                author=author,
                created_at=now,
                content_hash=digest,
                parent_version=parent or None,
            )
            session.add(version)
            prompt.latest_version, prompt.updated_at = parent + 1, now
            record(session, actor, now, "prompt.register", name, project=project, version=parent + 1, author=author)
            session.flush()
            return _version(session, prompt, version), True

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
            aliases = _aliases_of(session, [prompt.id for prompt, _ in rows])
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
            prompt = _prompt(session, project, name)
            query = (
                select(PromptVersion)
                .where(PromptVersion.prompt_id == prompt.id)
                .order_by(PromptVersion.version.desc())
                .limit(checked_limit(limit) + 1)
            )
            if cursor is not None:
                query = query.where(PromptVersion.version < numeric_cursor(cursor))
            aliases = _aliases_of(session, [prompt.id]).get(prompt.id, {})
            rows = session.scalars(query).all()
            return page_of(rows, limit, lambda row: _version_object(prompt, row, aliases), lambda row: row.version)

    def version(self, project: str, name: str, reference: int | str = LATEST) -> dict[str, Any]:
        """One version, by its number (as int or as text), by an alias, or the `latest`.

        Raises:
            PromptNotFound: there is no such prompt, version or alias; the message says what there is.
        """
        with self.database.read() as session:
            prompt = _prompt(session, project, name)
            return _version(session, prompt, _resolve(session, prompt, reference))

    def set_alias(
        self,
        project: str,
        name: str,
        alias: str,
        version: int,
        *,
        reason: str | None = None,
        author: str | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Point `alias` at `version`: {"alias", "version", "previous"}. Setting it to where it is changes nothing.

        Raises:
            PromptNotFound: there is no such prompt or version.
            InvalidRequest: this cannot be an alias.
        """
        check_alias(alias)
        with self.database.write() as session:
            prompt = _prompt(session, project, name)
            target = _resolve(session, prompt, version).version
            pointer = session.get(PromptAlias, (prompt.id, alias))
            previous = pointer.version if pointer else None
            if previous != target:
                now = self.clock()
                session.merge(PromptAlias(prompt_id=prompt.id, alias=alias, version=target, updated_at=now))
                _log_move(session, prompt, alias, previous, target, now, author=author, reason=reason, actor=actor)
            return {"alias": alias, "version": target, "previous": previous}

    def delete_alias(
        self,
        project: str,
        name: str,
        alias: str,
        *,
        reason: str | None = None,
        author: str | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Remove `alias`: {"alias", "version": None, "previous"}.

        Raises:
            PromptNotFound: there is no such prompt or alias.
        """
        check_alias(alias)
        with self.database.write() as session:
            prompt = _prompt(session, project, name)
            previous = _resolve(session, prompt, alias).version
            session.delete(session.get_one(PromptAlias, (prompt.id, alias)))
            _log_move(session, prompt, alias, previous, None, self.clock(), author=author, reason=reason, actor=actor)
            return {"alias": alias, "version": None, "previous": previous}

    def alias_moves(self, project: str, name: str, alias: str | None = None) -> list[dict[str, Any]]:
        """Every move of one alias, or of all, newest first: what was production, when, and who decided it.

        Raises:
            PromptNotFound: there is no such prompt.
        """
        with self.database.read() as session:
            prompt = _prompt(session, project, name)
            query = select(AliasMove).where(AliasMove.prompt_id == prompt.id).order_by(AliasMove.id.desc())
            if alias is not None:
                query = query.where(AliasMove.alias == alias)
            return [_move(move) for move in session.scalars(query)]


def _find_prompt(session: Session, project: str, name: str) -> Prompt | None:
    return session.scalar(select(Prompt).where(Prompt.project == project, Prompt.name == name))


def _prompt(session: Session, project: str, name: str) -> Prompt:
    if prompt := _find_prompt(session, project, name):
        return prompt
    raise PromptNotFound(
        f"Project {project!r} has no prompt {name!r}.",
        hint="Register it with assay.register_prompt, or check the project.",
    )


def _version_with_hash(session: Session, prompt: Prompt, digest: str) -> PromptVersion | None:
    return session.scalar(
        select(PromptVersion).where(PromptVersion.prompt_id == prompt.id, PromptVersion.content_hash == digest)
    )


def _resolve(session: Session, prompt: Prompt, reference: int | str) -> PromptVersion:
    number = _number(session, prompt, reference)
    if number is not None and 1 <= number <= MAX_VERSION:
        found = session.scalar(
            select(PromptVersion).where(PromptVersion.prompt_id == prompt.id, PromptVersion.version == number)
        )
        if found is not None:
            return found
    aliases = ", ".join(_aliases_of(session, [prompt.id]).get(prompt.id, {}))
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


def _aliases_of(session: Session, prompt_ids: Sequence[int]) -> dict[int, dict[str, int]]:
    """Alias -> version of each prompt that has any, in the order of their names."""
    query = select(PromptAlias).where(PromptAlias.prompt_id.in_(prompt_ids)).order_by(PromptAlias.alias)
    found: dict[int, dict[str, int]] = {}
    for pointer in session.scalars(query):
        found.setdefault(pointer.prompt_id, {})[pointer.alias] = pointer.version
    return found


def _log_move(
    session: Session,
    prompt: Prompt,
    alias: str,
    previous: int | None,
    target: int | None,
    at: datetime,
    *,
    author: str | None,
    reason: str | None,
    actor: Actor,
) -> None:
    session.add(
        AliasMove(
            prompt_id=prompt.id,
            alias=alias,
            from_version=previous,
            to_version=target,
            author=author,
            reason=reason,
            moved_at=at,
        )
    )
    action = "prompt.alias.delete" if target is None else "prompt.alias.set"
    moved: dict[str, Any] = {"alias": alias, "from": previous, "to": target, "reason": reason, "author": author}
    record(session, actor, at, action, prompt.name, project=prompt.project, **moved)


def _version(session: Session, prompt: Prompt, row: PromptVersion) -> dict[str, Any]:
    return _version_object(prompt, row, _aliases_of(session, [prompt.id]).get(prompt.id, {}))


def _version_object(prompt: Prompt, row: PromptVersion, aliases: Mapping[str, int]) -> dict[str, Any]:
    return {
        "project": prompt.project,
        "name": prompt.name,
        "version": row.version,
        "type": row.type,
        "template": row.template,
        "config": row.config,
        "tags": row.tags,
        "commit_message": row.commit_message,
        "author": row.author,
        "created_at": iso(row.created_at),
        "content_hash": row.content_hash,
        "parent_version": row.parent_version,
        "variables": list(parse_template(row.template).variables),
        "aliases": [alias for alias, version in aliases.items() if version == row.version],
    }


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


def _move(move: AliasMove) -> dict[str, Any]:
    return {
        "alias": move.alias,
        "from_version": move.from_version,
        "to_version": move.to_version,
        "author": move.author,
        "reason": move.reason,
        "moved_at": iso(move.moved_at),
    }
