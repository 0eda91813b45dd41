"""A child for tests of workers: what it is asked says how it behaves."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import Any

from assay.errors import NotFound
from assay.evaluation.child import Tell, run_child


async def count(params: dict[str, Any], tell: Tell) -> int:
    for number in range(params["to"]):
        tell(number)
    return int(params["to"])


async def shout(params: dict[str, Any], tell: Tell) -> str:
    print("a library prints")
    os.write(1, b"and so does one below Python\n")
    return str(params["text"]).upper()


async def wait(params: dict[str, Any], tell: Tell) -> None:
    tell("waiting")
    try:
        await asyncio.Event().wait()
    finally:
        Path(params["given_up"]).touch()


async def refuse(params: dict[str, Any], tell: Tell) -> None:
    raise NotFound("There is no such thing.", hint="Look elsewhere.")


async def fail(params: dict[str, Any], tell: Tell) -> None:
    raise ZeroDivisionError("by accident")


async def die(params: dict[str, Any], tell: Tell) -> None:
    os._exit(3)


if __name__ == "__main__":
    run_child({made.__name__: made for made in (count, shout, wait, refuse, fail, die)})
