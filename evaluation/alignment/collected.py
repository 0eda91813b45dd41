"""Labels that are in the collector already: what people scored, beside what the judge scored there too."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias
from urllib.parse import quote

from assay.client import Client
from assay.errors import DatasetError
from assay.evaluation.alignment.labels import choices_of, read_label
from assay.evaluation.alignment.pair import Outcome, Pair, places_of
from assay.scores import ScoreValue

SCORES = "scores."
Key: TypeAlias = tuple[str, ...]  # what a score is about: a row of an experiment, else a trace or a span of it


def collected_pairs(
    client: Client,
    *,
    judge: str,
    label: str,
    prompt_hash: str | None,
    choices: Mapping[str, ScoreValue],
    experiment_id: str | None,
) -> tuple[list[Pair], list[str], dict[str, Any]]:
    """Everything that people scored as `label` and the judge scored as `judge`; what was left out; and which judge
    that was (prompt hash and model).

    Only verdicts of one prompt count: the one asked for, else that of the newest verdict.

    Raises:
        DatasetError: nothing has both; the message says what there is.
    """
    people = [s for s in client.pages("/scores", name=label, experiment_id=experiment_id) if s["source"] == "human"]
    said = [s for s in client.pages("/scores", name=judge, experiment_id=experiment_id) if s["source"] == "llm"]
    newest = next((s for s in said if _prompt(s)), None)
    wanted = prompt_hash or (_prompt(newest) if newest else None)
    of_prompt = [s for s in said if wanted is None or _prompt(s) in (wanted, None)]
    labels, judged = _by_key(people), _newest(of_prompt)
    verdicts = _verdicts(labels, judged)
    both = sorted(verdicts)
    if not both:
        raise DatasetError(
            f"No trace or row has both a label {label!r} by people ({len(labels)} have one) and a score {judge!r} of "
            f"the judge with this prompt ({len(judged)} have one).",
            hint=f'Labels are scores of the source "human": assay.score({label!r}, ..., source="human", trace_id=...)',
        )
    choices = choices or choices_of(verdicts[key]["value"] for key in both)
    rows = _experiment_rows(client, {key[1] for key in both if key[0] == "row"})
    pairs, unread, undecided = [], 0, 0
    for key in both:
        try:
            value, every = read_label([score["value"] for score in labels[key]], choices)
        except ValueError:
            unread += 1
            continue
        if value is None:
            undecided += 1
            continue
        pairs.append(_pair(key, value, every, verdicts[key], rows.get(key, {})))
    notes = [
        f"{count} {what}"
        for count, what in (
            (len(labels) - len(both), "labelled traces and rows have no verdict of this judge and prompt"),
            (len(said) - len(of_prompt), "verdicts are of another prompt"),
            (unread, "labels are none of the judge's verdicts"),
            (undecided, "rows have labels that do not agree"),
        )
        if count
    ]
    if not pairs:
        raise DatasetError(f"None of the {len(both)} labelled rows can be used: {'; '.join(notes)}.")
    metadata = (newest or {}).get("metadata") or {}
    return pairs, notes, {"prompt_hash": wanted, "model": metadata.get("model")}


def _key(score: Mapping[str, Any]) -> Key | None:
    if score.get("experiment_id") and score.get("item_id"):
        return ("row", score["experiment_id"], score["item_id"], str(score.get("repeat") or 0))
    if score.get("trace_id"):
        return ("trace", score["trace_id"], score.get("span_id") or "")
    return None


def _keys(score: Mapping[str, Any]) -> list[Key]:
    """Under what a verdict can be found: its row, and its trace, which people may have labelled instead."""
    trace = ("trace", score["trace_id"], score.get("span_id") or "") if score.get("trace_id") else None
    return [key for key in (_key(score), trace) if key is not None]


def _newest(scores: Iterable[Mapping[str, Any]]) -> dict[Key, Mapping[str, Any]]:
    """The newest score of each thing; `scores` come newest first."""
    found: dict[Key, Mapping[str, Any]] = {}
    for score in scores:
        for key in _keys(score):
            found.setdefault(key, score)
    return found


def _verdicts(
    labels: Mapping[Key, Sequence[Mapping[str, Any]]], newest: Mapping[Key, Mapping[str, Any]]
) -> dict[Key, Mapping[str, Any]]:
    """The verdict on each labelled thing: on a row also that on its trace, which a judge of live traces gives."""
    found = {}
    for key, scores in labels.items():
        keys = [key, *(other for score in scores for other in _keys(score))]
        if verdict := next((newest[each] for each in keys if each in newest), None):
            found[key] = verdict
    return found


def _by_key(scores: Iterable[Mapping[str, Any]]) -> dict[Key, list[Mapping[str, Any]]]:
    """Labels of each thing, each person's newest."""
    found: dict[Key, dict[str | None, Mapping[str, Any]]] = defaultdict(dict)
    for score in scores:
        key = _key(score)
        if key is not None and score["value"] is not None:
            found[key].setdefault(score.get("author"), score)
    return {key: list(by_author.values()) for key, by_author in found.items()}


def _experiment_rows(client: Client, ids: Iterable[str]) -> dict[Key, Mapping[str, Any]]:
    found: dict[Key, Mapping[str, Any]] = {}
    for id in sorted(ids):
        for row in client.pages(f"/experiments/{quote(id, safe='')}/rows"):
            found["row", id, str(row["item_id"]), str(row.get("repeat") or 0)] = row
    return found


def _pair(
    key: Key, label: ScoreValue, labels: Sequence[ScoreValue], verdict: Mapping[str, Any], row: Mapping[str, Any]
) -> Pair:
    failed = verdict.get("error") is not None
    outcome: Outcome = "failed" if failed else "not_applicable" if verdict["value"] is None else "scored"
    return Pair(
        id=key[2] if key[0] == "row" else key[1],
        label=label,
        labels=tuple(labels),
        outcome=outcome,
        verdict=verdict["value"] if outcome == "scored" else None,
        explanation=verdict.get("explanation"),
        error=verdict.get("error"),
        input=row.get("input"),
        output=row.get("output"),
        expected=row.get("expected"),
        # repeats of an item are not independent of each other
        cluster=row.get("cluster") or (key[2] if key[0] == "row" else None),
        trace_id=verdict.get("trace_id"),
        places=places_of(verdict),
    )


def _prompt(score: Mapping[str, Any]) -> str | None:
    return (score.get("metadata") or {}).get("prompt_hash")
