"""However a program ends, its spans are at the collector, or in the spool, or told as dropped."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from support.chaos_set import only_full, short
from support.export import until
from support.otlp_port import OtlpPort, free_port, hang, take
from support.sdk_program import SENDER, Program, again, names, report, run, spooled, told_as_dropped
from support.serving import patience

# Each prints what it has handed over, one number at a time, so that its end can come at any moment.
FOR_EVER = """
import assay, os, sys
{before}
for number in range(10**9):
    with assay.start_span(f"on/{{number}}"):
        pass
    os.write(1, b"%d\\n" % number)
    {each}
"""

# How programs end when the last call was made: each is a way of its own through the interpreter's end.
ENDINGS = {
    "at once": "work(0, 500)",
    "sys.exit in a thread": """
import sys
def thread():
    work(0, 500)
    sys.exit(3)
threading.Thread(target=thread).start()
""",
    "a daemon thread at work": """
threading.Thread(target=lambda: [work(0, 500), time.sleep(1000)], daemon=True).start()
while made < 500:
    time.sleep(0.01)
""",
    "an executor": """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(4)
for part in range(5):
    pool.submit(work, part * 100, 100)
""",
    "a running event loop": """
import asyncio
async def main():
    await asyncio.gather(*(asyncio.to_thread(work, part * 100, 100) for part in range(5)))
asyncio.run(main())
""",
    "an exception": "work(0, 500); raise SystemExit(0)",
    "atexit": "import atexit; work(0, 250); atexit.register(work, 250, 250)",
    "flush, then os._exit": "work(0, 500); assay.flush(); import os; os._exit(0)",
    "shutdown, then more": "work(0, 250); assay.shutdown(); work(250, 250)",
}
WORK = """
import assay, threading, time
made = 0
def work(first, count):
    global made
    for number in range(first, first + count):
        with assay.start_span(f"end/{number}"):
            pass
        made += 1
"""


@pytest.mark.parametrize("ending", short(ENDINGS, "at once", "an executor"))
def test_a_program_that_ends_right_after_the_last_call(ending: str, tmp_path: Path) -> None:
    with OtlpPort() as port:
        env = {"ASSAY_ENDPOINT": port.url}
        there = run(WORK + ENDINGS[ending], cwd=tmp_path, env=env)
        kept = spooled(tmp_path)  # on a busy machine the answer may have taken too long
        if kept:
            again(tmp_path, env)
    report(500, port.taken, there.told_as_dropped(), f"{ending}; {kept} by way of the spool")
    assert names("end", 500) <= port.taken.keys(), there.errors

    away_from_home = tmp_path / "away"
    away_from_home.mkdir()
    env = {"ASSAY_ENDPOINT": f"http://127.0.0.1:{free_port()}"}
    away = run(WORK + ENDINGS[ending], cwd=away_from_home, env=env)
    assert spooled(away_from_home) == 500
    assert away.told_as_dropped() == 0


@pytest.mark.parametrize("collector", short(["there", "away", "mute"], "mute"))
def test_sigterm_sends_or_spools_what_waits_and_ends_the_process_by_it(collector: str, tmp_path: Path) -> None:
    with OtlpPort() as port:
        port.answer = hang if collector == "mute" else take
        if collector == "away":
            port.close()
        env = {"ASSAY_ENDPOINT": port.url}
        program = Program(FOR_EVER.format(before="", each="__import__('time').sleep(0.002)"), cwd=tmp_path, env=env)
        until(lambda: int(program.line()) >= 200)
        program.send(signal.SIGTERM)
        sent_at = time.monotonic()
        assert program.wait() == -signal.SIGTERM
        took_s = time.monotonic() - sent_at
        handed_over = int(program.output.splitlines()[-1]) + 1
        if collector == "away":
            port.open()
        port.answer = take
        again(tmp_path, env)
    report(handed_over, port.taken, program.told_as_dropped(), f"collector {collector}, ended after {took_s:.1f} s")
    assert names("on", handed_over) <= port.taken.keys()
    assert program.told_as_dropped() == 0


# Where a SIGTERM is at its worst: each sends one to itself in the middle of something.
WORST_MOMENTS = {
    "while Assay is ending": """
import os, assay.tracing.export
close = assay.tracing.export.SpanExport.close
def struck(self, timeout_s):
    assay.tracing.export.SpanExport.close = close
    os.kill(os.getpid(), 15)
    return close(self, timeout_s)
assay.init()
assay.tracing.export.SpanExport.close = struck
work(0, 2000)
""",
    "while the program imports": """
import os, sys, time
class Strikes:
    def find_spec(self, name, *_):
        if name == "nothing_of_that_name":
            os.kill(os.getpid(), 15)
assay.init()
sys.meta_path.insert(0, Strikes())
work(0, 2000)
try:
    import nothing_of_that_name
except ImportError:
    time.sleep(1000)
""",
}


@pytest.mark.parametrize("moment", short(WORST_MOMENTS, "while Assay is ending"))
def test_sigterm_at_the_worst_moment_loses_nothing(moment: str, tmp_path: Path) -> None:
    with OtlpPort() as port:
        env = {"ASSAY_ENDPOINT": port.url}
        program = Program(WORK + WORST_MOMENTS[moment], cwd=tmp_path, env=env)
        assert program.wait() == -signal.SIGTERM, program.errors
        again(tmp_path, env)
    report(2000, port.taken, program.told_as_dropped(), moment)
    assert names("end", 2000) <= port.taken.keys(), program.errors
    assert program.told_as_dropped() == 0


POOL = """
import assay, multiprocessing, sys
def work(number):
    with assay.start_span(f"end/{number}"):
        return number
