"""The result of an evaluation: fresh from a run, or read back from the collector."""

from __future__ import annotations

import shlex
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from rich.console import RenderableType

from assay.client import Client, current_client
from assay.command.columns import cost
from assay.errors import AssayError, ExperimentNotFound
from assay.evaluation.alignment.lookup import look_up
from assay.evaluation.alignment.shown import COLUMNS as ALIGNED
from assay.evaluation.alignment.shown import Shown
from assay.evaluation.artifacts import Artifact, artifacts_of
from assay.evaluation.cells import scorer_cells
from assay.evaluation.compared import Comparison, compare_results, keep
from assay.evaluation.comparison import MAX_LOST_SHARE
from assay.evaluation.experiment_diff import ExperimentDiff, experiment_diff
from assay.evaluation.figure_line import figure_line, judge_name
from assay.evaluation.gate import Gate, at_confidence, confidence_of, decide, parse_gate
from assay.evaluation.report import as_text, counted, shortened, summary_figures, summary_report
from assay.evaluation.summary import Direction, SummaryRow, declared, summarise_rows
from assay.settings import DEFAULT_PORT

if TYPE_CHECKING:
    import pandas as pd

FINISHED = ("completed", "completed_with_errors")
NOT_RUN = {"skipped_budget": "skipped: a limit left no room", "cancelled": "cancelled"}  # which is no failure


