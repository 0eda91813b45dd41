"""Calls back when a module is imported: libraries that a program never uses are not loaded to be traced."""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import sys
import threading
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from assay.tracing.tell import our_fault

_waiting: dict[str, Callable[[], None]] = {}
_lock = threading.Lock()


def when_imported(module: str, callback: Callable[[], None]) -> None:
    """Call `callback` once `module` is there: now, if it has been imported already. One callback to a module."""
    if module in sys.modules:
        callback()
        return
    with _lock:
        _waiting[module] = callback
        if _finder not in sys.meta_path:
            sys.meta_path.insert(0, _finder)


def forget(module: str) -> None:
    """Call nobody when `module` is imported."""
    with _lock:
        _waiting.pop(module, None)
        if not _waiting and _finder in sys.meta_path:
            sys.meta_path.remove(_finder)


class _Finder(importlib.abc.MetaPathFinder):
    """Lets the others find the modules that somebody waits for, and puts a loader of ours around theirs."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in _waiting:
            return None
        try:
            return self._found(fullname, path, target)
        except Exception:  # a finder of somebody else's fails again, where it should, when it is asked without us
            our_fault(f"looking for {fullname}")
            return None

    def _found(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None
    ) -> importlib.machinery.ModuleSpec | None:
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: importlib.machinery.ModuleSpec | None = find(fullname, path, target) if find is not None else None
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Loader(spec.loader)
                return spec
        return None


class _Loader(importlib.abc.Loader):
    """Stands in for a loader until the module is run; the module itself only ever sees the real one."""

    def __init__(self, loader: Any) -> None:
        self._loader = loader

    def __getattr__(self, name: str) -> Any:
        return getattr(self._loader, name)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        module: ModuleType | None = self._loader.create_module(spec)
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__loader__ = self._loader
        if module.__spec__ is not None:
            module.__spec__.loader = self._loader
        self._loader.exec_module(module)
        try:
            callback = _waiting.get(module.__name__)
            forget(module.__name__)
            if callback is not None:
                callback()
        except Exception:
            our_fault(f"tracing {module.__name__}")


_finder = _Finder()
