"""From the registry to a folder of prompt files. Refused where a file has changed since it was made: nobody's work is
replaced by somebody who has not seen it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote

from assay.client import Client
from assay.errors import PromptNotFound
from assay.prompts.files import (
    Found,
    Outcome,
    Result,
    Row,
    content_of,
    notes_differ,
    relative_path,
    scan,
    version_row,
    write_version,
)
from assay.prompts.prompt_file import SUFFIX


def pull(
    directory: Path, client: Client, *, names: Collection[str] = (), force: bool = False, dry_run: bool = False
) -> list[Outcome]:
    """Write the latest version of every prompt to its file; in the order of the files' paths.

    A file that has changed since it was pulled or pushed is left as it is. Files of prompts that the registry does not
    have stay.

    Args:
        names: of the prompts to pull; empty: all.
        force: also over files that have changed.

    Raises:
        PromptNotFound: the registry has no prompt that is named.
        AssayError: the collector does not answer.
    """
    there = [row["name"] for row in client.pages("/prompts")]
    if missing := sorted(set(names) - set(there)):
        raise PromptNotFound(f"The registry has no prompt {missing[0]!r}.", hint="It has those of: assay prompts list")
    wanted = sorted(name for name in there if not names or name in names)
    found, outcomes = scan(directory) if directory.exists() else ({}, [])
    paths = _paths(directory, wanted, found)
    for name in wanted:
        outcomes.append(_pull_one(directory, client, name, paths[name], found.get(name), force, dry_run))
    if names:
        outcomes = [each for each in outcomes if each.prompt in names]
    else:
        outcomes += [
            Outcome(
                file=relative_path(directory, each.path), prompt=name, result="only here", detail="not in the registry"
            )
            for name, each in found.items()
            if name not in there
        ]
    return sorted(outcomes, key=lambda each: each.file)


def _pull_one(
    directory: Path, client: Client, name: str, path: Path, found: Found | None, force: bool, dry_run: bool
) -> Outcome:
    latest = version_row(client, name, "latest")
    if latest is None:
        raise PromptNotFound(f"Prompt {name!r} is gone from the registry.")
    result, detail = _judge_pull(client, path, found, latest)
    if force and result in ("conflict", "changed here"):
        result, detail = "updated", "what had changed here is overwritten"
    if result in ("written", "updated") and not dry_run:
        write_version(directory, path, latest, found.content if found else b"")
    version = found.file.version if found and result in ("conflict", "changed here") else latest["version"]
    return Outcome(file=relative_path(directory, path), prompt=name, result=result, version=version, detail=detail)


def _judge_pull(client: Client, path: Path, found: Found | None, latest: Row) -> tuple[Result, str]:
    if found is None:
        return ("conflict", "there is another file of this name") if path.exists() else ("written", "")
    file = found.file
    base = latest if file.version == latest["version"] else version_row(client, file.name, file.version)
    if file.hash == latest["content_hash"] and not (notes_differ(file, latest) and notes_differ(file, base)):
        return ("unchanged", "") if found.content == content_of(latest, found.content) else ("updated", "")
    if base is not None and base["content_hash"] == (file.content_hash or base["content_hash"]):
        if file.hash == base["content_hash"] and not notes_differ(file, base):
            return "updated", f"from version {base['version']}"
        if base is latest:
            return "changed here", "not pushed yet"
    moved = f"the registry has version {latest['version']}"
    return "conflict", f"this file has changed, and {moved}. Push or put aside what is yours, or pull --force."


def file_path(name: str) -> str:
    """Where a prompt is written to: its name, with what a path must not have written as in URLs."""
    parts = [quote(part, safe=" ") if part.isascii() else part for part in name.split("/")]
    safe = [f"%2E{part[1:]}" if part.startswith(".") else part for part in parts]
    return "/".join(part.replace("\\", "%5C") or "%" for part in safe) + SUFFIX


def _paths(directory: Path, names: Sequence[str], found: Mapping[str, Found]) -> dict[str, Path]:
    """The file of each prompt: the one that there is, wherever it lies, else a new one. Names that only differ in case
    get files that differ in more, for file systems that do not tell them apart.
    """
    taken = {relative_path(directory, each.path).casefold(): name for name, each in found.items()}
    paths = {}
    for name in names:
        if name in found:
            paths[name] = found[name].path
            continue
        relative = file_path(name)
        if taken.setdefault(relative.casefold(), name) != name:
            digest = hashlib.sha256(name.encode()).hexdigest()[:8]
            relative = f"{relative.removesuffix(SUFFIX)}-{digest}{SUFFIX}"
        paths[name] = directory / relative
    return paths
