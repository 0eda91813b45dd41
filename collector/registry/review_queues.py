"""Queues of human review: what is asked about which items, and how far people are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models_review import ReviewItem, ReviewLabel, ReviewQueue, ReviewReservation
from assay.collector.registry.names import check_name
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.times import Clock, iso, iso_or_none, utc_now
from assay.collector.review.refs import Ref, hash_of
from assay.collector.review.rubric import MODES, rubric_of
from assay.errors import Conflict, InvalidRequest, NotFound

OPEN, CLOSED = "open", "closed"
LABEL, SKIP = "label", "skip"
STATES = ("waiting", "labelled", "done")
DEFAULT_RESERVATION_S = 15 * 60
MOST_REVIEWERS = 100
MOST_ITEMS = 100_000
RESERVED_NAMES = frozenset({"new"})  # a page of its own where names of queues stand
FILES = (".json", ".csv")  # what is read at such addresses
IDS_AT_ONCE = 500  # in one statement: SQLite takes so many parameters and no more

State = Literal["waiting", "labelled", "done"]
Pair = tuple[Ref, Ref | None]


@dataclass(frozen=True, slots=True)
class ReviewQueues:
    """Answers are the API's objects, as dicts."""

    database: Database
    clock: Clock = utc_now

    def create(
        self,
        project: str,
        name: str,
        rubric: Sequence[Mapping[str, Any]],
        *,
        mode: str = "single",
        description: str | None = None,
        reviewers_per_item: int = 1,
        reservation_s: int = DEFAULT_RESERVATION_S,
        author: str | None = None,
        actor: Actor = LOCAL,
    ) -> tuple[dict[str, Any], bool]:
        """The queue, and whether it is new: made once more as it was, it is answered as it stands.

        Raises:
            InvalidRequest: the name or the rubric cannot be used.
            Conflict: there is a queue of this name that asks something else.
        """
        check_queue_name(name)
        if mode not in MODES:
            raise InvalidRequest(f"The mode is {mode!r}.", hint=f"It is one of: {', '.join(MODES)}.")
        if not 1 <= reviewers_per_item <= MOST_REVIEWERS or not 10 <= reservation_s <= 7 * 86400:
            raise InvalidRequest(
                f"{reviewers_per_item} reviewers and reservations of {reservation_s} s cannot be had.",
                hint=f"1 to {MOST_REVIEWERS} reviewers look at each item; reservations last 10 seconds to 7 days.",
            )
        definitions = [definition.to_dict() for definition in rubric_of(rubric, mode)]
        with self.database.write() as session:
            now = self.clock()
            ensure_project(session, project, now, actor)
            if there := _find(session, project, name):
                if (there.mode, there.rubric) != (mode, definitions):
                    raise Conflict(
                        f"Project {project!r} has a review queue {name!r} that asks something else.",
                        hint="Labels already given would mean something else: choose another name.",
                    )
                return queue_object(there), False
            queue = ReviewQueue(
                project=project,
                name=name,
                description=description,
                mode=mode,
                rubric=definitions,
                reviewers_per_item=reviewers_per_item,
                reservation_s=reservation_s,
                author=author,
                status=OPEN,
                item_count=0,
                done_count=0,
                created_at=now,
                updated_at=now,
                closed_at=None,
            )
            session.add(queue)
            record(session, actor, now, "review_queue.create", name, project=project, author=author)
            session.flush()
            return queue_object(queue), True

    def get(self, project: str, name: str) -> dict[str, Any]:
        """One queue.

        Raises:
            NotFound: there is none of that name.
        """
        with self.database.read() as session:
            return queue_object(queue_of(session, project, name))

    def page(
        self, project: str, *, status: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page:
        """The newest first; open ones, or closed ones, or all."""
        query = (
            select(ReviewQueue)
            .where(ReviewQueue.project == project)
            .order_by(ReviewQueue.id.desc())
            .limit(checked_limit(limit) + 1)
        )
        if status is not None:
            query = query.where(ReviewQueue.status == status)
        if cursor is not None:
            query = query.where(ReviewQueue.id < numeric_cursor(cursor))
        with self.database.read() as session:
            return page_of(session.scalars(query).all(), limit, queue_object, lambda row: row.id)

    def waiting(self, project: str) -> int:
        """How many items of open queues are not done: asked with every page, so it reads a row for each queue."""
        query = select(func.sum(ReviewQueue.item_count - ReviewQueue.done_count)).where(
            ReviewQueue.project == project, ReviewQueue.status == OPEN
        )
        with self.database.read() as session:
            return int(session.scalar(query) or 0)

    def set_open(self, project: str, name: str, is_open: bool, *, actor: Actor = LOCAL) -> dict[str, Any]:
        """Close a queue, or open it again: nobody gets items of a closed one. The same said twice changes nothing.

        Raises:
            NotFound: there is no such queue.
        """
        status = OPEN if is_open else CLOSED
        with self.database.write() as session:
            queue, now = queue_of(session, project, name), self.clock()
            if queue.status != status:
                queue.status, queue.updated_at, queue.closed_at = status, now, None if is_open else now
                action = "review_queue.open" if is_open else "review_queue.close"
                record(session, actor, now, action, name, project=project)
            session.flush()
            return queue_object(queue)

    def add(self, project: str, name: str, found: Sequence[Pair], *, actor: Actor = LOCAL) -> tuple[int, int]:
        """Put items into a queue; how many are new, and how many it holds now. What it holds already is left out.

        Raises:
            NotFound: there is no such queue.
            InvalidRequest: pairs for a queue that has none, or the other way about; or too many.
        """
        with self.database.write() as session:
            queue, now = queue_of(session, project, name), self.clock()
            if any((against is not None) != (queue.mode == "pair") for _, against in found):
                wanted = "pairs of outputs" if queue.mode == "pair" else "single outputs"
                raise InvalidRequest(f"The queue {name!r} takes {wanted}.", hint="Make another queue for these.")
            by_hash = {hash_of(ref, against): (ref, against) for ref, against in found}
            there = _hashes_there(session, queue, list(by_hash))
            fresh = [(digest, pair) for digest, pair in by_hash.items() if digest not in there]
            if queue.item_count + len(fresh) > MOST_ITEMS:
                raise InvalidRequest(
                    f"The queue {name!r} would have {queue.item_count + len(fresh):,} items.",
                    hint=f"It takes {MOST_ITEMS:,}; a sample says as much sooner.",
                )
            rows = [
                {
                    "queue_id": queue.id,
                    "position": position,
                    "ref": ref.to_dict(),
                    "against": against.to_dict() if against else None,
                    "ref_hash": digest,
                    "label_count": 0,
                    "is_done": False,
                    "added_at": now,
                }
                for position, (digest, (ref, against)) in enumerate(fresh, start=queue.item_count + 1)
            ]
            if fresh:
                session.execute(insert(ReviewItem), rows)
                queue.item_count, queue.updated_at = queue.item_count + len(fresh), now
                record(session, actor, now, "review_queue.add", name, project=project, items=len(fresh))
            session.flush()
            return len(fresh), queue.item_count

    def items(
        self,
        project: str,
        name: str,
        *,
        state: State | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page:
        """Items in their order, each with the labels that count. `waiting` are not done, `labelled` by somebody.

        Raises:
            NotFound: there is no such queue.
        """
        with self.database.read() as session:
            queue = queue_of(session, project, name)
            query = (
                select(ReviewItem)
                .where(ReviewItem.queue_id == queue.id)
                .order_by(ReviewItem.position)
                .limit(checked_limit(limit) + 1)
            )
            if state == "labelled":
                query = query.where(ReviewItem.label_count > 0)
            elif state is not None:
                query = query.where(ReviewItem.is_done == (state == "done"))
            if cursor is not None:
                query = query.where(ReviewItem.position > numeric_cursor(cursor))
            rows = session.scalars(query).all()
            labels = labels_of(session, [row.id for row in rows])
            return page_of(rows, limit, lambda row: item_object(row, labels.get(row.id, ())), lambda row: row.position)

    def item(self, project: str, name: str, position: int) -> dict[str, Any]:
        """One item, with the labels that count and who looks at it now.

        Raises:
            NotFound: there is no such queue or item.
        """
        with self.database.read() as session:
            row = item_of(session, queue_of(session, project, name), position)
            reserved = session.scalars(
                select(ReviewReservation).where(
                    ReviewReservation.item_id == row.id, ReviewReservation.until > self.clock()
                )
            )
            held = [{"reviewer": each.reviewer, "until": iso(each.until)} for each in reserved]
            return {**item_object(row, labels_of(session, [row.id]).get(row.id, ())), "reserved": held}


def check_queue_name(name: str) -> str:
    """`name`, when a queue may have it: it stands in addresses.

    Raises:
        InvalidRequest: it may not.
    """
    check_name("review queue", name)
    if "/" in name or name in RESERVED_NAMES or name.endswith(FILES):
        raise InvalidRequest(
            f"{name!r} cannot be the name of a review queue.",
            hint="Leave '/' out; 'new' and endings like '.csv' are taken.",
        )
    return name


def queue_of(session: Session, project: str, name: str) -> ReviewQueue:
    """
    Raises:
        NotFound: there is no such queue.
    """
    if queue := _find(session, project, name):
        return queue
    raise NotFound(f"Project {project!r} has no review queue {name!r}.", hint="GET /api/v1/review-queues lists them.")


def item_of(session: Session, queue: ReviewQueue, position: int) -> ReviewItem:
    """
    Raises:
        NotFound: the queue has no such item.
    """
    query = select(ReviewItem).where(ReviewItem.queue_id == queue.id, ReviewItem.position == position)
    found = session.scalar(query) if 0 < position <= MOST_ITEMS else None
    if found is None:
        raise NotFound(
            f"The review queue {queue.name!r} has no item {position}.", hint=f"It has items 1 to {queue.item_count}."
        )
    return found


def labels_of(session: Session, item_ids: Sequence[int]) -> dict[int, list[ReviewLabel]]:
    """Each reviewer's newest word on these items that was not taken back, by item, in the order given."""
    found: dict[int, dict[str, ReviewLabel]] = {}
    for start in range(0, len(item_ids), IDS_AT_ONCE):
        query = (
            select(ReviewLabel)
            .where(ReviewLabel.item_id.in_(item_ids[start : start + IDS_AT_ONCE]), ReviewLabel.undone_at.is_(None))
            .order_by(ReviewLabel.id)
        )
        for row in session.scalars(query):
            found.setdefault(row.item_id, {})[row.reviewer] = row
    return {item_id: list(by_reviewer.values()) for item_id, by_reviewer in found.items()}


def _find(session: Session, project: str, name: str) -> ReviewQueue | None:
    return session.scalar(select(ReviewQueue).where(ReviewQueue.project == project, ReviewQueue.name == name))


def _hashes_there(session: Session, queue: ReviewQueue, hashes: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for start in range(0, len(hashes), IDS_AT_ONCE):
        some = ReviewItem.ref_hash.in_(hashes[start : start + IDS_AT_ONCE])
        found.update(session.scalars(select(ReviewItem.ref_hash).where(ReviewItem.queue_id == queue.id, some)))
    return found


def queue_object(queue: ReviewQueue) -> dict[str, Any]:
    return {
        "project": queue.project,
        "name": queue.name,
        "description": queue.description,
        "mode": queue.mode,
        "rubric": queue.rubric,
        "reviewers_per_item": queue.reviewers_per_item,
        "reservation_s": queue.reservation_s,
        "author": queue.author,
        "status": queue.status,
        "items": queue.item_count,
        "done": queue.done_count,
        "waiting": queue.item_count - queue.done_count,
        "created_at": iso(queue.created_at),
        "updated_at": iso(queue.updated_at),
        "closed_at": iso_or_none(queue.closed_at),
    }


def item_object(row: ReviewItem, labels: Sequence[ReviewLabel] = ()) -> dict[str, Any]:
    return {
        "position": row.position,
        "ref": {"kind": Ref.of(row.ref).kind, **row.ref},
        "against": row.against,
        "is_done": row.is_done,
        "labels": [label_object(label) for label in labels if label.action == LABEL],
        "skipped_by": [label.reviewer for label in labels if label.action == SKIP],
        "added_at": iso(row.added_at),
    }


def label_object(label: ReviewLabel) -> dict[str, Any]:
    return {
        "reviewer": label.reviewer,
        "values": label.values,
        "comment": label.comment,
        "labelled_at": iso(label.labelled_at),
    }
