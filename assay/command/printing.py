"""How commands print what they found: as a table, or as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from assay.command.columns import Column


def print_json(value: Any) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str))


def print_rows(rows: list[dict[str, Any]], as_json: bool, columns: Sequence[Column], *, drop: Sequence[str]) -> None:
    """Rows as a table of some columns, or whole as JSON."""
    if as_json:
        print_json(rows)
    elif not rows:
        print("Nothing here yet.")
    else:
        from assay.command.table import print_table

        print_table(rows, columns, drop=drop)
