"""What the pages change in the collector's own registry, in the name of whoever asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.collector import ab_service
from assay.collector.pages.source import Row
from assay.collector.registry.actor import Actor
from assay.collector.registry.prompt_aliases import Change
from assay.errors import Conflict

if TYPE_CHECKING:
    from assay.collector.service import Service


class ServiceDesk:
    """See `Desk`."""

    def __init__(self, service: Service, actor: Actor, key_name: str | None) -> None:
        """`key_name`: of the key that somebody came with, who is called so where they give no name."""
        self._service = service
        self._registry = service.registry
        self._actor = actor
        self._key_name = key_name

    def register(
        self, project: str, name: str, content: Row, *, commit_message: str, author: str | None, parent: int, seen: int
    ) -> tuple[Row, bool]:
        """A version made from an older one stands beside those that came after it."""
        latest = self._registry.prompts.version(project, name)["version"]
        if seen != latest:
            raise Conflict(
                f"Version {latest} was registered while you wrote.",
                hint="Compare it with yours. Registering now puts yours beside it.",
            )
        return self._registry.prompts.register(
            project,
            name,
            commit_message=commit_message,
            author=author or self._key_name,
            parent_version=parent,
            force=parent != seen,
            actor=self._actor,
            **content,
        )

    def set_alias(
        self, project: str, name: str, alias: str, version: int, *, reason: str | None, author: str | None
    ) -> None:
        self._registry.aliases.set(project, name, alias, version, self._change(reason, author))

    def delete_alias(self, project: str, name: str, alias: str, *, reason: str | None, author: str | None) -> None:
        self._registry.aliases.delete(project, name, alias, self._change(reason, author))

    def roll_back_alias(
        self, project: str, name: str, alias: str, *, from_version: int, reason: str | None, author: str | None
    ) -> None:
        change = self._change(reason, author)
        self._registry.aliases.rollback(project, name, alias, change, from_version=from_version)

    def protect_alias(
        self,
        project: str,
        name: str,
        alias: str,
        *,
        protected: bool,
        gate: str | None,
        reason: str | None,
        author: str | None,
    ) -> None:
        change = self._change(reason, author)
        self._registry.aliases.protect(project, name, alias, change, protected=protected, gate=gate)

    def stop_ab_test(
        self,
        project: str,
        name: str,
        *,
        promote: str | None,
        alias: str | None,
        reason: str | None,
        author: str | None,
    ) -> None:
        ab_service.stop(
            self._service.store,
            self._registry,
            project,
            name,
            promote=promote,
            alias=alias,
            reason=reason,
            author=author or self._key_name,
            actor=self._actor,
        )

    def _change(self, reason: str | None, author: str | None) -> Change:
        return Change(reason=reason, author=author or self._key_name, actor=self._actor)
