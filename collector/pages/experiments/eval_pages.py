"""Routes: the experiments of a project, one experiment, two compared."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.experiments import eval_view
from assay.collector.pages.experiments.artifact_view import pictures
from assay.collector.pages.runs import without_islands
from assay.collector.pages.snippets import evaluation_snippet
from assay.collector.pages.source import Source
from assay.collector.pages.web import PageRoute, get_source, page, redirect
from assay.errors import InvalidRequest
from assay.prompts.diff import diff_words

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]

ROWS_A_PAGE = 100
PAIRS_A_PAGE = 50


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


@router.get("/p/{project}/evals/compare")
def compare(
    request: Request,
    source: FromSource,
    project: str,
    base: str,
    other: Annotated[str, Query(alias="with")],
    only: str = "",
    score: str = "",
    start: int = 1,
) -> Response:
    project = urls.name_of(project)
    if base == other:
        raise InvalidRequest(
            "An experiment cannot be compared with itself.", hint="Choose another one to compare with."
        )
    old, new = source.experiment(project, base), source.experiment(project, other)
    old_rows, new_rows = source.experiment_rows(base), source.experiment_rows(other)
    every = eval_view.pairs(old, old_rows, new, new_rows)
    chosen = eval_view.select(every, only, score)
    start = max(1, start)
    return page(
        request,
        "experiments/compare.html",
        title=f"{old['name']} and {new['name']}",
        source=source,
        project=project,
        section="evals",
        base=old,
        other=new,
        base_rows=old_rows,
        other_rows=new_rows,
        lines=eval_view.comparison_lines(old, old_rows, new, new_rows),
        chips=[(key, label, len(eval_view.select(every, key, score))) for key, label in eval_view.ONLY.items()],
        only=only,
        score=score,
        found=len(chosen),
        start=start,
        page_size=PAIRS_A_PAGE,
        pairs=chosen[start - 1 : start - 1 + PAIRS_A_PAGE],
        diff_words=diff_words,
        without_islands=without_islands,
        scores_by_name=eval_view.scores_by_name,
        total=eval_view.total,
    )


@router.get("/p/{project}/evals/{experiment_id}")
def experiment(
    request: Request, source: FromSource, project: str, experiment_id: str, only: str = "", start: int = 1
) -> Response:
    project = urls.name_of(project)
    found = source.experiment(project, urls.name_of(experiment_id))
    rows = source.experiment_rows(found["id"])
    failed = [row for row in rows if eval_view.failed(row)]
    chosen = failed if only == "error" else rows
    start = max(1, start)
    others = [other for other in source.experiments(project, cursor=None).items if other["id"] != found["id"]]
    return page(
        request,
        "experiments/experiment.html",
        title=found["name"],
        source=source,
        project=project,
        section="evals",
        experiment=found,
        summary=eval_view.summary_lines(found, rows),
        of_the_run=eval_view.run_lines(found),
        pictures=pictures(found),
        aligned=eval_view.aligned(found, rows, partial(source.alignments, project)),
        scorers=eval_view.scorer_names(rows),
        rows=chosen[start - 1 : start - 1 + ROWS_A_PAGE],
        row_count=len(rows),
        failed_count=len(failed),
        found=len(chosen),
        only=only,
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
