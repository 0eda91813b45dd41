"""Routes: one experiment, or up to three, compared with a base."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse

from assay.collector.pages import urls
from assay.collector.pages.experiments import compare_view, eval_view
from assay.collector.pages.runs import without_islands
from assay.collector.pages.source import Row, Source
from assay.collector.pages.tables import csv_answer
from assay.collector.pages.web import PageRoute, get_source, page
from assay.errors import ConfigurationError, InvalidRequest
from assay.evaluation.gate import Gate
from assay.prompts.diff import diff_words

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
With = Annotated[str, Query(alias="with", description="Ids of one to three experiments, with commas between.")]

PAIRS_A_PAGE = 50
MOST_RUNS = 3
Run = tuple[Row, list[Row]]


@router.get("/p/{project}/evals/compare")
def compare(
    request: Request,
    source: FromSource,
    project: str,
    base: str,
    others: With,
    only: str = "",
    score: str = "",
    item: str = "",
    gate: str = "",
    run: int = 1,
    start: int = 1,
) -> Response:
    """`run`: which of several the items below are of. `item`: only this one."""
    project = urls.name_of(project)
    (old, old_rows), runs = _read(source, project, base, others)
    lines = compare_view.compared(old, old_rows, runs)
    focus = min(max(run, 1), len(runs)) - 1
    new, new_rows = runs[focus]
    every = compare_view.pairs(old, old_rows, new, new_rows)
    chosen = [pair for pair in compare_view.select(every, only, score) if item in ("", pair.item_id)]
    start = max(1, start)
    outcome, problem = _gate(gate, lines[focus], new_rows, new)
    ids = ",".join(one["id"] for one, _ in runs)
    return page(
        request,
        "experiments/compare.html",
        title=f"{new['name']} and {old['name']}",
        source=source,
        project=project,
        section="evals",
        status_code=400 if problem else 200,
        base=old,
        other=new,
        runs=[one for one, _ in runs],
        ids=ids,
        focus=focus,
        base_rows=old_rows,
        other_rows=new_rows,
        lines=lines[focus],
        all_lines=lines,
        spent=compare_view.spent(old_rows, new_rows),
        names={name: label for name, (label, _) in compare_view.SPENT.items()},
        written=compare_view.written,
        promotable=compare_view.promotable(old, new),
        gate=gate,
        outcome=outcome,
        problem=problem,
        chips=[(key, label, len(compare_view.select(every, key, score))) for key, label in compare_view.ONLY.items()],
        asked={"only": only, "score": score, "item": item, "gate": gate, "run": focus + 1 if focus else None},
        found=len(chosen),
        start=start,
        page_size=PAIRS_A_PAGE,
        pairs=chosen[start - 1 : start - 1 + PAIRS_A_PAGE],
        diff_words=diff_words,
        without_islands=without_islands,
        total=eval_view.total,
    )


@router.get("/p/{project}/evals/compare.json")
def compare_json(source: FromSource, project: str, base: str, others: With) -> Response:
    """The statistics as data: one object per run."""
    (old, old_rows), runs = _read(source, urls.name_of(project), base, others)
    lines = compare_view.compared(old, old_rows, runs)
    items: list[dict[str, Any]] = [
        {
            "base": old["id"],
            "experiment": new["id"],
            "scorers": [line.row.to_dict() for line in found],
            "spent": [line.row.to_dict() for line in compare_view.spent(old_rows, rows)],
        }
        for (new, rows), found in zip(runs, lines, strict=True)
    ]
    return JSONResponse({"items": items})


@router.get("/p/{project}/evals/compare.csv")
def compare_csv(source: FromSource, project: str, base: str, others: With) -> Response:
    """The statistics as a table: one line per run and scorer."""
    (old, old_rows), runs = _read(source, urls.name_of(project), base, others)
    lines = compare_view.compared(old, old_rows, runs)
    rows = [
        {"experiment": new["name"], **line.row.to_dict()}
        for (new, _), found in zip(runs, lines, strict=True)
        for line in found
    ]
    columns = list(rows[0]) if rows else ["experiment", "scorer"]
    return csv_answer("comparison", columns, ([row[column] for column in columns] for row in rows))


def _read(source: Source, project: str, base: str, others: str) -> tuple[Run, list[Run]]:
    ids = list(dict.fromkeys(id for id in others.split(",") if id))
    if not 1 <= len(ids) <= MOST_RUNS:
        raise InvalidRequest(
            f"A base is compared with one to {MOST_RUNS} experiments, not with {len(ids)}.",
            hint="Choose them in the list of evaluations.",
        )
    if base in ids:
        raise InvalidRequest("An experiment cannot be compared with itself.", hint="Choose another one.")

    def run(id: str) -> Run:
        return source.experiment(project, id), source.experiment_rows(id)

    return run(base), [run(id) for id in ids]


def _gate(
    text: str, lines: list[compare_view.ComparisonLine], rows: list[Row], other: Row
) -> tuple[Gate | None, ConfigurationError | None]:
    if not text.strip():
        return None, None
    try:
        return compare_view.gate_of(text, lines, rows, other), None
    except ConfigurationError as error:
        return None, error
