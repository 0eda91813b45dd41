"""What the first row tells before the others are paid for: an error that every row would meet."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

from assay.errors import ConfigurationError, GatewayError

DRY_ROWS = 3  # at most: a first row that fails by its own doing has not shown that the scorers work

# Packages whose 403 and 404 are about key and model. Anybody else's may be about a page that this row asked for.
_MODEL_CLIENTS = frozenset(
    {"openai", "anthropic", "litellm", "google", "groq", "mistralai", "cohere", "together", "portkey_ai", "assay"}
)
_NO_SUCH_MODEL = re.compile(
    r"(unknown|invalid|no such|unsupported) model|model.{0,80}(not (exist|found|supported|available)|unknown|invalid)"
    r"|LLM Provider NOT provided",
    re.IGNORECASE,
)
_CALL_DOES_NOT_FIT = re.compile(
    r"missing \d+ required|unexpected keyword argument|positional arguments? but|takes no (keyword )?arguments"
    r"|multiple values for|positional-only|takes (exactly|at least|at most)"
)


def configuration_error(raised: Sequence[BaseException], functions: Sequence[Callable[..., Any]]) -> str | None:
    """Why every other row would fail like this one; None when it may be the row's own doing.

    Args:
        raised: by the task and by the scorers of one row.
        functions: the task and the scorers, to tell a call that does not fit them from a TypeError inside.
    """
    for error in raised:
        if isinstance(error, ConfigurationError | ImportError) or _is_refusal(error) or _is_no_fit(error, functions):
            return f"{type(error).__name__}: {error}"
    return None


def _is_refusal(error: BaseException) -> bool:
    """A provider that does not know the key, or not the model."""
    status = getattr(error, "status_code", None) or getattr(error, "status", None)
    if status is None:
        status = getattr(getattr(error, "response", None), "status_code", None)
    if status == 401:
        return True
    package = type(error).__module__.partition(".")[0]
    of_a_model = isinstance(error, GatewayError) or package in _MODEL_CLIENTS
    return of_a_model and (
        status in (402, 403, 404) or (status == 400 and _NO_SUCH_MODEL.search(str(error)) is not None)
    )


def _is_no_fit(error: BaseException, functions: Sequence[Callable[..., Any]]) -> bool:
    """A TypeError of calling a task or scorer, or of one that hands its arguments on and does nothing else."""
    if not isinstance(error, TypeError) or not _CALL_DOES_NOT_FIT.search(str(error)):
        return False
    codes = {code for function in functions if (code := _code(function)) is not None}
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    if last is None:
        return True
    frame = last.tb_frame
    called_by_us = str(frame.f_globals.get("__name__")).partition(".")[0] == "assay"
    return called_by_us or frame.f_code in codes


def _code(function: Callable[..., Any]) -> Any:
    while hasattr(function, "func"):  # functools.partial
        function = function.func
    target = inspect.unwrap(function)
    if not inspect.isroutine(target):
        target = type(target).__call__
    return getattr(target, "__code__", None)
