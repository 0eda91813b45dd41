"""Makes a FastAPI application answer every error in the API's form."""

from __future__ import annotations

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from assay.collector.api.errors import error_body, error_response
from assay.errors import AssayError

logger = logging.getLogger("assay.collector")


def add_error_handlers(app: FastAPI) -> None:
    """Make `app` answer every error in the API's form."""
    app.add_exception_handler(AssayError, _assay_error)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)


async def _assay_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, AssayError)
    return error_response(error)


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    problems = "; ".join(
        f"{'.'.join(str(part) for part in problem['loc'])}: {problem['msg']}" for problem in error.errors()[:5]
    )
    return JSONResponse(
        error_body("invalid_request", f"The request cannot be used. {problems}.", "See /openapi.json."), 400
    )


async def _http_error(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = {404: "not_found", 401: "unauthorized", 403: "forbidden"}.get(error.status_code, "invalid_request")
    message = f"{request.method} {request.url.path}: {error.detail}."
    return JSONResponse(error_body(code, message, "See /openapi.json."), error.status_code, error.headers)


async def _unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return JSONResponse(error_body("internal", "The collector failed on this request.", "Its log says why."), 500)
