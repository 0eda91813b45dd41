"""The pages alone, over made-up data. Run it with tests/ on PYTHONPATH to look at them while working on them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import FastAPI

from assay.collector import pages
from assay.collector.pages.dashboards.figures_source import get_figures
from assay.collector.pages.datasets.dataset_source import get_datasets
from assay.collector.pages.overview.overview_source import get_overview
from assay.collector.pages.playground.workbench import get_workbench
from assay.collector.pages.traces.details_source import get_details
from assay.collector.pages.traces.list_source import get_trace_lists
from assay.collector.pages.traces.send_source import get_send_source
from assay.collector.pages.web import get_desk, get_source
from support.dataset_fakes import FakeDatasets
from support.detail_data import FakeDetails, FakeSending
from support.figure_fakes import NoFigures, NoOverview
from support.list_app import FakeTraceLists
from support.playground_bench import FakeBench

if TYPE_CHECKING:
    from support.page_data import FakeSource


def pages_app(source: FakeSource) -> FastAPI:
    app = FastAPI()
    pages.mount(app)
    put_behind(app, source)
    return app


def put_behind(app: FastAPI, source: FakeSource) -> None:
    """Let the pages of `app` show this source, and nothing that was put behind them before."""
    app.dependency_overrides.clear()
    app.dependency_overrides[get_source] = lambda: source
    app.dependency_overrides[get_desk] = lambda: source.desk
    # Over whatever source a test has put there
    app.dependency_overrides[get_trace_lists] = lambda: FakeTraceLists(app.dependency_overrides[get_source]())
    app.dependency_overrides[get_details] = lambda: FakeDetails(app.dependency_overrides[get_source]())
    app.dependency_overrides[get_send_source] = lambda: FakeSending(app.dependency_overrides[get_source]())
    app.dependency_overrides[get_figures] = NoFigures
    app.dependency_overrides[get_datasets] = FakeDatasets
    app.dependency_overrides[get_overview] = lambda: NoOverview(app.dependency_overrides[get_source]())
    bench = FakeBench()
    app.dependency_overrides[get_workbench] = lambda: bench


if __name__ == "__main__":
    import uvicorn

    from support.page_data import FakeSource

    uvicorn.run(pages_app(FakeSource()), port=8765)
