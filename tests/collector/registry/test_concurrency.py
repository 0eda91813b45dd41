"""Many writers at once, in threads and in processes: no number twice, none left out, nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from assay.collector.registry import Registry
from assay.errors import Conflict

WRITERS = 8
VERSIONS = 10

# Run in a fresh interpreter, which has no threads yet and so can fork: processes that share nothing but the file.
WRITE = f"""
import json, multiprocessing, sys
from pathlib import Path
from assay.collector.registry import Registry

def write(writer):
    registry = Registry.open(Path(sys.argv[1]))
    texts = [f"{{writer}} {{n}}" for n in range({VERSIONS})]
    texts.insert(writer % {VERSIONS}, "the same of all")
    versions = [registry.prompts.register("p", "qa", text, "why")[0] for text in texts]
    registry.close()
    return [(version["version"], version["template"]) for version in versions]

with multiprocessing.get_context("fork").Pool({WRITERS}) as pool:
    answers = [answer for answers in pool.map(write, range({WRITERS}), chunksize=1) for answer in answers]
print(json.dumps(answers))
"""


def test_threads_give_every_version_a_number_of_its_own(registry: Registry) -> None:
    def write(writer: int) -> list[int]:
        return [
            registry.prompts.register("p", "qa", f"{writer} {number}", "why")[0]["version"]
            for number in range(VERSIONS)
        ]

    with ThreadPoolExecutor(WRITERS) as pool:
        numbers = [number for found in pool.map(write, range(WRITERS)) for number in found]
    assert sorted(numbers) == list(range(1, WRITERS * VERSIONS + 1))


def test_processes_give_every_version_a_number_of_its_own(path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", WRITE, str(path)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    answered = {version: template for version, template in json.loads(done.stdout)}
    registry = Registry.open(path)
    kept = {row["version"]: row["template"] for row in registry.prompts.versions("p", "qa", limit=1000).items}
    registry.close()
    texts = {f"{writer} {number}" for writer in range(WRITERS) for number in range(VERSIONS)}
    assert sorted(kept) == list(range(1, WRITERS * VERSIONS + 2))  # one more: the same of all is one version
    assert set(kept.values()) == texts | {"the same of all"}
    assert answered == kept


def test_the_same_content_at_once_is_one_version(registry: Registry) -> None:
    def write(_: int) -> tuple[int, bool]:
        version, is_new = registry.prompts.register("p", "qa", "one", "why")
        return version["version"], is_new

    with ThreadPoolExecutor(WRITERS) as pool:
        answers = list(pool.map(write, range(WRITERS)))
    assert sorted(answers) == [(1, False)] * (WRITERS - 1) + [(1, True)]


def test_of_many_that_were_made_from_the_same_version_one_is_taken(registry: Registry) -> None:
    registry.prompts.register("p", "qa", "one", "first")

    def write(writer: int) -> bool:
        try:
            registry.prompts.register("p", "qa", f"of {writer}", "why", parent_version=1)
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(WRITERS) as pool:
        assert sum(pool.map(write, range(WRITERS))) == 1
    assert registry.prompts.version("p", "qa")["version"] == 2


def test_readers_see_every_version_whole_while_others_write(registry: Registry) -> None:
    registry.prompts.register("p", "qa", "0", "why")

    def read(_: int) -> bool:
        page = registry.prompts.versions("p", "qa", limit=1000)
        (prompt,) = registry.prompts.page("p").items
        newest = registry.prompts.version("p", "qa")
        return [row["version"] for row in page.items] == list(range(len(page.items), 0, -1)) and (
            len(page.items) <= prompt["latest_version"] <= newest["version"]
        )

    with ThreadPoolExecutor(4) as pool:
        writes = [pool.submit(registry.prompts.register, "p", "qa", str(number), "why") for number in range(1, 40)]
        reads = list(pool.map(read, range(60)))
        for write in writes:
            write.result()
    assert all(reads)
