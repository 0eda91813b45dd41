"""What an experiment records so that it can be run again, and so that two of them can be told apart."""

from __future__ import annotations

import functools
import hashlib
import inspect
import os
import platform
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

import assay
from assay.evaluation.data.dataset import Dataset
from assay.evaluation.gateway.choice import gateway_kind
from assay.evaluation.gateway.routes import without_credentials
from assay.evaluation.models import ModelTask
from assay.evaluation.options import Options
from assay.evaluation.prepared_scorers import PreparedScorer, import_path
from assay.evaluation.scorers.protocol import source_hash
from assay.settings import Settings

SCHEMA_VERSION = 1
PACKAGES = ("litellm", "openai", "langchain-core", "numpy", "scipy", "pandas", "opentelemetry-sdk", "genai-prices")
GIT_TIMEOUT_S = 5.0


def experiment_body(
    *,
    id: str,
    name: str,
    dataset: Dataset,
    source: Mapping[str, Any],
    task: Any,
    scorers: Sequence[PreparedScorer],
    options: Options,
    baseline_id: str | None,
    settings: Settings,
) -> dict[str, Any]:
    """The experiment as the API takes it. `config` is what is needed to run it again."""
    return {
        "id": id,
        "name": name,
        "dataset": {
            "name": dataset.name,
            "version": dataset.version,
            "hash": dataset.hash,
            "item_count": len(dataset.items),
        },
        "scorers": [scorer.described() for scorer in scorers],
        "config": {
            "schema_version": SCHEMA_VERSION,
            "data": {**source, **({"split": dataset.split} if dataset.split else {})},
            "task": describe_task(task),
            "concurrency": options.concurrency,
            "limits": asdict(options.limits),
            "cache": options.cache,
            "score_on_error": options.score_on_error,
            "on_error": options.on_error,
            "gateway": gateway_kind(settings),
            "gateway_url": without_credentials(settings.gateway_url) if settings.gateway_url else None,
            **process_state(),
        },
        "baseline_id": baseline_id,
        "tags": {str(key): str(value) for key, value in options.tags.items()},
        "repeats": options.repeats,
        "seed": options.seed,
    }


def process_state() -> dict[str, Any]:
    """Who runs it, with which versions, from which state of the sources."""
    return {
        "environment": environment(),
        "git": git_state(Path.cwd()),
        "process": {"host": socket.gethostname(), "pid": os.getpid()},
    }


def is_alive(pid: Any) -> bool:
    """There is a process of that number on this machine."""
    if not isinstance(pid, int) or os.name == "nt":  # there, asking ends the process that one asks about
        return True
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # somebody else's
        return True
    return True


def describe_task(task: Any) -> dict[str, Any] | None:
    """Where the task is defined and a fingerprint of its source; None when outputs were only scored."""
    if task is None:
        return None
    if isinstance(task, ModelTask):
        task = task.model  # a resumed run is given the model itself
    inner = task
    while isinstance(inner, functools.partial):
        inner = inner.func
    inner = inspect.unwrap(inner)
    named = inner if hasattr(inner, "__qualname__") else type(inner)
    name = f"{named.__module__}.{named.__qualname__}"
    return {"name": name, "source_hash": source_hash(task), "defined": import_path(task)}


@functools.cache
def environment() -> dict[str, Any]:
    """Versions of Python, of Assay, and of the libraries that answers and figures may depend on."""
    return {
        "assay": assay.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: version for name in PACKAGES if (version := _version(name))},
        "program": Path(sys.argv[0]).name if sys.argv and sys.argv[0] else None,
    }


def git_state(directory: Path) -> dict[str, Any] | None:
    """Commit, and whether (and by which hash of the difference) the working tree departs from it; None outside of
    git.
    """
    commit = _git(directory, "rev-parse", "HEAD")
    if commit is None:
        return None
    changes = _git(directory, "status", "--porcelain", "--untracked-files=no") or ""
    difference = _git(directory, "diff", "HEAD") if changes else None
    return {
        "commit": commit,
        "dirty": bool(changes),
        "diff_hash": hashlib.sha256(difference.encode()).hexdigest()[:16] if difference else None,
    }


def _git(directory: Path, *arguments: str) -> str | None:
    command = ["git", "--no-optional-locks", "-C", str(directory), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=GIT_TIMEOUT_S, check=True)
    except (OSError, subprocess.SubprocessError):  # no git, no repository, or one too large to wait for
        return None
    return done.stdout.decode("utf-8", "replace").strip()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
