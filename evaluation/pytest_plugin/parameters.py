"""From the data of a test to the tests that are made of it: one for every item and repeat."""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from pathlib import Path
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.data.data_files import FILE_TYPES
from assay.evaluation.data.dataset import read_dataset
from assay.evaluation.data.items import Item


def parameters(
    data: Any,
    *,
    repeats: int | None = None,
    id: str = "id",
    cluster: str | None = None,
    more_repeats: int | None = None,
    folders: Sequence[Path] = (),
) -> list[tuple[Item, int, str]]:
    """Item, repeat and label of every test.

    Args:
        more_repeats: of the command line; goes before `repeats`.
        folders: where a file is looked for when its path is not absolute.

    Raises:
        ConfigurationError: the repeats are no number above 0.
        DatasetError: the data cannot be used.
    """
    times: Any = more_repeats if more_repeats is not None else repeats if repeats is not None else 1
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise ConfigurationError(f"repeats= is a whole number of 1 or more, not {times!r}.")
    items = read_dataset(_found(data, folders), id=id, cluster=cluster).items
    return [
        (item, repeat, item.id if times == 1 else f"{item.id}-{repeat}") for item in items for repeat in range(times)
    ]


def _found(data: Any, folders: Sequence[Path]) -> Any:
    """A file beside the test, if there is one."""
    if not isinstance(data, str | PathLike) or Path(data).suffix.lower() not in FILE_TYPES:
        return data
    return next((folder / data for folder in folders if (folder / data).is_file()), data)
