"""Data sets for the pages: read from the registry, and changed there by registering new versions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from assay.collector.api.actor import actor, caller_key
from assay.collector.pages.source import Row, Rows
from assay.collector.registry.actor import Actor
from assay.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from assay.collector.registry import Registry

AT_ONCE = 1000
ITEMS_A_PAGE = 50
LIST_PAGE = 100
MOST_EXPERIMENTS = 20
Item = Mapping[str, Any]


class DatasetSource:
    """Reads and changes as the API does, in the name of `actor`."""

    def __init__(self, registry: Registry, actor: Actor) -> None:
        self._datasets = registry.datasets
        self._experiments = registry.experiments
        self._actor = actor

    def page(self, project: str, *, filter: str | None, cursor: str | None) -> Rows:
        found = self._datasets.page(project, filter=filter, limit=LIST_PAGE, cursor=cursor)
        return Rows(found.items, found.next_cursor)

    def versions(self, project: str, name: str) -> list[Row]:
        """Newest first; the newest hundred."""
        return self._datasets.versions(project, name, limit=LIST_PAGE).items

    def version(self, project: str, name: str, version: int | None) -> Row:
        return self._datasets.version(project, name, version)

    def items(
        self, project: str, name: str, version: int, *, split: str | None, contains: str | None, cursor: str | None
    ) -> Rows:
        """`contains`: a text that stands in the id, the input, the expected output or the metadata."""
        found = self._datasets.items(
            project, name, version, split=split, contains=contains, limit=ITEMS_A_PAGE, cursor=cursor
        )
        return Rows(found.items, found.next_cursor)

    def all_items(self, project: str, name: str, version: int) -> Iterator[Row]:
        cursor: str | None = None
        while True:
            found = self._datasets.items(project, name, version, limit=AT_ONCE, cursor=cursor)
            yield from found.items
            cursor = found.next_cursor
            if cursor is None:
                return

    def item(self, project: str, name: str, version: int, item_id: str) -> Row:
        found = self._datasets.items(project, name, version, item_id=item_id, limit=1).items
        if not found:
            raise NotFound(
                f"Version {version} of data set {name!r} has no item {item_id!r}.",
                hint="Another version may have it: choose one above the items.",
            )
        return found[0]

    def experiments(self, project: str, name: str) -> list[Row]:
        """The newest that ran on any version of it."""
        return self._experiments.page(project, dataset=name, limit=MOST_EXPERIMENTS).items

    def put(self, project: str, name: str, seen: int, item: Item, *, replaces: str | None, message: str | None) -> Row:
        """A version with an item more, or with `item` in the place of the one called `replaces`.

        Raises:
            Conflict: the latest version is another one than `seen`.
            InvalidRequest: the id is taken, or the item does not fit the schema of the data set.
            NotFound: there is no item to replace.
        """
        _check_schema(self.version(project, name, seen).get("schema"), item)
        wanted = item.get("id") or replaces

        def change(items: list[Item]) -> list[Item]:
            ids = [each["id"] for each in items]
            if wanted in ids and wanted != replaces:
                raise InvalidRequest(
                    f"There is an item {wanted!r} already.", hint="Give yours another id, or edit that."
                )
            if replaces is None:
                return [*items, item]
            self.item(project, name, seen, replaces)
            return [{**each, **item, "id": wanted} if each["id"] == replaces else each for each in items]

        said = f"{'changed' if replaces else 'added'} {wanted or 'an item'}"
        return self._register(project, name, seen, change, message or said)

    def remove(self, project: str, name: str, seen: int, item_id: str, *, message: str | None) -> Row:
        """A version without this item: older versions keep it.

        Raises:
            Conflict: the latest version is another one than `seen`.
            NotFound: there is no such item.
        """
        self.item(project, name, seen, item_id)
        return self._register(
            project,
            name,
            seen,
            lambda items: [each for each in items if each["id"] != item_id],
            message or f"removed {item_id}",
        )

    def _register(
        self, project: str, name: str, seen: int, change: Callable[[list[Item]], list[Item]], message: str
    ) -> Row:
        from_version = self.version(project, name, seen)
        items = [_content(item) for item in change(list(self.all_items(project, name, seen)))]
        schema, cluster = from_version.get("schema"), from_version.get("cluster")
        version, _ = self._datasets.register(
            project, name, items, message=message, schema=schema, cluster=cluster, after=seen, actor=self._actor
        )
        return version


def _content(item: Item) -> Row:
    return {key: item[key] for key in ("id", "input", "expected", "metadata", "output") if key in item}


def _check_schema(schema: Mapping[str, Any] | None, item: Item) -> None:
    from jsonschema import Draft202012Validator  # takes a while, and few data sets have a schema
    from jsonschema.exceptions import best_match
    from referencing import Registry as Schemas

    for field, wanted in (schema or {}).items():
        if field not in item:
            continue
        validator = Draft202012Validator(wanted, registry=Schemas())
        if (worst := best_match(validator.iter_errors(item[field]))) is not None:
            path = ".".join(map(str, (field, *worst.absolute_path)))
            raise InvalidRequest(
                f"The item does not fit the schema of the data set: {path}: {worst.message[:300]}",
                hint="Change the item, or register a version with another schema.",
            )


def get_datasets(request: Request) -> DatasetSource:
    return DatasetSource(request.app.state.service.registry, actor(request, caller_key(request)))


FromDatasets = Annotated[DatasetSource, Depends(get_datasets)]
