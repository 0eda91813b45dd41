"""Failed calls: what is raised at the seam, and the same in our words, with what to do and without keys."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

from assay.errors import GatewayError
from assay.evaluation.rates import lacks_key, spent_for_good
from assay.redaction import Redactor, make_redactor
from assay.settings import Settings, is_secret

HINTS = {
    400: "The model or gateway refused the request itself; another model may take it.",
    401: "Set the provider's key (OPENAI_API_KEY, ...) or, for a gateway, ASSAY_GATEWAY_API_KEY.",
    403: "The key is known but may not use this model.",
    404: "Is the model's name right, and does ASSAY_GATEWAY_URL end where the API begins (usually /v1)?",
    408: "The model took longer than the timeout (ASSAY_GATEWAY_TIMEOUT_S).",
    429: "The provider's rate limit held through all attempts; a lower concurrency= may help.",
}
NOBODY = "Is the gateway running, and ASSAY_GATEWAY_URL its address?"
PAID_UP = "No waiting helps: the account has nothing left to spend. See to its billing, or use another key."
TEMPERATURE = "Leave the temperature to the model: temperature=None."
LONGEST = 2000  # characters of what a server says: some answer with a page
SHORTEST_SECRET = 6  # what is shorter is a word, and would blank out words

_SECRET_NAME = re.compile(r"key|token|secret|password|credential|authorization|cookie", re.IGNORECASE)


class CallFailed(Exception):
    """One request that failed, as retries and limits want to know it: `status_code`, and `response.headers`."""

    def __init__(self, message: str, *, status: int | None, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(message)
        self.status_code = status
        self.response = SimpleNamespace(headers=headers or {})


class ConnectionFailed(CallFailed, ConnectionError):
    """Nobody there, or the connection broke."""


class TookTooLong(CallFailed, TimeoutError):
    """No whole answer within the timeout."""


def explained(error: Exception, *, model: str, address: str, settings: Settings) -> GatewayError:
    """The failure with model and address, and what to do about it."""
    # LiteLLM makes a 401 of a missing key for some providers and a 500 for others
    status = 401 if lacks_key(error) else getattr(error, "status_code", None)
    message = str(getattr(error, "message", None) or error) or type(error).__name__
    said = without_keys(message, settings)
    shown = said if len(said) <= LONGEST else f"{said[:LONGEST]}..."
    return GatewayError(
        f"Model {model!r} at {address}: {shown}",
        hint=_hint(error, status, said),
        status=status,
        model=model,
        address=address,
    )


def _hint(error: Exception, status: int | None, said: str) -> str | None:
    if status == 400 and "temperature" in said:
        return TEMPERATURE
    if spent_for_good(said):
        return PAID_UP
    if isinstance(error, TimeoutError):
        return HINTS[408]
    if isinstance(error, ConnectionError):
        return NOBODY
    return HINTS.get(status or 0)


def without_keys(text: str, settings: Settings) -> str:
    """`text` without the keys that the settings and the environment hold, and without what looks like one."""
    for secret in _secrets(settings):
        text = text.replace(secret, "[key]")
    return _redactor().text(text)


def _secrets(settings: Settings) -> list[str]:
    """Longest first: one may be part of another, as a key is of `Bearer key`."""
    held = {name: getattr(settings, name) for name in type(settings).model_fields if is_secret(name)}
    found = {*_under_secret_names(held), *_under_secret_names(os.environ)}
    return sorted((value for value in found if len(value) >= SHORTEST_SECRET), key=len, reverse=True)


def _under_secret_names(values: Mapping[str, Any]) -> Iterator[str]:
    """Texts whose names say that they are keys; a header's without `Bearer` too, and those in a config that is JSON."""
    for name, value in values.items():
        if isinstance(value, str) and name.endswith("config"):
            value = _parsed(value)
        if isinstance(value, Mapping):
            yield from _under_secret_names(value)
        elif isinstance(value, str) and _SECRET_NAME.search(name):
            yield from (value, value.partition(" ")[2])


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


@lru_cache(maxsize=1)
def _redactor() -> Redactor:
    redactor = make_redactor("secrets")
    assert redactor is not None
    return redactor
