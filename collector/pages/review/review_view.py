"""What the pages of review show: an item as its reviewer sees it, agreement in words. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from assay.collector.pages.charts.means import axis_of_means, mean_shape
from assay.collector.pages.formats import UNKNOWN
from assay.collector.pages.traces.messages import conversation
from assay.collector.review.refs import Ref

# Krippendorff 2004: conclusions may be drawn from 0.800 on, tentative ones from 0.667 on
RELIABLE, TENTATIVE = 0.8, 0.667


def side(content: Mapping[str, Any]) -> dict[str, Any]:
    """One output with what led to it. The conversation is shown where it says more than input and output do."""
    talk = conversation(content["messages"])
    shown = [*talk.earlier, *talk.shown]
    is_told = len(shown) > 2 or (bool(shown) and content["input"] is None)
    said = "\n".join(part.text for part in shown[-1].parts if part.kind == "text") if shown else None
    return {
        **content,
        "talk": talk if is_told else None,
        "talk_ends_with_it": is_told and said is not None and said.strip() == str(content["output"] or "").strip(),
    }


def label_of(labels: Sequence[Mapping[str, Any]], reviewer: str | None) -> Mapping[str, Any] | None:
    return next((label for label in labels if label["reviewer"] == reviewer), None)


def answer(kind: str, value: Any) -> str:
    """An answer to a question of this type, in words."""
    if value is None:
        return UNKNOWN
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:g}"
    return {"first": "the first", "second": "the second"}.get(value, value) if kind == "preference" else str(value)


def what(item: Mapping[str, Any]) -> str:
    """An item in few words, for lists."""
    ref = item["ref"]
    if ref["kind"] == "row":
        return f"{ref['item_id']}" + (f", repeat {ref['repeat']}" if ref.get("repeat") else "")
    return f"{ref['kind']} {ref.get('span_id') or ref['trace_id']}"


def agreement_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each score's alpha with its place on an axis from 0 to 1, in words, and its answers as shares."""
    rows = []
    for score in found["scores"]:
        alpha = score["alpha"]
        row = {"mean": alpha["value"], "ci_low": alpha["low"], "ci_high": alpha["high"]}
        total = sum(one["count"] for one in score["answers"])
        rows.append(
            {
                **score,
                **row,
                "shape": mean_shape(row, axis_of_means([row])) if alpha["value"] is not None else None,
                "verdict": in_words(alpha),
                "answers": [
                    {**one, "text": answer(score["type"], one["value"]), "share": one["count"] / total}
                    for one in score["answers"]
                    if total
                ],
            }
        )
    return rows


def in_words(alpha: Mapping[str, Any]) -> str:
    """What an alpha allows to say, by its interval and not by itself alone."""
    if alpha["value"] is None or alpha["low"] is None:
        return str(alpha["reason"] or "not known")
    if alpha["low"] >= RELIABLE:
        return "reliable"
    if alpha["high"] < TENTATIVE:
        return "too low to rely on: talk about the rubric"
    return (
        "good enough for tentative conclusions" if alpha["low"] >= TENTATIVE else "not clear yet: label more together"
    )


def as_typed(value: Any) -> str:
    """A value as somebody changes it: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else "" if value is None else json.dumps(value, ensure_ascii=False, indent=2)


def csv_rows(queue: Mapping[str, Any], items: Sequence[Mapping[str, Any]]) -> tuple[list[str], list[list[Any]]]:
    """Every label as a row: item, reviewer, answers, comment."""
    names = [definition["name"] for definition in queue["rubric"]]
    rows = [
        [
            item["position"],
            str(ref_of(item)),
            label["reviewer"],
            *(label["values"].get(name) for name in names),
            label["comment"],
            label["labelled_at"],
        ]
        for item in items
        for label in item["labels"]
    ]
    return ["item", "ref", "reviewer", *names, "comment", "labelled_at"], rows


def ref_of(item: Mapping[str, Any]) -> Ref:
    return Ref.of({field: value for field, value in item["ref"].items() if field != "kind"})


def preferred_rows(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """How often the first output was preferred, with its place on an axis from 0 to 1."""
    rows = []
    for one in found.get("preferred", ()):
        share = one["share"] or {}
        row = {"mean": share.get("value"), "ci_low": share.get("low"), "ci_high": share.get("high")}
        shape = mean_shape(row, axis_of_means([row])) if row["mean"] is not None else None
        rows.append({**one, **row, "shape": shape})
    return rows
