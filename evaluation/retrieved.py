"""What a row retrieved: the field of the output or of the item's metadata that holds it, under the names people use."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

CONTEXT_FIELDS = ("context", "contexts", "retrieved", "retrieved_context", "retrieved_contexts", "documents")


def context_of(output: Any, metadata: Mapping[str, Any]) -> Any:
    """The first of `CONTEXT_FIELDS` in the output (where that is a dict), else in the metadata; None if absent."""
    for place in (output, metadata):
        if isinstance(place, Mapping):
            for name in CONTEXT_FIELDS:
                if place.get(name) is not None:
                    return place[name]
    return None
