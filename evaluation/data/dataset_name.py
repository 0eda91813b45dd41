"""Which data set is meant: `support-qa`, `support-qa@2`, `support-qa@2:test`, or `builtin:support-qa`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TypeVar

from assay.errors import DatasetError

T = TypeVar("T")

BUILT_IN_SCHEME = "builtin:"
SPLIT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.\-]{0,63}")

_NAMED = re.compile(r"(?P<name>[^@:]+)(?:@(?P<version>[^@:]*))?(?::(?P<split>[^@:]*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetName:
    """A data set, the version (None: the latest) and the part of it (None: all) that are meant."""

    name: str
    version: int | None = None
    split: str | None = None
    is_built_in: bool = False

    def __str__(self) -> str:
        scheme = BUILT_IN_SCHEME if self.is_built_in else ""
        version = f"@{self.version}" if self.version is not None else ""
        return f"{scheme}{self.name}{version}" + (f":{self.split}" if self.split else "")


def parse_dataset_name(text: str, *, version: int | None = None, split: str | None = None) -> DatasetName:
    """Read a data set's name as `evaluate` and `load_dataset` take it.

    Raises:
        DatasetError: it cannot be read, or it names a version or split and an argument names another.
    """
    built_in = text.startswith(BUILT_IN_SCHEME)
    found = _NAMED.fullmatch(text.removeprefix(BUILT_IN_SCHEME))
    if found is None or not found["name"].strip() or found["split"] == "":
        raise DatasetError(f"{text!r} names no data set.", hint="E.g. support-qa, support-qa@2 or support-qa@2:test.")
    given = found["version"]
    if given is not None and (built_in or not given.isascii() or not given.isdigit()):
        hint = "Data sets that come with Assay have no versions." if built_in else None
        raise DatasetError(
            f"{given!r} is no version of a data set.", hint=hint or f"Versions are numbers: {found['name']}@1"
        )
    return DatasetName(
        name=found["name"],
        version=_one("version", text, None if given is None else int(given), version),
        split=_one("split", text, found["split"], split),
        is_built_in=built_in,
    )


def _one(what: str, text: str, named: T | None, given: T | None) -> T | None:
    if named is not None and given is not None and named != given:
        raise DatasetError(f"{text!r} names the {what} {named}, and {what}= is {given!r}.", hint="Name it once.")
    return given if named is None else named
