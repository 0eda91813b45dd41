"""What reviewers do: take the next item, label it, leave it out, take that back. Labels count once they are stored."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, and_, delete, exists, func, select
from sqlalchemy.orm import Session, aliased

from assay.collector.registry.database import Database
from assay.collector.registry.models_review import ReviewItem, ReviewLabel, ReviewQueue, ReviewReservation
from assay.collector.registry.names import check_label
from assay.collector.registry.review_queues import LABEL, OPEN, SKIP, item_object, item_of, labels_of, queue_of
from assay.collector.registry.times import Clock, utc_now
from assay.collector.review.rubric import MAX_TEXT_CHARS, answers, rubric_of
from assay.errors import Conflict, InvalidRequest, NotFound
from assay.scores import ScoreValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What becomes of a reviewer's scores on an item: `after` is what they say now, None where they say nothing."""

    queue: Mapping[str, Any]  # project, name, mode
    item: Mapping[str, Any]  # ref and against, as they are stored, and the position
    reviewer: str
    before: Mapping[str, ScoreValue] | None
    after: Mapping[str, ScoreValue] | None
    comment: str | None


Keep = Callable[[Change], None]  # returns once the scores are on disk, or raises and nothing counts


@dataclass(frozen=True, slots=True)
class ReviewWork:
    """Of two people at the same moment each gets another item: all of this is one transaction after the other.

    Labels wait for each other while scores are stored, but nobody else does who writes to the registry.
    """

    database: Database
    clock: Clock = utc_now
    _saying: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def next(self, project: str, name: str, reviewer: str, *, beside: Collection[int] = ()) -> dict[str, Any] | None:
        """The next item for somebody, reserved for them; None when nothing is left that they could do.

        What they have reserved already comes first, so that asking again gives the same.

        Args:
            beside: positions that they have before them already.

        Raises:
            NotFound: there is no such queue.
            Conflict: it is closed.
        """
        check_reviewer(reviewer)
        with self.database.write() as session:
            queue, now = _open_queue(session, project, name), self.clock()
            found = _next(session, queue, reviewer, beside, now)
            if found is None:
                return None
            _reserve(session, queue, found, reviewer, now)
            return item_object(found)

    def reserve(self, project: str, name: str, position: int, reviewer: str) -> bool:
        """Keep an item for somebody who looks at it; False when others already look at it, or are done with it."""
        check_reviewer(reviewer)
        with self.database.write() as session:
            queue, now = queue_of(session, project, name), self.clock()
            item = item_of(session, queue, position)
            held = (
                select(func.count())
                .select_from(ReviewReservation)
                .where(
                    ReviewReservation.item_id == item.id,
                    ReviewReservation.reviewer != reviewer,
                    ReviewReservation.until > now,
                )
            )
            if item.is_done or queue.status != OPEN:
                return False
            if item.label_count + (session.scalar(held) or 0) >= queue.reviewers_per_item:
                return False
            _reserve(session, queue, item, reviewer, now)
            return True

    def label(
        self,
        project: str,
        name: str,
        position: int,
        reviewer: str,
        values: Mapping[str, Any],
        *,
        comment: str | None = None,
        keep: Keep,
    ) -> dict[str, Any]:
        """What somebody says of an item; said again it replaces what they said, and the same once more changes nothing.

        A label is never refused because somebody else was faster, or the reservation is over: it was work.

        Args:
            keep: stores the scores. The label counts only once they are on disk; should the collector die in between,
                they are there, and the item is asked about again.

        Raises:
            NotFound: there is no such queue or item.
            InvalidRequest: this is no answer to the rubric.
            Conflict: the queue is closed.
        """
        check_reviewer(reviewer)
        said = _checked_comment(comment)
        with self._saying:
            with self.database.read() as session:
                queue = _open_queue(session, project, name)
                item = item_of(session, queue, position)
                given = answers(rubric_of(queue.rubric, queue.mode), values)
                before = _label_of(_newest(session, item, reviewer))
                is_news = before is None or (before.values, before.comment) != (given, said)
                change = _change(queue, item, reviewer, before.values if before else None, given, said)
            if is_news:
                keep(change)
            with self.database.write() as session:
                queue = queue_of(session, project, name)
                item = item_of(session, queue, position)
                if is_news:
                    session.add(_word(queue, item, reviewer, LABEL, self.clock(), given, said))
                return _finish(session, queue, item, reviewer)

    def skip(self, project: str, name: str, position: int, reviewer: str) -> dict[str, Any]:
        """Leave an item to others. Whoever has labelled it goes on without a change.

        Raises:
            NotFound: there is no such queue or item.
            Conflict: the queue is closed.
        """
        check_reviewer(reviewer)
        with self.database.write() as session:
            queue, now = _open_queue(session, project, name), self.clock()
            item = item_of(session, queue, position)
            if _newest(session, item, reviewer) is None:
                session.add(_word(queue, item, reviewer, SKIP, now, {}, None))
            return _finish(session, queue, item, reviewer)

    def undo(
        self, project: str, name: str, reviewer: str, *, position: int | None = None, keep: Keep
    ) -> dict[str, Any]:
        """Take back somebody's last word in a queue, or on one item of it: what they said before counts again.

        Raises:
            NotFound: there is no such queue or item, or nothing to take back.
            Conflict: the queue is closed.
        """
        check_reviewer(reviewer)
        with self._saying:
            with self.database.read() as session:
                queue = _open_queue(session, project, name)
                last = _last_word(session, queue, reviewer, position)
                item = session.get_one(ReviewItem, last.item_id)
                taken_back, was_label = last.id, last.action == LABEL
                stands = _label_of(_newest(session, item, reviewer, before=last.id))
                after, comment = (stands.values, stands.comment) if stands else (None, None)
                change = _change(queue, item, reviewer, last.values, after, comment)
            if was_label:
                keep(change)
            with self.database.write() as session:
                queue, now = queue_of(session, project, name), self.clock()
                last = session.get_one(ReviewLabel, taken_back)
                item = session.get_one(ReviewItem, last.item_id)
                last.undone_at = now
                session.flush()
                found = _finish(session, queue, item, reviewer)
                _reserve(session, queue, item, reviewer, now)
                return found

    def reviewers(self, project: str, name: str) -> list[dict[str, Any]]:
        """How many items each person has labelled and left out in a queue, the busiest first."""
        with self.database.read() as session:
            queue = queue_of(session, project, name)
            newest = _standing(queue.id)
            rows = session.execute(
                select(newest.reviewer, newest.action, func.count()).group_by(newest.reviewer, newest.action)
            ).all()
        people: dict[str, dict[str, int]] = {}
        for who, action, count in rows:
            people.setdefault(who, dict.fromkeys((LABEL, SKIP), 0))[action] = count
        found = [
            {"reviewer": who, "labelled": counts[LABEL], "skipped": counts[SKIP]} for who, counts in people.items()
        ]
        return sorted(found, key=lambda row: (-row["labelled"], row["reviewer"]))


