"""API keys: told once, kept as a hash, scoped, ended."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from assay.collector.registry import Key, Registry
from assay.errors import InvalidRequest, NotFound

START = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    now = START

    def __call__(self) -> datetime:
        return self.now


def test_a_key_stands_for_what_it_was_made_for(registry: Registry) -> None:
    made = registry.keys.create("bot", ["write", "read", "read"], project="p")
    assert registry.keys.verify(made["key"]) == Key(
        id=made["id"], name="bot", scopes=frozenset({"read", "write"}), project="p"
    )
    assert made["scopes"] == ["read", "write"]


def test_keys_are_long_random_and_recognisable(registry: Registry) -> None:
    keys = {registry.keys.create("bot", ["read"])["key"] for _ in range(20)}
    assert len(keys) == 20
    assert all(key.startswith("assay_") and len(key) == 49 for key in keys)


@pytest.mark.parametrize("key", ["", "assay_", "assay_" + "x" * 43, "' OR 1=1 --", "\ud800", "\x00"])
def test_an_unknown_key_stands_for_nobody(registry: Registry, key: str) -> None:
    registry.keys.create("bot", ["admin"])
    assert registry.keys.verify(key) is None


def test_a_key_is_in_no_list_no_log_and_no_file(registry: Registry, path: Path) -> None:
    key = registry.keys.create("bot", ["admin"])["key"]
    secret = key[len("assay_") + 6 :]
    told = f"{registry.keys.page().items} {registry.audit.page().items} {registry.snapshot()}"
    assert secret not in told
    registry.close()
    assert all(secret.encode() not in file.read_bytes() for file in path.parent.iterdir())


def test_a_revoked_key_stands_for_nobody_at_once(registry: Registry) -> None:
    made = registry.keys.create("bot", ["read"])
    revoked = registry.keys.revoke(made["id"])
    assert registry.keys.verify(made["key"]) is None
    assert registry.keys.revoke(made["id"]) == revoked
    assert [entry["action"] for entry in registry.audit.page().items] == ["key.revoke", "key.create"]


def test_a_key_ends_with_its_time(path: Path) -> None:
    clock = Clock()
    registry = Registry.open(path, clock=clock)
    made = registry.keys.create("bot", ["admin"], expires_at=START + timedelta(hours=1))
    clock.now = START + timedelta(minutes=59)
    assert registry.keys.verify(made["key"]) is not None
    assert registry.has_admin_key()
    clock.now = START + timedelta(hours=1)
    assert registry.keys.verify(made["key"]) is None
    assert not registry.has_admin_key()
    registry.close()


@pytest.mark.parametrize(
    ("scopes", "project", "is_admin"),
    [
        (["admin"], None, True),
        (["read", "admin"], None, True),
        (["ingest", "read", "write"], None, False),
        (["admin"], "p", False),
    ],
)
def test_an_administrator_has_the_scope_for_every_project(
    registry: Registry, scopes: list[str], project: str | None, is_admin: bool
) -> None:
    registry.keys.create("bot", scopes, project=project)
    assert registry.has_admin_key() is is_admin


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "*"]])
def test_scopes_are_those_there_are(registry: Registry, scopes: list[str]) -> None:
    with pytest.raises(InvalidRequest, match="ingest, read, write, admin"):
        registry.keys.create("bot", scopes)


def test_a_time_that_is_past_is_refused(registry: Registry) -> None:
    with pytest.raises(InvalidRequest, match="past"):
        registry.keys.create("bot", ["read"], expires_at=START - timedelta(days=1))


def test_what_is_no_key_cannot_be_revoked(registry: Registry) -> None:
    with pytest.raises(NotFound):
        registry.keys.revoke("nothing")
