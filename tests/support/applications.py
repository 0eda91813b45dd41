"""FastAPI applications made once: FastAPI works out the parameters of every route again in each that is made."""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.datastructures import State

import assay.collector.api.application as api
import assay.collector.pages.app as pages
from assay.collector.service import Service

Make = Callable[..., FastAPI]


def keep_made_applications() -> None:
    """From now on, every service in this process is behind the same routes, each with a state of its own."""
    api.create_api = _made_once(api.create_api)
    pages.create_pages = _made_once(pages.create_pages)


def _made_once(make: Make) -> Make:
    @cache
    def first(**options: Any) -> FastAPI:
        return make(None, **options)

    def create(service: Service, **options: Any) -> FastAPI:
        app = copy.copy(first(**options))
        app.state = State({"service": service})
        return app

    return create
