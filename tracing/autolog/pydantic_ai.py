"""Pydantic AI speaks OpenTelemetry itself; it is told to for all agents that say nothing of their own."""

from __future__ import annotations

from assay.errors import MissingPackage
from assay.tracing import runtime


def autolog(*, disable: bool = False) -> None:
    """Trace the runs of Pydantic AI's agents: their model calls and tools. `disable=True` undoes it.

    Raises:
        MissingPackage: pydantic-ai-slim is not installed.
    """
    try:
        from pydantic_ai import Agent, InstrumentationSettings  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        if disable:
            return
        message = "assay.pydantic_ai.autolog() traces pydantic-ai, which is not installed"
        raise MissingPackage(message, "pip install pydantic-ai-slim") from error
    if disable:
        Agent.instrument_all(False)
    elif (running := runtime.start()).enabled:
        Agent.instrument_all(InstrumentationSettings(include_content=running.capture_content))
