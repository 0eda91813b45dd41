"""`align`: how well does a judge agree with people? Measured on labelled rows, kept, and shown beside its scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from assay.client import Client, current_client
from assay.errors import ConfigurationError, DatasetError
from assay.evaluation.alignment.alignment import Alignment
from assay.evaluation.alignment.bias import bias_report
from assay.evaluation.alignment.collected import SCORES, collected_pairs
from assay.evaluation.alignment.figures import figures
from assay.evaluation.alignment.labels import (
    author_of,
    choices_of,
    label_of,
    labelled_data,
    read_label,
    without_label,
)
from assay.evaluation.alignment.pair import Outcome, Pair, places_of
from assay.evaluation.data.item_rows import Problems
from assay.evaluation.data.items import Dataset, Item
from assay.evaluation.data.schema import place_of
from assay.evaluation.data.splits import Shares
from assay.evaluation.engine import evaluate
from assay.evaluation.gateway.answering import Policy
from assay.evaluation.limits import Limits
from assay.evaluation.result import EvaluationResult
from assay.evaluation.scorers.protocol import scorer_name
from assay.scores import ScoreValue
from assay.tracing import flush


def align(
    judge: Any,
    labels: Any,
    *,
    label: str = "label",
    score: str | None = None,
    split: str | Shares | None = None,
    id: str = "id",
    cluster: str | None = None,
    experiment: str | EvaluationResult | None = None,
    concurrency: int | Literal["auto"] = 16,
    limits: Limits | None = None,
    cache: Policy = "reuse",
    seed: int = 0,
    confidence: float = 0.95,
    store: bool = True,
    progress: Any = None,
) -> Alignment:
    """Compare a judge's verdicts with people's labels.

    The judge sees input, output and expected value, never the label. It runs as an evaluation of the outputs that the
    data hold: every verdict is stored, a failure is counted and is no verdict. From 30 labels on the collector shows
    agreement, kappa and a corrected estimate beside every score of this judge with this prompt.

    tone = assay.judge("tone", "Is the answer friendly?", choices=["yes", "no"])
    print(assay.align(tone, labels="labelled.jsonl"))
    print(assay.align(tone, labels="scores.tone"))              # what people scored where the judge did already

    Args:
        judge: a judge, or any other scorer. With labels in the collector its name will do.
        labels: whatever `evaluate` reads, with an output and a label in each row; or "scores.NAME": the scores of that
            name that people gave (source "human") to traces or rows of experiments which the judge has scored. Then no
            model is called.
        label: the field with the label: the name of a verdict, its value, or a list of several people's. "expected"
            takes the expected value.
        score: of a judge that gives several scores the one to compare, e.g. "tone/warmth".
        split: the part of the labels to measure on; or shares, of which the last part is measured, so that the judge
            can be tuned on the others.
        cluster: field that says which rows are not independent of each other.
        experiment: id or result: only labels of its rows, with "scores.NAME".
        cache: "reuse" takes answers that the judge gave before.
        store: keep it in the collector.

    Raises:
        DatasetError: rows lack a label or an output, or nothing has both a label and a verdict.
        ConfigurationError: the judge cannot be called.
    """
    client = current_client()
    if isinstance(labels, str) and labels.startswith(SCORES):
        made = _from_collector(judge, score, labels.removeprefix(SCORES), experiment, client)
    else:
        if experiment is not None:
            raise ConfigurationError('experiment= goes with labels="scores.NAME".')
        dataset = labelled_data(labels, field=label, id=id, cluster=cluster, split=split, seed=seed)
        options = {"concurrency": concurrency, "limits": limits, "cache": cache, "seed": seed, "progress": progress}
        made = _judged(judge, score, dataset, label, options)
    pairs, notes, known = made
    found = figures(pairs, confidence=confidence, seed=seed)
    models = [name.strip() for name in str(known.get("model") or "").split(",") if name.strip()]
    alignment = Alignment(
        judge=known["judge"],
        prompt_hash=known.get("prompt_hash"),
        model=known.get("model"),
        figures=found,
        pairs=tuple(pairs),
        bias=tuple(bias_report(pairs, found, judge_models=models)),
        notes=tuple(notes),
        source=known.get("source") or {},
        client=client,
    )
    return alignment.stored() if store else alignment


def _from_collector(
    judge: Any, score: str | None, label: str, experiment: str | EvaluationResult | None, client: Client
) -> tuple[list[Pair], list[str], dict[str, Any]]:
    flush()
    name = score or (judge if isinstance(judge, str) else scorer_name(judge))
    experiment_id = experiment.id if isinstance(experiment, EvaluationResult) else experiment
    pairs, notes, known = collected_pairs(
        client,
        judge=name,
        label=label,
        prompt_hash=None if isinstance(judge, str) else getattr(judge, "version", None),
        choices=_choices(judge),
        experiment_id=experiment_id,
    )
    source = {"labels": f"{SCORES}{label}", **({"experiment_id": experiment_id} if experiment_id else {})}
    return pairs, notes, {**known, "judge": name, "source": source}


def _judged(
    judge: Any, score: str | None, dataset: Dataset, field: str, options: Mapping[str, Any]
) -> tuple[list[Pair], list[str], dict[str, Any]]:
    """Run the judge over labelled items."""
    if isinstance(judge, str) or not callable(judge):
        raise ConfigurationError(
            f"The judge {judge!r} cannot be called.", hint='A name alone goes with labels="scores.NAME".'
        )
    labels = _labels(dataset, field, _choices(judge))
    used = [item for item in dataset.items if labels[item.id][0] is not None]
    undecided = len(dataset.items) - len(used)
    if not used:
        raise DatasetError("People's labels agree on no row: there is nothing to compare the judge with.")
    name = scorer_name(judge)
    shown = replace(dataset, items=tuple(without_label(item, field) for item in used))
    result = evaluate(shown, scorers=[judge], name=f"align-{name}", tags={"align": name}, **options)
    scorer = next(s for s in result.experiment["scorers"] if s["name"] == name)
    model = (scorer.get("parameters") or {}).get("model")
    records = result.first_records()
    name = _score_name(name, score, records)
    if not _choices(judge):  # what it can say is known now
        given = (s["value"] for record in records.values() for s in record["scores"] or () if s["name"] == name)
        labels = _labels(dataset, field, choices_of(given))
    pairs = [_pair(item, labels[item.id], records.get(item.id), name) for item in used]
    notes = [*result.problems] + ([f"{undecided} rows have labels that do not agree"] if undecided else [])
    source = {"dataset": dataset.uri or dataset.name, "hash": dataset.hash, "experiment_id": result.id}
    known = {"judge": name, "prompt_hash": scorer.get("version"), "model": model, "source": source}
    return pairs, notes, known


def _score_name(judge: str, wanted: str | None, records: Mapping[str, Mapping[str, Any]]) -> str:
    """The score to compare: the one asked for, else the judge's own.

    Raises:
        ConfigurationError: the judge gives others; the message names them.
    """
    name = wanted or judge
    scores = [s for record in records.values() for s in record.get("scores") or ()]
    given = {str(s["name"]) for s in scores if s["status"] != "scorer_error"}
    if given and name not in given:
        others = ", ".join(sorted(given))
        raise ConfigurationError(f"The judge gives no score {name!r}; it gives: {others}.", hint="Name one: score=...")
    return name


def _labels(
    dataset: Dataset, field: str, choices: Mapping[str, ScoreValue]
) -> dict[str, tuple[ScoreValue | None, tuple[ScoreValue, ...]]]:
    found = {}
    problems = Problems()
    for item in dataset.items:
        try:
            found[item.id] = read_label(label_of(item, field), choices)
        except ValueError as error:
            problems.add(place_of(dataset, item), f"{error}.", "Labels are names or values of the judge's verdicts.")
    problems.check("The labelled data", len(dataset.items))
    return found


def _pair(
    item: Item,
    label: tuple[ScoreValue | None, Sequence[ScoreValue]],
    record: Mapping[str, Any] | None,
    name: str,
) -> Pair:
    value, every = label
    assert value is not None  # rows whose labels do not agree were left out
    scores = (record or {}).get("scores") or ()
    # a judge that fails does so under its own name, whatever its scores are called
    score = next((s for called in (name, name.partition("/")[0]) for s in scores if s["name"] == called), None)
    states: dict[str, Outcome] = {"scored": "scored", "not_applicable": "not_applicable"}
    outcome = states.get(score["status"], "failed") if score is not None else "failed"
    return Pair(
        id=item.id,
        label=value,
        labels=tuple(every),
        outcome=outcome,
        verdict=score["value"] if score is not None and outcome == "scored" else None,
        explanation=score.get("explanation") if score is not None else None,
        error=score.get("error") if score is not None else (record or {}).get("error") or "the row was not judged",
        input=item.input,
        output=item.output,
        expected=item.expected,
        cluster=item.cluster,
        author=author_of(item),
        trace_id=(record or {}).get("trace_id") or item.trace_id,
        places=places_of(score),
    )


def _choices(judge: Any) -> Mapping[str, ScoreValue]:
    """The judge's verdicts and their values; none where it has not said."""
    found = getattr(judge, "choices", None)
    return found if isinstance(found, Mapping) else {}
