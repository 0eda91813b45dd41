"""A collector in the program's own process: what the program does to it, and it to the program."""

from __future__ import annotations

import _imp
import importlib
import threading
from pathlib import Path

import pytest

from assay.embedded import stop_embedded


def test_a_lock_of_imports_that_an_interrupt_has_left_shut_is_opened_before_threads_are_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "loaded_by_a_thread.py").write_text("LOADED = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    thread = threading.Thread(target=importlib.import_module, args=("loaded_by_a_thread",), daemon=True)
    for _ in range(2):
        _imp.acquire_lock()
    thread.start()
    thread.join(0.05)
    assert thread.is_alive()
    stop_embedded()
    thread.join(60)
    assert (thread.is_alive(), _imp.lock_held()) == (False, False)
