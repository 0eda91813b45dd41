"""Assay's own attributes: links to experiments and tests, which no convention names."""

from __future__ import annotations

from assay import semconv
from assay.collector.dialects.dialect import Dialect

DIALECT = Dialect(
    name="assay",
    prefixes=("assay.",),
    recognises=lambda attributes: False,
    fields={
        "kind": (semconv.ASSAY_SPAN_KIND,),
        "trace_name": (semconv.ASSAY_TRACE_NAME,),
        "experiment_id": (semconv.ASSAY_EXPERIMENT_ID,),
        "item_id": (semconv.ASSAY_ITEM_ID,),
        "ab_test": (semconv.ASSAY_AB_TEST,),
        "ab_arm": (semconv.ASSAY_AB_ARM,),
    },
)
