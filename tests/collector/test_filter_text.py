from __future__ import annotations

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assay.collector.filter import Compiled, compile_filter
from assay.collector.filter_text import contains, contains_pattern
from assay.collector.near import with_content_of

DOTTED_I, DOTLESS_I, KELVIN, LONG_S = "\u0130", "\u0131", "\u212a", "\u017f"
# Letters some of which are the other case of one another, and signs of patterns
ALIKE = "aAeE 0iIkKsSß%_^\\'\n\0" + DOTTED_I + DOTLESS_I + KELVIN + LONG_S


@pytest.fixture(scope="module")
def db() -> duckdb.DuckDBPyConnection:
    return duckdb.connect(":memory:")


@given(texts=st.lists(st.text(ALIKE)), wanted=st.text(ALIKE))
@example(texts=["a STRASSE, a task, a disk"], wanted="A Task")
@example(texts=["x" * 100 + "y" * 100], wanted="X" * 50 + "Y" * 50)
@example(texts=[f"ta{LONG_S}k", f"TAS{KELVIN}"], wanted="task")
@example(texts=[f"PA{DOTTED_I}D", f"pa{DOTLESS_I}d"], wanted="paid")
@example(texts=["100% of it", "100 of it"], wanted="100% OF")
def test_a_text_is_found_where_a_pattern_finds_it(db: duckdb.DuckDBPyConnection, texts: list[str], wanted: str) -> None:
    condition, parameters = contains(wanted)
    found = db.execute(
        f"SELECT {condition.replace('<text>', 'text')}, text ILIKE ? ESCAPE '^'"
        " FROM (SELECT unnest(?::VARCHAR[]) AS text)",
        [*parameters, contains_pattern(wanted), texts],
    ).fetchall()
    assert [by_piece for by_piece, _ in found] == [by_pattern for _, by_pattern in found]


def test_only_i_and_k_are_the_small_letters_of_others_than_their_own_capitals(db: duckdb.DuckDBPyConnection) -> None:
    """What `contains` relies on, asked of the database: the pieces that it looks for hold neither."""
    found = db.execute(
        "SELECT lower(letter) FROM (SELECT chr(number::INTEGER) AS letter FROM range(128, 1114112) t(number)"
        " WHERE number NOT BETWEEN 55296 AND 57343) WHERE unicode(lower(letter)) < 128"
    ).fetchall()
    assert sorted(found) == [("i",), ("k",)]


def test_content_is_looked_through_no_further_than_each_column_of_the_spans_refers(
    db: duckdb.DuckDBPyConnection,
) -> None:
    db.execute("CREATE TABLE span_log (name VARCHAR, input_id BIGINT, output_id BIGINT)")
    db.execute("INSERT INTO span_log VALUES ('a', NULL, 7), ('a', NULL, 9), ('b', 3, 20)")
    search = compile_filter("search('refund')", "spans", "s")
    limited = with_content_of(db, search, Compiled("s.name = ?", ["a"]))
    assert "input_content.id BETWEEN 0 AND -1" in limited.sql
    assert "output_content.id BETWEEN 7 AND 9" in limited.sql
    assert limited.parameters == search.parameters
