"""From a folder of prompt files to the registry. Refused where the registry has moved on since a file was made:
nobody's work is replaced by somebody who has not seen it.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from assay.client import Client
from assay.errors import AssayError, ConfigurationError, Conflict
from assay.prompts.composition import includes
from assay.prompts.files import (
    Found,
    Outcome,
    Result,
    Row,
    notes_differ,
    relative_path,
    scan,
    version_row,
    write_version,
)
from assay.prompts.git_history import Commit, earlier_contents, last_commit
from assay.prompts.prompt_file import PromptFile, read_prompt_file
from assay.prompts.registry import user_name


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
    found, refused = scan(directory)
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


def _plan_push(client: Client, found: Found, message: str | None, author: str | None, force: bool) -> _Push:
    file, latest = found.file, version_row(client, found.file.name, "latest")
    parent = latest
    if latest is not None and file.version not in (None, latest["version"]):
        parent = version_row(client, file.name, file.version)
    result, detail = _judge_push(file, parent, latest, lambda: _descends(found.path, latest))
    if force and result == "conflict":
        result, detail = "registered", "on top of what is there"
    if result != "registered":
        return _Push(result=result, detail=detail, latest=latest)
    commit = _commit(found, parent, message, author)
    if commit is None:
        own = "that of the version before" if found.file.commit_message else "missing"
        detail = (
            f"The commit message is {own}. Give a new one with --message, or in the file, or commit the file in git."
        )
        return _Push(result="invalid", detail=detail)
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
        lost = "its new tags or message are not: they belong to a version" if notes_differ(file, latest) else ""
        return "unchanged", lost
    has = f"the registry has version {latest['version']}"
    told = f"this file was made from version {file.version}"
    if file.version is None:
        told = "this file does not say what it was made from"
    elif parent is None or (file.content_hash is not None and parent["content_hash"] != file.content_hash):
        told = f"this file was made from a version {file.version} that the registry does not have"
    elif file.hash == parent["content_hash"]:
        return "behind", f"{has}: pull"
    elif file.version == latest["version"]:
        return "registered", ""
    if descends():
        return "registered", ""
    look = f"Look: assay prompts history {file.name}; then push --force."
    return "conflict", f"{has}, but {told}. {look}"


def _descends(path: Path, latest: Row | None) -> bool:
    """Whether the file was once, in git, what the latest version is: then nothing of that is lost.

    So it is where a CI job pushes, and nobody commits what a push notes in the files.
    """
    for content in earlier_contents(path):
        with contextlib.suppress(AssayError):
            if latest is not None and read_prompt_file(content).hash == latest["content_hash"]:
                return True
    return False


def _commit(found: Found, parent: Row | None, message: str | None, author: str | None) -> Commit | None:
    own = (found.file.commit_message or "").strip()
    if message is not None and message.strip():
        return Commit(message.strip(), author or user_name() or "")
    if own and (parent is None or own != parent["commit_message"].strip()):
        return Commit(own, author or user_name() or "")
    last = last_commit(found.path)
    return last and Commit(last.message, author or last.author)


def _register(client: Client, directory: Path, found: Found, plan: _Push) -> Outcome:
    file, latest = found.file, plan.latest
    if plan.commit is None:
        if plan.result == "unchanged" and latest is not None and not notes_differ(file, latest):
            write_version(directory, found.path, latest, found.content)
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
    write_version(directory, found.path, row, found.content)
    return _outcome(directory, found, _Push(result="registered", detail=plan.detail, latest=row, commit=plan.commit))


def _in_order(chosen: Mapping[str, Found]) -> list[str]:
    """Names, those first that others include."""
    uses = {
        name: sorted({include.name for include in includes(each.file.template, each.file.format)} & set(chosen))
        for name, each in chosen.items()
    }
    try:
        return list(TopologicalSorter(uses).static_order())
    except CycleError:
        return list(chosen)  # the registry tells what is wrong


def _outcome(directory: Path, found: Found, plan: _Push) -> Outcome:
    return Outcome(
        file=relative_path(directory, found.path),
        prompt=found.file.name,
        result=plan.result,
        version=plan.latest["version"] if plan.latest else None,
        detail=plan.detail,
        commit_message=plan.commit.message if plan.commit else None,
    )


def _check_names(names: Collection[str], found: Mapping[str, Found], directory: Path) -> None:
    if missing := sorted(set(names) - set(found)):
        raise ConfigurationError(f"No file in {directory} has prompt {missing[0]!r}.", hint="Is the name right?")
