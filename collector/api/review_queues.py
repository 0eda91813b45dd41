"""Human review: queues of items that people label, how far they are, and how far people agree."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat

from assay.collector.api.actor import ActorDep, CallerKey
from assay.collector.api.deps import DEFAULT, Cursor, Limit, Project, ServiceDep, page
from assay.collector.registry.review_queues import DEFAULT_RESERVATION_S, MOST_REVIEWERS
from assay.collector.review.desk import ReviewDesk
from assay.collector.review.gather import DEFAULT_LIMIT, MOST_AT_ONCE, Wanted
from assay.collector.review.rubric import MAX_TEXT_CHARS, MOST_DEFINITIONS, MOST_OPTIONS
from assay.errors import InvalidRequest
from assay.scores import MAX_NAME_CHARS

router = APIRouter(prefix="/api/v1", tags=["human review"])

Name = Annotated[str, Field(max_length=MAX_NAME_CHARS)]
Reviewer = Annotated[
    str | None,
    Field(description="Who labels; the name of the key when absent.", min_length=1, max_length=MAX_NAME_CHARS),
]
Comment = Annotated[str | None, Field(max_length=MAX_TEXT_CHARS)]


class ScoreDefinition(BaseModel):
    """One score that people give. Queues of pairs ask for preferences, others for everything else."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=MAX_NAME_CHARS)]
    type: Literal["bool", "choice", "number", "text", "preference"]
    options: Annotated[list[Name] | None, Field(description="Of a choice.", max_length=MOST_OPTIONS)] = None
    range: Annotated[list[FiniteFloat] | None, Field(description="Of a number: `[1, 5]`.", max_length=2)] = None
    help: Annotated[str | None, Field(description="What it means, shown beside it.", max_length=MAX_TEXT_CHARS)] = None
    required: Annotated[bool | None, Field(description="True when absent, but for texts.")] = None


class WantedItems(BaseModel):
    """What to review: exactly one of refs, pairs, filter and experiment_id."""

    model_config = ConfigDict(extra="forbid")

    refs: Annotated[
        list[str],
        Field(
            description="`TRACE_ID`, `TRACE_ID/SPAN_ID`, `experiment:ID/ITEM` or `experiment:ID:REPEAT/ITEM`.",
            max_length=MOST_AT_ONCE,
        ),
    ] = []
    pairs: Annotated[
        list[tuple[str, str]], Field(description="Two refs each, to be compared.", max_length=MOST_AT_ONCE)
    ] = []
    filter: Annotated[str | None, Field(description="Traces that match it.", max_length=10_000)] = None
    experiment_id: Annotated[str | None, Field(description="Its rows that have an output.", max_length=200)] = None
    baseline_id: Annotated[
        str | None, Field(description="With experiment_id: pairs of the two outputs of each item.", max_length=200)
    ] = None
    limit: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)] = DEFAULT_LIMIT
    sample: Annotated[bool, Field(description="Drawn at random; else the newest traces, or the first rows.")] = False
    seed: Annotated[int, Field(ge=-(2**63), lt=2**63)] = 0

    def wanted(self) -> Wanted:
        return Wanted(**self.model_dump())


