"""What a process that is nothing but a collector may decide for itself, and a traced program's may not."""

from __future__ import annotations

import atexit
import gc
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from types import ModuleType

GC_THRESHOLDS = (20_000, 20, 50)  # a request makes some thousands of objects, and all of them go again by themselves


def settle() -> None:
    """Call it once everything is imported and open, before the first request."""
    _leave_pandas_out()
    gc.collect()
    gc.freeze()
    atexit.register(gc.unfreeze)  # what is frozen is not freed at the end, and extension modules complain of leaks
    gc.set_threshold(*GC_THRESHOLDS)


def _leave_pandas_out() -> None:
    """Have Arrow find no pandas: the first array that it made of a list would load it, for a second and 60 MB.

    Arrow itself is loaded by the first batch, so this stays in place. It looks once, and again only where somebody asks
    it for a DataFrame, which no collector does.
    """
    if "pandas" not in sys.modules and not any(isinstance(finder, _NoPandas) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NoPandas())


class _NoPandas(MetaPathFinder):
    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("a collector does without pandas", name=name)
