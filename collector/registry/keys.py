"""API keys. A key is shown once; what stays is its SHA-256 (keys are random: no slow hash is needed)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, get_args

from sqlalchemy import select

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models import ApiKey
from assay.collector.registry.names import check_label, check_project
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, page_of
from assay.collector.registry.times import Clock, iso, iso_or_none, utc_now
from assay.errors import InvalidRequest, NotFound

Scope = Literal["ingest", "read", "write", "admin"]
SCOPES: tuple[str, ...] = get_args(Scope)

KEY_PREFIX = "assay_"
RANDOM_BYTES = 32
SHOWN_CHARACTERS = len(KEY_PREFIX) + 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Whom a valid key stands for, and what they may do. `admin` may do everything."""

    id: str
    name: str
    scopes: frozenset[str]
    project: str | None  # None: every project


@dataclass(frozen=True, slots=True)
class Keys:
    database: Database
    clock: Clock = utc_now
    _used: dict[str, datetime] = field(default_factory=dict, compare=False)  # not written down yet

    def create(
        self,
        name: str,
        scopes: Sequence[str],
        *,
        project: str | None = None,
        expires_at: datetime | None = None,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """A new key: its row plus the key itself under "key", which is told here and never again.

        Raises:
            InvalidRequest: the name, a scope, the project or the time cannot be used.
        """
        check_label("key", name)
        wanted = _checked_scopes(scopes)
        if project is not None:
            check_project(project)
        now = self.clock()
        if expires_at is not None and expires_at.astimezone(UTC) <= now:
            raise InvalidRequest(
                f"expires_at is {iso(expires_at)}, which is past.", hint="Give a time to come, or none."
            )
        key = KEY_PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
        row = ApiKey(
            id=uuid.uuid4().hex,
            name=name,
            prefix=key[:SHOWN_CHARACTERS],
            key_hash=_hash(key),
            scopes=wanted,
            project=project,
            created_at=now,
            expires_at=expires_at,
            revoked_at=None,
            last_used_at=None,
        )
        with self.database.write() as session:
            session.add(row)
            record(session, actor, now, "key.create", row.id, project=project, name=name, scopes=wanted)
            session.flush()
            return {**_object(row), "key": key}

    def page(self, project: str | None = None, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
        """Keys without their secrets, in the order of their ids; of one project, or all."""
        query = select(ApiKey).order_by(ApiKey.id).limit(checked_limit(limit) + 1)
        if project is not None:
            query = query.where(ApiKey.project == project)
        if cursor is not None:
            query = query.where(ApiKey.id > cursor)
        with self.database.read() as session:
            return page_of(session.scalars(query).all(), limit, _object, lambda row: row.id)

    def verify(self, key: str) -> Key | None:
        """Whom `key` stands for; None when it is unknown, revoked or past its time."""
        digest = _hash(key)
        with self.database.read() as session:
            row = session.scalar(select(ApiKey).where(ApiKey.key_hash == digest))
            if row is None or not hmac.compare_digest(row.key_hash, digest) or not _valid(row, self.clock()):
                return None
            self._used[row.id] = self.clock()
            return Key(id=row.id, name=row.name, scopes=frozenset(row.scopes), project=row.project)

    def note_used(self) -> None:
        """Write down when keys were last used. Apart from `verify`, which must not wait for a disk."""
        used = dict(self._used)
        if not used:
            return
        with self.database.write() as session:
            for id, moment in used.items():
                if (row := session.get(ApiKey, id)) is not None:
                    row.last_used_at = moment
        for id, moment in used.items():
            if self._used.get(id) == moment:
                del self._used[id]

    def revoke(self, id: str, *, actor: Actor = LOCAL) -> dict[str, Any]:
        """End a key, at once and for good. Doing it again changes nothing.

        Raises:
            NotFound: there is no such key.
        """
        with self.database.write() as session:
            row = session.get(ApiKey, id)
            if row is None:
                raise NotFound(
                    f"There is no key with the id {id!r}.",
                    hint="It is ended by its id, not by its name or its secret; `assay keys list` has them.",
                )
            if row.revoked_at is None:
                row.revoked_at = self.clock()
                record(session, actor, row.revoked_at, "key.revoke", id, project=row.project, name=row.name)
            return _object(row)

    def has_admin(self) -> bool:
        """Whether somebody could administrate: a valid key with the scope `admin`, for every project."""
        now = self.clock()
        with self.database.read() as session:
            rows = session.scalars(select(ApiKey).where(ApiKey.project.is_(None), ApiKey.revoked_at.is_(None)))
            return any("admin" in row.scopes and _valid(row, now) for row in rows)


def _checked_scopes(scopes: Sequence[str]) -> list[str]:
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not scopes:
        raise InvalidRequest(
            f"Unknown scope {unknown[0]!r}." if unknown else "The key has no scope.",
            hint=f"Scopes are: {', '.join(SCOPES)}.",
        )
    return [scope for scope in SCOPES if scope in scopes]


def _hash(key: str) -> str:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()


def _valid(row: ApiKey, now: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or now < row.expires_at)


def _object(row: ApiKey) -> dict[str, Any]:
    return {
        "id": row.id,
        "name": row.name,
        "prefix": row.prefix,
        "scopes": row.scopes,
        "project": row.project,
        "created_at": iso(row.created_at),
        "expires_at": iso_or_none(row.expires_at),
        "revoked_at": iso_or_none(row.revoked_at),
        "last_used_at": iso_or_none(row.last_used_at),
    }
