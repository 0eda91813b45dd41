"""Fixtures that many tests share. Every component is real; only models are stood in for."""

from __future__ import annotations

import atexit
import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from assay.client import reset_client
from assay.collector.server import Server
from assay.settings import configure, reset_settings
from assay.tracing import runtime
from support.commands import keep_made_commands
from support.fixtures_openai import openai_server
from support.frozen import freeze, thaw
from support.registries import copy_new_registries, keep_compiled_statements
from support.stores import copy_new_stores
from support.tls_contexts import keep_made_tls_contexts

copy_new_stores()
copy_new_registries()
keep_compiled_statements()
keep_made_commands()
keep_made_tls_contexts()

__all__ = ["openai_server"]

os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"  # it asks GitHub for prices when it is imported

gc.disable()  # until everything is imported

# A runner started in the background may ignore Ctrl-C, and would hand that on to the programs which tests interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Machines are slow at times: how long an example takes says nothing about what it tests. `make fuzz` takes the other.
hypothesis.settings.register_profile("assay", deadline=None, print_blob=True, max_examples=30)
hypothesis.settings.register_profile("thorough", deadline=None, print_blob=True, max_examples=2_000)
hypothesis.settings.load_profile("assay")


def pytest_sessionstart(session: pytest.Session) -> None:
    if session.config.pluginmanager.hasplugin("dsession"):
        return  # this process only hands out tests to others, which begin when it has loaded everything
    from support.applications import keep_made_applications

    keep_made_applications()


def pytest_collection_finish() -> None:
    gc.collect()
    freeze()
    gc.enable()
    atexit.register(thaw)  # libraries in C++ count at the end what nobody let go of


@pytest.fixture(autouse=True)
def _clean_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No settings of the machine's, no data directory of the checkout's, nothing left over from the test before."""
    for name in list(os.environ):
        if name.startswith(("ASSAY_", "OTEL_", "OPENAI_")):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    _forget()
    yield
    _forget()


def _forget() -> None:
    runtime.reset()
    if loading := sys.modules.get("assay.prompts.loading"):
        loading.clear_prompt_cache()
    reset_client()
    reset_settings()


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Server]:
    """A collector on a free loopback port; the process's settings point to it, project `test`."""
    server = Server(data_dir=tmp_path / ".assay")
    server.start()
    configure(endpoint=server.url, project="test", timeout_s=60.0)
    yield server
    reset_client()
    server.stop()
