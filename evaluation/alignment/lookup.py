"""The alignments of an experiment's judges, asked of the collector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.client import Client
from assay.errors import AssayError
from assay.evaluation.alignment.shown import Shown, judge_scores, shown_alignments

MOST = 20  # of one judge's prompt: beyond, they are of other models


def look_up(
    client: Client, experiment: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Shown], list[str]]:
    """What to show beside each judge's score; and why that is not known, where it could not be asked."""
    found: list[dict[str, Any]] = []
    try:
        for name, judge in judge_scores(experiment, rows):
            found += client.pages("/alignments", limit=MOST, judge=name, prompt_hash=judge.get("version"))
    except AssayError as error:
        return {}, [f"How well the judges agree with people could not be asked: {error}"]
    return shown_alignments(experiment, rows, found), []
