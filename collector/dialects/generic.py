"""Plain OpenTelemetry: what every span may carry, whatever else it speaks. Asked last, recognises everything."""

from __future__ import annotations

from typing import Any

from assay import semconv
from assay.collector.dialects.dialect import Attributes, Dialect, needs
from assay.collector.recorded import recorded_input, recorded_output
from assay.collector.values import as_object

SESSION_KEYS = ("session_id", "sessionId", "thread_id", "conversation_id")
USER_KEYS = ("user_id", "userId")


@needs(semconv.METADATA)
def session_id(attributes: Attributes) -> Any:
    """Last resort: LangChain's users put it into the metadata of a run."""
    return _of_metadata(attributes, SESSION_KEYS)


@needs(semconv.METADATA)
def user_id(attributes: Attributes) -> Any:
    return _of_metadata(attributes, USER_KEYS)


def _of_metadata(attributes: Attributes, keys: tuple[str, ...]) -> Any:
    metadata = as_object(attributes.get(semconv.METADATA)) or {}
    found = next((metadata[key] for key in keys if metadata.get(key)), None)
    return found if isinstance(found, (str, int)) else None


@needs(semconv.INPUT_VALUE)
def input_text(attributes: Attributes) -> str | None:
    return recorded_input(attributes.get(semconv.INPUT_VALUE))


@needs(semconv.OUTPUT_VALUE)
def output_text(attributes: Attributes) -> str | None:
    return recorded_output(attributes.get(semconv.OUTPUT_VALUE))


DIALECT = Dialect(
    name="generic",
    prefixes=("",),
    recognises=lambda attributes: True,
    fields={
        "session_id": (semconv.SESSION_ID, *SESSION_KEYS, "conversation.id"),
        "user_id": (semconv.USER_ID, "enduser.id", "user_id", "userId"),
        "metadata": (semconv.METADATA,),
        "tags": (semconv.TAG_TAGS, "tags"),
    },
    functions={
        "session_id": session_id,
        "user_id": user_id,
        "input": input_text,
        "output": output_text,
    },
)
