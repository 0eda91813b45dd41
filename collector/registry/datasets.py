"""Data sets: test data in versions that never change, told apart by their content."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Text, cast, insert, or_, select, update
from sqlalchemy.orm import Session

from assay.collector.registry.actor import LOCAL, Actor
from assay.collector.registry.audit import record
from assay.collector.registry.database import Database
from assay.collector.registry.models import Dataset, DatasetItem, DatasetVersion
from assay.collector.registry.names import check_name
from assay.collector.registry.page import DEFAULT_LIMIT, Page, checked_limit, numeric_cursor, page_of
from assay.collector.registry.projects import ensure_project
from assay.collector.registry.times import Clock, iso, utc_now
from assay.content_hash import canonical_json, dataset_hash, derived_item_id
from assay.errors import Conflict, DatasetNotFound, InvalidRequest

MAX_VERSION = 2**31 - 1
SHOWN_DUPLICATES = 5
IDS_AT_ONCE = 500  # in one statement: SQLite takes so many parameters and no more


@dataclass(frozen=True, slots=True)
class Datasets:
    """Answers are the API's objects, as dicts."""

    database: Database
    clock: Clock = utc_now

    def register(
        self,
        project: str,
        name: str,
        items: Sequence[Mapping[str, Any]],
        *,
        description: str | None = None,
        message: str | None = None,
        schema: Mapping[str, Any] | None = None,
        cluster: str | None = None,
        after: int | None = None,
        actor: Actor = LOCAL,
    ) -> tuple[dict[str, Any], bool]:
        """The version that holds these items, and whether it is new. The order of items does not make a new version.

        An item without an id gets one derived from its content. A description, message, schema or cluster that is
        given replaces the one there is.

        Args:
            after: the version that the items were made from.

        Raises:
            InvalidRequest: the name cannot be used, there is no item, or two items share an id.
            Conflict: the latest version is another one than `after`.
            DatasetNotFound: `after` is given, and there is no such data set.
        """
        check_name("data set", name)
        if not items:
            raise InvalidRequest(f"Data set {name!r} has no items.", hint="Give it at least one.")
        identified = with_ids(items)
        canonical_json([description, message, schema, cluster])
        said = {"message": message, "item_schema": schema, "cluster": cluster}
        with self.database.write() as session:
            if after is not None:
                _check_latest(_dataset(session, project, name), after)
            return self._store(session, project, name, identified, description, said, actor)

    def add_items(
        self,
        project: str,
        name: str,
        items: Sequence[Mapping[str, Any]],
        *,
        message: str | None = None,
        actor: Actor = LOCAL,
    ) -> tuple[dict[str, Any], bool]:
        """The version with these items beside those of the latest one, and whether it is new; a data set that is not
        there is made. An item whose id is there already replaces that one, but for metadata that only that one has.
        Two who add at once both get theirs in.

        Raises:
            InvalidRequest: as `register`.
        """
        check_name("data set", name)
        if not items:
            raise InvalidRequest(f"No item was given for data set {name!r}.", hint="Give at least one.")
        added = {item["id"]: item for item in with_ids(items)}
        with self.database.write() as session:
            dataset = _find_dataset(session, project, name)
            said: dict[str, Any] = {"message": message}
            merged = dict(added)
            if dataset is not None:
                latest = _resolve(session, dataset, None)
                said |= {"item_schema": latest.item_schema, "cluster": latest.cluster}
                there = session.scalars(
                    select(DatasetItem)
                    .where(DatasetItem.dataset_version_id == latest.id)
                    .order_by(DatasetItem.position)
                )
                merged = {row.item_id: _item(row) for row in there}
                for id, item in added.items():
                    known = merged.get(id, {}).get("metadata", {})
                    merged[id] = {**item, "metadata": {**known, **item["metadata"]}}
            return self._store(session, project, name, with_ids(list(merged.values())), None, said, actor)

    def _store(
        self,
        session: Session,
        project: str,
        name: str,
        identified: Sequence[Mapping[str, Any]],
        description: str | None,
        said: Mapping[str, Any],
        actor: Actor,
    ) -> tuple[dict[str, Any], bool]:
        digest = dataset_hash(identified)
        now = self.clock()
        ensure_project(session, project, now, actor)
        dataset = _find_dataset(session, project, name)
        if dataset is None:
            dataset = Dataset(
                project=project, name=name, description=None, latest_version=0, created_at=now, updated_at=now
            )
            session.add(dataset)
        changed = description is not None and description != dataset.description
        if changed:
            dataset.description, dataset.updated_at = description, now
        session.flush()
        version = _version_with_hash(session, dataset, digest)
        is_new = version is None
        if version is None:
            dataset.latest_version, dataset.updated_at = dataset.latest_version + 1, now
            version = DatasetVersion(
                dataset_id=dataset.id,
                version=dataset.latest_version,
                content_hash=digest,
                item_count=len(identified),
                created_at=now,
            )
            session.add(version)
            session.flush()
            _insert_items(session, version.id, identified)
        for field, value in said.items():
            if value is not None and value != getattr(version, field):
                setattr(version, field, value)
                changed = True
        if is_new or changed:
            record(session, actor, now, "dataset.register", name, project=project, version=version.version)
        session.flush()
        return _version_object(dataset, version), is_new

    def page(
        self, project: str, *, filter: str | None = None, limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page:
        """Data sets in the order of their names, each with its latest version; `filter` is a part of the name, in any
        case.
        """
        query = (
            select(Dataset, DatasetVersion)
            .join(
                DatasetVersion,
                (DatasetVersion.dataset_id == Dataset.id) & (DatasetVersion.version == Dataset.latest_version),
            )
            .where(Dataset.project == project)
            .order_by(Dataset.name)
            .limit(checked_limit(limit) + 1)
        )
        if filter:
            query = query.where(Dataset.name.icontains(filter, autoescape=True))
        if cursor is not None:
            query = query.where(Dataset.name > cursor)
        with self.database.read() as session:
            rows = session.execute(query).all()
            return page_of(rows, limit, lambda row: _summary(row[0], row[1]), lambda row: row[0].name)

    def versions(self, project: str, name: str, *, limit: int = DEFAULT_LIMIT, cursor: str | None = None) -> Page:
        """Newest first.

        Raises:
            DatasetNotFound: there is no such data set.
        """
        with self.database.read() as session:
            dataset = _dataset(session, project, name)
            query = (
                select(DatasetVersion)
                .where(DatasetVersion.dataset_id == dataset.id)
                .order_by(DatasetVersion.version.desc())
                .limit(checked_limit(limit) + 1)
            )
            if cursor is not None:
                query = query.where(DatasetVersion.version < numeric_cursor(cursor))
            rows = session.scalars(query).all()
            return page_of(rows, limit, lambda row: _version_object(dataset, row), lambda row: row.version)

    def version(self, project: str, name: str, version: int | None = None) -> dict[str, Any]:
        """One version; the latest when none is named.

        Raises:
            DatasetNotFound: there is no such data set or version.
        """
        with self.database.read() as session:
            dataset = _dataset(session, project, name)
            return _version_object(dataset, _resolve(session, dataset, version))

    def split(
        self,
        project: str,
        name: str,
        version: int,
        spec: Mapping[str, Any],
        parts: Mapping[str, str],
        *,
        replace: bool = False,
        actor: Actor = LOCAL,
    ) -> dict[str, Any]:
        """Say which part every item of a version belongs to. The same said twice changes nothing.

        Args:
            spec: how it was made: shares, seed and the like.
            parts: the part of every item, by its id.

        Raises:
            DatasetNotFound: there is no such data set or version.
            InvalidRequest: an item is missing, one is not of this version, or `spec` cannot be written as JSON.
            Conflict: the version has been split otherwise.
        """
        canonical_json(spec)
        with self.database.write() as session:
            dataset = _dataset(session, project, name)
            found = _resolve(session, dataset, version)
            of_version = DatasetItem.dataset_version_id == found.id
            rows = session.execute(select(DatasetItem.item_id, DatasetItem.split).where(of_version)).all()
            there = {row.item_id: row.split for row in rows}
            if there.keys() != parts.keys():
                odd = min(there.keys() ^ parts.keys())
                raise InvalidRequest(
                    f"A split names every item of the version and no other; {odd!r} is wrong or missing.",
                    hint=f"Version {version} of {name!r} has {len(there)} items.",
                )
            if found.split is not None and there != dict(parts) and not replace:
                raise Conflict(
                    f"Version {version} of data set {name!r} has been split otherwise: {found.split}.",
                    hint="Figures of its parts may depend on it. To split it anew nonetheless: replace=true.",
                )
            if found.split != dict(spec) or there != dict(parts):
                by_part: dict[str, list[str]] = {}
                for id, part in parts.items():
                    by_part.setdefault(part, []).append(id)
                for part, ids in by_part.items():
                    for start in range(0, len(ids), IDS_AT_ONCE):
                        some = DatasetItem.item_id.in_(ids[start : start + IDS_AT_ONCE])
                        session.execute(update(DatasetItem).where(of_version, some).values(split=part))
                found.split = dict(spec)
                record(session, actor, self.clock(), "dataset.split", name, project=project, version=version)
            session.flush()
            return _version_object(dataset, found)

    def items(
        self,
        project: str,
        name: str,
        version: int | None = None,
        *,
        split: str | None = None,
        item_id: str | None = None,
        contains: str | None = None,
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page:
        """The items of a version (None: the latest) in the order they were given; of one split of it, the one with an
        id, or those that hold a text somewhere, in upper or lower case.

        Raises:
            DatasetNotFound: there is no such data set or version.
        """
        with self.database.read() as session:
            dataset = _dataset(session, project, name)
            query = (
                select(DatasetItem)
                .where(DatasetItem.dataset_version_id == _resolve(session, dataset, version).id)
                .order_by(DatasetItem.position)
                .limit(checked_limit(limit) + 1)
            )
            if split is not None:
                query = query.where(DatasetItem.split == split)
            if item_id is not None:
                query = query.where(DatasetItem.item_id == item_id)
            if contains:
                query = query.where(_holds(contains))
            if cursor is not None:
                query = query.where(DatasetItem.position > numeric_cursor(cursor))
            return page_of(session.scalars(query).all(), limit, _item, lambda row: row.position)


def with_ids(items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Items as they are stored: every one with an id, `expected` and `metadata`.

    Raises:
        InvalidRequest: two items share an id; the message names their positions.
    """
    identified = [
        {
            "id": str(item.get("id") or derived_item_id(item)),
            "input": item["input"],
            "expected": item.get("expected"),
            "metadata": dict(item.get("metadata") or {}),
            **({"output": item["output"]} if "output" in item else {}),
        }
        for item in items
    ]
    positions: dict[str, list[int]] = {}
    for position, item in enumerate(identified, start=1):
        positions.setdefault(item["id"], []).append(position)
    if shared := {id: found for id, found in positions.items() if len(found) > 1}:
        told = [f"{id!r} at {', '.join(map(str, found[:10]))}" for id, found in list(shared.items())[:SHOWN_DUPLICATES]]
        more = f" and {len(shared) - SHOWN_DUPLICATES} more ids" if len(shared) > SHOWN_DUPLICATES else ""
        raise InvalidRequest(
            f"Items share an id: {'; '.join(told)}{more} (positions from 1).",
            hint="Give each its own id. Items without one get it from their content, so equal items collide.",
        )
    return identified


def _insert_items(session: Session, version_id: int, items: Sequence[Mapping[str, Any]]) -> None:
    rows = [
        {
            "dataset_version_id": version_id,
            "position": position,
            "item_id": item["id"],
            "input": item["input"],
            "expected": item["expected"],
            "item_metadata": item["metadata"],
            "output": {"value": item["output"]} if "output" in item else None,
        }
        for position, item in enumerate(items)
    ]
    session.execute(insert(DatasetItem), rows)


def _find_dataset(session: Session, project: str, name: str) -> Dataset | None:
    return session.scalar(select(Dataset).where(Dataset.project == project, Dataset.name == name))


def _dataset(session: Session, project: str, name: str) -> Dataset:
    if dataset := _find_dataset(session, project, name):
        return dataset
    raise DatasetNotFound(f"Project {project!r} has no data set {name!r}.", hint="Check the name and the project.")


def _check_latest(dataset: Dataset, seen: int) -> None:
    if dataset.latest_version != seen:
        raise Conflict(
            f"Version {dataset.latest_version} was registered while you wrote.",
            hint="Look at it, then send yours again: it is added to that one.",
        )


def _version_with_hash(session: Session, dataset: Dataset, digest: str) -> DatasetVersion | None:
    return session.scalar(
        select(DatasetVersion).where(DatasetVersion.dataset_id == dataset.id, DatasetVersion.content_hash == digest)
    )


def _holds(text: str) -> ColumnElement[bool]:
    """The text stands in the id, or in a field as the database keeps it: as JSON."""
    kept = json.dumps(text)[1:-1]
    fields = (DatasetItem.input, DatasetItem.expected, DatasetItem.item_metadata)
    in_fields = (cast(field, Text).icontains(kept, autoescape=True) for field in fields)
    return or_(DatasetItem.item_id.icontains(text, autoescape=True), *in_fields)


def _resolve(session: Session, dataset: Dataset, version: int | None) -> DatasetVersion:
    number = dataset.latest_version if version is None else version
    found = None
    if 1 <= number <= MAX_VERSION:
        found = session.scalar(
            select(DatasetVersion).where(DatasetVersion.dataset_id == dataset.id, DatasetVersion.version == number)
        )
    if found is None:
        raise DatasetNotFound(
            f"Data set {dataset.name!r} has no version {number}.",
            hint=f"It has versions 1 to {dataset.latest_version}.",
        )
    return found


def _version_object(dataset: Dataset, row: DatasetVersion) -> dict[str, Any]:
    return {
        "project": dataset.project,
        "name": dataset.name,
        "version": row.version,
        "content_hash": row.content_hash,
        "item_count": row.item_count,
        "description": dataset.description,
        "created_at": iso(row.created_at),
        **_present(message=row.message, schema=row.item_schema, cluster=row.cluster, split=row.split),
    }


def _present(**fields: Any) -> dict[str, Any]:
    """Those fields that say something."""
    return {name: value for name, value in fields.items() if value is not None}


def _summary(dataset: Dataset, latest: DatasetVersion) -> dict[str, Any]:
    return {
        "name": dataset.name,
        "description": dataset.description,
        "latest_version": dataset.latest_version,
        "content_hash": latest.content_hash,
        "item_count": latest.item_count,
        "created_at": iso(dataset.created_at),
        "updated_at": iso(dataset.updated_at),
    }


def _item(row: DatasetItem) -> dict[str, Any]:
    return {
        "id": row.item_id,
        "position": row.position,
        "input": row.input,
        "expected": row.expected,
        "metadata": row.item_metadata,
        **({"output": row.output["value"]} if row.output is not None else {}),
        **_present(split=row.split),
    }
