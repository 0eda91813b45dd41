"""The key under which an answer is kept: a hash of everything that it may depend on. Pure.

Nothing is listed that counts: everything does, but for the names below. A parameter that nobody has thought of yet
makes another key, never a wrong answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assay.content_hash import content_hash

FORMAT = 1  # of keys and of kept answers: another one finds nothing of this
# How a request travels, and who pays for it: the answer is the same.
TRANSPORT = frozenset({"api_key", "attempts", "max_retries", "num_retries", "timeout", "timeout_s"})
TRANSPORT_HEADERS = frozenset(
    {
        "api-key",
        "authorization",
        "baggage",
        "helicone-auth",
        "idempotency-key",
        "ocp-apim-subscription-key",
        "traceparent",
        "tracestate",
        "user-agent",
        "x-api-key",
        "x-goog-api-key",
        "x-litellm-api-key",
        "x-portkey-api-key",
        "x-portkey-metadata",
        "x-portkey-request-timeout",
        "x-portkey-trace-id",
        "x-request-id",
    }
)


def answer_key(identity: Mapping[str, Any], request: Mapping[str, Any], *, repeat: int, namespace: str) -> str:
    """SHA-256 in hex of the canonical JSON of all four.

    Args:
        identity: of whom is asked: kind of gateway, address, model, headers.
        request: messages, tools, parameters, form of the answer; or texts to embed.
        repeat: which of several calls with the same request.

    Raises:
        InvalidRequest: the request cannot be written as JSON.
    """
    headers = {name.lower(): value for name, value in (identity.get("headers") or {}).items()}
    return content_hash(
        _canonical(
            {
                "format": FORMAT,
                "identity": {
                    **{name: value for name, value in identity.items() if name not in TRANSPORT},
                    "headers": {name: value for name, value in headers.items() if name not in TRANSPORT_HEADERS},
                },
                "request": {name: value for name, value in request.items() if name not in TRANSPORT},
                "repeat": repeat,
                "namespace": namespace,
            }
        )
    )


def _canonical(value: Any) -> Any:
    """Equal numbers are written alike (0 and 0.0), tuples as the lists that they become."""
    if isinstance(value, Mapping):
        return {str(name): _canonical(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(inner) for inner in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
