"""What pages have to reach, as a table of bars over the loads that `pages.py` measured. Pure.

Ratios are of medians, to whichever peer is faster at it: on a busy machine the one thing that still means something.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

OURS = "Assay"
LONG = "trace of 2,000 spans"


@dataclass(frozen=True, slots=True)
class Load:
    """One page opened with nothing cached, from the address to the data."""

    ready_s: float
    browser_cpu_s: float  # of the page's main thread
    server_cpu_s: float
    kilobytes: float
    requests: int


Loads = Mapping[tuple[str, str], Sequence[Load]]  # by page and system
Read = Callable[[Load], float]


@dataclass(frozen=True, slots=True)
class Bar:
    """`value` must be at most `limit`; both are counted in `unit`."""

    page: str
    name: str
    value: float
    limit: float
    unit: str

    @property
    def is_met(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        verdict = "met" if self.is_met else "MISSED"
        return f"{self.page:22}{self.name:44}{self.value:10.3g}{self.limit:10.3g} {self.unit:9}{verdict}"


def bars(found: Loads) -> Iterator[Bar]:
    """Every bar that can be told from the loads: ratios only where peers were measured."""
    peers = sorted({system for _, system in found} - {OURS})
    for page in dict.fromkeys(page for page, _ in found):
        ours = found[page, OURS]
        beside = [found[page, peer] for peer in peers]
        yield Bar(page, "server CPU", 1e3 * median(ours, server_cpu), 60, "ms")
        yield Bar(page, "ready, 75th percentile, idle machine", 1e3 * _p75(ours), 400, "ms")
        yield Bar(page, "requests", median(ours, lambda load: load.requests), 8, "")
        if beside:
            yield Bar(page, "server CPU, of the faster peer's", _share(ours, beside, server_cpu), 1 / 5, "times")
            yield Bar(page, "main-thread CPU, of the faster peer's", _share(ours, beside, browser_cpu), 1 / 5, "times")
            yield Bar(page, "ready, of the faster peer's", _share(ours, beside, ready), 1 / 3, "times")
        for peer, loads in zip(peers, beside, strict=True):
            if page == LONG and (limit := OF_THE_LONG_ONE.get(peer.split(",")[0])):
                yield Bar(page, f"main-thread CPU, of {peer}", _share(ours, [loads], browser_cpu), limit, "times")


OF_THE_LONG_ONE = {"Phoenix": 1 / 15, "MLflow": 1 / 40}


def ready(load: Load) -> float:
    return load.ready_s


def browser_cpu(load: Load) -> float:
    return load.browser_cpu_s


def server_cpu(load: Load) -> float:
    return load.server_cpu_s


def median(loads: Sequence[Load], read: Read) -> float:
    return statistics.median(map(read, loads))


def _share(ours: Sequence[Load], beside: Sequence[Sequence[Load]], read: Read) -> float:
    return median(ours, read) / max(min(median(loads, read) for loads in beside), 1e-9)


def _p75(loads: Sequence[Load]) -> float:
    ordered = sorted(map(ready, loads))
    return ordered[min(len(ordered) - 1, -(-3 * len(ordered) // 4) - 1)]
