"""A test as a traced row: one trace, which knows its experiment and item, and what its model calls used."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from assay.evaluation.data.items import NOTHING
from assay.evaluation.pytest_plugin.rows import TestedRow, reset_current, set_current
from assay.evaluation.usage import meter
from assay.tracing import start_span
from assay.tracing.experiment import experiment_row


@contextmanager
def traced_row(row: TestedRow) -> Iterator[None]:
    """What runs inside belongs to this row."""
    metered = meter()
    token = set_current(row)
    try:
        with (
            experiment_row(row.experiment_id, row.item.id, row.repeat),
            start_span(row.experiment_name, kind="task") as span,
        ):
            row.trace_id = span.trace_id
            if row.trace_id:
                row.usage = metered.watch(row.trace_id)
            span.set_inputs(row.item.input)
            try:
                yield
            finally:
                if row.output is not NOTHING:
                    span.set_outputs(row.output)
    finally:
        reset_current(token)
        if row.trace_id:
            metered.forget(row.trace_id)
