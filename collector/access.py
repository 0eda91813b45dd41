"""Who may do what: checked once, before anything is routed, so that no route can be forgotten.

On loopback everything is open. Where the collector listens to other machines each request needs a key, sent as a
bearer token, or as the password of HTTP Basic, which browsers ask for by themselves. Project and scope are told from
the method and the path; a key for one project reaches that project and nothing else.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time

from starlette.datastructures import QueryParams
from starlette.types import Scope

from assay.collector.receive_http import OTLP_PATHS
from assay.collector.registry import Registry
from assay.collector.registry.keys import Key
from assay.errors import Forbidden, Unauthorized

OPEN_PATHS = ("/health",)
OPEN_PREFIXES = ("/static/",)
READING = ("GET", "HEAD")
REMEMBER_S = 5.0  # how long a revoked key may still work


class Access:
    """Checks requests against the registry's keys."""

    def __init__(self, registry: Registry, *, required: bool) -> None:
        """`required` is false on loopback, where every request may do everything."""
        self.registry = registry
        self.required = required
        self._known: dict[bytes, tuple[float, Key]] = {}

    def check(self, scope: Scope) -> Key | None:
        """The key of a request that may go on; None where no key is needed.

        Raises:
            Unauthorized: there is no valid key.
            Forbidden: the key lacks the scope, or is for another project.
        """
        path = scope["path"]
        if not self.required or path in OPEN_PATHS or path.startswith(OPEN_PREFIXES):
            return None
        key = self._verify(_token(scope))
        needed = _scope_needed(scope["method"], path)
        if needed not in key.scopes and "admin" not in key.scopes:
            raise Forbidden(f"The key {key.name!r} lacks the scope {needed!r}.", hint="Make one that has it.")
        if key.project is not None and path not in OTLP_PATHS and _project(scope) != key.project:
            raise Forbidden(
                f"The key {key.name!r} is for the project {key.project!r} only.", hint="Say so with ?project=."
            )
        return key

    def _verify(self, token: str) -> Key:
        digest = hashlib.sha256(token.encode()).digest()
        now = time.monotonic()
        if (known := self._known.get(digest)) and known[0] > now:
            return known[1]
        key = self.registry.keys.verify(token)
        if key is None:
            raise Unauthorized("A valid key is needed.", hint="Send it as: Authorization: Bearer KEY")
        self._known = {other: entry for other, entry in self._known.items() if entry[0] > now}
        self._known[digest] = (now + REMEMBER_S, key)
        return key


def _token(scope: Scope) -> str:
    given: str = dict(scope["headers"]).get(b"authorization", b"").decode("latin-1")
    scheme, _, value = given.partition(" ")
    if scheme.lower() == "basic":
        try:
            value = base64.b64decode(value, validate=True).decode("utf-8").partition(":")[2]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return value.strip()


def _scope_needed(method: str, path: str) -> str:
    if path in OTLP_PATHS:
        return "ingest"
    if path.startswith("/api/v1/keys"):
        return "admin"
    return "read" if method in READING else "write"


def _project(scope: Scope) -> str | None:
    """The project a request speaks of, read exactly as the routes read it: in the path of a page, else in the query.

    None when it names none: some routes then look in every project, which a key for one must not.
    """
    parts = scope["path"].split("/")
    if len(parts) > 2 and parts[1] == "p":
        return str(parts[2])
    named: str | None = QueryParams(scope["query_string"]).get("project")
    return named