def check_reviewer(reviewer: str) -> str:
    """
    Raises:
        InvalidRequest: nobody can be called so.
    """
    return check_label("reviewer", reviewer)


def _checked_comment(comment: str | None) -> str | None:
    said = (comment or "").strip() or None
    if said is not None and len(said) > MAX_TEXT_CHARS:
        raise InvalidRequest(f"The comment has {len(said):,} characters.", hint=f"It may have {MAX_TEXT_CHARS:,}.")
    return said


def _open_queue(session: Session, project: str, name: str) -> ReviewQueue:
    queue = queue_of(session, project, name)
    if queue.status != OPEN:
        raise Conflict(f"The review queue {name!r} is closed.", hint="Open it again to go on.")
    return queue


def _next(
    session: Session, queue: ReviewQueue, reviewer: str, beside: Collection[int], now: datetime
) -> ReviewItem | None:
    """The first item that somebody could do: one that they have reserved, else any that too few people look at."""
    others = aliased(ReviewReservation)
    looked_at = (
        select(func.count())
        .select_from(others)
        .where(others.item_id == ReviewItem.id, others.reviewer != reviewer, others.until > now)
        .scalar_subquery()
    )
    has_spoken = exists().where(
        ReviewLabel.item_id == ReviewItem.id, ReviewLabel.reviewer == reviewer, ReviewLabel.undone_at.is_(None)
    )
    possible = (
        select(ReviewItem)
        .where(
            ReviewItem.queue_id == queue.id,
            ReviewItem.is_done.is_(False),
            ReviewItem.position.not_in(list(beside)),
            ~has_spoken,
            ReviewItem.label_count + looked_at < queue.reviewers_per_item,
        )
        .order_by(ReviewItem.position)
        .limit(1)
    )
    mine = and_(ReviewReservation.item_id == ReviewItem.id, ReviewReservation.reviewer == reviewer)
    reserved = possible.join(ReviewReservation, mine).where(ReviewReservation.until > now)
    return session.scalar(reserved) or session.scalar(possible)


