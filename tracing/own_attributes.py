"""Attributes that Assay itself made, put on a span without OpenTelemetry's inspection of every value.

What a call was given and what it returned are texts by the time they get here. The SDK looks at each value once more,
which takes about as long as starting the span does; here is asked once whether there is anything to look for.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from opentelemetry.attributes import BoundedAttributes

_PLAIN = frozenset({str, int, float, bool})
_INSIDE = ("_dict", "_lock", "_immutable", "maxlen", "max_value_len")
_known_inside = all(hasattr(BoundedAttributes(), name) for name in _INSIDE)


def set_own(span: Any, attributes: Mapping[str, Any]) -> None:
    """Set `attributes` on a recording span, as `span.set_attributes` does: names are not empty, and limits hold."""
    kept = getattr(span, "_attributes", None)
    if (
        not _known_inside
        or type(kept) is not BoundedAttributes
        or kept.max_value_len is not None
        or kept._immutable
        or (kept.maxlen is not None and len(kept._dict) + len(attributes) > kept.maxlen)
        or not _PLAIN.issuperset(map(type, attributes.values()))
    ):
        span.set_attributes(attributes)
        return
    with kept._lock:
        kept._dict.update(attributes)
