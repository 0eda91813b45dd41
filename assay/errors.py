"""The one error tree: everything that Assay raises on purpose.

    AssayError
    ├── ConfigurationError (ValueError)      a setting, argument or file that cannot be used
    │   └── MissingPackage (ImportError)     a feature whose packages are not installed
    │       └── MissingExtra                 those of an extra of ours
    ├── InvalidRequest (ValueError)          the collector refused what was sent
    ├── NotFound (LookupError)               no such thing in the collector
    │   ├── PromptNotFound
    │   ├── DatasetNotFound
    │   ├── ExperimentNotFound
    │   ├── AbTestNotFound
    │   └── TraceNotFound
    ├── Conflict                             it exists already, or changed in between
    ├── TemplateError (ValueError)           a prompt template that cannot be parsed or filled
    ├── Unauthorized (PermissionError)       a key is missing or unknown
    │   └── Forbidden                        the key is good, but not for this
    │       └── GateMissed                   what was named to speak for moving an alias did not pass its gate
    ├── CollectorUnavailable (ConnectionError)   nobody answers, or it is too busy to
    ├── StoreError                           the collector's data directory
    │   ├── StoreLocked                      another process owns it
    │   └── StoreDamaged                     it cannot be opened as it is
    ├── DatasetError (ValueError)            test data that cannot be read; names the row
    ├── GatewayError                         a model call that failed for good
    ├── ScorerError                          a scorer that could not judge: counted as failed, never as a value
    └── GateFailed (AssertionError)          a comparison that missed its threshold

Builtin second bases let plain ``except ValueError`` and the like work.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class AssayError(Exception):
    """Base of every error raised on purpose. `hint` says what to do next; it is part of the message too."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        stop = "" if message.endswith((".", ":", "!", "?")) else "."  # what a library says often ends without one
        super().__init__(f"{message}{stop} {hint}" if hint else message)
        self.message = message
        self.hint = hint


class ConfigurationError(AssayError, ValueError): ...


class MissingPackage(ConfigurationError, ImportError):
    """`pip` is the command that installs what is missing."""

    def __init__(self, message: str, pip: str) -> None:
        super().__init__(message, hint=f"Try: {pip}")
        self.pip = pip


class MissingExtra(MissingPackage):
    """A feature needs an extra of the distribution that is not installed."""

    def __init__(self, feature: str, extra: str) -> None:
        super().__init__(f"{feature} needs packages that are not installed.", f"pip install 'assay[{extra}]'")
        self.extra = extra


class InvalidRequest(AssayError, ValueError): ...


class NotFound(AssayError, LookupError): ...


class PromptNotFound(NotFound): ...


class DatasetNotFound(NotFound): ...


class ExperimentNotFound(NotFound): ...


class AbTestNotFound(NotFound): ...


class TraceNotFound(NotFound): ...


class Conflict(AssayError): ...


class TemplateError(AssayError, ValueError): ...


class Unauthorized(AssayError, PermissionError): ...


class Forbidden(Unauthorized): ...


class GateMissed(Forbidden): ...


class CollectorUnavailable(AssayError, ConnectionError): ...


class StoreError(AssayError): ...


class StoreLocked(StoreError): ...


class StoreDamaged(StoreError): ...


class DatasetError(AssayError, ValueError): ...


class GatewayError(AssayError):
    """`status` is the HTTP status of the answer, None where there was none; `address` where `model` was asked."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        status: int | None = None,
        model: str | None = None,
        address: str | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.model = model
        self.address = address


class ScorerError(AssayError):
    """`metadata` is kept with the failed score: tokens and cost that were spent, the raw answer."""

    def __init__(self, message: str, *, hint: str | None = None, metadata: Mapping[str, Any] | None = None) -> None:
        super().__init__(message, hint=hint)
        self.metadata = dict(metadata or {})


class GateFailed(AssayError, AssertionError): ...
