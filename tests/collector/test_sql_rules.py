"""What may be asked in SQL, told from DuckDB's own parse of it."""

from __future__ import annotations

import json

import duckdb
import pytest

from assay.collector.sql_rules import check_statement
from assay.errors import InvalidRequest

VIEWS = ("spans", "traces", "scores")


def check(sql: str) -> list[str]:
    with duckdb.connect() as db:
        [(tree,)] = db.execute("SELECT json_serialize_sql(?, skip_null := true, skip_empty := true)", [sql]).fetchall()
    return check_statement(json.loads(tree), VIEWS)


@pytest.mark.parametrize(
    ("sql", "views"),
    [
        pytest.param("SELECT 1", [], id="constant"),
        pytest.param("SELECT count(*) FROM Spans", ["spans"], id="case-does-not-matter"),
        pytest.param("FROM traces JOIN scores USING (trace_id)", ["traces", "scores"], id="join"),
        pytest.param("WITH t AS (FROM spans) SELECT * FROM t", ["spans"], id="common-table"),
        pytest.param("WITH RECURSIVE r AS (SELECT 1 UNION ALL FROM r) FROM r", [], id="recursion"),
        pytest.param("FROM spans, unnest(tags)", ["spans"], id="unnest"),
        pytest.param("SELECT (SELECT max(value) FROM scores) FROM range(3)", ["scores"], id="subquery"),
        pytest.param("DESCRIBE spans", ["spans"], id="describe"),
        pytest.param("SHOW TABLES", list(VIEWS), id="show-tables"),
        pytest.param("SELECT table_name FROM information_schema.tables", list(VIEWS), id="information-schema"),
    ],
)
def test_a_select_over_the_views_is_let_through_with_the_views_it_needs(sql: str, views: list[str]) -> None:
    assert check(sql) == views


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        pytest.param("SELECT 1; SELECT 2", "not 2", id="two-statements"),
        pytest.param("", "not 0", id="nothing"),
        pytest.param("DROP TABLE spans", "Only one SELECT", id="drop"),
        pytest.param("COPY spans TO 'x'", "Only one SELECT", id="copy"),
        pytest.param("ATTACH 'x'", "Only one SELECT", id="attach"),
        pytest.param("SET threads = 1", "Only one SELECT", id="set"),
        pytest.param("INSTALL httpfs", "Only one SELECT", id="install"),
        pytest.param("CALL enable_logging()", "Only one SELECT", id="call"),
        pytest.param("EXPLAIN SELECT 1", "Only one SELECT", id="explain"),
        pytest.param("SELECT * FROM '/etc/passwd'", "'/etc/passwd' (at character 15)", id="file-as-table"),
        pytest.param("SELECT * FROM read_text('/etc/passwd')", "'read_text'", id="read-text"),
        pytest.param("SELECT (SELECT content FROM read_text('x'))", "'read_text'", id="read-text-below"),
        pytest.param("FROM glob('/*')", "'glob'", id="glob"),
        pytest.param("FROM query('SELECT 1')", "'query'", id="query"),
        pytest.param("FROM query_table('spans')", "'query_table'", id="query-table"),
        pytest.param("FROM duckdb_settings()", "'duckdb_settings'", id="settings"),
        pytest.param("FROM pragma_database_list()", "'pragma_database_list'", id="database-list"),
        pytest.param("SELECT getenv('HOME')", "'getenv' cannot be used (at character 8)", id="getenv"),
        pytest.param("WITH t AS (FROM read_csv('x')) FROM t", "'read_csv'", id="in-a-common-table"),
        pytest.param("DESCRIBE SELECT * FROM 'x.csv'", "'x.csv'", id="in-describe"),
        pytest.param("FROM keys", "There is no table 'keys'", id="unknown-table"),
        pytest.param("SELEC 1", 'syntax error at or near "SELEC"', id="syntax"),
    ],
)
def test_everything_else_is_refused_with_the_reason(sql: str, told: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check(sql)
    assert told in refused.value.message


def test_the_hint_names_the_tables_or_the_character() -> None:
    with pytest.raises(InvalidRequest) as unknown:
        check("FROM keys")
    with pytest.raises(InvalidRequest) as wrong:
        check("SELECT 1 FRM x y")
    assert unknown.value.hint == "The tables are: scores, spans, traces."
    assert wrong.value.hint == "Look at character 14."
