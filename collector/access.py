"""Who may do what: checked once, before anything is routed, so that no route can be forgotten.

On loopback everything is open. Where the collector listens to other machines each request needs a key, sent as a
bearer token, or as the password of HTTP Basic, which browsers ask for by themselves. scopes.py tells what a route asks
of it; a key for one project reaches that project and nothing else. Programs that the collector starts beside itself
have a token of chance, made anew at every start and kept in memory alone.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import secrets
import threading
import time
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlencode

from assay.collector.limits import (
    FAILURES_AT_ONCE,
    FAILURES_PER_S,
    NO_LIMITS,
    Buckets,
    Limiter,
    Limits,
    TooManyRequests,
)
from assay.collector.registry.actor import Actor
from assay.collector.scopes import Reach, Rule, rule_of_call, rules_of
from assay.collector.segments import name_of
from assay.errors import Forbidden, Unauthorized

if TYPE_CHECKING:
    from assay.collector.registry import Key, Registry

REMEMBER_S = 5.0  # how long a revoked key may still work
MOST_REMEMBERED = 10_000
LOCAL_SENDER = "local"
OWN_PROGRAMS = "collector"  # whom the audit log names for what they do
SCOPES_OF_OWN_PROGRAMS = frozenset({"ingest", "read", "write"})


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that may go on. `key` is None where none is needed; `token` is what it came with."""

    key: Key | None = None
    token: str | None = field(default=None, repr=False)

    @property
    def sender(self) -> str:
        """Whom limits are counted for."""
        return self.key.id if self.key else LOCAL_SENDER


class Access:
    """Checks requests against the registry's keys."""

    def __init__(
        self,
        registry: Registry | None,
        *,
        required: bool,
        limits: Limits = NO_LIMITS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`required` is false on loopback, where every request may do everything: there needs to be no `registry`."""
        self._registry = registry
        self.required = required
        self.limiter = Limiter(limits, clock)
        self._clock = clock
        self._known: dict[bytes, tuple[float, Key]] = {}
        self._refused_lately = Buckets(1 / 60, 1, clock)
        self._failures = Buckets(FAILURES_PER_S, FAILURES_AT_ONCE, clock)
        self._lock = threading.Lock()
        self.own_token: str | None = None  # of programs that the collector starts; None where no key is needed
        if required:
            from assay.collector.registry import Key

            self.own_token = secrets.token_urlsafe(32)
            self._own_key = Key(
                id=OWN_PROGRAMS, name="the collector's own programs", scopes=SCOPES_OF_OWN_PROGRAMS, project=None
            )

    def limit(self, limits: Limits) -> None:
        """Hold every sender to other limits from now on."""
        if limits != self.limiter.limits:
            self.limiter = Limiter(limits, self._clock)

    def check(self, scope: MutableMapping[str, Any]) -> Admitted:
        """Whether an HTTP request may go on, and as whom.

        Raises:
            Unauthorized: there is no valid key.
            Forbidden: the key lacks the scope, or is for another project.
            TooManyRequests: the key, or the address, has used up what it may.
        """
        rules = rules_of(scope["method"], scope["path"])
        if not self.required or all(rule.scope is None for rule in rules):
            return self._within_limits(Admitted())
        admitted = self._authenticate(token_of(dict(scope["headers"]).get(b"authorization", b"")), _address(scope))
        assert admitted.key is not None
        try:
            for rule in rules:
                _check_scope(admitted.key, rule)
                _check_project(admitted.key, rule, scope)
        except Forbidden:
            self._tell_audit(admitted.key, f"{scope['method']} {scope['path']}", _address(scope))
            raise
        return self._within_limits(admitted)

    def check_call(self, method: str, authorization: str | bytes, address: str | None = None) -> Admitted:
        """As `check`, for a gRPC method (`/package.Service/Method`), its metadata's `authorization`, and its peer."""
        if not self.required:
            return self._within_limits(Admitted())
        header = authorization.encode("latin-1", "replace") if isinstance(authorization, str) else authorization
        address = _host_of_peer(address)
        admitted = self._authenticate(token_of(header), address)
        assert admitted.key is not None
        rule = rule_of_call(method)
        try:
            _check_scope(admitted.key, rule)
            if rule.reach is Reach.EVERY and admitted.key.project is not None:
                raise _for_one_project(admitted.key)
        except Forbidden:
            self._tell_audit(admitted.key, method, address)
            raise
        return self._within_limits(admitted)

    def still_valid(self, admitted: Admitted) -> bool:
        """Whether the key of an answer that takes long is still good: asked again at most REMEMBER_S after the last."""
        return admitted.token is None or self._find(admitted.token) is not None

    # Steps ------------------------------------------------------------------------------------------------------

    def _authenticate(self, token: str, address: str | None) -> Admitted:
        if not token:
            raise _unauthorized()
        came_from = address or "unknown"
        # was good before, or is ours: others' failures do not shut it out
        known = _digest(token) in self._known or self._is_own(token)
        if not known and (wait := self._failures.wait_s(came_from)):
            raise TooManyRequests(
                "Too many requests with a wrong key came from this address.",
                hint="Wait, and check the key.",
                retry_after_s=wait,
            )
        if key := self._find(token):
            return Admitted(key, token)
        self._failures.take(came_from)
        raise _unauthorized()

    def _remembered(self, digest: bytes) -> Key | None:
        known = self._known.get(digest)
        return known[1] if known and known[0] > self._clock() else None

    def _is_own(self, token: str) -> bool:
        given = token.encode("utf-8", "surrogatepass")
        return self.own_token is not None and hmac.compare_digest(given, self.own_token.encode())

    def _find(self, token: str) -> Key | None:
        if self._is_own(token):
            return self._own_key
        digest = _digest(token)
        if key := self._remembered(digest):
            return key
        assert self._registry is not None, "keys are only looked at where they are required"
        key = self._registry.keys.verify(token)
        now = self._clock()
        with self._lock:
            self._known.pop(digest, None)
            if len(self._known) >= MOST_REMEMBERED:
                self._known = {other: entry for other, entry in self._known.items() if entry[0] > now}
            if key is not None and len(self._known) < MOST_REMEMBERED:
                self._known[digest] = (now + REMEMBER_S, key)
        return key

    def _within_limits(self, admitted: Admitted) -> Admitted:
        self.limiter.admit(admitted.sender)
        return admitted

    def _tell_audit(self, key: Key, what: str, address: str | None) -> None:
        """Note that a key was used for what it may not do; once a minute for each, so that nobody can fill the log."""
        if not self._refused_lately.wait_s(key.id):
            self._refused_lately.take(key.id)
            assert self._registry is not None
            self._registry.audit.add(
                Actor(key.id, address), "access.refuse", what[:500], project=key.project, result="refused"
            )


def token_of(authorization: bytes) -> str:
    """The key in an Authorization header; empty when there is none that can be read."""
    scheme, _, value = authorization.decode("latin-1").partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, ValueError):
            return ""
    elif scheme.lower() != "bearer":
        return ""
    return value.strip()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()


