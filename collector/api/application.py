"""The API and the pages as one FastAPI application. Importing it takes a second: see `app.py`, which loads it."""

from __future__ import annotations

from fastapi import FastAPI

import assay
from assay.collector import pages
from assay.collector.api import (
    ab_tests,
    alerts,
    alignments,
    audit,
    datasets,
    experiment_rows,
    experiments,
    keys,
    life,
    lineage,
    live,
    metrics,
    online_scorers,
    projects,
    prompt_aliases,
    prompts,
    repricing,
    review_queues,
    scores,
    settings,
    sql,
    stats,
    traces,
)
from assay.collector.api.error_handlers import add_error_handlers
from assay.collector.api.parameters import KNOWN_PARAMETERS_ONLY
from assay.collector.health import health
from assay.collector.service import Service

ROUTERS = (
    projects.router,
    traces.router,
    stats.router,
    live.router,
    metrics.router,
    scores.router,
    lineage.router,
    prompts.router,
    prompt_aliases.router,
    datasets.router,
    ab_tests.router,
    alignments.router,
    review_queues.router,
    experiments.router,
    experiment_rows.router,
    keys.router,
    audit.router,
    sql.router,
    life.router,
    repricing.router,
    settings.router,
    online_scorers.router,
    alerts.router,
)


def create_api(service: Service) -> FastAPI:
    """The API and the pages, without what guards them: for `create_app`, and for lists of what there is."""
    # FastAPI traces itself: in a traced program its requests would stand among the traces of the user
    app = FastAPI(
        title="Assay",
        version=assay.__version__,
        docs_url=None,
        redoc_url=None,
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
    )
    app.state.service = service
    add_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router, dependencies=[KNOWN_PARAMETERS_ONLY])
    pages.mount(app)

    app.get("/health", tags=["operation"])(health)
    return app
