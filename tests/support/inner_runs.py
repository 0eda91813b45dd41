"""Runs of pytest inside a test: when one is over, the test files that it loaded are forgotten, and nothing else.

pytester's own way is to empty `sys.modules` and to fill it with what was there before. What a run was the first to need
(half of Assay, where its test comes first) is then loaded once more, so that its classes are there twice; and a thread
of the collector's that takes something from a module just then finds none.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path


class LoadedTests:
    """In place of pytester's snapshot of all modules."""

    def __init__(self, preserve: Callable[[str], bool] | None = None) -> None:
        self._before = frozenset(sys.modules)

    def restore(self) -> None:
        here = Path.cwd()  # pytester's own folder
        for name, module in list(sys.modules.items()):
            file = getattr(module, "__file__", None)
            if name not in self._before and file is not None and Path(file).is_relative_to(here):
                del sys.modules[name]
