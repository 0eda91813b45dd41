"""Many programs register versions of one prompt at once, while the collector is killed under them: no number twice,
none left out, none lost, and each holds what its program was told it holds.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from support.otlp_port import free_port
from support.serving import Serving, patience

PROGRAMS = 8
THE_SAME = "the same of all"

# Run in a fresh interpreter, which has no threads yet and so can fork. Registering again what was perhaps registered
# is safe: the same content is the same version.
WRITE = """
import json, multiprocessing, sys, time
import assay
from assay.errors import CollectorUnavailable

url, versions, give_up_s, same = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4]

def register(template):
    end = time.monotonic() + give_up_s
    while True:
        try:
            return assay.register_prompt("team/qa", template, "why", author="program")
        except CollectorUnavailable:
            if time.monotonic() > end:
                raise
            time.sleep(0.05)

def write(program):
    from assay.settings import configure
    configure(endpoint=url, project="p")
    texts = [f"{program} {number}" for number in range(versions)]
    texts.insert(program % versions, same)
    return [(made.version, made.template) for made in map(register, texts)]

with multiprocessing.get_context("fork").Pool(8) as pool:
    print(json.dumps([answer for answers in pool.map(write, range(8), chunksize=1) for answer in answers]))
"""


def versions_of(url: str) -> dict[int, str]:
    """Number -> template of every version, page by page."""
    found: dict[int, str] = {}
    params: dict[str, Any] = {"project": "p", "limit": 1000}
    while True:
        answer = httpx.get(
            f"{url}/api/v1/prompts/team/qa/versions", params=params, trust_env=False, timeout=60 * patience()
        ).json()
        found |= {row["version"]: row["template"] for row in answer["items"]}
        if answer["next_cursor"] is None:
            return found
        params["cursor"] = answer["next_cursor"]


def test_programs_that_register_at_once_leave_consecutive_numbers(data_dir: Path, size: Any) -> None:
    versions, kills = size(10, 200), size(1, 5)
    planned = PROGRAMS * versions + 1
    with Serving(data_dir, port=free_port()) as serving, writing(serving.url, versions) as programs:
        for turn in range(1, kills + 1):
            wait_for(serving.url, planned * turn // (kills + 1))
            serving.kill()
            serving.start()
        told, errors = programs.communicate(timeout=600 * patience())
        assert programs.returncode == 0, errors
        kept = versions_of(serving.url)
    assert sorted(kept) == list(range(1, planned + 1))
    texts = {f"{one} {number}" for one in range(PROGRAMS) for number in range(versions)}
    assert set(kept.values()) == texts | {THE_SAME}
    answers = json.loads(told)
    assert {template: version for version, template in answers} == {template: n for n, template in kept.items()}
    assert len({version for version, template in answers if template == THE_SAME}) == 1


@contextmanager
def writing(url: str, versions: int) -> Iterator[subprocess.Popen[str]]:
    """The programs, started; none of them outlives a failure."""
    programs = subprocess.Popen(
        [sys.executable, "-c", WRITE, url, str(versions), str(60 * patience()), THE_SAME],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield programs
    finally:
        if programs.poll() is None:
            os.killpg(programs.pid, signal.SIGKILL)
            programs.communicate()


def wait_for(url: str, count: int) -> None:
    """Until so many versions are there."""
    end = time.monotonic() + 300 * patience()
    while time.monotonic() < end:
        answer = httpx.get(
            f"{url}/api/v1/prompts", params={"project": "p"}, trust_env=False, timeout=60 * patience()
        ).json()
        if any(prompt["latest_version"] >= count for prompt in answer["items"]):
            return
        time.sleep(0.02)
    raise AssertionError(f"there are fewer than {count} versions")
