"""The data sets that come with Assay: `load_dataset("builtin:support-qa")`. Each has a card beside it."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import Any

from assay.errors import DatasetNotFound


def built_in_names() -> list[str]:
    """The sets whose rows are items, in the order of their names."""
    return [name for name in _files() if "input" in built_in_rows(name)[0]]


def built_in_rows(name: str) -> list[dict[str, Any]]:
    """The rows of any of the files, also of those that hold no items but what tasks look up: pages, orders.

    Raises:
        DatasetNotFound: no file of this name comes with Assay.
    """
    return [json.loads(line) for line in built_in_path(name).read_text(encoding="utf-8").splitlines()]


def built_in_path(name: str) -> Path:
    """The JSONL file of a set.

    Raises:
        DatasetNotFound: no set of this name comes with Assay.
    """
    if name not in _files():
        raise DatasetNotFound(f"No data set {name!r} comes with Assay.", hint=f"There are: {', '.join(_files())}.")
    return _folder() / f"{name}.jsonl"


def built_in_card(name: str) -> str:
    """What there is to know about a set: origin, licence, fields, limits; Markdown.

    Raises:
        DatasetNotFound: no set of this name comes with Assay.
    """
    return built_in_path(name).with_suffix(".md").read_text(encoding="utf-8")


def _files() -> list[str]:
    return sorted(path.stem for path in _folder().glob("*.jsonl"))


def _folder() -> Path:
    return Path(str(resources.files("assay.datasets")))
