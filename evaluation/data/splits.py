"""Splits: which part of a data set an item belongs to. Deterministic, and never through the middle of a cluster. Pure.

Items that belong together (one document, one user; without a cluster: equal inputs) go to one part. The clusters are
taken in the order of a hash of seed and name, so that neither the order of the items nor anything else about them
counts, and each goes to the part that is furthest below its share, first within its stratum and over all.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from assay.content_hash import content_hash
from assay.errors import DatasetError
from assay.evaluation.data.dataset_name import SPLIT_NAME
from assay.evaluation.data.items import Dataset, Item
from assay.evaluation.plain import plain

Shares: TypeAlias = "Mapping[str, float] | Sequence[float] | float"

NAMES = {2: ("train", "test"), 3: ("train", "val", "test")}  # of shares that are given without names


def named_shares(shares: Shares) -> dict[str, float]:
    """Shares by the names of the parts: 0.2 is the test part, (0.8, 0.2) train and test, (0.6, 0.2, 0.2) train, val
    and test.

    Raises:
        DatasetError: they are not above 0, do not add up to 1, or a name cannot be used.
    """
    if isinstance(shares, Mapping):
        found = {str(name): share for name, share in shares.items()}
    elif isinstance(shares, int | float):
        found = {"train": 1 - shares, "test": shares}
    elif len(given := list(shares)) in NAMES:
        found = dict(zip(NAMES[len(given)], given, strict=True))
    else:
        raise DatasetError(f"{shares!r} are no shares of splits.", hint='E.g. {"train": 0.8, "test": 0.2}, or 0.2.')
    numbers: list[Any] = list(found.values())
    good = all(isinstance(s, int | float) and not isinstance(s, bool) and 0 < s < 1 for s in numbers)
    if not good or len(found) < 2 or not math.isclose(math.fsum(numbers), 1, abs_tol=1e-6):
        raise DatasetError(
            f"The shares {found} are not two or more numbers above 0 that add up to 1.", hint="E.g. train 0.8, test 0.2"
        )
    if odd := [name for name in found if not SPLIT_NAME.fullmatch(name)]:
        raise DatasetError(f"{odd[0]!r} cannot be the name of a split.", hint="Begin with a letter; no ':' or '@'.")
    return found


def split_items(
    items: Sequence[Item],
    shares: Shares,
    *,
    seed: int = 0,
    stratify: str | None = None,
    keep: Mapping[str, str] | None = None,
) -> dict[str, str]:
    """The part of every item, by its id.

    The same items under the same seed get the same parts, in whatever order they come. Added items can move others;
    with `keep` (the parts of an older version) they cannot: whatever cluster is known stays where it was.

    Args:
        stratify: a field whose values should be as frequent in every part: "expected", or a key of the metadata or the
            input. A cluster counts under the value that most of its items have.
        keep: parts by item id, as an older version had them.

    Raises:
        DatasetError: a part would be empty, the field is not there, or a cluster holds items that were kept apart.
    """
    wanted = named_shares(shares)
    groups = _groups(items)
    kept = _kept(groups, keep or {}, wanted)
    strata = {key: _stratum(members, stratify) for key, members in groups.items()}
    counts: dict[str, Counter[str]] = defaultdict(Counter)  # by stratum; "" is all of them
    parts: dict[str, str] = {}
    for key in sorted(groups, key=lambda key: (key not in kept, strata[key], _order(seed, key))):
        size = len(groups[key])
        part = kept.get(key) or _neediest(wanted, (counts[f"={strata[key]}"], counts[""]), size)
        parts[key] = part
        for counter in (counts[f"={strata[key]}"], counts[""]):
            counter[part] += size
    if empty := [name for name in wanted if not counts[""][name]]:
        raise DatasetError(
            f"The split {empty[0]!r} would be empty: there are {len(groups)} clusters, and they cannot be divided "
            "(items without a cluster that have equal inputs count as one).",
            hint="Give it a larger share, or add data.",
        )
    return {item.id: parts[key] for key, members in groups.items() for item in members}


def parts_of(
    dataset: Dataset, shares: Shares, *, seed: int = 0, cluster: str | None = None, stratify: str | None = None
) -> dict[str, Dataset]:
    """The parts of a data set, by name; the items keep their order."""
    from assay.evaluation.data.dataset import hash_of_items, read_dataset

    if cluster is not None:
        dataset = replace(dataset, items=read_dataset(list(dataset.items), cluster=cluster).items)
    parts = split_items(dataset.items, shares, seed=seed, stratify=stratify)
    found = {}
    for name in named_shares(shares):
        items = tuple(replace(item, split=name) for item in dataset.items if parts[item.id] == name)
        found[name] = replace(dataset, items=items, split=name, hash=hash_of_items(items))
    return found


def field_of(item: Item, name: str) -> Any:
    """The value of a field that an item may have in its metadata or its input; "expected" is the expected value.

    Raises:
        DatasetError: it has none of that name.
    """
    if name == "expected":
        return item.expected
    for source in (item.metadata, item.input):
        if isinstance(source, Mapping) and name in source:
            return source[name]
    raise DatasetError(
        f"Item {item.id!r} has no {name!r}, by which the split is to be stratified.",
        hint="It is looked for in the metadata and the input; 'expected' is the expected value.",
    )


def _groups(items: Iterable[Item]) -> dict[str, list[Item]]:
    """Items that may not be parted, by a name of what they share."""
    groups: dict[str, list[Item]] = defaultdict(list)
    for item in items:
        if item.cluster is not None:
            key = f"cluster {item.cluster}"
        elif item.input is not None:
            key = f"input {content_hash(plain(item.input))}"
        else:
            key = f"item {item.id}"
        groups[key].append(item)
    return dict(groups)


def _kept(groups: Mapping[str, Sequence[Item]], keep: Mapping[str, str], wanted: Mapping[str, float]) -> dict[str, str]:
    kept: dict[str, str] = {}
    for key, members in groups.items():
        before = {keep[item.id] for item in members if keep.get(item.id) in wanted}
        if len(before) > 1:
            raise DatasetError(
                f"Items of one group ({key}) were in {' and '.join(sorted(before))} before.",
                hint="They belong together now: split the version anew, with another seed, or give it another cluster.",
            )
        if before:
            kept[key] = before.pop()
    return kept


def _stratum(members: Sequence[Item], stratify: str | None) -> str:
    """The commonest value among the members, as text; of equally common ones the first in the alphabet."""
    if stratify is None:
        return ""
    values = Counter(json.dumps(plain(field_of(item, stratify)), sort_keys=True) for item in members)
    return min(values, key=lambda value: (-values[value], value))


def _order(seed: int, key: str) -> str:
    return hashlib.sha256(f"{seed}:{key}".encode()).hexdigest()


def _neediest(wanted: Mapping[str, float], counts: Sequence[Counter[str]], size: int) -> str:
    """The part that would be furthest below its share once `size` more items are there; the smaller of two equal
    ones, which would else stay empty.
    """

    def missing(name: str) -> float:
        return sum(wanted[name] * (counter.total() + size) - counter[name] for counter in counts)

    return max(wanted, key=lambda name: (round(missing(name), 9), -wanted[name], name))
