"""Human review over the service: where queues in the registry meet traces, rows and scores in the store."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from assay.collector import queries
from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.review import agreement
from assay.collector.review.content import content_of
from assay.collector.review.gather import Gathered, Wanted, gather
from assay.collector.review.label_scores import score_rows
from assay.collector.review.refs import Ref
from assay.collector.review.rubric import rubric_of
from assay.errors import InvalidRequest

if TYPE_CHECKING:
    from assay.collector.registry.review_work import Change
    from assay.collector.service import Service

LARGEST_PAGE = 1000


class ReviewDesk:
    """One project's queues, in the name of whoever asks."""

    def __init__(self, service: Service, project: str, *, actor: Actor = LOCAL) -> None:
        self._service = service
        self._store = service.store
        self._registry = service.registry
        self.project = project
        self.actor = actor
        self.queues = service.registry.review_queues
        self.work = service.registry.review_work

    def create(
        self, name: str, rubric: Sequence[Mapping[str, Any]], wanted: Wanted | None = None, **options: Any
    ) -> tuple[dict[str, Any], bool]:
        """A queue with what is wanted in it, and whether it is new; made once more as it was, it gets what it lacks.

        What is wanted is looked for first: where nothing of it can be reviewed, no queue is made.

        Raises:
            InvalidRequest: the name, the rubric or what is wanted cannot be used.
            Conflict: there is a queue of this name that asks something else.
        """
        gathered = self._gather(name, wanted) if wanted else None
        queue, is_new = self.queues.create(self.project, name, rubric, actor=self.actor, **options)
        if gathered is None:
            return queue, is_new
        added = self._put(name, gathered)
        return {**self.queues.get(self.project, name), "added": added}, is_new

    def add(self, name: str, wanted: Wanted) -> dict[str, Any]:
        """Put what is wanted into a queue: how many items were added, how many it had, and what was left out.

        Raises:
            NotFound: there is no such queue or experiment.
            InvalidRequest: nothing of it can be reviewed, or it does not go into this queue.
        """
        self.queues.get(self.project, name)
        return self._put(name, self._gather(name, wanted))

    def _gather(self, name: str, wanted: Wanted) -> Gathered:
        gathered = gather(self._store, self._registry, self.project, wanted)
        if not gathered.pairs:
            why = "; ".join(gathered.notes) or "nothing matches"
            raise InvalidRequest(
                f"Nothing was added to the review queue {name!r}: {why}.", hint="Choose something else."
            )
        return gathered

    def _put(self, name: str, gathered: Gathered) -> dict[str, Any]:
        added, total = self.queues.add(self.project, name, gathered.pairs, actor=self.actor)
        return {"added": added, "there_already": len(gathered.pairs) - added, "items": total, "notes": gathered.notes}

    def label(
        self, name: str, position: int, reviewer: str, values: Mapping[str, Any], comment: str | None = None
    ) -> dict[str, Any]:
        """Store a label as scores, and then as done; see `ReviewWork.label`."""
        return self.work.label(self.project, name, position, reviewer, values, comment=comment, keep=self._keep)

    def undo(self, name: str, reviewer: str, position: int | None = None) -> dict[str, Any]:
        """Take back somebody's last word; see `ReviewWork.undo`."""
        return self.work.undo(self.project, name, reviewer, position=position, keep=self._keep)

    def _keep(self, change: Change) -> None:
        self._service.append({"score_log": score_rows(change, now_ns=time.time_ns())})

    def with_content(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """An item with what a reviewer sees of it."""
        found = {**item, "content": self._content(item["ref"])}
        return found if item["against"] is None else {**found, "against_content": self._content(item["against"])}

    def _content(self, stored: Mapping[str, Any]) -> dict[str, Any]:
        ref = Ref.of({field: value for field, value in stored.items() if field != "kind"})
        return content_of(self._store, self.project, ref)

    def beginnings(self, items: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """What was asked in the traces of some items, as far as they are there."""
        ids = sorted({item["ref"]["trace_id"] for item in items if item["ref"].get("trace_id")})
        if not ids:
            return {}
        listed = ", ".join(f"'{id}'" for id in ids)
        where = f"trace_id in ({listed})"
        found = queries.list_traces(self._store, project=self.project, filter=where, limit=len(ids)).items
        return {row["trace_id"]: row["input"] for row in found if row["input"]}

    # What came of it --------------------------------------------------------------------------------------------

    def agreement(self, name: str) -> dict[str, Any]:
        """How far the reviewers of a queue agree, score by score; of pairs, also which output they prefer."""
        queue, items = self.labelled(name)
        rubric = rubric_of(queue["rubric"], queue["mode"])
        found = {"scores": agreement.agreement(rubric, items), "reviewers": self.work.reviewers(self.project, name)}
        if queue["mode"] == "pair":
            found["preferred"] = [agreement.preferred(each, items) for each in rubric]
        return found

    def disagreements(self, name: str) -> list[dict[str, Any]]:
        """Items that reviewers see differently, those that differ most first."""
        queue, items = self.labelled(name)
        return agreement.disagreements(rubric_of(queue["rubric"], queue["mode"]), items)

    def labelled(self, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """A queue, and its items that somebody has labelled."""
        queue = self.queues.get(self.project, name)
        items: list[dict[str, Any]] = []
        cursor: str | None = None
        while True:
            page = self.queues.items(self.project, name, state="labelled", limit=LARGEST_PAGE, cursor=cursor)
            items += page.items
            if (cursor := page.next_cursor) is None:
                return queue, items

    def correct(
        self, name: str, position: int, expected: Any, *, dataset: str, reviewer: str
    ) -> tuple[dict[str, Any], bool]:
        """Make an item of a data set of an item's input, with the right answer; its version, and whether it is new.

        Raises:
            NotFound: there is no such queue or item.
            InvalidRequest: nothing is left of its input, or the data set cannot be called so.
        """
        item = self.queues.item(self.project, name, position)
        content = self._content(item["ref"])
        if content["is_gone"] or content["input"] is None:
            raise InvalidRequest("The input of this item is not there any more.", hint="It makes no data set item.")
        made = {
            "id": item["ref"].get("item_id") or item["ref"].get("span_id") or item["ref"]["trace_id"],
            "input": content["input"],
            "expected": expected,
            "metadata": {"trace_id": content["trace_id"], "review_queue": name, "corrected_by": reviewer},
        }
        message = f"corrected by {reviewer} in the review queue {name}, item {position}"
        return self._registry.datasets.add_items(self.project, dataset, [made], message=message, actor=self.actor)
