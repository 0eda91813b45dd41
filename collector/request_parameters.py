"""Parameters of a request to a model, as OpenAI names them and others after it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

REQUEST_PARAMETERS = (
    "temperature",
    "top_p",
    "top_k",
    "max_tokens",
    "max_completion_tokens",
    "max_output_tokens",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "seed",
    "n",
    "stream",
    "tool_choice",
    "response_format",
    "reasoning_effort",
)


def parameters_of(request: Mapping[str, Any]) -> dict[str, Any] | None:
    """Those that the request sets; None when it sets none."""
    return {name: request[name] for name in REQUEST_PARAMETERS if request.get(name) is not None} or None
