"""The report of an A/B test in a program's hands: the data, and what it looks like in a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

COLOURS = {"better": "green", "held": "green", "worse": "red", "violated": "red", "ok": "green", "failed": "red"}
WIDTH = 110


class AbReport(Mapping[str, Any]):
    """The report as data, by the names that the API gives them; `print` shows it as tables."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.data = data

    @property
    def health(self) -> Mapping[str, Any]:
        """{"verdict": "ok" or "blocked", "checks": […]}. While it is blocked there are no effects."""
        health: Mapping[str, Any] = self.data["health"]
        return health

    @property
    def arms(self) -> Sequence[Mapping[str, Any]]:
        arms: Sequence[Mapping[str, Any]] = self.data["arms"]
        return arms

    @property
    def effects(self) -> Sequence[Mapping[str, Any]]:
        effects: Sequence[Mapping[str, Any]] = self.data["effects"]
        return effects

    @property
    def decision(self) -> Mapping[str, Any]:
        """{"state", "arm", "words", "reasons"}; state: continue, ship, harm, futility, expired or blocked.

        Of a stopped test it is what was known when it was stopped.
        """
        decision: Mapping[str, Any] = self.data["decision"]
        return decision

    def to_dict(self) -> dict[str, Any]:
        return dict(self.data)

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)

    def __rich__(self) -> Any:
        return _rendered(self.data)

    def __str__(self) -> str:
        from io import StringIO

        from rich.console import Console

        buffer = StringIO()
        console = Console(file=buffer, width=WIDTH, no_color=True, highlight=False, force_terminal=False)
        console.print(_rendered(self.data), crop=False)
        return "\n".join(line.rstrip() for line in buffer.getvalue().splitlines())

    __repr__ = __str__


def _rendered(data: Mapping[str, Any]) -> Any:
    """Health first, then each arm, then what they differ in, and the decision last; that of a stopped test first."""
    from rich.console import Group
    from rich.text import Text

    test, decision = data["test"], data["decision"]
    title = f"{test['name']}: {test['status']}, phase {test['phase']}, coverage {test['coverage']:.0%}"
    is_stopped = test["status"] == "stopped"
    words = decision["words"] if is_stopped else f"{decision['state']}: {decision['words']}"
    decided = [Text(words, style="bold"), *(Text(f"  {reason}") for reason in decision["reasons"])]
    lines: list[Any] = [Text(title, style="bold"), Text()]
    if is_stopped:
        lines += [*decided, Text()]
    lines += [_health(data["health"]), Text(), _arms(data)]
    if data["effects"]:
        lines += [Text(), _effects(data["effects"])]
    if not is_stopped:
        lines += [Text(), *decided]
    lines.append(Text(f"data {data['data_hash'][:12]}", style="dim"))
    return Group(*lines)


def _health(health: Mapping[str, Any]) -> Any:
    table = _table("health", "state", "")
    for check in health["checks"]:
        table.add_row(_text(check["name"]), _verdict(check["state"]), _text(check["words"]))
    return table


def _arms(data: Mapping[str, Any]) -> Any:
    test = data["test"]
    table = _table("arm", "weight", "units", "metric", "value", "interval", "missing", right=(1, 2, 4, 6))
    for arm in data["arms"]:
        name = f"{arm['arm']} (baseline)" if arm["arm"] == test["baseline"] else arm["arm"]
        cells = [_text(name), _text(f"{arm['weight']:.0%}"), _text(f"{arm['units']:,}")]
        for metric, found in arm["metrics"].items():
            shown = [_text(metric), _figure(found["value"]), _interval(found), _text(str(found["missing"]))]
            table.add_row(*cells, *shown)
            cells = [_text("")] * 3
    return table


def _effects(effects: Sequence[Mapping[str, Any]]) -> Any:
    table = _table("metric", "arm", "difference", "interval", "p", "verdict", right=(2, 4))
    for effect in effects:
        relative = effect["scale"] == "relative"
        table.add_row(
            _text(f"{effect['metric']} ({effect['role']})"),
            _text(effect["arm"]),
            _figure(effect["difference"], signed=True, percent=relative),
            _interval(effect, signed=True, percent=relative),
            _text("?" if effect["p_value"] is None else f"{effect['p_value']:.3g}"),
            _verdict(effect["verdict"]),
        )
    return table


def _table(*headings: str, right: Sequence[int] = ()) -> Any:
    from rich.table import Table

    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, header_style="bold")
    for number, heading in enumerate(headings):
        table.add_column(heading, justify="right" if number in right else "left")
    return table


def _text(text: str, style: str = "") -> Any:
    from rich.text import Text  # Text, not str: what people call things may look like markup

    return Text(text, style=style)


def _verdict(word: str) -> Any:
    return _text(word, COLOURS.get(word, ""))


def _figure(value: float | None, *, signed: bool = False, percent: bool = False) -> Any:
    return _text(_number(value, signed=signed, percent=percent))


def _interval(found: Mapping[str, Any], *, signed: bool = False, percent: bool = False) -> Any:
    low, high = (_number(found[end], signed=signed, percent=percent) for end in ("low", "high"))
    return _text(f"{low} to {high}")


def _number(value: float | None, *, signed: bool, percent: bool) -> str:
    if value is None:
        return "?"
    sign = "+" if signed else ""
    return f"{value:{sign}.1%}" if percent else f"{value:{sign}.4g}"
