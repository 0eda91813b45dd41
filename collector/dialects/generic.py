"""Plain OpenTelemetry: what every span may carry, whatever else it speaks. Asked last, recognises everything."""

from __future__ import annotations

from assay import semconv
from assay.collector.dialects.dialect import Dialect

DIALECT = Dialect(
    name="generic",
    prefixes=("",),
    recognises=lambda attributes: True,
    fields={
        "session_id": (semconv.SESSION_ID, "thread_id"),
        "user_id": (semconv.USER_ID, "enduser.id"),
        "input": (semconv.INPUT_VALUE,),
        "output": (semconv.OUTPUT_VALUE,),
        "metadata": (semconv.METADATA,),
        "tags": (semconv.TAG_TAGS, "tags"),
    },
)
