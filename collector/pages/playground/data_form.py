"""The part of the playground's form that chooses a data set and scorers. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from assay.collector.pages.forms import Form
from assay.collector.pages.source import Row
from assay.errors import DatasetNotFound, InvalidRequest
from assay.evaluation.scorers.menu import JUDGES, MENU

MOST_REPEATS = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class DataForm:
    """As it was typed."""

    dataset: str = ""  # name, or name@version
    scorers: tuple[str, ...] = ()
    judge_model: str = ""
    repeats: str = "1"
    max_cost_usd: str = ""

    @property
    def is_open(self) -> bool:
        return bool(self.dataset or self.scorers)


def read_data_form(form: Form) -> DataForm:
    return DataForm(
        dataset=form.one("dataset").strip(),
        scorers=tuple(form.all("scorer")),
        judge_model=form.one("judge_model").strip(),
        repeats=form.one("repeats").strip() or "1",
        max_cost_usd=form.one("max_cost_usd").strip(),
    )


def data_params(
    data: DataForm,
    known: Sequence[Row],
    columns: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    variables: Mapping[str, Any],
) -> dict[str, Any]:
    """The request as evaluation/playground/request.py reads it.

    Args:
        known: data sets, each with its latest version.

    Raises:
        InvalidRequest, DatasetNotFound: something is missing or cannot be used; the message says what.
    """
    if not data.dataset:
        raise InvalidRequest("No data set was chosen.", hint="Choose one below, where the columns run over data.")
    if not data.scorers:
        raise InvalidRequest("No scorer was chosen.", hint="Choose at least one: exact_match, or a judge.")
    judged = [name for name in data.scorers if name in MENU[JUDGES]]
    if judged and not data.judge_model:
        raise InvalidRequest(f"{judged[0]} asks a model.", hint="Name the model of the judges.")
    name, _, number = data.dataset.rpartition("@") if "@" in data.dataset else (data.dataset, "", "")
    found = next((one for one in known if one["name"] == name), None)
    if found is None:
        raise DatasetNotFound(f"There is no data set {name!r}.", hint="Choose one of the list.")
    return {
        "columns": list(columns),
        "names": list(names),
        "variables": dict(variables),
        "dataset": name,
        "version": int(number) if number.isdigit() else found["latest_version"],
        "scorers": list(data.scorers),
        "judge_model": data.judge_model or None,
        "repeats": _repeats(data.repeats),
        "max_cost_usd": _cost(data.max_cost_usd),
    }


def _repeats(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and 1 <= int(typed) <= MOST_REPEATS):
        raise InvalidRequest(f"Repeats: {typed!r} is no number from 1 to {MOST_REPEATS}.")
    return int(typed)


def _cost(typed: str) -> float | None:
    if not typed:
        return None
    try:
        cost = float(typed.removeprefix("$"))
    except ValueError:
        cost = 0.0
    if not 0 < cost < 1e9:
        raise InvalidRequest(
            f"Most US dollars: {typed!r} is no amount.", hint="Write one such as 5, or leave it empty."
        )
    return cost