@dataclass(kw_only=True)
class EvaluationResult:
    """One experiment with its rows. `str()` of it is a table for the terminal."""

    id: str
    name: str
    status: str  # completed, completed_with_errors, interrupted, stopped_by_budget or failed
    experiment: Mapping[str, Any]  # as it was stored: data set, scorers, config, tags, repeats, seed
    records: Sequence[Mapping[str, Any]]  # rows as they were stored, in the order of the data
    summary_rows: Sequence[SummaryRow]
    planned: int
    problems: list[str] = field(default_factory=list)
    cost_usd: float | None = None  # task and judges; None: nothing was paid, or no price is known
    comparison: Comparison | None = None  # with the baseline, where there is one
    client: Client = field(repr=False, default_factory=current_client)

    @classmethod
    def load(cls, id: str, *, client: Client | None = None) -> EvaluationResult:
        """Read an experiment back.

        Raises:
            ExperimentNotFound: there is none of that id.
        """
        client = client or current_client()
        experiment = client.get(f"/experiments/{quote(id, safe='')}")
        rows = list(client.pages(f"/experiments/{experiment['id']}/rows"))
        used = (experiment.get("config") or {}).get("used") or {}
        return cls(
            id=experiment["id"],
            name=experiment["name"],
            status=experiment["status"],
            experiment=experiment,
            records=rows,
            summary_rows=[*summarised(rows, experiment.get("scorers") or []), *_of_the_run(experiment)],
            planned=used.get("rows_planned", len(rows)),
            problems=list(used.get("problems") or []),
            cost_usd=used.get("cost_usd") or None,
            client=client,
        )

    @property
    def directions(self) -> dict[str, Direction]:
        return {scorer["name"]: scorer.get("direction", "higher") for scorer in self.experiment.get("scorers") or []}

    @property
    def project_url(self) -> str:
        return f"{self.client.url}/p/{quote(self.client.project, safe='')}"

    @property
    def url(self) -> str:
        """Address of the experiment's page."""
        return f"{self.project_url}/evals/{self.id}"

    def told_address(self, url: str) -> str:
        """A page's address as it is printed. A collector embedded in a script ends with it, so what is told is how to
        see the page afterwards; at a prompt or in a notebook the collector stays, and so does its address.
        """
        if hasattr(sys, "ps1") or not self.client.embedded:
            return url
        path = url.removeprefix(self.client.url)
        settings = self.client.settings
        is_here = settings.data_dir == Path(".assay").absolute()
        where = "" if is_here else f" --data-dir {shlex.quote(str(settings.data_dir))}"
        return f"assay serve{where}, then http://127.0.0.1:{settings.port or DEFAULT_PORT}{path}"

    @property
    def summary(self) -> pd.DataFrame:
        """One row per scorer: n, failed, mean, interval, method, and more. Where a judge was aligned with people's
        labels, also their agreement and the corrected mean.
        """
        import pandas as pd

        aligned, _ = self.alignments()
        rows = [
            {**row.to_dict(), **(found.columns() if (found := aligned.get(row.scorer)) else {})}
            for row in self.summary_rows
        ]
        return pd.DataFrame(rows, columns=[*SummaryRow.__dataclass_fields__, *(ALIGNED if aligned else ())])

    @property
    def rows(self) -> pd.DataFrame:
        """One row per item and repeat; every scorer has a column, with its explanation and error beside it."""
        import pandas as pd

        names = [column.name for column in scorer_cells(self.records)]
        return pd.DataFrame([_flat(record, names) for record in self.records], columns=_columns(names))

    @property
    def artifacts(self) -> dict[str, Artifact]:
        """Pictures that scorers of the whole run made (confusion matrix, curves), by score name."""
        return artifacts_of([row.to_dict() for row in self.summary_rows])

    def alignments(self) -> tuple[dict[str, Shown], list[str]]:
        """What is known of how well each judge agrees with people, by its name; and why something is not known."""
        return look_up(self.client, self.experiment, self.records)

    def first_records(self) -> dict[str, Mapping[str, Any]]:
        """The first repeat of every item, by its id."""
        found: dict[str, Mapping[str, Any]] = {}
        for record in self.records:
            found.setdefault(str(record["item_id"]), record)
        return found

    def compare(
        self, baseline: EvaluationResult | str, *, confidence: float = 0.95, max_lost: float = MAX_LOST_SHARE
    ) -> Comparison:
        """Compare with a baseline (a result, an id, or "previous"), item by item. The collector keeps the comparison.

        Args:
            max_lost: share of the common items that may lack a score in either; above it nothing is tested.

        Raises:
            ExperimentNotFound: there is no such baseline.
            ConfigurationError: the baseline is this very experiment.
        """
        other = find_baseline(baseline, self.name, self.client, before=self.id)
        if other is None:
            raise ExperimentNotFound(f"There is no finished experiment {self.name!r} before {self.id} to compare with.")
        compared = compare_results(other, self, confidence=confidence, max_lost=max_lost)
        keep(compared)
        return compared

    def summary_at(self, confidence: float) -> Sequence[SummaryRow]:
        """The summary with intervals of this confidence; scores of whole runs have none but their own."""
        if all(abs(row.confidence - confidence) < 1e-9 for row in self.summary_rows):
            return self.summary_rows
        of_the_run = [row for row in self.summary_rows if row.level == "run"]
        of_items = summarised(self.records, self.experiment.get("scorers") or [], confidence)
        return [*of_items, *at_confidence(of_the_run, confidence)]

    def gate(self, expression: str, *, alpha: float = 0.05) -> Gate:
        """Decide a gate such as "correctness >= 0.8" on the bounds of the means' 1 - alpha intervals; see gate.py.

        Raises:
            ConfigurationError: it cannot be understood, or names a baseline (that takes a comparison).
        """
        return decide(parse_gate(expression), None, {row.scorer: row for row in self.summary_at(confidence_of(alpha))})

    def lines(self) -> list[str]:
        """One line per scorer with all that belongs to its figure: interval, method, failures, repeats, the judge."""
        aligned, _ = self.alignments()
        scorers = {scorer["name"]: scorer for scorer in self.experiment.get("scorers") or []}
        return [
            figure_line(
                row,
                judge=judge_name(declared(scorers, row.scorer, {})),
                aligned=found.words if (found := aligned.get(row.scorer)) else None,
            )
            for row in self.summary_rows
        ]

    def compare_with_baseline(self, baseline: EvaluationResult) -> None:
        """At the end of a run: the comparison that was asked for at its beginning. A failure is a problem to tell,
        not an end.
        """
        try:
            self.comparison = self.compare(baseline)
        except AssayError as error:
            self.problems.append(f"The comparison with {baseline.id} failed: {error}")

    def diff(self, other: EvaluationResult | str) -> ExperimentDiff:
        """In what this experiment differs from another one (a result or an id), by what was recorded of both.

        Print it: where more than one thing differs, it warns that no difference in scores can be put down to either.

        Raises:
            ExperimentNotFound: there is none of that id.
        """
        before = EvaluationResult.load(other, client=self.client) if isinstance(other, str) else other
        return experiment_diff(before.experiment, self.experiment)

    def retry_errors(
        self, *, data: Any = None, task: Any = None, scorers: Any = None, progress: Any = None
    ) -> EvaluationResult:
        """Make the rows again that failed, and let scorers that failed judge again. The rest is kept as it is.

        Raises:
            Conflict, ConfigurationError: as `assay.resume`, whose arguments these are.
        """
        from assay.evaluation.own_thread import run_in_own_thread
        from assay.evaluation.resuming import failed_row, prepare_resumed

        return run_in_own_thread(
            prepare_resumed(self.id, data=data, task=task, scorers=scorers, progress=progress, again=failed_row)
        )

    @property
    def unpriced_models(self) -> list[str]:
        """Models that were called and whose price is not known: `cost_usd` is without them."""
        used = (self.experiment.get("config") or {}).get("used") or {}
        return list(used.get("unpriced_models") or ())

    def _cost(self) -> str:
        known = cost(self.cost_usd) if self.cost_usd else ""
        without = f"{', '.join(self.unpriced_models)} of unknown price" if self.unpriced_models else ""
        return " and ".join(part for part in (known, without) if part)

    def headline(self) -> str:
        """The run in one line, with the address of its page."""
        failed = sum(record["status"] != "ok" for record in self.records)
        parts = [counted(len(self.records), "row"), self.status.replace("_", " ")]
        if failed:
            parts.insert(1, f"{failed} failed")
        if self.cost_usd or self.unpriced_models:
            parts.append(self._cost())
        told = "".join(f"\n  {problem}" for problem in self.problems)
        return f"{self.name}: {', '.join(parts)}  {self.told_address(self.url)}{told}"

    def notes(self) -> list[str]:
        """What a reader must know beside the figures: failures by type, cost, problems."""
        errors = Counter(
            str(record["error_type"] or record["status"]) for record in self.records if record["status"] != "ok"
        )
        scorer_errors = Counter(
            (score["name"], shortened(str(score["error"])))
            for record in self.records
            for score in record["scores"] or ()
            if score["status"] in ("scorer_error", "invalid")
        )
        said = {what: NOT_RUN.get(what, f"failed: {what}") for what in errors}
        notes = [f"{counted(count, 'row')} {said[what]}" for what, count in errors.most_common(5)]
        notes += [
            f"{name} failed on {counted(count, 'row')}: {what}" for (name, what), count in scorer_errors.most_common(5)
        ]
        if self.cost_usd or self.unpriced_models:
            notes.append(f"cost: {self._cost()}")
        aligned, problems = self.alignments()
        notes += [f"judge: {name}: {found.words}" for name, found in aligned.items()]
        return [*notes, *problems, *self.problems]

    def title(self) -> str:
        """Name, size and state."""
        data = self.experiment.get("dataset") or {}
        repeats = self.experiment.get("repeats") or 1
        items = len(self.first_records())
        size = counted(items, "item") + (f" x {repeats} repeats" if repeats > 1 else "")
        of = f" of {data['name']}" if data.get("name") else ""
        return f"{self.name}: {size}{of}, {self.status.replace('_', ' ')}"

    def __rich__(self) -> RenderableType:
        return summary_report(self.title(), self.summary_rows, self.notes(), self.told_address(self.url))

    def _repr_html_(self) -> str:
        """What a notebook shows."""
        from assay.notebook.figures import figures_html

        shown = figures_html(
            self.title(),
            ("mean", "interval", "items", "failed"),
            summary_figures(self.summary_rows),
            last="method",
            notes=self.notes(),
            url=self.url,
            told_address=self.told_address(self.url),
        )
        return shown + (self.comparison._repr_html_() if self.comparison else "")

    def __str__(self) -> str:
        text = as_text(self)
        return f"{text}\n\n{self.comparison}" if self.comparison else text


