"""Retries of the OpenAI SDK, as events on the span of the call: what failed, and how long the SDK waits."""

from __future__ import annotations

import functools
import sys
from typing import Any

from opentelemetry import trace as otel_trace

from assay import semconv
from assay.tracing.autolog.model_call import inside_model_call
from assay.tracing.serialise import error_type
from assay.tracing.tell import our_fault


def retry_hook(original: Any) -> Any:
    """Around `BaseClient._calculate_retry_timeout`, which the SDK calls once before each retry, its wait in seconds."""

    @functools.wraps(original)
    def _calculate_retry_timeout(self: Any, remaining_retries: int, options: Any, *args: Any, **kwargs: Any) -> Any:
        delay_s = original(self, remaining_retries, options, *args, **kwargs)
        try:
            if inside_model_call():
                _record(self, remaining_retries, options, delay_s)
        except Exception:
            our_fault("recording a retry")
        return delay_s

    return _calculate_retry_timeout


def _record(client: Any, remaining_retries: int, options: Any, delay_s: float) -> None:
    resend = options.get_max_retries(client.max_retries) - remaining_retries + 1
    error = sys.exception()  # the SDK asks while it handles what went wrong
    status = getattr(getattr(error, "response", None), "status_code", None)
    said: dict[str, Any] = {semconv.HTTP_REQUEST_RESEND_COUNT: resend, semconv.ASSAY_RETRY_DELAY_S: float(delay_s)}
    if isinstance(status, int):
        said[semconv.HTTP_RESPONSE_STATUS_CODE] = status
    elif error is not None:
        said[semconv.ERROR_TYPE] = error_type(error)
    span = otel_trace.get_current_span()
    span.add_event(semconv.ASSAY_RETRY, said)
    span.set_attribute(semconv.HTTP_REQUEST_RESEND_COUNT, resend)