def _address(scope: Mapping[str, Any]) -> str | None:
    client = scope.get("client")
    return str(client[0]) if client else None


def _host_of_peer(peer: str | None) -> str | None:
    """The address in gRPC's `ipv4:127.0.0.1:50000`: the port is another one with every connection."""
    if peer is None or not peer.startswith(("ipv4:", "ipv6:")):
        return peer
    return unquote(peer.split(":", 1)[1].rpartition(":")[0]).strip("[]")


def _check_scope(key: Key, rule: Rule) -> None:
    if rule.scope is not None and rule.scope not in key.scopes and "admin" not in key.scopes:
        raise Forbidden(f"The key {key.name!r} lacks the scope {rule.scope!r}.", hint="Make one that has it.")


def _check_project(key: Key, rule: Rule, scope: MutableMapping[str, Any]) -> None:
    """Keep a key for one project within it. Where a query names no project, the key's own is put there."""
    if key.project is None or rule.reach in (Reach.NONE, Reach.KEY):
        return
    if rule.reach is Reach.EVERY:
        raise _for_one_project(key)
    if rule.reach is Reach.PATH:
        named = {name_of(scope["path"].split("/")[2])}  # read exactly as the pages read it
    else:
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        named = {value for name, value in query if name == "project"}
        if not named:
            own = urlencode({"project": key.project}).encode()
            scope["query_string"] = b"&".join(filter(None, (scope["query_string"], own)))
            return
    if named != {key.project}:
        raise Forbidden(
            f"The key {key.name!r} is for the project {key.project!r} only.", hint="Leave ?project= out, or name that."
        )


def _unauthorized() -> Unauthorized:
    return Unauthorized("A valid key is needed.", hint="Set ASSAY_API_KEY, or send it as: Authorization: Bearer KEY")


def _for_one_project(key: Key) -> Forbidden:
    return Forbidden(
        f"The key {key.name!r} is for the project {key.project!r} only, and this reaches beyond it.",
        hint="Use a key for every project.",
    )
