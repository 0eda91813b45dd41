"""In what two experiments differ, by their records: a difference in scores has a cause only if there is one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from assay.evaluation.report import as_text, counted, shortened

Experiment = Mapping[str, Any]

# Where the code lies and how fast it ran is told, but is no cause of its own: what changed in it is told by the hashes.
NO_CAUSE = ("git", "concurrency")


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same in both."""

    what: str
    before: str
    now: str

    @property
    def is_cause(self) -> bool:
        return self.what not in NO_CAUSE


@dataclass(frozen=True, slots=True)
class ExperimentDiff:
    """`str()` of it is a table for the terminal."""

    before: str  # names of the two
    now: str
    differences: Sequence[Difference]

    @property
    def causes(self) -> list[str]:
        """What differs and may change scores. With more than one of them, no change can be put down to either."""
        return list(dict.fromkeys(difference.what for difference in self.differences if difference.is_cause))

    @property
    def warning(self) -> str | None:
        causes = self.causes
        if len(causes) < 2:
            return None
        return (
            f"{counted(len(causes), 'thing')} differ ({', '.join(causes)}): a difference in scores cannot be put down "
            "to one of them."
        )

    def __rich__(self) -> RenderableType:
        title = Text(f"{self.now} against {self.before}", style="bold")
        if not self.differences:
            return Group(title, Text("no difference is recorded"))
        table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
        for heading in ("differs", "before", "now"):
            table.add_column(heading, overflow="fold")
        for difference in self.differences:
            table.add_row(Text(difference.what), Text(difference.before), Text(difference.now))
        warning = [Text(), Text(self.warning, style="yellow")] if self.warning else []
        return Group(title, Text(), table, *warning)

    def __str__(self) -> str:
        return as_text(self)


def experiment_diff(before: Experiment, now: Experiment) -> ExperimentDiff:
    """Compare two experiments as the API gives them."""
    one, other = _facts(before), _facts(now)
    found = [
        Difference(what, shortened(one.get(what, "none"), 60), shortened(other.get(what, "none"), 60))
        for what in dict.fromkeys([*one, *other])
        if one.get(what, "none") != other.get(what, "none")
    ]
    return ExperimentDiff(before["name"], now["name"], found)


def _facts(experiment: Experiment) -> dict[str, str]:
    """What an experiment's record says, by the name of the thing, as text."""
    config = experiment.get("config") or {}
    used, data = config.get("used") or {}, experiment.get("dataset") or {}
    task, environment, git = config.get("task") or {}, config.get("environment") or {}, config.get("git") or {}
    facts = {
        "data": _words(data.get("name") or "unnamed", _version(data), _short(data.get("hash"))),
        "task": _words(task.get("name") or "none", _short(task.get("source_hash"))),
        "prompts": _listed(f"{prompt['name']} v{prompt['version']}" for prompt in used.get("prompts") or ()),
        "models": _listed(used.get("models")),
        "models asked for": _listed(used.get("models_asked")),
        "parameters": _listed(f"{each['name']}={each['value']}" for each in used.get("parameters") or ()),
        "judge models": _listed(used.get("judge_models")),
        "repeats": str(experiment.get("repeats")),
        "seed": str(experiment.get("seed")),
        "answer cache": str(config.get("cache")),
        "gateway": _words(config.get("gateway") or "litellm", config.get("gateway_url")),
        "python": str(environment.get("python")),
        "concurrency": str(config.get("concurrency")),
        "git": _words(
            _short(git.get("commit")) or "none", "changed" if git.get("dirty") else None, git.get("diff_hash")
        ),
    }
    for scorer in experiment.get("scorers") or ():
        said = (scorer.get("version"), scorer.get("parameters") or None, scorer.get("prepared"))
        facts[f"scorer {scorer['name']}"] = _words(*(str(each) for each in said if each))
    versions = {"assay": environment.get("assay"), **(environment.get("packages") or {})}
    return facts | {f"package {name}": str(version) for name, version in versions.items()}


def _words(*parts: Any) -> str:
    return " ".join(str(part) for part in parts if part)


def _listed(values: Any) -> str:
    return ", ".join(map(str, values or ())) or "none"


def _version(data: Mapping[str, Any]) -> str | None:
    return f"v{data['version']}" if data.get("version") else None


def _short(hash: str | None) -> str | None:
    return hash[:12] if hash else None
