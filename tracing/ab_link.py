"""Exposures on spans: that a unit of an A/B test got an arm. The prompts package calls it; nothing else needs to.

The span that first needs to know the arm in a trace carries the exposure. What begins below it later, and elsewhere in
the trace while that had but one unit, carries test and arm, so that it can be asked for by them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from opentelemetry import trace as otel_trace

from assay import semconv
from assay.tracing import runtime
from assay.tracing.tell import our_fault


@dataclass(frozen=True, slots=True)
class Exposure:
    """The arm that a unit got, as spans say it."""

    test: str
    arm: str
    phase: int
    weight: float
    salt_version: int

    @property
    def link(self) -> dict[str, str]:
        """What later spans inherit."""
        return {semconv.ASSAY_AB_TEST: self.test, semconv.ASSAY_AB_ARM: self.arm}

    def attributes(self, unit: str) -> dict[str, Any]:
        return {
            **self.link,
            semconv.ASSAY_AB_PHASE: self.phase,
            semconv.ASSAY_AB_UNIT: unit,
            semconv.ASSAY_AB_WEIGHT: self.weight,
            semconv.ASSAY_AB_SALT_VERSION: self.salt_version,
        }


def link_exposure(exposure: Exposure, unit: str, recorded: Callable[[str], str]) -> bool:
    """Record an exposure on the current span, once in each trace; False outside of any. Never raises.

    A span that has one of another test or unit already gets it on a span of its own below.

    Args:
        recorded: what is to stand on the span for the unit.
    """
    try:
        span: Any = otel_trace.get_current_span()
        if not span.get_span_context().is_valid:
            return False
        if span.is_recording():
            _record(span, exposure, unit, recorded)
        return True
    except Exception:
        our_fault("recording an exposure")
        return True


def shown_unit(text: str) -> str | None:
    """`text` where it may stand on spans as it is; None where this program's rules of redaction would change it."""
    try:
        running = runtime.active
        if running is None or running.prepare is None:
            return text
        return text if running.prepare.redactor.document({"unit": text}, ("unit",))["unit"] == text else None
    except Exception:
        our_fault("looking through a unit")
        return None


def _record(span: Any, exposure: Exposure, unit: str, recorded: Callable[[str], str]) -> None:
    root: Any = getattr(span, "_assay_root", span)
    known = getattr(root, "_assay_exposed", None)
    if known is None:
        known = root._assay_exposed = set()
    key = (exposure.test, unit, exposure.arm)
    span._assay_ab = exposure.link
    if key in known:
        return
    known.add(key)
    root._assay_ab_of_trace = exposure.link if len(known) == 1 else None
    attributes = exposure.attributes(recorded(unit))
    if getattr(span, "_assay_exposure", None) is None:
        span._assay_exposure = exposure
        span.set_attributes(attributes)
    else:
        runtime.start().tracer.start_span(f"ab_test {exposure.test}", attributes=attributes).end()
