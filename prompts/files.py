"""A folder of prompt files and the registry: what a push or a pull would do, and doing it.

Both sides know by a file's `version` and `content_hash` what it was made from. A push is refused where the registry has
moved on since, a pull where the file has: nobody's work is replaced by somebody who has not seen it.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

from assay.client import Client
from assay.errors import AssayError, ConfigurationError, Conflict, PromptNotFound
from assay.prompts.composition import includes
from assay.prompts.git_history import Commit, earlier_contents, last_commit
from assay.prompts.prompt_file import SUFFIX, PromptFile, comments_of, read_prompt_file, write_prompt_file
from assay.prompts.registry import user_name

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
class _Found:
    """A file in the folder, as it is."""

    path: Path
    content: bytes
    file: PromptFile


# Push ----------------------------------------------------------------------------------------------------------------


def push(
    directory: Path,
    client: Client,
    *,
    names: Collection[str] = (),
    message: str | None = None,
    author: str | None = None,
    force: bool = False,
    dry_run: bool = False,
) -> list[Outcome]:
    """Register every file that has changed, and note in it which version it is now; in the order of the files' paths.

    Where one file is refused, nothing is registered at all.

    Args:
        names: of the prompts to push; empty: all.
        message: the commit message; else that of the file, when it is a new one, else that of git's last commit of it.
        author: else that of git's commit, where its message is used, else the user that runs this process.
        force: also where the registry has moved on: on top of its latest version.

    Raises:
        ConfigurationError: there is no such folder, or no file of a prompt that is named.
        AssayError: the collector does not answer, or refuses a version.
    """
    found, refused = _scan(directory)
    _check_names(names, found, directory)
    chosen = {name: each for name, each in found.items() if not names or name in names}
    plans = {name: _plan_push(client, each, message, author, force) for name, each in chosen.items()}
    outcomes = {name: _outcome(directory, chosen[name], plan) for name, plan in plans.items()}
    refused = [] if names else refused
    if not dry_run and not refused and not any(each.is_refused for each in outcomes.values()):
        for name in _in_order(chosen):
            outcomes[name] = _register(client, directory, chosen[name], plans[name])
    return sorted([*refused, *outcomes.values()], key=lambda each: each.file)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Push:
    result: Result
    detail: str = ""
    latest: Row | None = None
    commit: Commit | None = None


def _plan_push(client: Client, found: _Found, message: str | None, author: str | None, force: bool) -> _Push:
    file, latest = found.file, _row(client, found.file.name, "latest")
    parent = latest
    if latest is not None and file.version not in (None, latest["version"]):
        parent = _row(client, file.name, file.version)
    result, detail = _judge_push(file, parent, latest, lambda: _descends(found.path, latest))
    if force and result == "conflict":
        result, detail = "registered", "on top of what is there"
    if result != "registered":
        return _Push(result=result, detail=detail, latest=latest)
    commit = _commit(found, parent, message, author)
    if commit is None:
        return _Push(result="invalid", detail="There is no commit message. Give one with --message, or in the file.")
    return _Push(result=result, detail=detail, latest=latest, commit=commit)


def _judge_push(
    file: PromptFile, parent: Row | None, latest: Row | None, descends: Callable[[], bool]
) -> tuple[Result, str]:
    """What to do with a file, and why.

    Args:
        parent: the version that the file says it was made from, if the registry has it.
        descends: whether git knows that the file was once what `latest` is.
    """
    if latest is None:
        return "registered", "the first version"
    if file.hash == latest["content_hash"]:
        lost = "its new tags or message are not: they belong to a version" if _notes_differ(file, latest) else ""
        return "unchanged", lost
    has = f"the registry has version {latest['version']}"
    told = f"it was made from version {file.version}"
    if file.version is None:
        told = "it does not say what it was made from"
    elif parent is None or (file.content_hash is not None and parent["content_hash"] != file.content_hash):
        told = f"it was made from a version {file.version} that the registry does not have"
    elif file.hash == parent["content_hash"]:
        return "behind", f"{has}: pull"
    elif file.version == latest["version"]:
        return "registered", ""
    if descends():
        return "registered", ""
    return "conflict", f"{has}, and of this file, {told}. Look: assay prompts history {file.name}; then push --force."


def _descends(path: Path, latest: Row | None) -> bool:
    """Whether the file was once, in git, what the latest version is: then nothing of that is lost.

    So it is where a CI job pushes, and nobody commits what a push notes in the files.
    """
    for content in earlier_contents(path):
        with contextlib.suppress(AssayError):
            if latest is not None and read_prompt_file(content).hash == latest["content_hash"]:
                return True
    return False


def _commit(found: _Found, parent: Row | None, message: str | None, author: str | None) -> Commit | None:
    own = (found.file.commit_message or "").strip()
    if message is not None and message.strip():
        return Commit(message.strip(), author or user_name() or "")
    if own and (parent is None or own != parent["commit_message"].strip()):
        return Commit(own, author or user_name() or "")
    last = last_commit(found.path)
    return last and Commit(last.message, author or last.author)


def _register(client: Client, directory: Path, found: _Found, plan: _Push) -> Outcome:
    file, latest = found.file, plan.latest
    if plan.commit is None:
        if plan.result == "unchanged" and latest is not None and not _notes_differ(file, latest):
            _write(directory, found.path, latest, found.content)
        return _outcome(directory, found, plan)
    body = {
        "name": file.name,
        "template": file.template,
        "format": file.format,
        "config": dict(file.config),
        "response_format": file.response_format,
        "tools": file.tools,
        "tags": dict(file.tags),
        "commit_message": plan.commit.message,
        "author": plan.commit.author or None,
        "parent_version": latest["version"] if latest else 0,
    }
    try:
        row = client.post("/prompts", body)
    except Conflict as error:  # somebody was quicker
        return _outcome(directory, found, _Push(result="conflict", detail=error.message, latest=latest))
    if latest is not None and row["version"] <= latest["version"]:
        detail = f"this is version {row['version']}. Point an alias at it: assay prompts promote"
        return _outcome(directory, found, _Push(result="exists", detail=detail, latest=row))
    _write(directory, found.path, row, found.content)
    return _outcome(directory, found, _Push(result="registered", detail=plan.detail, latest=row, commit=plan.commit))


def _in_order(chosen: Mapping[str, _Found]) -> list[str]:
    """Names, those first that others include."""
    uses = {
        name: sorted({include.name for include in includes(each.file.template, each.file.format)} & set(chosen))
        for name, each in chosen.items()
    }
    try:
        return list(TopologicalSorter(uses).static_order())
    except CycleError:
        return list(chosen)  # the registry tells what is wrong


def _outcome(directory: Path, found: _Found, plan: _Push) -> Outcome:
    return Outcome(
        file=_relative(directory, found.path),
        prompt=found.file.name,
        result=plan.result,
        version=plan.latest["version"] if plan.latest else None,
        detail=plan.detail,
        commit_message=plan.commit.message if plan.commit else None,
    )


# Pull ----------------------------------------------------------------------------------------------------------------


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
    found, outcomes = _scan(directory) if directory.exists() else ({}, [])
    paths = _paths(directory, wanted, found)
    for name in wanted:
        outcomes.append(_pull_one(directory, client, name, paths[name], found.get(name), force, dry_run))
    if names:
        outcomes = [each for each in outcomes if each.prompt in names]
    else:
        outcomes += [
            Outcome(file=_relative(directory, each.path), prompt=name, result="only here", detail="not in the registry")
            for name, each in found.items()
            if name not in there
        ]
    return sorted(outcomes, key=lambda each: each.file)


def _pull_one(
    directory: Path, client: Client, name: str, path: Path, found: _Found | None, force: bool, dry_run: bool
) -> Outcome:
    latest = _row(client, name, "latest")
    if latest is None:
        raise PromptNotFound(f"Prompt {name!r} is gone from the registry.")
    result, detail = _judge_pull(client, path, found, latest)
    if force and result in ("conflict", "changed here"):
        result, detail = "updated", "what had changed here is overwritten"
    if result in ("written", "updated") and not dry_run:
        _write(directory, path, latest, found.content if found else b"")
    version = found.file.version if found and result in ("conflict", "changed here") else latest["version"]
    return Outcome(file=_relative(directory, path), prompt=name, result=result, version=version, detail=detail)


def _judge_pull(client: Client, path: Path, found: _Found | None, latest: Row) -> tuple[Result, str]:
    if found is None:
        return ("conflict", "there is another file of this name") if path.exists() else ("written", "")
    file = found.file
    base = latest if file.version == latest["version"] else _row(client, file.name, file.version)
    if file.hash == latest["content_hash"] and not (_notes_differ(file, latest) and _notes_differ(file, base)):
        return ("unchanged", "") if found.content == _content(latest, found.content) else ("updated", "")
    if base is not None and base["content_hash"] == (file.content_hash or base["content_hash"]):
        if file.hash == base["content_hash"] and not _notes_differ(file, base):
            return "updated", f"from version {base['version']}"
        if base is latest:
            return "changed here", "not pushed yet"
    moved = f"the registry has version {latest['version']}"
    return "conflict", f"this file has changed, and {moved}. Push or put aside what is yours, or pull --force."


def _notes_differ(file: PromptFile, row: Row | None) -> bool:
    """Whether what does not count as content differs: tags and commit message."""
    if row is None:
        return True
    message = (file.commit_message or row["commit_message"]).strip()
    return bool(dict(file.tags) != row["tags"] or message != row["commit_message"].strip())


# Files ---------------------------------------------------------------------------------------------------------------


def file_path(name: str) -> str:
    """Where a prompt is written to: its name, with what a path must not have written as in URLs."""
    parts = [quote(part, safe=" ") if part.isascii() else part for part in name.split("/")]
    safe = [f"%2E{part[1:]}" if part.startswith(".") else part for part in parts]
    return "/".join(part.replace("\\", "%5C") or "%" for part in safe) + SUFFIX


def _paths(directory: Path, names: Sequence[str], found: Mapping[str, _Found]) -> dict[str, Path]:
    """The file of each prompt: the one that there is, wherever it lies, else a new one. Names that only differ in case
    get files that differ in more, for file systems that do not tell them apart.
    """
    taken = {_relative(directory, each.path).casefold(): name for name, each in found.items()}
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


def _scan(directory: Path) -> tuple[dict[str, _Found], list[Outcome]]:
    """Every prompt file, by the name of its prompt, and those that cannot be used."""
    if not directory.is_dir():
        raise ConfigurationError(f"There is no folder {directory}.", hint="Make it with: assay prompts pull DIR")
    found: dict[str, _Found] = {}
    refused = []
    for path in sorted(_files(directory), key=lambda path: _relative(directory, path)):
        relative = _relative(directory, path)
        try:
            content = path.read_bytes()
            file = read_prompt_file(content)
        except AssayError as error:
            refused.append(Outcome(file=relative, prompt=None, result="invalid", detail=str(error)))
            continue
        if file.name in found:
            first = _relative(directory, found[file.name].path)
            detail = f"{first} has prompt {file.name!r} as well"
            refused.append(Outcome(file=relative, prompt=file.name, result="invalid", detail=detail))
            continue
        found[file.name] = _Found(path, content, file)
    return found, refused


def _files(directory: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if name != ".git"]
        yield from (Path(folder, name) for name in files if name.endswith(SUFFIX))


def _check_names(names: Collection[str], found: Mapping[str, _Found], directory: Path) -> None:
    if missing := sorted(set(names) - set(found)):
        raise ConfigurationError(f"No file in {directory} has prompt {missing[0]!r}.", hint="Is the name right?")


def _content(row: Row, before: bytes) -> bytes:
    return write_prompt_file(PromptFile.of_row(row), comments_of(before) if before else ())


def _write(directory: Path, path: Path, row: Row, before: bytes) -> None:
    """Put a version in a file's place, all at once. Comments of the front matter are kept."""
    content = _content(row, before)
    if content == before:
        return
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


def _relative(directory: Path, path: Path) -> str:
    return path.relative_to(directory).as_posix()


def _row(client: Client, name: str, reference: int | str | None) -> Row | None:
    if reference is None:
        return None
    try:
        row: Row = client.get(f"/prompts/{quote(name, safe='')}/versions/{quote(str(reference), safe='')}")
    except PromptNotFound:
        return None
    return row
