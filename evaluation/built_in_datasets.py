"""The data sets that come with Assay: `load_dataset("builtin:support-qa")`. Each has a card beside it."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from assay.errors import DatasetNotFound


def built_in_names() -> list[str]:
    """Every set in the package, in the order of their names."""
    return sorted(path.stem for path in _folder().glob("*.jsonl"))


def built_in_path(name: str) -> Path:
    """The JSONL file of a set.

    Raises:
        DatasetNotFound: no set of this name comes with Assay.
    """
    if name not in built_in_names():
        raise DatasetNotFound(
            f"No data set {name!r} comes with Assay.", hint=f"There are: {', '.join(built_in_names())}."
        )
    return _folder() / f"{name}.jsonl"


def built_in_card(name: str) -> str:
    """What there is to know about a set: origin, licence, fields, limits; Markdown.

    Raises:
        DatasetNotFound: no set of this name comes with Assay.
    """
    return built_in_path(name).with_suffix(".md").read_text(encoding="utf-8")


def _folder() -> Path:
    return Path(str(resources.files("assay.datasets")))
