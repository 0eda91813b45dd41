"""The file of kept answers: shared, bounded, and never the reason why a run fails."""

from __future__ import annotations

import json
import logging
import multiprocessing
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from assay.evaluation.gateway.cache import AnswerCache

MIB = 1024**2


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "answers.db"


@pytest.fixture
def cache(path: Path) -> Iterator[AnswerCache]:
    with closing(AnswerCache(path, max_bytes=MIB)) as made:
        yield made


def test_what_was_kept_is_found_by_its_key(cache: AnswerCache) -> None:
    value = {"text": "naïve 日本 \ud800", "tool_calls": [{"id": 1}], "cost_usd": None}
    cache.put("a", value)
    assert (cache.get("a"), cache.get("b")) == (value, None)
    cache.put("a", {"text": "newer"})
    assert cache.get("a") == {"text": "newer"}


def test_it_is_found_by_the_next_process_too(path: Path) -> None:
    for action in ("put", "get"):
        with closing(AnswerCache(path, max_bytes=MIB)) as cache:
            found = cache.put("a", {"text": "x"}) if action == "put" else cache.get("a")
    assert found == {"text": "x"}


def test_values_are_json_for_anybody_to_read(cache: AnswerCache, path: Path) -> None:
    cache.put("a", {"text": "x"})
    with closing(sqlite3.connect(path)) as db:
        assert [json.loads(text) for (text,) in db.execute("SELECT value FROM answers")] == [{"text": "x"}]


def test_a_full_file_lets_go_of_what_was_not_used_for_longest(path: Path) -> None:
    now = [1_000_000.0]
    with closing(AnswerCache(path, max_bytes=MIB, clock=lambda: now[0])) as cache:
        cache.put("first", {"text": "x"})
        for number in range(1000):
            now[0] += 60
            cache.put(str(number), {"text": "x" * 3000})
            assert cache.get("first")  # used again and again
        assert (cache.get("0"), cache.get("999")) == (None, {"text": "x" * 3000})
        assert 150 < sum(cache.get(str(number)) is not None for number in range(1000)) < 350
    assert path.stat().st_size <= MIB


def test_an_answer_that_would_fill_the_file_is_not_kept(cache: AnswerCache) -> None:
    cache.put("small", {"text": "x"})
    cache.put("large", {"text": "x" * MIB})
    assert (cache.get("large"), cache.get("small")) == (None, {"text": "x"})


def cut_in_half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def scribbled_over(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xff" * (len(content) - 4096)
    path.write_bytes(content)


def of_another_program(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE answers (what INT)")
        db.execute("PRAGMA user_version = 1")


def of_another_format(path: Path) -> None:
    with closing(sqlite3.connect(path)) as db:
        db.execute("PRAGMA user_version = 99")


DAMAGES = {
    "text": lambda path: path.write_text("this is no database " * 500),
    "cut in half": cut_in_half,
    "scribbled over": scribbled_over,
    "another program's": of_another_program,
    "another format": of_another_format,
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damaged_file_is_told_once_and_begun_anew(path: Path, damage: Any, caplog: pytest.LogCaptureFixture) -> None:
    with closing(AnswerCache(path, max_bytes=MIB)) as cache:
        for number in range(50):
            cache.put(str(number), {"text": "x" * 500})
    damage(path)
    with closing(AnswerCache(path, max_bytes=MIB)) as cache, caplog.at_level(logging.WARNING, "assay"):
        assert cache.get("0") is None
        for number in range(50):
            cache.put(str(number), {"text": "y"})
        assert [cache.get(str(number)) for number in range(50)] == [{"text": "y"}] * 50
    assert [("begun anew" in message, str(path) in message) for message in caplog.messages] == [(True, True)]


def test_an_entry_that_is_no_answer_counts_as_none(cache: AnswerCache, path: Path) -> None:
    cache.put("a", {"text": "x"})
    for value in ("{", "[1]", "7", ""):
        with closing(sqlite3.connect(path)) as db:
            db.execute("UPDATE answers SET value = ?", (value,))
            db.commit()
        assert cache.get("a") is None
    cache.put("a", {"text": "y"})
    assert cache.get("a") == {"text": "y"}


def test_a_place_that_cannot_be_written_is_told_once_and_costs_calls_only(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "cache").write_text("a file where the folder should be")
    cache = AnswerCache(tmp_path / "cache" / "answers.db", max_bytes=MIB)
    with caplog.at_level(logging.WARNING, "assay"):
        for _ in range(3):
            cache.put("a", {"text": "x"})
            assert cache.get("a") is None
    assert ["without it" in message for message in caplog.messages] == [True]


def fill(path: Path, worker: int, count: int) -> int:
    with closing(AnswerCache(path, max_bytes=8 * MIB)) as cache:
        for number in range(count):
            cache.put(f"{worker}-{number}", {"worker": worker, "number": number})
            cache.put("shared", {"worker": worker})
            cache.get(f"{1 - worker}-{number}")
        return sum(cache.get(f"{worker}-{number}") == {"worker": worker, "number": number} for number in range(count))


def test_threads_and_processes_share_one_file(path: Path) -> None:
    forked = multiprocessing.get_context("fork").Process(target=fill, args=(path, 0, 100))
    forked.start()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda worker: fill(path, worker, 100), range(1, 5)))
    forked.join()
    assert (found, forked.exitcode) == ([100] * 4, 0)
    with closing(AnswerCache(path, max_bytes=8 * MIB)) as cache:
        assert all(cache.get(f"0-{number}") == {"worker": 0, "number": number} for number in range(100))
        assert cache.get("shared") is not None