def find_baseline(
    baseline: EvaluationResult | str | None, name: str, client: Client, *, before: str | None = None
) -> EvaluationResult | None:
    """The experiment to compare with; "previous" is the newest finished one of this name, None if there is none yet.

    Raises:
        ExperimentNotFound: an id that does not exist.
    """
    if baseline is None or isinstance(baseline, EvaluationResult):
        return baseline
    if baseline != "previous":
        return EvaluationResult.load(baseline, client=client)
    waiting = before is not None
    for experiment in client.pages("/experiments"):  # newest first
        if experiment["id"] == before:
            waiting = False
        elif not waiting and experiment["name"] == name and experiment["status"] in FINISHED:
            return EvaluationResult.load(experiment["id"], client=client)
    return None


def summarised(
    rows: Sequence[Mapping[str, Any]], scorers: Sequence[Mapping[str, Any]], confidence: float = 0.95
) -> list[SummaryRow]:
    """Summarise rows by what their experiment recorded of its scorers."""
    return summarise_rows(
        rows,
        confidence=confidence,
        scorers=[scorer["name"] for scorer in scorers if scorer.get("level") != "run"],
        directions={scorer["name"]: scorer.get("direction", "higher") for scorer in scorers},
        ranges={scorer["name"]: tuple(scorer["range"]) for scorer in scorers if scorer.get("range")},
    )


def _of_the_run(experiment: Mapping[str, Any]) -> list[SummaryRow]:
    """The values of scorers of the whole run, which are kept in the summary and nowhere else."""
    known = SummaryRow.__dataclass_fields__
    rows = [row for row in experiment.get("summary") or () if row.get("level") == "run"]
    return [SummaryRow(**{name: value for name, value in row.items() if name in known}) for row in rows]


def _columns(names: Sequence[str]) -> list[str]:
    scored = [column for name in names for column in (name, f"{name}.explanation", f"{name}.error")]
    before = ["id", "repeat", "status", "input", "expected", "output", "error"]
    return [*before, *scored, "trace_id", "tokens", "cost_usd", "duration_ms"]


def _flat(record: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    tokens = [count for count in (record.get("input_tokens"), record.get("output_tokens")) if count is not None]
    flat: dict[str, Any] = {
        "id": record["item_id"],
        "repeat": record["repeat"],
        "tokens": sum(tokens) if tokens else None,
        **{key: record.get(key) for key in ("status", "input", "expected", "output", "error", "trace_id", "cost_usd")},
        "duration_ms": record.get("duration_ms"),
    }
    scores = {score["name"]: score for score in record.get("scores") or ()}
    for name in names:
        score = scores.get(name) or scores.get(name.partition("/")[0]) or {}
        flat[name] = score.get("value") if score.get("name") == name else None
        flat[f"{name}.explanation"] = score.get("explanation") if score.get("name") == name else None
        flat[f"{name}.error"] = score.get("error")
    return flat
