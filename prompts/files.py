"""Prompt files in a folder: found, read, written. What a push or a pull does with them is in push.py and pull.py."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from assay.client import Client
from assay.errors import AssayError, ConfigurationError, PromptNotFound
from assay.prompts.prompt_file import SUFFIX, PromptFile, comments_of, read_prompt_file, write_prompt_file

Row = Mapping[str, Any]  # a version object of the API
Result = Literal[
    "registered",
    "written",
    "updated",
    "unchanged",
    "exists",
    "behind",
    "changed here",
    "only here",
    "conflict",
    "invalid",
]
REFUSED: tuple[Result, ...] = ("conflict", "invalid")


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What becomes of one file. `version`: the registry's that it stands for afterwards."""

    file: str  # within the folder
    prompt: str | None
    result: Result
    version: int | None = None
    detail: str = ""
    commit_message: str | None = None

    @property
    def is_refused(self) -> bool:
        return self.result in REFUSED


@dataclass(frozen=True, slots=True)
class Found:
    """A file in the folder, as it is."""

    path: Path
    content: bytes
    file: PromptFile


def scan(directory: Path) -> tuple[dict[str, Found], list[Outcome]]:
    """Every prompt file, by the name of its prompt, and those that cannot be used."""
    if not directory.is_dir():
        raise ConfigurationError(f"There is no folder {directory}.", hint="Make it with: assay prompts pull DIR")
    found: dict[str, Found] = {}
    refused = []
    for path in sorted(_files(directory), key=lambda path: relative_path(directory, path)):
        relative = relative_path(directory, path)
        try:
            content = path.read_bytes()
            file = read_prompt_file(content)
        except AssayError as error:
            refused.append(Outcome(file=relative, prompt=None, result="invalid", detail=str(error)))
            continue
        if file.name in found:
            first = relative_path(directory, found[file.name].path)
            detail = f"{first} has prompt {file.name!r} as well"
            refused.append(Outcome(file=relative, prompt=file.name, result="invalid", detail=detail))
            continue
        found[file.name] = Found(path, content, file)
    return found, refused


def _files(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (Path(folder, name) for name in files if name.endswith(SUFFIX))


def content_of(row: Row, before: bytes) -> bytes:
    """The file of a version, with the comments of the one that was there before."""
    return write_prompt_file(PromptFile.of_row(row), comments_of(before) if before else ())


def write_version(directory: Path, path: Path, row: Row, before: bytes) -> None:
    """Put a version in a file's place, all at once. Comments of the front matter are kept.

    Args:
        before: what the file was when it was looked at; empty: it was not there.

    Raises:
        ConfigurationError: the place is outside of the folder, or the file has changed since it was looked at.
    """
    content = content_of(row, before)
    if content == before:
        return
    if (path.read_bytes() if path.exists() else b"") != before:
        raise ConfigurationError(f"{path} has changed in this very moment.", hint="It is left as it is: try again.")
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(directory.resolve()):
        raise ConfigurationError(f"{path} leads out of {directory}.", hint="Is there a link in the way?")
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def relative_path(directory: Path, path: Path) -> str:
    return path.relative_to(directory).as_posix()


def version_row(client: Client, name: str, reference: int | str | None) -> Row | None:
    """A version as it is written, with its includes in it; None: the registry does not have it."""
    if reference is None:
        return None
    try:
        row: Row = client.get(f"/prompts/{quote(name, safe='')}/versions/{quote(str(reference), safe='')}")
    except PromptNotFound:
        return None
    return row


def notes_differ(file: PromptFile, row: Row | None) -> bool:
    """Whether what does not count as content differs: tags and commit message."""
    if row is None:
        return True
    message = (file.commit_message or row["commit_message"]).strip()
    return bool(dict(file.tags) != row["tags"] or message != row["commit_message"].strip())
