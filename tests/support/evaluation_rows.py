"""Rows as the API gives them, made short: `row("a", exact=True)`."""

from __future__ import annotations

from typing import Any


class Failed:
    """Stands for a score whose scorer failed."""


FAILED = Failed()


def row(item_id: str, repeat: int = 0, status: str = "ok", cluster: str | None = None, **values: Any) -> dict[str, Any]:
    """A row with one score per keyword; FAILED is a scorer error, None not applicable, "a__b" is named "a/b"."""
    scores = [score(name.replace("__", "/"), value) for name, value in values.items()]
    return {"item_id": item_id, "repeat": repeat, "status": status, "cluster": cluster, "scores": scores}


def score(name: str, value: Any) -> dict[str, Any]:
    if value is FAILED:
        return {"name": name, "value": None, "status": "scorer_error", "error": "it broke", "source": "code"}
    status = "not_applicable" if value is None else "scored"
    return {"name": name, "value": value, "status": status, "error": None, "source": "code"}