class NewReviewQueue(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Name
    rubric: Annotated[list[ScoreDefinition], Field(min_length=1, max_length=MOST_DEFINITIONS)]
    mode: Annotated[
        Literal["single", "pair"], Field(description="`pair`: which of two outputs is better, whose they are hidden.")
    ] = "single"
    description: Comment = None
    reviewers_per_item: Annotated[int, Field(ge=1, le=MOST_REVIEWERS)] = 1
    reservation_s: Annotated[
        int, Field(description="So long nobody else gets an item that somebody looks at.", ge=10, le=7 * 86400)
    ] = DEFAULT_RESERVATION_S
    author: Annotated[str | None, Field(max_length=MAX_NAME_CHARS)] = None
    items: Annotated[WantedItems | None, Field(description="What to put into it at once.")] = None


class Taking(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reviewer: Reviewer = None
    beside: Annotated[
        list[int], Field(description="Positions that the reviewer has before them already.", max_length=100)
    ] = []


class Label(BaseModel):
    model_config = ConfigDict(extra="forbid")

    values: Annotated[
        dict[str, bool | int | FiniteFloat | str | None],
        Field(description="Score -> answer; of a preference `first`, `second` or `tie`."),
    ]
    comment: Comment = None
    reviewer: Reviewer = None


class Skipping(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reviewer: Reviewer = None


class Undoing(BaseModel):
    model_config = ConfigDict(extra="forbid")

    reviewer: Reviewer = None
    position: Annotated[int | None, Field(description="Of the item; the last one labelled when absent.")] = None


class Correction(BaseModel):
    model_config = ConfigDict(extra="forbid")

    dataset: Name
    expected: Annotated[Any, Field(description="What would have been right.")]
    reviewer: Reviewer = None


def desk(service: ServiceDep, actor: ActorDep, project: Project = DEFAULT) -> ReviewDesk:
    return ReviewDesk(service, project, actor=actor)


DeskDep = Annotated[ReviewDesk, Depends(desk)]


def who(given: str | None, key: CallerKey) -> str:
    """The reviewer: the name that is given, else that of the key.

    Raises:
        InvalidRequest: there is neither.
    """
    found = (given or "").strip() or (key.name if key else "")
    if found:
        return found
    raise InvalidRequest("It is not said who labels.", hint='Send it along: {"reviewer": "ada"}.')


@router.post("/review-queues", status_code=201)
def create_review_queue(body: NewReviewQueue, desk: DeskDep, key: CallerKey, response: Response) -> dict[str, Any]:
    """Make a queue, and put items into it where `items` says which.

    Made once more as it was, it is answered as it stands, with 200, and gets the items that it lacks.
    """
    rubric = [definition.model_dump(exclude_none=True) for definition in body.rubric]
    queue, is_new = desk.create(
        body.name,
        rubric,
        body.items.wanted() if body.items else None,
        mode=body.mode,
        description=body.description,
        reviewers_per_item=body.reviewers_per_item,
        reservation_s=body.reservation_s,
        author=body.author or (key.name if key else None),
    )
    response.status_code = 201 if is_new else 200
    return queue


@router.get("/review-queues")
def list_review_queues(
    desk: DeskDep,
    status: Annotated[Literal["open", "closed"] | None, Query()] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Queues, the newest first, with how many items wait."""
    found = desk.queues.page(desk.project, status=status, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/review-queues/{name}")
def get_review_queue(name: str, desk: DeskDep) -> dict[str, Any]:
    """One queue: its rubric, how many items it has, and how much each reviewer has done."""
    return {**desk.queues.get(desk.project, name), "reviewers": desk.work.reviewers(desk.project, name)}


@router.post("/review-queues/{name}/close")
def close_review_queue(name: str, desk: DeskDep) -> dict[str, Any]:
    """End a queue: nobody gets its items any more. Labels stay."""
    return desk.queues.set_open(desk.project, name, False, actor=desk.actor)


@router.post("/review-queues/{name}/open")
def open_review_queue(name: str, desk: DeskDep) -> dict[str, Any]:
    """Open a closed queue again."""
    return desk.queues.set_open(desk.project, name, True, actor=desk.actor)


@router.post("/review-queues/{name}/items")
def add_review_items(name: str, body: WantedItems, desk: DeskDep) -> dict[str, Any]:
    """Put items into a queue. What it has already is left out; `notes` say what else was, and why."""
    return desk.add(name, body.wanted())


@router.get("/review-queues/{name}/items")
def list_review_items(
    name: str,
    desk: DeskDep,
    state: Annotated[
        Literal["waiting", "labelled", "done"] | None, Query(description="`labelled`: by somebody at least.")
    ] = None,
    limit: Limit = 100,
    cursor: Cursor = None,
) -> dict[str, Any]:
    """Items in their order, each with the labels that count."""
    found = desk.queues.items(desk.project, name, state=state, limit=limit, cursor=cursor)
    return page(found.items, found.next_cursor)


@router.get("/review-queues/{name}/items/{position}")
def get_review_item(name: str, position: int, desk: DeskDep) -> dict[str, Any]:
    """One item with its labels, who looks at it, and what there is to see of it."""
    return desk.with_content(desk.queues.item(desk.project, name, position))


@router.post("/review-queues/{name}/next")
def next_review_item(name: str, body: Taking, desk: DeskDep, key: CallerKey) -> dict[str, Any]:
    """The next item for a reviewer, reserved for them, as `item`; null when nothing is left that they could do.

    Asked again, it is the same one until they have labelled it, left it out, or the reservation is over.
    """
    found = desk.work.next(desk.project, name, who(body.reviewer, key), beside=body.beside)
    return {"item": None if found is None else desk.with_content(found)}


@router.post("/review-queues/{name}/items/{position}/label")
def label_review_item(name: str, position: int, body: Label, desk: DeskDep, key: CallerKey) -> dict[str, Any]:
    """Label an item. It is answered once the scores are on disk: source `human`, and the reviewer as their author.

    A reviewer's second label on the same item replaces the first.
    """
    return desk.label(name, position, who(body.reviewer, key), body.values, body.comment)


@router.post("/review-queues/{name}/items/{position}/skip")
def skip_review_item(name: str, position: int, body: Skipping, desk: DeskDep, key: CallerKey) -> dict[str, Any]:
    """Leave an item to other reviewers."""
    return desk.work.skip(desk.project, name, position, who(body.reviewer, key))


@router.post("/review-queues/{name}/undo")
def undo_review_label(name: str, body: Undoing, desk: DeskDep, key: CallerKey) -> dict[str, Any]:
    """Take back a reviewer's last label or skip, or their last word on one item; what they said before counts again."""
    return desk.undo(name, who(body.reviewer, key), body.position)


@router.post("/review-queues/{name}/items/{position}/correct", status_code=201)
def correct_review_item(
    name: str, position: int, body: Correction, desk: DeskDep, key: CallerKey, response: Response
) -> dict[str, Any]:
    """Make a data set item of the input of an item and the right answer: a new version of the data set."""
    reviewer = who(body.reviewer, key)
    version, is_new = desk.correct(name, position, body.expected, dataset=body.dataset, reviewer=reviewer)
    response.status_code = 201 if is_new else 200
    return version


@router.get("/review-queues/{name}/agreement")
def get_review_agreement(name: str, desk: DeskDep) -> dict[str, Any]:
    """Krippendorff's alpha of each score with its interval, how answers are spread; of pairs, which is preferred."""
    return desk.agreement(name)


@router.get("/review-queues/{name}/disagreements")
def list_review_disagreements(name: str, desk: DeskDep) -> dict[str, Any]:
    """Items that reviewers see differently, those that differ in most scores first, under `items`."""
    return page(desk.disagreements(name))
