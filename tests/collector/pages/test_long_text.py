"""Long text is cut at line ends, never inside a table, and nothing of it is lost."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.content.long_text import cut_text

TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | 4 |\n"
CODE = "```python\n" + "x = 1\n" * 6 + "```\n"


@pytest.mark.parametrize(
    ("text", "limit", "head"),
    [
        pytest.param("short", 10, "short", id="short"),
        pytest.param("one\ntwo\nthree\n", 10, "one\ntwo\n", id="at-a-line"),
        pytest.param("x" * 30, 10, "x" * 10, id="one-line"),
        pytest.param("before\n" + TABLE, 30, "before\n", id="before-the-table"),
        pytest.param(TABLE + "after\nthat\n", 25, TABLE, id="a-table-at-the-begin-stays-whole"),
        pytest.param("words\n" * 5 + CODE, 48, "words\n" * 5, id="before-the-code"),
    ],
)
def test_the_cut_is_where_nothing_is_torn(text: str, limit: int, head: str) -> None:
    assert cut_text(text, limit) == (head, text[len(head) :])


def test_a_block_of_code_that_has_to_be_cut_goes_on_as_one() -> None:
    head, rest = cut_text(CODE, 30)
    assert head == "```python\nx = 1\nx = 1\nx = 1\n"
    assert rest == "```python\nx = 1\nx = 1\nx = 1\n```\n"


@given(st.text(alphabet="ab|\n`-", max_size=200), st.integers(1, 60))
def test_head_and_rest_are_the_whole(text: str, limit: int) -> None:
    head, rest = cut_text(text, limit)
    assert text.startswith(head)
    assert rest.endswith(text[len(head) :])
    assert bool(rest) is (head != text)
