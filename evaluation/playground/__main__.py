"""`python -m assay.evaluation.playground`: asked by the collector over JSON lines, see `assay.evaluation.child`."""

from __future__ import annotations

from typing import Any

from assay.evaluation.child import Tell, run_child
from assay.evaluation.playground.over_data import run_over_data
from assay.evaluation.playground.request import OverData, Run, read
from assay.evaluation.playground.running import run_once


async def run(params: dict[str, Any], tell: Tell) -> Any:
    return await run_once(read(Run, params), tell)


async def over_data(params: dict[str, Any], tell: Tell) -> Any:
    return await run_over_data(read(OverData, params), tell)


if __name__ == "__main__":
    run_child({"run": run, "over_data": over_data})
