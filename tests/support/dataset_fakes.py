"""Data sets over the made-up data of page tests: what `DatasetSource` answers, without a registry."""

from __future__ import annotations

from collections.abc import Iterator

from assay.collector.pages.source import Row, Rows
from assay.errors import DatasetNotFound, NotFound
from support.page_times import moment

VERSIONS = (2, 1)
ITEMS = [
    {"id": f"q{number:02}", "position": number, "input": "Where is my parcel?", "expected": None, "metadata": {}}
    for number in range(1, 4)
]


class FakeDatasets:
    """One data set in two versions, in whatever project."""

    def page(self, project: str, *, filter: str | None, cursor: str | None) -> Rows:
        summary = {"name": "support-qa", "description": None, "latest_version": 2, "item_count": len(ITEMS)}
        rows = [{**summary, "updated_at": moment()}] if project != "empty" else []
        return Rows([row for row in rows if (filter or "").lower() in str(row["name"])])

    def version(self, project: str, name: str, version: int | None) -> Row:
        if name != "support-qa" or version not in (None, *VERSIONS):
            raise DatasetNotFound(f"Project {project!r} has no data set {name!r}.")
        found = {"name": name, "version": version or VERSIONS[0], "item_count": len(ITEMS), "content_hash": "0" * 64}
        return {**found, "description": None, "created_at": moment()}

    def versions(self, project: str, name: str) -> list[Row]:
        return [self.version(project, name, number) for number in VERSIONS]

    def items(
        self, project: str, name: str, version: int, *, split: str | None, contains: str | None, cursor: str | None
    ) -> Rows:
        return Rows(list(ITEMS))

    def all_items(self, project: str, name: str, version: int) -> Iterator[Row]:
        return iter(ITEMS[:version])

    def item(self, project: str, name: str, version: int, item_id: str) -> Row:
        for item in ITEMS:
            if item["id"] == item_id:
                return item
        raise NotFound(f"There is no item {item_id!r}.")

    def experiments(self, project: str, name: str) -> list[Row]:
        return []
