"""Prices that are kept in the registry, as the file that whoever prices calls reads: this process, and its children."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from assay.own_prices import OwnPrice
from assay.prices import keep_own_prices

KEPT_PRICES = "prices.json"


def write_kept_prices(data_dir: Path, prices: Sequence[OwnPrice]) -> Path:
    """The file, made anew from the prices; from now on they hold in this process."""
    path = data_dir / KEPT_PRICES
    entries = [json.loads(price.model_dump_json(exclude_none=True)) for price in prices]
    temporary = path.with_suffix(".new")
    temporary.write_text(json.dumps({"price": entries}, indent=1), encoding="utf-8")
    temporary.replace(path)
    keep_own_prices(path)
    return path
