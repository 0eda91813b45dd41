"""SQL runs in a process that can reach nothing but one project's export, and ends whatever it is asked."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from assay.collector.sql import Sandbox
from assay.collector.sql_child import CONFIG, lock
from assay.errors import InvalidRequest, StoreError

# The same process without the rules: what holds then is the wall itself.
WITHOUT_RULES = """
from assay.collector import sql_child
sql_child.check_statement = lambda tree, views: list(views)
sql_child.main()
"""


class Export:
    """Two projects' files, and ways to ask over the first."""

    def __init__(self, directory: Path) -> None:
        self.mine, self.other = directory / "export" / "mine", directory / "export" / "other"
        for project in (self.mine, self.other):
            (project / "spans").mkdir(parents=True)
            with duckdb.connect() as db:
                db.execute(
                    f"COPY (SELECT range AS n, '{project.name}' AS project, "
                    "TIMESTAMP_NS '2026-01-02 03:04:05.123456789' AS moment, "
                    f"['a', 'b'] AS tags, '{{\"k\": 1}}'::JSON AS attributes FROM range(5)) "
                    f"TO '{project}/spans/1.parquet' (FORMAT parquet)"
                )

    def ask(self, sandbox: Sandbox, sql: str, limit: int = 100) -> dict[str, Any]:
        return sandbox.run(sql, directory=self.mine, views={"spans": [self.mine / "spans" / "1.parquet"]}, limit=limit)


@pytest.fixture(scope="module")
def export(tmp_path_factory: pytest.TempPathFactory) -> Export:
    return Export(tmp_path_factory.mktemp("sql"))


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(timeout_s=20)
    yield sandbox
    sandbox.close()


