"""Two or more experiments side by side: what the page of a comparison shows. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from assay.collector.pages.charts.means import Shape, difference_shape
from assay.collector.pages.experiments.eval_view import directions, failed
from assay.collector.pages.formats import cost, duration, figure, plain
from assay.evaluation.comparison import ComparisonRow, ItemChange, compare_family, compare_rows, item_changes
from assay.evaluation.gate import Gate, decide, parse_gate
from assay.evaluation.summary import summarise_rows

Row = Mapping[str, Any]
Only = Literal["", "worse", "better", "changed", "error"]
ONLY: dict[Only, str] = {"": "All", "worse": "Worse", "better": "Better", "changed": "Other output", "error": "Errors"}
SPENT: dict[
    str, tuple[str, Callable[[float | None], str]]
] = {  # field of a row -> what it is called, how it is written
    "duration_ms": ("Latency", duration),
    "cost_usd": ("Cost", cost),
    "input_tokens": ("Input tokens", figure),
    "output_tokens": ("Output tokens", figure),
}
JUDGES = "judges/"


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonLine:
    row: ComparisonRow
    shape: Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One item in both experiments. A side without a row did not run it."""

    item_id: str
    base: Row | None
    other: Row | None
    changes: Mapping[str, ItemChange]  # by scorer
    base_output: str
    other_output: str
    is_error: bool

    @property
    def both_answered(self) -> bool:
        return all(side is not None and side["status"] == "ok" for side in (self.base, self.other))

    @property
    def output_changed(self) -> bool:
        return self.both_answered and self.base_output != self.other_output

    @property
    def is_same(self) -> bool:
        """Whether both gave the same output, so that it need be shown only once."""
        return self.both_answered and self.base_output == self.other_output

    def has(self, change: str, scorer: str) -> bool:
        """Whether the item won or lost: under `scorer`, or under any when none is named."""
        asked = [self.changes[scorer]] if scorer in self.changes else [] if scorer else self.changes.values()
        return any(one.change == change for one in asked)


def compared(
    base: Row, base_rows: Sequence[Row], others: Sequence[tuple[Row, Sequence[Row]]]
) -> list[list[ComparisonLine]]:
    """The lines of each run against the base: runs and scorers together are one family of tests."""
    ways: dict[str, Any] = {}
    for one in (base, *(other for other, _ in others)):
        ways |= directions(one)
    found = compare_family(base_rows, [rows for _, rows in others], directions=ways)
    return [[_line(row) for row in lines] for lines in found]


def spent(base_rows: Iterable[Row], other_rows: Iterable[Row]) -> list[ComparisonLine]:
    """Cost and latency of the rows that both runs answered: a family of its own, so that it weakens no scorer."""
    sides = (_as_scores(base_rows), _as_scores(other_rows))
    found = compare_rows(*sides, directions=dict.fromkeys(SPENT, "lower"))
    return [_line(row) for row in found if row.n_paired]


def written(scorer: str, value: float | None, *, signed: bool = False) -> str:
    """A figure of a comparison in its unit."""
    if scorer not in SPENT:
        return figure(value, signed=signed, places=3)
    _, write = SPENT[scorer]
    if value is None or not signed or value == 0:
        return write(value)
    return ("+" if value > 0 else "−") + write(abs(value))


def gate_of(text: str, lines: Sequence[ComparisonLine], rows: Sequence[Row], other: Row) -> Gate:
    """Whether a gate holds of a comparison.

    Raises:
        ConfigurationError: the gate cannot be understood, or names a scorer that there is not.
    """
    summary = {row.scorer: row for row in summarise_rows(rows, directions=directions(other))}
    return decide(parse_gate(text), {line.row.scorer: line.row for line in lines}, summary)


def prompts_of(experiment: Row) -> list[Row]:
    """The prompt versions that the run says it used."""
    used = (experiment.get("config") or {}).get("used")
    found = used.get("prompts") if isinstance(used, Mapping) else None
    return [one for one in found or [] if isinstance(one, Mapping) and one.get("name") and one.get("version")]


def promotable(base: Row, other: Row) -> list[Row]:
    """Prompt versions that the newer run used and the base did not, judges' own prompts apart."""
    before = {(one["name"], one["version"]) for one in prompts_of(base)}
    fresh = [one for one in prompts_of(other) if (one["name"], one["version"]) not in before]
    return [one for one in fresh if not str(one["name"]).startswith(JUDGES)]


def pairs(base: Row, base_rows: Sequence[Row], other: Row, other_rows: Sequence[Row]) -> list[Pair]:
    """Items of either experiment, in the order of the newer one; items that only the base has come last."""
    changes: dict[str, dict[str, ItemChange]] = defaultdict(dict)
    for change in item_changes(base_rows, other_rows, directions={**directions(base), **directions(other)}):
        changes[change.item_id][change.scorer] = change
    old, new = _by_item(base_rows), _by_item(other_rows)
    return [
        Pair(
            item_id=item,
            base=old[item][0] if item in old else None,
            other=new[item][0] if item in new else None,
            changes=changes.get(item, {}),
            base_output=_output(old.get(item)),
            other_output=_output(new.get(item)),
            is_error=any(failed(row) for row in old.get(item, []) + new.get(item, [])),
        )
        for item in dict.fromkeys([*new, *old])
    ]


def select(found: Iterable[Pair], only: str, scorer: str = "") -> list[Pair]:
    """The pairs behind one of the chips: what got worse first, then errors, what got better and other outputs.

    Of the same kind the largest change comes first, and among equal ones the order stays.
    """
    kinds: dict[str, Callable[[Pair], bool]] = {
        "worse": lambda pair: pair.has("loss", scorer),
        "error": lambda pair: pair.is_error,
        "better": lambda pair: pair.has("win", scorer),
        "changed": lambda pair: pair.output_changed,
    }
    chosen = [pair for pair in found if only not in kinds or kinds[only](pair)]
    first = [kinds[only]] if only in ("worse", "better") else list(kinds.values())

    def place(pair: Pair) -> tuple[int, float]:
        kind = next((number for number, holds in enumerate(first) if holds(pair)), len(first))
        return kind, -_size(pair, scorer)

    return sorted(chosen, key=place)


def _size(pair: Pair, scorer: str) -> float:
    asked = [change for name, change in pair.changes.items() if not scorer or name == scorer]
    return max((_distance(change) for change in asked), default=0.0)


def _distance(change: ItemChange) -> float:
    if isinstance(change.baseline, int | float) and isinstance(change.candidate, int | float):
        return abs(change.candidate - change.baseline)
    return 0.0 if change.baseline == change.candidate else 1.0


def _by_item(rows: Iterable[Row]) -> dict[str, list[Row]]:
    grouped: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        grouped[str(row["item_id"])].append(row)
    return dict(grouped)


def _output(rows: list[Row] | None) -> str:
    """The output of the first repeat; of a row that failed, nothing."""
    return plain(rows[0].get("output")) if rows else ""


def _line(row: ComparisonRow) -> ComparisonLine:
    return ComparisonLine(row=row, shape=difference_shape(row.to_dict()))


def _as_scores(rows: Iterable[Row]) -> list[Row]:
    """Rows whose scores are what they took."""
    return [
        {
            "item_id": row["item_id"],
            "repeat": row.get("repeat", 0),
            "status": "ok",
            "scores": [
                {"name": name, "value": float(row[name]), "status": "scored"}
                for name in SPENT
                if row.get(name) is not None
            ],
        }
        for row in rows
        if row["status"] == "ok"
    ]
