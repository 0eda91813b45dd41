"""What test data are made of: an item, and a data set of items in their order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    import pandas as pd

    from assay.evaluation.data.dataset_diff import DatasetDiff
    from assay.evaluation.data.splits import Shares

# Field -> the names it may have in the data
ALIASES: dict[str, tuple[str, ...]] = {
    "input": ("input", "inputs", "question"),
    "expected": ("expected", "expected_output", "expectations", "target", "reference", "ground_truth"),
    "output": ("output", "outputs"),
}


class _Nothing:
    """Stands where there is no output: None is an output that a task may well give."""

    def __repr__(self) -> str:
        return "<no output>"

    def __reduce__(self) -> str:  # one of its kind, in copies and in other processes too
        return "NOTHING"


NOTHING: Final = _Nothing()


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One test case. `cluster` names what it shares with items it is not independent of (a document, a user)."""

    id: str
    input: Any = None
    expected: Any = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    cluster: str | None = None
    output: Any = NOTHING  # what the data already hold of a task's answer
    trace_id: str | None = None  # the trace it was made of; without a task that trace is the row's
    split: str | None = None  # the part of the data set it belongs to: train, test, ...

    @property
    def has_output(self) -> bool:
        return self.output is not NOTHING


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Items in their order, with what identifies them: name and version where there are such, and the hash of the
    content (ids, inputs, expected values and metadata: outputs and splits do not count, nor does the order).
    """

    items: tuple[Item, ...]
    name: str | None = None
    version: int | None = None
    hash: str = ""
    split: str | None = None  # the one part that these items are; None: all of them
    description: str | None = None
    schema: Mapping[str, Any] | None = None  # what the items must look like: see schema.py
    notes: tuple[str, ...] = ()  # what a reader should know of how they came about
    places: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)  # by id: "qa.jsonl, line 7"

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[Item]:
        return iter(self.items)

    @property
    def uri(self) -> str | None:
        """What `load_dataset` and `evaluate` take for these very items; None when they are not registered."""
        if self.name is None or self.version is None:
            return None
        return f"{self.name}@{self.version}" + (f":{self.split}" if self.split else "")

    @property
    def df(self) -> pd.DataFrame:
        """One row per item; the columns output, trace_id, cluster and split are there where an item has one."""
        import pandas as pd

        optional = [name for name in ("trace_id", "cluster", "split") if any(getattr(i, name) for i in self.items)]
        rows = []
        for item in self.items:
            row = {"id": item.id, "input": item.input, "expected": item.expected, "metadata": dict(item.metadata)}
            row |= {"output": item.output} if item.has_output else {}
            rows.append(row | {name: getattr(item, name) for name in optional})
        output = ["output"] if any(item.has_output for item in self.items) else []
        return pd.DataFrame(rows, columns=["id", "input", "expected", "metadata", *output, *optional])

    def splits(
        self, shares: Shares, *, seed: int = 0, cluster: str | None = None, stratify: str | None = None
    ) -> dict[str, Dataset]:
        """These items in parts; see `splits.split_items` for the shares and for what is promised."""
        from assay.evaluation.data.splits import parts_of

        return parts_of(self, shares, seed=seed, cluster=cluster, stratify=stratify)

    def diff(self, older: Dataset) -> DatasetDiff:
        """What was added, removed and changed since an older version."""
        from assay.evaluation.data.dataset_diff import diff_items

        return diff_items(older, self)

    def __str__(self) -> str:
        name = self.uri or self.name or "data set"
        lines = [f"{name}: {len(self.items)} items, hash {self.hash[:12]}"]
        if not self.split and (parts := [item.split for item in self.items if item.split]):
            counts = {part: parts.count(part) for part in dict.fromkeys(parts)}
            lines.append("splits: " + ", ".join(f"{part} {count}" for part, count in counts.items()))
        return "\n".join([*lines, *self.notes])
