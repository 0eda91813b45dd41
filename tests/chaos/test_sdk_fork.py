"""Processes that fork: each sends its own spans, once."""

from __future__ import annotations

import importlib.util
import signal
from itertools import product
from pathlib import Path
from typing import Any

import httpx
import pytest

from support.chaos_set import short
from support.export import until
from support.otlp_port import OtlpPort, free_port
from support.sdk_program import Program, again, names, report, run, spooled
from support.serving import patience

WORK = """
import assay, os, sys
workers, count = int(sys.argv[1]), int(sys.argv[2])
def work(worker):
    for number in range(count):
        with assay.start_span(f"worker {worker}/{number}"):
            pass
"""
OS_FORK = """
for number in range(count):
    with assay.start_span(f"parent/{number}"):
        pass
children = []
for worker in range(workers):
    child = os.fork()
    if child == 0:
        work(worker)
        assay.flush()
        os._exit(0)
    children.append(child)
for child in children:
    assert os.waitpid(child, 0)[1] == 0
"""
MULTIPROCESSING = """
import multiprocessing
if __name__ == "__main__":
    for number in range(count):
        with assay.start_span(f"parent/{number}"):
            pass
    processes = multiprocessing.get_context(sys.argv[3])
    children = [processes.Process(target=work, args=(worker,)) for worker in range(workers)]
    for child in children:
        child.start()
    for child in children:
        child.join()
        assert child.exitcode == 0, child.exitcode
"""
APPLICATION = """
import assay
def application(environ, start_response):
    with assay.start_span(environ["QUERY_STRING"]):
        pass
    start_response("200 OK", [("content-length", "2")])
    return [b"ok"]
with assay.start_span("master"):
    pass
"""


@pytest.mark.parametrize(
    ("how", "collector"),
    short(
        product(["os.fork", "fork", "spawn", "forkserver"], ["there", "away"]), ("os.fork", "there"), ("fork", "away")
    ),
)
def test_four_workers(how: str, collector: str, tmp_path: Path, size: Any) -> None:
    count = size(250, 2_500)
    port = OtlpPort()
    env = {"ASSAY_ENDPOINT": port.url}
    if collector == "there":
        port.open()
    if how == "os.fork":
        program = run(WORK + OS_FORK, 4, count, cwd=tmp_path, env=env)
    else:
        (tmp_path / "program.py").write_text(WORK + MULTIPROCESSING)  # what is spawned imports it again
        code = "import runpy, sys; sys.argv[0] = 'program.py'; runpy.run_path('program.py', run_name='__main__')"
        program = run(code, 4, count, how, cwd=tmp_path, env=env)
    if collector == "away":
        assert spooled(tmp_path) == 5 * count
        port.open()
    if spooled(tmp_path):
        again(tmp_path, env)
    port.close()
    report(5 * count, port.taken, program.told_as_dropped(), f"{how}, collector {collector}")
    for name in ("parent", *(f"worker {worker}" for worker in range(4))):
        assert names(name, count) <= port.taken.keys()
    assert {count for name, count in port.taken.items() if name != "again"} == {1}
    assert program.errors.count("Traceback") == 0


@pytest.mark.skipif(importlib.util.find_spec("gunicorn") is None, reason="gunicorn is not installed")
@pytest.mark.parametrize("preload", short([True, False], True))
def test_gunicorn_with_four_workers(preload: bool, tmp_path: Path, size: Any) -> None:
    count = size(100, 1_000)
    (tmp_path / "served.py").write_text(APPLICATION)
    web = free_port()
    with OtlpPort() as port:
        env = {"ASSAY_ENDPOINT": port.url, "PYTHONPATH": str(tmp_path)}
        arguments = ["gunicorn", "-w", "4", "-b", f"127.0.0.1:{web}", "served:application"]
        arguments += ["--preload"] if preload else []
        code = f"import sys; sys.argv[:] = {arguments!r}; from gunicorn.app.wsgiapi import run; run()"
        program = Program(code.replace("wsgiapi", "wsgiapp"), cwd=tmp_path, env=env)
        with httpx.Client(base_url=f"http://127.0.0.1:{web}", trust_env=False, timeout=60 * patience()) as client:
            until(lambda: _answers(client))
            for number in range(count):
                assert client.get(f"/?web/{number}", headers={"connection": "close"}).status_code == 200
        program.send(signal.SIGTERM)
        assert program.wait() == 0, program.errors
        if spooled(tmp_path):
            again(tmp_path, env)
    report(count, port.taken, program.told_as_dropped(), f"gunicorn, {'preloaded' if preload else 'loaded by each'}")
    assert names("web", count) <= port.taken.keys()
    assert port.taken["master"] == (1 if preload else 4)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/?ready").status_code == 200
    except httpx.TransportError:
        return False


def test_a_worker_that_is_terminated_spools_or_sends_its_own(tmp_path: Path) -> None:
    code = """
import assay, multiprocessing, os, sys, time
def work(ready):
    for number in range(200):
        with assay.start_span(f"worker/{number}"):
            pass
    ready.set()
    time.sleep(600)
if __name__ == "__main__":
    with assay.start_span("parent"):
        pass
    processes = multiprocessing.get_context("fork")
    ready = processes.Event()
    child = processes.Process(target=work, args=(ready,))
    child.start()
    assert ready.wait(120)
    child.terminate()
    child.join()
    print(child.exitcode)
"""
    with OtlpPort() as port:
        env = {"ASSAY_ENDPOINT": port.url}
        program = run(code, cwd=tmp_path, env=env)
        if spooled(tmp_path):
            again(tmp_path, env)
    assert program.output == "-15\n"
    assert names("worker", 200) | {"parent"} <= port.taken.keys()
