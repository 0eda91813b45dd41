"""Errors as the API answers them: a status, and `{"error": {"code", "message", "hint"}}`. Needs no framework."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse

from assay.collector.limits import TooManyRequests
from assay.errors import (
    AbTestNotFound,
    AssayError,
    CollectorUnavailable,
    ConfigurationError,
    Conflict,
    DatasetError,
    DatasetNotFound,
    ExperimentNotFound,
    Forbidden,
    GateMissed,
    InvalidRequest,
    NotFound,
    PromptNotFound,
    TemplateError,
    TraceNotFound,
    Unauthorized,
)


class MisdirectedRequest(InvalidRequest):
    """The Host named is not one of this collector's."""


class UnsupportedMediaType(InvalidRequest):
    """The body is of a type that the route does not take."""


class TooLarge(InvalidRequest):
    """The body is larger than the route takes."""


# error -> (status, code); a subclass stands before its base
STATUS: tuple[tuple[type[AssayError], int, str], ...] = (
    (PromptNotFound, 404, "prompt_not_found"),
    (DatasetNotFound, 404, "dataset_not_found"),
    (ExperimentNotFound, 404, "experiment_not_found"),
    (AbTestNotFound, 404, "ab_test_not_found"),
    (TraceNotFound, 404, "trace_not_found"),
    (NotFound, 404, "not_found"),
    (TemplateError, 400, "invalid_template"),
    (DatasetError, 400, "invalid_request"),
    (MisdirectedRequest, 421, "invalid_request"),
    (UnsupportedMediaType, 415, "invalid_request"),
    (TooLarge, 413, "invalid_request"),
    (InvalidRequest, 400, "invalid_request"),
    (ConfigurationError, 400, "invalid_request"),
    (Conflict, 409, "conflict"),
    (GateMissed, 403, "gate_missed"),
    (Forbidden, 403, "forbidden"),
    (Unauthorized, 401, "unauthorized"),
    (TooManyRequests, 429, "too_many_requests"),
    (CollectorUnavailable, 503, "unavailable"),
    (AssayError, 500, "internal"),
)


def error_body(code: str, message: str, hint: str | None = None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "hint": hint}}


def status_of(error: AssayError) -> tuple[int, str]:
    """HTTP status and code of an error."""
    return next((status, code) for kind, status, code in STATUS if isinstance(error, kind))


def error_response(error: AssayError) -> JSONResponse:
    """The answer to a request that ended in `error`."""
    status, code = status_of(error)
    headers = {503: {"retry-after": "2"}, 401: {"www-authenticate": 'Basic realm="Assay: the password is a key"'}}
    return JSONResponse(error_body(code, error.message, error.hint), status, headers.get(status))
