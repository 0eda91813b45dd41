"""Ids of traces and spans, from a generator that the program does not seed.

OpenTelemetry draws them from the module `random`. A program that calls `random.seed(42)`, as evaluations and tests do,
would give its second run the ids of its first, and a collector takes spans that it knows already for repeats.
"""

from __future__ import annotations

import os
import random

from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.trace import INVALID_SPAN_ID, INVALID_TRACE_ID

_random = random.Random()  # seeded by the operating system


class OwnIds(RandomIdGenerator):
    def generate_span_id(self) -> int:
        while (span_id := _random.getrandbits(64)) == INVALID_SPAN_ID:
            pass
        return span_id

    def generate_trace_id(self) -> int:
        while (trace_id := _random.getrandbits(128)) == INVALID_TRACE_ID:
            pass
        return trace_id


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_random.seed)  # or parent and child would draw the same
