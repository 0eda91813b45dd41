"""What a process that is nothing but a collector may decide for itself, and a traced program's may not."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

import pyarrow as pa

GC_THRESHOLDS = (20_000, 20, 50)  # a request makes some thousands of objects, and all of them go again by themselves


def settle() -> None:
    """Call it once everything is imported and open, before the first request."""
    _leave_pandas_out()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)


def _leave_pandas_out() -> None:
    """Have Arrow find no pandas: the first array that it made of a list would load it, for a second and 60 MB.

    Arrow looks once, and again only where somebody asks it for a DataFrame.
    """
    if "pandas" in sys.modules:
        return
    sys.meta_path.insert(0, _NoPandas())
    try:
        pa.array([])
    finally:
        sys.meta_path.pop(0)


class _NoPandas(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("not for this one look", name=name)