def _reserve(session: Session, queue: ReviewQueue, item: ReviewItem, reviewer: str, now: datetime) -> None:
    until = now + timedelta(seconds=queue.reservation_s)
    session.merge(ReviewReservation(item_id=item.id, reviewer=reviewer, until=until))


def _words_of(reviewer: str) -> Select[ReviewLabel]:
    """What somebody said and did not take back, the last word first."""
    said = select(ReviewLabel).where(ReviewLabel.reviewer == reviewer, ReviewLabel.undone_at.is_(None))
    return said.order_by(ReviewLabel.id.desc())


def _newest(session: Session, item: ReviewItem, reviewer: str, *, before: int | None = None) -> ReviewLabel | None:
    """Somebody's last word on an item that was not taken back; the last one before that of an id."""
    query = _words_of(reviewer).where(ReviewLabel.item_id == item.id)
    if before is not None:
        query = query.where(ReviewLabel.id < before)
    return session.scalar(query.limit(1))


def _label_of(word: ReviewLabel | None) -> ReviewLabel | None:
    """The word, where it is no mere "not me"."""
    return word if word is not None and word.action == LABEL else None


def _last_word(session: Session, queue: ReviewQueue, reviewer: str, position: int | None) -> ReviewLabel:
    """
    Raises:
        NotFound: there is none, in the queue or on the item at `position`.
    """
    query = _words_of(reviewer).where(ReviewLabel.queue_id == queue.id)
    if position is not None:
        query = query.where(ReviewLabel.item_id == item_of(session, queue, position).id)
    last = session.scalar(query.limit(1))
    if last is None:
        raise NotFound(f"{reviewer!r} has nothing to take back here.", hint="Labels given before are final.")
    return last


def _standing(queue_id: int) -> Any:
    """The last words of everybody on the items of a queue, as a table."""
    last = (
        select(func.max(ReviewLabel.id).label("id"))
        .where(ReviewLabel.queue_id == queue_id, ReviewLabel.undone_at.is_(None))
        .group_by(ReviewLabel.item_id, ReviewLabel.reviewer)
        .subquery()
    )
    return aliased(ReviewLabel, select(ReviewLabel).join(last, ReviewLabel.id == last.c.id).subquery())


def _word(
    queue: ReviewQueue,
    item: ReviewItem,
    reviewer: str,
    action: str,
    now: datetime,
    values: Mapping[str, ScoreValue],
    comment: str | None,
) -> ReviewLabel:
    return ReviewLabel(
        queue_id=queue.id,
        item_id=item.id,
        reviewer=reviewer,
        action=action,
        values=dict(values),
        comment=comment,
        labelled_at=now,
        undone_at=None,
    )


def _change(
    queue: ReviewQueue,
    item: ReviewItem,
    reviewer: str,
    before: Mapping[str, ScoreValue] | None,
    after: Mapping[str, ScoreValue] | None,
    comment: str | None,
) -> Change:
    return Change(
        queue={"project": queue.project, "name": queue.name, "mode": queue.mode},
        item={"position": item.position, "ref": item.ref, "against": item.against},
        reviewer=reviewer,
        before=before,
        after=after,
        comment=comment,
    )


def _finish(session: Session, queue: ReviewQueue, item: ReviewItem, reviewer: str) -> dict[str, Any]:
    """Let go of the item, and count anew; the item as it is now."""
    session.execute(
        delete(ReviewReservation).where(ReviewReservation.item_id == item.id, ReviewReservation.reviewer == reviewer)
    )
    session.flush()
    labels = labels_of(session, [item.id]).get(item.id, [])
    item.label_count = sum(label.action == LABEL for label in labels)
    was_done, item.is_done = item.is_done, item.label_count >= queue.reviewers_per_item
    queue.done_count += item.is_done - was_done
    session.flush()
    return item_object(item, labels)
