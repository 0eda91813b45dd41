"""`GET /metrics`: the collector's own figures, as Prometheus reads them."""

from __future__ import annotations

from fastapi import APIRouter, Response

from assay.collector.api.deps import ServiceDep

router = APIRouter(tags=["operation"])

PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8"


@router.get("/metrics", response_class=Response)
def get_metrics(service: ServiceDep) -> Response:
    """Counters, gauges and histograms in the text format of Prometheus."""
    from assay.collector.figures import exposition

    return Response(exposition(service), media_type=PROMETHEUS_TEXT)