if __name__ == "__main__":
    with multiprocessing.get_context(sys.argv[1]).Pool(2) as pool:
        pool.map(work, range(20))
"""


@pytest.mark.parametrize("method", short(["spawn", "forkserver"], "spawn"))
def test_a_pool_that_is_left_at_once_loses_nothing(method: str, tmp_path: Path) -> None:
    """Its workers get a SIGTERM before they have sent anything: what sending takes is not even imported there."""
    program = tmp_path / "pool.py"  # what the workers import
    program.write_text(POOL, encoding="utf-8")
    with OtlpPort() as port:
        env = {**os.environ, "ASSAY_ENDPOINT": port.url, "ASSAY_DATA_DIR": str(tmp_path / ".assay")}
        command = [sys.executable, str(program), method]
        pool = subprocess.run(
            command, env=env, cwd=tmp_path, stderr=subprocess.PIPE, text=True, timeout=300 * patience(), check=False
        )
        assert pool.returncode == 0, pool.stderr
        if spooled(tmp_path):
            again(tmp_path, {"ASSAY_ENDPOINT": port.url})
    report(20, port.taken, told_as_dropped(pool.stderr), f"pool by {method}")
    assert names("end", 20) <= port.taken.keys(), pool.stderr


@pytest.mark.parametrize(
    ("before", "status", "arrive"),
    [
        pytest.param("import signal; signal.signal(15, lambda *_: sys.exit(7))", 7, True, id="set before"),
        pytest.param(
            "import signal; assay.init(); signal.signal(15, lambda *_: os._exit(8))",
            8,
            False,
            id="set afterwards",
            marks=only_full,
        ),
        pytest.param("assay.init(handle_sigterm=False)", -15, False, id="turned off", marks=only_full),
    ],
)
def test_the_applications_own_handler_of_sigterm_stays_in_charge(
    before: str, status: int, arrive: bool, tmp_path: Path
) -> None:
    with OtlpPort() as port:
        env = {"ASSAY_ENDPOINT": port.url, "OTEL_BSP_SCHEDULE_DELAY": "100000"}
        each = "number == 300 and __import__('signal').pause()"
        first = f"{before}\nwith assay.start_span('first'): pass\nassay.flush()"  # what comes then waits for 100 s
        program = Program(FOR_EVER.format(before=first, each=each), cwd=tmp_path, env=env)
        until(lambda: int(program.line()) >= 300)
        program.send(signal.SIGTERM)
        assert program.wait() == status, program.errors
        if spooled(tmp_path):
            again(tmp_path, env)
    assert (names("on", 301) <= port.taken.keys()) == arrive


def test_ctrl_c_loses_nothing(tmp_path: Path) -> None:
    with OtlpPort() as port:
        env = {"ASSAY_ENDPOINT": port.url}
        program = Program(FOR_EVER.format(before="", each="__import__('time').sleep(0.002)"), cwd=tmp_path, env=env)
        until(lambda: int(program.line()) >= 200)
        program.send(signal.SIGINT)
        assert program.wait() in (1, -signal.SIGINT)
        handed_over = int(program.output.splitlines()[-1]) + 1
        if spooled(tmp_path):
            again(tmp_path, env)
    report(handed_over, port.taken, program.told_as_dropped(), "Ctrl-C")
    assert "KeyboardInterrupt" in program.errors
    assert names("on", handed_over) <= port.taken.keys()


def test_a_program_that_is_killed_loses_at_most_what_ended_in_the_last_moment(tmp_path: Path) -> None:
    """While the collector is away, that is what ended since the last look at the queue: 0.2 s on an idle machine."""
    port = OtlpPort()
    env = {"ASSAY_ENDPOINT": port.url}
    each = "__import__('time').sleep(0.005)"
    program = Program(FOR_EVER.format(before="", each=each), cwd=tmp_path, env=env)
    until(lambda: int(program.line()) >= 50 and spooled(tmp_path))
    ended_at = {}
    began = time.monotonic()
    while time.monotonic() < began + 3.0:
        ended_at[int(program.line())] = time.monotonic()
    program.send(signal.SIGKILL)
    killed_at = time.monotonic()
    assert program.wait() == -signal.SIGKILL
    handed_over = int(program.output.splitlines()[-1]) + 1
    with port:
        again(tmp_path, env)
    lost = names("on", handed_over) - port.taken.keys()
    numbers = sorted(int(name.split("/")[1]) for name in lost)
    window_s = killed_at - ended_at.get(numbers[0], killed_at) if numbers else 0.0
    report(handed_over, port.taken, 0, f"killed: {len(lost)} lost, all within the last {window_s:.2f} s")
    assert numbers == list(range(handed_over - len(lost), handed_over)), "only the last ones"
    assert not numbers or numbers[0] in ended_at, "everything that ended before was on the disk"


def test_an_earlier_end_than_the_first_batch(tmp_path: Path, size: Any) -> None:
    """One span and out, many times: nothing has started yet when it is over."""
    with OtlpPort() as port:
        env = {"ASSAY_ENDPOINT": port.url}
        for number in range(size(1, 5)):
            Program(SENDER, f"one {number}", 1, 0, cwd=tmp_path, env=env).done()
        again(tmp_path, env)
    assert {f"one {number}/0" for number in range(size(1, 5))} <= port.taken.keys()
