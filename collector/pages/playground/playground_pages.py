"""Routes: the playground, what it answers, and its columns over a data set."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from assay.collector.pages import urls
from assay.collector.pages.forms import Posted
from assay.collector.pages.playground import asking
from assay.collector.pages.playground.data_form import DataForm, data_params, read_data_form
from assay.collector.pages.playground.figures import figures_line, kept
from assay.collector.pages.playground.origins import BLANK, of_span, of_version
from assay.collector.pages.playground.runs import ColumnRun, DataRun
from assay.collector.pages.playground.sheet import (
    MOST_COLUMNS,
    NUMBERS,
    Answered,
    Column,
    Sheet,
    pressed,
    sheet_of_form,
)
from assay.collector.pages.playground.streamed import streamed
from assay.collector.pages.playground.workbench import Asking, Workbench, get_workbench
from assay.collector.pages.prompts.prompt_draft import draft_version
from assay.collector.pages.prompts.prompt_edit_pages import MENDABLE, edit_page, status_of
from assay.collector.pages.prompts.prompt_pages import diff_context
from assay.collector.pages.runs import without_islands
from assay.collector.pages.source import Source
from assay.collector.pages.web import PageRoute, fragment, get_source, page, redirect
from assay.errors import AssayError, InvalidRequest
from assay.evaluation.scorers.menu import JUDGES, MENU
from assay.prompts.diff import diff_words

router = APIRouter(route_class=PageRoute, include_in_schema=False)
FromSource = Annotated[Source, Depends(get_source)]
AtBench = Annotated[Workbench, Depends(get_workbench)]

LONGEST_COMPARED = 50_000  # characters of an answer


@router.get("/p/{project}/playground")
def playground(
    request: Request,
    source: FromSource,
    bench: AtBench,
    project: str,
    prompt: str = "",
    span: str = "",
    others: Annotated[list[str], Query(alias="with")] = [],  # noqa: B006 - FastAPI copies it
    dataset: str = "",
) -> Response:
    """`prompt=qa@3` and `span=TRACE/SPAN` say what the first columns are, `with=qa@2,qa@1` what stands beside them."""
    project = urls.name_of(project)
    written = [one for one in (prompt, *(name for other in others for name in other.split(","))) if one]
    columns = [of_version(asking.find(lambda name: source.prompt_versions(project, name), one)) for one in written]
    if span:
        trace_id, _, span_id = span.partition("/")
        columns = [of_span(source.span(project, trace_id, span_id)), *columns]
    sheet = Sheet(columns=tuple(columns[:MOST_COLUMNS]) or (BLANK,))
    return _page(request, source, bench, project, sheet, data=DataForm(dataset=dataset))


@router.post("/p/{project}/playground")
def used(request: Request, source: FromSource, bench: AtBench, form: Posted, project: str) -> Response:
    """Whatever button was pressed. Without scripts, answers come whole with the page."""
    project, action = urls.name_of(project), form.one("action")
    sheet, data = sheet_of_form(form), read_data_form(form)
    problem: AssayError | None = None
    what, _, number = action.partition("-")
    try:
        if what == "run":
            sheet = _answered(source, bench, project, sheet, int(number) if number else None)
        elif what == "load":
            sheet = _loaded(source, project, sheet, int(number))
        elif what == "save":
            return _save(request, source, project, sheet.columns[int(number) - 1])
        elif what == "data":
            return redirect(_over_data(source, bench, project, sheet, data), status_code=303)
        else:
            sheet = pressed(sheet, action)
    except MENDABLE as error:
        problem = error
    except AssayError as error:  # the process cannot be had
        problem = error
    return _page(request, source, bench, project, sheet, data=data, problem=problem)


@router.post("/p/{project}/playground/run")
def run(source: FromSource, bench: AtBench, form: Posted, project: str) -> Response:
    """One column, told while it is answered."""
    project = urls.name_of(project)
    try:
        params = asking.run_params(
            sheet_of_form(form), form.number("column"), lambda name: source.prompt_versions(project, name)
        )
        asked = bench.ask(project, params)
    except AssayError as error:
        return streamed(_Refused(error))
    return streamed(asked)


@router.post("/p/{project}/playground/differences")
def differences(form: Posted, project: str) -> Response:
    return fragment("playground/differences.html", differences=_differences(sheet_of_form(form)))


@router.get("/p/{project}/playground/runs/{run_id}")
def data_run(
    request: Request, source: FromSource, bench: AtBench, project: str, run_id: str, part: str = ""
) -> Response:
    project = urls.name_of(project)
    found = bench.runs.get(project, run_id)
    if part:
        return fragment("playground/progress.html", run=found, project=project)
    return page(
        request,
        "playground/run.html",
        title=f"Playground over {found.dataset}",
        source=source,
        project=project,
        section="playground",
        has_forms=True,
        run=found,
    )


@router.post("/p/{project}/playground/runs/{run_id}")
def stop_data_run(bench: AtBench, form: Posted, project: str, run_id: str) -> Response:
    bench.runs.stop(urls.name_of(project), run_id)
    return redirect(urls.playground_run(urls.name_of(project), run_id), status_code=303)


# Steps ------------------------------------------------------------------------------------------------------------


class _Refused:
    """A run that could not begin."""

    def __init__(self, error: AssayError) -> None:
        self._error = error

    def __iter__(self) -> _Refused:
        return self

    def __next__(self) -> Any:
        raise self._error

    def close(self) -> None: ...


def _answered(source: Source, bench: Workbench, project: str, sheet: Sheet, only: int | None) -> Sheet:
    """The sheet with answers; columns are asked at once. What one is refused for stands in its place."""

    def answer(number: int) -> Answered:
        try:
            params = asking.run_params(sheet, number, lambda name: source.prompt_versions(project, name))
            return whole_answer(bench.ask(project, params))
        except AssayError as error:
            return Answered(problem=str(error))

    numbers = [only] if only else range(1, len(sheet.columns) + 1)
    with ThreadPoolExecutor(MOST_COLUMNS) as pool:
        answers = dict(zip(numbers, pool.map(answer, numbers), strict=True))
    for number, found in answers.items():
        sheet = sheet.with_column(number, replace(sheet.columns[number - 1], answer=found))
    return sheet


def whole_answer(asked: Asking) -> Answered:
    """What came of a run, when it is over."""
    trace_id, told, last = None, list[str](), dict[str, Any]()
    try:
        for event in asked:
            trace_id = event.get("trace_id", trace_id)
            if "duration_ms" in event:
                last = event
            elif "text" in event:
                told.append(event["text"])
    except AssayError as error:
        return Answered(text="".join(told), trace_id=trace_id, problem=str(error))
    return Answered(text=last.get("text", "".join(told)), figures=last, trace_id=trace_id)


def _loaded(source: Source, project: str, sheet: Sheet, number: int) -> Sheet:
    written = sheet.columns[number - 1].prompt
    if not written:
        raise InvalidRequest("No prompt is named.", hint="Write one, such as qa, qa@3 or qa@production.")
    return sheet.with_column(
        number, of_version(asking.find(lambda name: source.prompt_versions(project, name), written))
    )


def _save(request: Request, source: Source, project: str, column: Column) -> Response:
    """The difference to the version that the column was made from, with the form that registers it."""
    if not column.prompt:
        raise InvalidRequest(
            "This column is of no prompt yet.",
            hint="Write the prompt's name into its field first; programs make new prompts with assay.register_prompt.",
        )
    if any(message.content == "message" for message in column.messages):
        raise InvalidRequest(
            "Messages with calls of tools cannot stand in a prompt.", hint="Remove them, or leave a placeholder there."
        )
    versions = source.prompt_versions(project, column.prompt.rpartition("@")[0] or column.prompt)
    base = asking.find(lambda _: versions, column.prompt)
    latest = versions[0]["version"]
    draft = column.draft(latest)
    changes = diff_context(base, draft_version(base, {**draft.content(), "tags": base["tags"]}, latest + 1))
    return edit_page(request, source, project, base["name"], versions, base["version"], draft, changes=changes)


def _over_data(source: Source, bench: Workbench, project: str, sheet: Sheet, data: DataForm) -> str:
    """Start it; where to see how far it is."""
    columns = [asking.column_params(one, lambda name: source.prompt_versions(project, name)) for one in sheet.columns]
    names = asking.labels(sheet.columns)
    known = source.datasets(project, filter=data.dataset or None, cursor=None).items
    params = data_params(data, known, columns, names, {name: text for name, text in sheet.values().items() if text})
    run = DataRun(
        project=project,
        dataset=params["dataset"],
        version=params["version"],
        scorers=params["scorers"],
        columns=[ColumnRun(name, column.model) for name, column in zip(names, sheet.columns, strict=True)],
    )
    told = bench.over_data(project, {**params, "run": run.id})
    return urls.playground_run(project, bench.runs.start(run, told))


def _differences(sheet: Sheet) -> list[tuple[int, list[tuple[str, str]]]]:
    """For each column after the first: the words in which its answer differs from the first's."""
    first, *others = (one.answer.text[:LONGEST_COMPARED] if one.answer else "" for one in sheet.columns)
    if not first:
        return []
    return [(number, list(without_islands(diff_words(first, text)))) for number, text in enumerate(others, 2) if text]


def _page(
    request: Request,
    source: Source,
    bench: Workbench,
    project: str,
    sheet: Sheet,
    *,
    data: DataForm,
    problem: AssayError | None = None,
) -> Response:
    prompts = source.prompts(project, filter=None, cursor=None).items
    return page(
        request,
        "playground/playground.html",
        title="Playground",
        source=source,
        project=project,
        section="playground",
        has_forms=True,
        status_code=status_of(problem),
        sheet=sheet,
        names=sheet.names(),
        lists=sheet.lists(),
        most_columns=MOST_COLUMNS,
        numbers=NUMBERS,
        prompts=prompts,
        models=_models(bench.models(project), sheet),
        figures_line=figures_line,
        kept=kept,
        differences=_differences(sheet),
        data=data,
        datasets=source.datasets(project, filter=None, cursor=None).items,
        menu=MENU,
        judges=JUDGES,
        problem=problem,
    )


def _models(called: Sequence[str], sheet: Sheet) -> list[str]:
    offered = (*called, *(column.model for column in sheet.columns), "echo/last", "echo/conversation", "echo/slow")
    return list(dict.fromkeys(model for model in offered if model))
