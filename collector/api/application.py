"""The API as a FastAPI application. Importing it takes a second: see `app.py`, which loads it."""

from __future__ import annotations

from fastapi import FastAPI

import assay
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
from assay.collector.api.untraced import UNTRACED
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
    """The API without what guards it: for `create_app`, and for lists of what there is."""
    app = FastAPI(title="Assay", version=assay.__version__, docs_url=None, redoc_url=None, telemetry=UNTRACED)
    app.state.service = service
    add_error_handlers(app)
    for router in ROUTERS:
        app.include_router(router, dependencies=[KNOWN_PARAMETERS_ONLY])

    app.get("/health", tags=["operation"])(health)
    return app
