"""JSON as RFC 8259 has it: what `json.loads` takes beyond that is refused."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from assay.errors import ScorerError

_FENCE = re.compile(r"\s*```[\w+-]*[ \t]*\r?\n(?P<inside>.*?)\r?\n?[ \t]*```\s*", re.DOTALL)


def strict_json(text: str) -> Any:
    """The value that `text` stands for.

    Raises:
        ValueError: it is no JSON, as with NaN and Infinity; the message says where it goes wrong.
        ScorerError: it is nested too deeply to be read.
    """
    try:
        return json.loads(text, parse_constant=_refuse, parse_int=_whole)
    except RecursionError as error:
        raise ScorerError("The JSON is nested too deeply to be read") from error


def without_fence(text: str) -> str:
    """What stands inside of a Markdown code fence that is all of `text`; `text` itself if there is none."""
    fence = _FENCE.fullmatch(text)
    return fence["inside"] if fence else text


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _whole(digits: str) -> int | Decimal:
    try:
        return int(digits)
    except ValueError:  # Python reads no whole number of more than 4300 digits; JSON has no such limit
        return Decimal(digits)
