from __future__ import annotations

import csv
import io

import pytest

from assay.collector.pages.tables import cell, csv_answer, csv_lines, file_headers


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1+cmd", "@sum", "\tx", "\rx", "\n=1", "\uff1d1+1"])
def test_what_a_spreadsheet_would_run_is_text(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize(
    ("value", "written"), [(-1.5, -1.5), (None, None), (True, "true"), ({"a": 1}, '{"a": 1}'), ("a,b", "a,b")]
)
def test_other_values_stay_as_they_are(value: object, written: object) -> None:
    assert cell(value) == written


def test_rows_are_read_back_whole() -> None:
    rows = [['say "hi"', "two\nlines", None], ["a,b", 0, False]]
    read = list(csv.reader(io.StringIO("".join(csv_lines(["a", "b", "c"], iter(rows))))))
    assert read == [["a", "b", "c"], ['say "hi"', "two\nlines", ""], ["a,b", "0", "false"]]


def test_a_file_has_a_name_that_breaks_no_header() -> None:
    assert file_headers('a"\r\n/ü.csv')["Content-Disposition"] == (
        "attachment; filename=\"a-----.csv\"; filename*=UTF-8''a%22%0D%0A%2F%C3%BC.csv"
    )
    assert csv_answer("traces", ["a"], []).body == b"a\r\n"
