"""Settings that were changed while the collector ran, kept for its next start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models_online import KeptSetting
from assay.collector.registry.times import Clock, iso, utc_now


@dataclass(frozen=True, slots=True)
class KeptSettings:
    """Values are JSON; what they mean, and whether they may be set, is known to collector/live_settings.py."""

    database: Database
    clock: Clock = utc_now

    def all(self) -> dict[str, dict[str, Any]]:
        """By name: `value`, `updated_at` and `actor`."""
        with self.database.read() as session:
            return {
                row.name: {"value": row.value, "updated_at": iso(row.updated_at), "actor": row.actor}
                for row in session.scalars(select(KeptSetting).order_by(KeptSetting.name))
            }

    def set(self, name: str, value: Any, *, actor: Actor = LOCAL) -> None:
        """Keep a value; None forgets the one that was kept. The same value again changes nothing."""
        with self.database.write() as session:
            now, row = self.clock(), session.get(KeptSetting, name)
            if value == (None if row is None else row.value):
                return
            if row is None:
                session.add(KeptSetting(name=name, value=value, updated_at=now, actor=actor.name))
            elif value is None:
                session.delete(row)
            else:
                row.value, row.updated_at, row.actor = value, now, actor.name
            record(session, actor, now, "settings.set", name, project=None, value=value)
