"""Routes: the experiments of a project, and one experiment."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.experiments import eval_view, slices
from assay.collector.pages.experiments.artifact_view import pictures
from assay.collector.pages.experiments.spread import spread
from assay.collector.pages.snippets import evaluation_snippet
from assay.collector.pages.source import Source
from assay.collector.pages.tables import csv_answer
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.errors import InvalidRequest

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]

ROWS_A_PAGE = 100
CSV_COLUMNS = ("item_id", "repeat", "status", "input", "expected", "output", "error", "duration_ms", "cost_usd")


@router.get("/p/{project}/evals")
def experiment_list(request: Request, source: FromSource, project: str, after: str = "") -> Response:
    project = urls.name_of(project)
    found = source.experiments(project, cursor=after or None)
    return page(
        request,
        "experiments/list.html",
        title="Evaluations",
        source=source,
        project=project,
        section="evals",
        experiments=found.items,
        bases=eval_view.bases(found.items),
        next_cursor=found.next_cursor,
        snippets=[evaluation_snippet(str(request.base_url).rstrip("/"), project)],
    )


@router.get("/p/{project}/evals/{experiment_id}.json")
def experiment_json(source: FromSource, project: str, experiment_id: str) -> Response:
    """The experiment with its rows."""
    found = source.experiment(urls.name_of(project), urls.name_of(experiment_id))
    return JSONResponse({**found, "rows": source.experiment_rows(found["id"])})


@router.get("/p/{project}/evals/{experiment_id}.csv")
def experiment_csv(source: FromSource, project: str, experiment_id: str) -> Response:
    """The rows as a table, a column for each scorer."""
    found = source.experiment(urls.name_of(project), urls.name_of(experiment_id))
    items = source.item_metadata(urls.name_of(project), found["dataset"] or {})
    rows = eval_view.in_data_order(source.experiment_rows(found["id"]), items)
    scorers = eval_view.scorer_names(rows)
    lines = ([*(row.get(name) for name in CSV_COLUMNS), *eval_view.values_of(row, scorers)] for row in rows)
    return csv_answer(found["name"], (*CSV_COLUMNS, *scorers), lines)


@router.get("/p/{project}/evals/{experiment_id}")
def experiment(
    request: Request,
    source: FromSource,
    project: str,
    experiment_id: str,
    only: str = "",
    q: str = "",
    sort: str = "",
    by: str = "",
    score: str = "",
    start: int = 1,
) -> Response:
    """`q`: rows that hold this text; `sort`: by this score, the worst first, or by `duration_ms`, the slowest first;
    `by` and `score`: scores by groups.
    """
    project = urls.name_of(project)
    found = source.experiment(project, urls.name_of(experiment_id))
    metadata = source.item_metadata(project, found["dataset"] or {})
    rows = eval_view.in_data_order(source.experiment_rows(found["id"]), metadata)
    failed = [row for row in rows if eval_view.failed(row)]
    ways = eval_view.directions(found)
    scorers = eval_view.scorer_names(rows)
    if rows and sort not in ("", eval_view.LATENCY, *scorers):
        known = ", ".join((eval_view.LATENCY, *scorers))
        raise InvalidRequest(f"Rows cannot be sorted by {sort!r}.", hint=f"They can by: {known}.")
    chosen = eval_view.chosen_rows(failed if only == "error" else rows, q.strip(), sort, ways)
    start = max(1, start)
    others = [other for other in source.experiments(project, cursor=None).items if other["id"] != found["id"]]
    fields = slices.labels_of(rows, metadata)
    by = by if by in fields else next(iter(fields), "")
    score = score if score in scorers else next(iter(scorers), "")
    return page(
        request,
        "experiments/experiment.html",
        title=found["name"],
        source=source,
        project=project,
        section="evals",
        experiment=found,
        summary=eval_view.summary_lines(found, rows),
        spreads={scorer: spread(rows, scorer) for scorer in scorers},
        of_the_run=eval_view.run_lines(found),
        pictures=pictures(found),
        aligned=eval_view.aligned(found, rows, partial(source.alignments, project)),
        scorers=scorers,
        fields=list(fields),
        slices=slices.slices(rows, fields[by], score, ways.get(score, "higher")) if by and score else [],
        by=by,
        score=score,
        rows=chosen[start - 1 : start - 1 + ROWS_A_PAGE],
        row_count=len(rows),
        failed_count=len(failed),
        found=len(chosen),
        asked={"only": only, "q": q.strip(), "sort": sort},
        start=start,
        page_size=ROWS_A_PAGE,
        running_ms=eval_view.running_ms(found),
        cost=eval_view.total(rows, "cost_usd"),
        others=others,
        scores_by_name=eval_view.scores_by_name,
    )


@router.get("/p/{project}/experiments")
def experiments_elsewhere(project: str) -> Response:
    return redirect(urls.evals(urls.name_of(project)))


@router.get("/p/{project}/experiments/{experiment_id}")
def experiment_elsewhere(project: str, experiment_id: str) -> Response:
    return redirect(urls.experiment(urls.name_of(project), urls.name_of(experiment_id)))
