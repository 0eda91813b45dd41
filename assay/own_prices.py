"""Prices of one's own, from the file that the setting `prices` names: models no price list knows, or other terms.

    [[price]]
    model = "acme-large-*"          # `*` stands for any text
    provider = "openai"             # optional: as spans name it
    input = 2.0                     # US dollars per million tokens
    output = 8.0
    cache_read = 0.5                # optional: as much as input when absent
    cache_write = 2.5
    since = 2026-01-01              # optional: holds from that day on (UTC)
    above_input_tokens = 200000     # optional: of requests with a longer input

The same as JSON: `{"price": [{"model": "acme-large-*", "input": 2.0, "output": 8.0}]}`. Of several prices that fit, the
one with the latest `since`, then with the highest `above_input_tokens`, then the first one, is taken.
"""

from __future__ import annotations

import json
import tomllib
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from assay.errors import ConfigurationError

MILLION = 1_000_000

Rate = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class OwnPrice(BaseModel):
    """One entry of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    model: Annotated[str, Field(min_length=1)]
    provider: str | None = None
    input: Rate
    output: Rate
    cache_read: Rate | None = None
    cache_write: Rate | None = None
    since: date = date.min
    above_input_tokens: Annotated[int, Field(ge=0)] = 0

    def cost_usd(self, *, input: int, output: int, cache_read: int, cache_write: int) -> float:
        """Of counts beside each other: `input` without the cached tokens."""
        read = self.input if self.cache_read is None else self.cache_read
        written = self.input if self.cache_write is None else self.cache_write
        total = input * self.input + output * self.output + cache_read * read + cache_write * written
        return total / MILLION

    def fits(self, provider: str | None, model: str, day: date, longer_than: int) -> bool:
        """Whether it is for such a request, whose input is longer than so many tokens."""
        return (
            fnmatchcase(model, self.model)
            and (self.provider is None or self.provider == provider)
            and self.since <= day
            and self.above_input_tokens <= longer_than
        )


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    price: list[OwnPrice]


def read_own_prices(path: Path | None) -> tuple[OwnPrice, ...]:
    """The entries of the file, best first; none without one.

    Raises:
        ConfigurationError: the file is missing, or is not as described above.
    """
    if path is None:
        return ()
    try:
        text = path.read_text(encoding="utf-8")
        content = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
        prices = _File.model_validate(content).price
    except OSError as error:
        problem = error.strerror or str(error)
    except ValidationError as error:
        problem = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
    except ValueError as error:
        problem = str(error)
    else:
        return tuple(sorted(prices, key=lambda price: (price.since, price.above_input_tokens), reverse=True))
    raise ConfigurationError(
        f"The prices in {path} cannot be used: {problem}.",
        hint="It is TOML with [[price]] entries of model, input and output, in US dollars per million tokens.",
    )
