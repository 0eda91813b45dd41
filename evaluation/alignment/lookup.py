"""The alignments of an experiment's judges, asked of the collector."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assay.client import Client
from assay.errors import AssayError
from assay.evaluation.alignment.shown import Shown, judges_of, shown_alignments

MOST = 20  # of one judge's prompt: beyond, they are of other models


def look_up(
    client: Client, experiment: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Shown], list[str]]:
    """What to show beside each judge's score; and why that is not known, where it could not be asked."""
    found: list[dict[str, Any]] = []
    try:
        for judge in judges_of(experiment):
            asked = {"judge": judge["name"], "prompt_hash": judge.get("version")}
            found += client.pages("/alignments", limit=MOST, **asked)
    except AssayError as error:
        return {}, [f"How well the judges agree with people could not be asked: {error}"]
    return shown_alignments(experiment, rows, found), []
