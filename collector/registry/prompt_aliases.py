"""Aliases of prompts: pointers that move, the log of their moves, and who may move those that are protected."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.evidence import Evidence
from assay.collector.registry.models import AliasMove, AliasProtection, Prompt, PromptAlias
from assay.collector.registry.names import check_alias
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.prompt_includes import check_includes
from assay.collector.registry.prompt_rows import find_version, get_prompt, move_object
from assay.collector.registry.times import Clock, iso, utc_now
from assay.content_hash import canonical_json
from assay.errors import Conflict, Forbidden, GateMissed, InvalidRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who asks for a change, and why: kept in the log. `author` is a name they give, `actor` what their key says."""

    reason: str | None = None
    author: str | None = None
    actor: Actor = LOCAL


@dataclass(frozen=True, slots=True)
class PromptAliases:
    """A move is answered as {"alias", "version", "previous"}; None for a version: there is no such alias."""

    database: Database
    clock: Clock = utc_now

    def set(
        self,
        project: str,
        name: str,
        alias: str,
        version: int,
        change: Change = Change(),
        *,
        evidence: Evidence | None = None,
    ) -> dict[str, Any]:
        """Point `alias` at `version`. Setting it to where it is changes nothing.

        Raises:
            PromptNotFound: there is no such prompt or version.
            InvalidRequest: this cannot be an alias, or the evidence is about something else.
            TemplateError: the version includes something that is no longer there.
            Forbidden: the alias is protected, and neither the caller nor the evidence will do.
        """
        with self._moving(project, name, alias, change) as (session, prompt):
            row = find_version(session, prompt, version)
            target, previous = row.version, _points_at(session, prompt, alias)
            if previous != target:
                _check_protection(session, prompt, alias, (previous, target), change.actor, evidence)
                if evidence is not None and evidence.problem:
                    raise InvalidRequest(evidence.problem, hint="Name evidence about this version, or none.")
                check_includes(session, prompt, row)
                self._move(session, prompt, alias, (previous, target), change, evidence=evidence)
            return _moved(alias, target, previous)

    def delete(self, project: str, name: str, alias: str, change: Change = Change()) -> dict[str, Any]:
        """Remove `alias`. Its log and its protection stay.

        Raises:
            PromptNotFound: there is no such prompt or alias.
            Forbidden: the alias is protected, and the caller is no admin.
        """
        with self._moving(project, name, alias, change) as (session, prompt):
            previous = find_version(session, prompt, alias).version
            _check_protection(session, prompt, alias, (previous, None), change.actor)
            self._move(session, prompt, alias, (previous, None), change)
            return _moved(alias, None, previous)

    def rollback(
        self, project: str, name: str, alias: str, change: Change = Change(), *, from_version: int | None = None
    ) -> dict[str, Any]:
        """Take back the last move that has not been taken back: a second rollback goes one further, not forth again.

        Args:
            from_version: where the alias is now, as far as the caller knows; sent twice, it then goes back but once.

        Raises:
            PromptNotFound: there is no such prompt.
            Conflict: there is no move to take back, or the alias is not at `from_version`.
            Forbidden: the alias is protected, and the caller is no admin.
        """
        with self._moving(project, name, alias, change) as (session, prompt):
            previous = _points_at(session, prompt, alias)
            if from_version is not None and previous != from_version:
                raise Conflict(
                    f"Alias {alias!r} of prompt {name!r} is at version {previous}, not {from_version}.",
                    hint="Somebody has moved it; look at its moves before you roll it back.",
                )
            last = session.scalar(_not_undone(prompt, alias).order_by(AliasMove.id.desc()).limit(1))
            if last is None and previous is None:
                raise Conflict(
                    f"Prompt {name!r} has no alias {alias!r} to roll back.",
                    hint="Is its name right? Set it first where it is new.",
                )
            if last is None or last.from_version is None:
                raise Conflict(
                    f"Alias {alias!r} of prompt {name!r} has pointed nowhere else before.",
                    hint="Point it at a version, or remove it.",
                )
            _check_protection(session, prompt, alias, (previous, last.from_version), change.actor)
            self._move(session, prompt, alias, (previous, last.from_version), change, undoes=last.id)
            return _moved(alias, last.from_version, previous)

    def protect(
        self,
        project: str,
        name: str,
        alias: str,
        change: Change = Change(),
        *,
        protected: bool = True,
        gate: str | None = None,
    ) -> dict[str, Any]:
        """Protect `alias`, which need not be there yet, or end its protection; how it stands afterwards.

        Args:
            gate: what evidence must pass to move it, e.g. "correctness >= baseline - 0.02"; None: only admins may.

        Raises:
            PromptNotFound: there is no such prompt.
            ConfigurationError: the gate cannot be understood.
            InvalidRequest: this cannot be an alias, or a gate is given without protection.
            Forbidden: the caller is no admin.
        """
        if gate is not None:
            from assay.evaluation.gate import parse_gate  # numpy comes with it

            parse_gate(gate)
            if not protected:
                raise InvalidRequest("An alias without protection has no gate.", hint="Leave the gate out.")
        with self._moving(project, name, alias, change) as (session, prompt):
            if not change.actor.is_admin:
                raise Forbidden(
                    f"The protection of alias {alias!r} is an admin's to change.", hint="Use a key with scope 'admin'."
                )
            there = session.get(AliasProtection, (prompt.id, alias))
            if (there is not None, there.gate if there else None) != (protected, gate):
                now = self.clock()
                if there is not None:
                    session.delete(there)
                    session.flush()
                if protected:
                    session.add(
                        AliasProtection(
                            prompt_id=prompt.id,
                            alias=alias,
                            gate=gate,
                            author=change.author,
                            reason=change.reason,
                            protected_at=now,
                        )
                    )
                action = "prompt.alias.protect" if protected else "prompt.alias.unprotect"
                told: dict[str, Any] = {"alias": alias, "gate": gate, "reason": change.reason, "author": change.author}
                record(session, change.actor, now, action, name, project=project, **told)
                session.flush()
            return _state(session, prompt, alias)

    def state(self, project: str, name: str, alias: str) -> dict[str, Any]:
        """Where an alias points (None: nowhere), and how it is protected.

        Raises:
            PromptNotFound: there is no such prompt.
        """
        with self.database.read() as session:
            return _state(session, get_prompt(session, project, name), alias)

    def states(self, project: str, name: str) -> list[dict[str, Any]]:
        """Every alias that points somewhere or is protected, in the order of their names.

        Raises:
            PromptNotFound: there is no such prompt.
        """
        with self.database.read() as session:
            prompt = get_prompt(session, project, name)
            names = {
                *session.scalars(select(PromptAlias.alias).where(PromptAlias.prompt_id == prompt.id)),
                *session.scalars(select(AliasProtection.alias).where(AliasProtection.prompt_id == prompt.id)),
            }
            return [_state(session, prompt, alias) for alias in sorted(names)]

    def moves(
        self,
        project: str,
        name: str,
        alias: str,
        *,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page:
        """Moves of one alias, newest first: who, when, why, from, to, and what spoke for it.

        Raises:
            PromptNotFound: there is no such prompt, or it has never had this alias.
            InvalidRequest: this cannot be an alias.
        """
        with self.database.read() as session:
            prompt = get_prompt(session, project, name)
            _check_known(session, prompt, alias)
            query = _moves_of(prompt, alias).order_by(AliasMove.id.desc())
            if cursor is not None:
                query = query.where(AliasMove.id < numeric_cursor(cursor))
            rows = session.scalars(query.limit(checked_limit(limit) + 1)).all()
            return page_of(rows, limit, move_object, lambda move: move.id)

    def every_move(self, project: str, name: str) -> list[dict[str, Any]]:
        """Every move of every alias, newest first.

        Raises:
            PromptNotFound: there is no such prompt.
        """
        with self.database.read() as session:
            prompt = get_prompt(session, project, name)
            query = select(AliasMove).where(AliasMove.prompt_id == prompt.id).order_by(AliasMove.id.desc())
            return [move_object(move) for move in session.scalars(query)]

    def moves_between(self, project: str, start: datetime, end: datetime, *, limit: int) -> list[dict[str, Any]]:
        """Moves of all prompts of a project within a time, newest first, at most `limit`; each with `name`."""
        query = (
            select(AliasMove, Prompt.name)
            .join(Prompt, Prompt.id == AliasMove.prompt_id)
            .where(Prompt.project == project, AliasMove.moved_at >= start, AliasMove.moved_at < end)
            .order_by(AliasMove.id.desc())
            .limit(limit)
        )
        with self.database.read() as session:
            return [{**move_object(move), "name": name} for move, name in session.execute(query)]

    def at(self, project: str, name: str, alias: str, time: datetime) -> dict[str, Any]:
        """What an alias was at a time: {"alias", "at", "version", "move"}, where `move` is the one that put it there.

        Raises:
            PromptNotFound: there is no such prompt, or it has never had this alias.
            InvalidRequest: this cannot be an alias.
        """
        with self.database.read() as session:
            prompt = get_prompt(session, project, name)
            _check_known(session, prompt, alias)
            moves = _moves_of(prompt, alias).where(AliasMove.moved_at <= time)
            last = session.scalar(moves.order_by(AliasMove.id.desc()).limit(1))
            return {
                "alias": alias,
                "at": iso(time),
                "version": last.to_version if last else None,
                "move": move_object(last) if last else None,
            }

    @contextmanager
    def _moving(self, project: str, name: str, alias: str, change: Change) -> Iterator[tuple[Session, Prompt]]:
        """A transaction that may move `alias`; an attempt that is refused is in the audit log all the same."""
        check_alias(alias)
        canonical_json([change.reason, change.author])
        try:
            with self.database.write() as session:
                yield session, get_prompt(session, project, name)
        except Forbidden as error:
            with self.database.write() as session:
                record(
                    session,
                    change.actor,
                    self.clock(),
                    "prompt.alias.refuse",
                    name,
                    project=project,
                    result="refused",
                    alias=alias,
                    reason=change.reason,
                    author=change.author,
                    why=error.message,
                )
            raise

    def _move(
        self,
        session: Session,
        prompt: Prompt,
        alias: str,
        step: tuple[int | None, int | None],
        change: Change,
        *,
        evidence: Evidence | None = None,
        undoes: int | None = None,
    ) -> None:
        now, (previous, target) = self.clock(), step
        if target is None:
            session.delete(session.get_one(PromptAlias, (prompt.id, alias)))
        else:
            session.merge(PromptAlias(prompt_id=prompt.id, alias=alias, version=target, updated_at=now))
        session.add(
            AliasMove(
                prompt_id=prompt.id,
                alias=alias,
                from_version=previous,
                to_version=target,
                author=change.author,
                reason=change.reason,
                moved_at=now,
                actor=change.actor.name,
                evidence=evidence.to_dict() if evidence else None,
                undoes=undoes,
            )
        )
        action = "prompt.alias.delete" if target is None else "prompt.alias.set"
        told: dict[str, Any] = {
            "alias": alias,
            "from": previous,
            "to": target,
            "reason": change.reason,
            "author": change.author,
        }
        record(session, change.actor, now, action, prompt.name, project=prompt.project, **told)


def _points_at(session: Session, prompt: Prompt, alias: str) -> int | None:
    pointer = session.get(PromptAlias, (prompt.id, alias))
    return pointer.version if pointer else None


def _check_known(session: Session, prompt: Prompt, alias: str) -> None:
    """Tell a slip of the pen from an alias that points nowhere.

    Raises:
        PromptNotFound: the prompt has never had this alias.
        InvalidRequest: this cannot be an alias.
    """
    check_alias(alias)
    is_protected = session.get(AliasProtection, (prompt.id, alias)) is not None
    if not is_protected and session.scalar(_moves_of(prompt, alias).limit(1)) is None:
        find_version(session, prompt, alias)  # which says what aliases there are


def _moves_of(prompt: Prompt, alias: str) -> Select[AliasMove]:
    return select(AliasMove).where(AliasMove.prompt_id == prompt.id, AliasMove.alias == alias)


def _not_undone(prompt: Prompt, alias: str) -> Select[AliasMove]:
    """Moves of an alias that stand: neither taken back, nor themselves the taking back of another."""
    undone = select(AliasMove.undoes).where(AliasMove.prompt_id == prompt.id, AliasMove.undoes.is_not(None))
    return _moves_of(prompt, alias).where(AliasMove.undoes.is_(None), AliasMove.id.not_in(undone))


def _check_protection(
    session: Session,
    prompt: Prompt,
    alias: str,
    step: tuple[int | None, int | None],
    actor: Actor,
    evidence: Evidence | None = None,
) -> None:
    """Refuse a move that the alias's protection does not allow. What is named to speak for it has to pass the gate
    whoever names it: an admin who wants the move all the same names nothing.

    Raises:
        GateMissed: the evidence does not pass.
        Forbidden: the message says what would do.
    """
    protection = session.get(AliasProtection, (prompt.id, alias))
    if protection is None or (actor.is_admin and (evidence is None or protection.gate is None or evidence.problem)):
        return
    previous, target = step
    gate = protection.gate
    if gate is None:
        raise Forbidden(
            f"Alias {alias!r} of prompt {prompt.name!r} is protected: only an admin may move it.",
            hint="Use a key with scope 'admin'.",
        )
    if evidence is not None and target is not None:
        if evidence.passes(gate, version=target, baseline_version=previous):
            return
        told = evidence.problem or f"{_told(gate, evidence.verdict)} ({evidence.explanation})."
        raise GateMissed(
            f"Alias {alias!r} of prompt {prompt.name!r} is protected, and this is not enough to move it: {told}",
            hint="An admin may move it all the same, by naming nothing that speaks for it.",
        )
    raise Forbidden(
        f"Alias {alias!r} of prompt {prompt.name!r} is protected: {gate!r} must hold.",
        hint=f"Name an experiment with the new version that was compared with version {previous} and passed, "
        "or use a key with scope 'admin'.",
    )


def _moved(alias: str, version: int | None, previous: int | None) -> dict[str, Any]:
    return {"alias": alias, "version": version, "previous": previous}


def _state(session: Session, prompt: Prompt, alias: str) -> dict[str, Any]:
    pointer = session.get(PromptAlias, (prompt.id, alias))
    protection = session.get(AliasProtection, (prompt.id, alias))
    return {
        "alias": alias,
        "version": pointer.version if pointer else None,
        "updated_at": iso(pointer.updated_at) if pointer else None,
        "protected": protection is not None,
        "gate": protection.gate if protection else None,
    }


def _told(gate: str, verdict: str | None) -> str:
    if verdict == "not enough evidence":
        return f"there is not enough evidence for the gate {gate!r}"
    return f"the gate {gate!r} is {verdict or 'not decided'}"
