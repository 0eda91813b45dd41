"""Aliases of prompts from a program's side: move them, protect them, roll them back, ask what they were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from assay.client import current_client
from assay.errors import ConfigurationError
from assay.prompts.arguments import url_part
from assay.prompts.loading import refresh_loaded
from assay.prompts.registry import user_name


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasMove:
    """One move of an alias."""

    alias: str
    from_version: int | None  # None: the alias was new
    to_version: int | None  # None: the alias was removed
    author: str | None  # as they call themselves
    actor: str | None  # id of the key it was done with, or "local"
    reason: str | None
    moved_at: datetime
    evidence: Mapping[str, Any] | None  # the experiment or A/B test that spoke for it, with what became of the gate
    is_rollback: bool


def set_prompt_alias(
    name: str,
    alias: str,
    version: int,
    reason: str | None = None,
    *,
    experiment_id: str | None = None,
    ab_test: str | None = None,
) -> None:
    """Point `alias` at a version. Who did it, when and why is kept, and can be read back.

    Args:
        experiment_id: an experiment that was run with this version and compared with one of the version that the
            alias points at now: what a protected alias with a gate asks of everybody who is no admin.
        ab_test: an A/B test of the two versions, for the same purpose.

    Raises:
        PromptNotFound: there is no such prompt or version.
        InvalidRequest: this cannot be an alias (`latest` is taken), or the experiment is about something else.
        ConfigurationError: `version` is no number of a version.
        Forbidden: the alias is protected; the message says what would do.
    """
    if isinstance(version, bool) or not isinstance(version, int):
        raise ConfigurationError(f"version is {version!r}.", hint="Give the number of a version, such as 2.")
    told = {"version": version, "reason": reason, "author": user_name()}
    evidence = {"experiment_id": experiment_id, "ab_test": ab_test}
    _change("PUT", name, alias, {**told, **{key: value for key, value in evidence.items() if value is not None}})


def rollback_prompt_alias(name: str, alias: str, reason: str | None = None, *, from_version: int | None = None) -> int:
    """Take back the last move of an alias that has not been taken back; the version that it points at now.

    A second call goes one move further back, not forth again.

    Args:
        from_version: where the alias is now, as far as you know: refused when it is elsewhere.

    Raises:
        PromptNotFound: there is no such prompt.
        Conflict: there is no move to take back, or the alias is not at `from_version`.
        Forbidden: the alias is protected, and this key is no admin's.
    """
    body = {"reason": reason, "author": user_name(), "from_version": from_version}
    version: int = _change("POST", name, alias, body, "/rollback")["version"]
    return version


def protect_prompt_alias(
    name: str, alias: str, gate: str | None = None, *, protected: bool = True, reason: str | None = None
) -> None:
    """Let only admins move an alias, or also what passes `gate`. `protected=False` ends it. Needs an admin's key.

    Args:
        alias: need not be there yet.
        gate: what must hold of an experiment or an A/B test, e.g. "correctness >= baseline - 0.02".

    Raises:
        PromptNotFound: there is no such prompt.
        InvalidRequest: this cannot be an alias, or the gate cannot be understood.
        Forbidden: this key is no admin's.
    """
    body = {"protected": protected, "gate": gate, "reason": reason, "author": user_name()}
    _change("PUT", name, alias, body, "/protection")


def prompt_alias_at(name: str, alias: str, at: datetime | date | str) -> int | None:
    """The version that an alias pointed at, at a time; None: at none.

    Args:
        at: a time, or a day, which means its beginning; in UTC where it has no time zone. As text in ISO 8601.

    Raises:
        PromptNotFound: there is no such prompt.
        ConfigurationError: `at` is no time.
    """
    answer = current_client().get(_path(name, alias), at=_in_utc(at).isoformat())
    version: int | None = answer["version"]
    return version


def prompt_alias_moves(name: str, alias: str) -> list[AliasMove]:
    """Every move of an alias, newest first: from where, to where, by whom, when, why, and what spoke for it.

    Raises:
        PromptNotFound: there is no such prompt.
    """
    return [
        AliasMove(
            alias=row["alias"],
            from_version=row["from_version"],
            to_version=row["to_version"],
            author=row["author"],
            actor=row["actor"],
            reason=row["reason"],
            moved_at=datetime.fromisoformat(row["moved_at"]),
            evidence=row["evidence"],
            is_rollback=row["undoes"] is not None,
        )
        for row in current_client().pages(_path(name, alias))
    ]


def _change(method: str, name: str, alias: str, body: dict[str, Any], what: str = "") -> dict[str, Any]:
    client = current_client()
    answer: dict[str, Any] = client.request(method, f"{_path(name, alias)}{what}", json=body)
    refresh_loaded(client, name)
    return answer


def _path(name: str, alias: str) -> str:
    return f"/prompts/{url_part('A prompt', name)}/aliases/{url_part('An alias', alias)}"


def _in_utc(at: datetime | date | str) -> datetime:
    try:
        moment = datetime.fromisoformat(at) if isinstance(at, str) else at
        if not isinstance(moment, datetime):
            moment = datetime.combine(moment, time())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError) as error:
        raise ConfigurationError(f"{at!r} is no time.", hint='For example "2026-10-15" or a datetime.') from error
