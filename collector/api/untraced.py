"""FastAPI traces itself: in a traced program its requests would stand among the traces of the user."""

from __future__ import annotations

from fastapi.telemetry import TelemetryConfig

UNTRACED: TelemetryConfig = {"tracing": False, "metrics": False, "logs": False, "operation_spans": False}