@pytest.fixture(scope="module")
def locked(export: Export) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB as a statement finds it, rules and limits of the operating system apart."""
    with duckdb.connect(":memory:", config=CONFIG) as connection:
        connection.execute(f"CREATE VIEW spans AS FROM read_parquet('{export.mine}/spans/1.parquet')")
        lock(connection, f"{export.mine}/")
        yield connection


def test_values_come_back_as_json_has_them(sandbox: Sandbox, export: Export) -> None:
    answer = export.ask(
        sandbox,
        "SELECT n, moment, tags, attributes, 1.5::DECIMAL(4, 1) AS d, 'inf'::DOUBLE AS i, NULL AS none, "
        "TIMESTAMPTZ '2026-01-02 03:04:05+00' AS tz, {'a': [1]} AS s, 170141183460469231731687303715884105727 AS h "
        "FROM spans ORDER BY n DESC LIMIT 1; -- the last one"[: -len("; -- the last one")],
    )
    assert [column["name"] for column in answer["columns"]][:4] == ["n", "moment", "tags", "attributes"]
    assert answer["rows"] == [
        [
            *(4, "2026-01-02T03:04:05.123456789Z", ["a", "b"], {"k": 1}, 1.5, "inf", None, "2026-01-02 03:04:05+00"),
            *({"a": [1]}, "170141183460469231731687303715884105727"),
        ]
    ]
    assert not answer["truncated"]


def test_rows_beyond_the_limit_are_cut_and_said_to_be(sandbox: Sandbox, export: Export) -> None:
    answer = export.ask(sandbox, "FROM spans SELECT n ORDER BY n DESC", limit=2)
    assert (answer["rows"], answer["truncated"]) == ([[4], [3]], True)


def test_errors_say_what_is_wrong_and_where(sandbox: Sandbox, export: Export) -> None:
    with pytest.raises(InvalidRequest, match=r'"foo" not found[\s\S]*\(at character 13: \'foo FROM spans\'\)'):
        export.ask(sandbox, "SELECT 'é', foo FROM spans")


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param("SELECT * FROM read_text('/etc/passwd')", id="read-text"),
        pytest.param("SELECT * FROM read_csv('/etc/passwd')", id="read-csv"),
        pytest.param("SELECT * FROM read_blob('/proc/self/environ')", id="environment"),
        pytest.param("SELECT * FROM '/etc/passwd'", id="file-as-table"),
        pytest.param("SELECT * FROM read_parquet('{other}/spans/1.parquet')", id="another-project"),
        pytest.param("SELECT * FROM read_parquet('{mine}/../other/spans/1.parquet')", id="dots"),
        pytest.param("SELECT * FROM glob('/*')", id="glob"),
        pytest.param("SELECT * FROM read_csv('https://example.org/x.csv')", id="network"),
        pytest.param("SELECT * FROM query('SELECT * FROM read_text(''/etc/passwd'')')", id="query"),
        pytest.param("SELECT getenv('PATH')", id="getenv"),
        pytest.param("SELECT * FROM frame", id="python-variable"),
        pytest.param("COPY spans TO '{other}/out.csv'", id="copy-elsewhere"),
        pytest.param("EXPORT DATABASE '{other}/all'", id="export"),
        pytest.param("ATTACH '{other}/new.db'", id="attach"),
        pytest.param("SET enable_external_access = true", id="unlock-files"),
        pytest.param("SET lock_configuration = false", id="unlock-settings"),
        pytest.param("SET allowed_directories = ['/']", id="widen"),
        pytest.param("SET threads = 64", id="set"),
        pytest.param("INSTALL httpfs", id="install"),
        pytest.param("LOAD httpfs", id="load"),
    ],
)
def test_without_the_rules_the_wall_still_holds(locked: duckdb.DuckDBPyConnection, export: Export, attack: str) -> None:
    frame = [{"n": 1}]
    with pytest.raises(duckdb.Error):
        locked.execute(attack.format(mine=export.mine, other=export.other)).fetchall()
    assert frame
    assert [path.name for path in export.other.rglob("*")] == ["spans", "1.parquet"]


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param("SELECT 1) x; COPY spans TO '{mine}/out.csv'; SELECT * FROM (SELECT 2", id="write"),
        pytest.param("SELECT * FROM read_text('/etc/passwd')", id="read"),
    ],
)
def test_the_process_itself_can_neither_write_a_file_nor_read_another(export: Export, attack: str) -> None:
    bare = Sandbox(timeout_s=20, command=(sys.executable, "-I", "-c", WITHOUT_RULES))
    try:
        with pytest.raises((InvalidRequest, StoreError)):
            export.ask(bare, attack.format(mine=export.mine))
    finally:
        bare.close()
    assert [path for path in export.mine.iterdir() if path.is_file() and path.stat().st_size] == []


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param("SELECT length(repeat('x', 4000000000))", id="repeat"),
        pytest.param("SELECT string_agg(repeat('x', 100000)) FROM range(100000)", id="aggregate"),
    ],
)
def test_a_memory_bomb_ends_with_an_error(sandbox: Sandbox, export: Export, bomb: str) -> None:
    with pytest.raises(InvalidRequest):
        export.ask(sandbox, bomb)


def test_what_does_not_end_is_ended_and_the_next_statement_runs(export: Export) -> None:
    short = Sandbox(timeout_s=0.5)
    try:
        for endless in (
            "WITH RECURSIVE r AS (SELECT 1 AS a UNION ALL SELECT a + 1 FROM r) SELECT count(*) FROM r",
            "SELECT count(*) FROM range(1000000) a, range(1000000) b",
        ):
            started = time.monotonic()
            with pytest.raises(InvalidRequest, match=r"longer than 0\.5 seconds"):
                export.ask(short, endless)
            assert time.monotonic() - started < 10
        short.timeout_s = 20
        assert export.ask(short, "SELECT count(*) FROM spans")["rows"] == [[5]]
    finally:
        short.close()


def test_a_process_that_cannot_start_is_an_error_and_not_a_wait(export: Export) -> None:
    broken = Sandbox(command=(sys.executable, "-I", "-c", "raise SystemExit(1)"))
    try:
        with pytest.raises(StoreError, match="could not be started"):
            export.ask(broken, "SELECT 1")
    finally:
        broken.close()


def test_statements_of_several_threads_get_their_own_answers(sandbox: Sandbox, export: Export) -> None:
    answers: dict[int, Any] = {}

    def ask(number: int) -> None:
        answers[number] = export.ask(sandbox, f"SELECT {number}")["rows"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: [[number]] for number in range(3)}
