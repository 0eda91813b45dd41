"""Lines of a terminal: cut and parted by cells, whatever they hold."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from assay.command.columns import harmless
from assay.command.ink import Ink, cut, padded, wrapped

LINES = st.text(st.characters(exclude_categories=("Cc", "Cs")) | st.sampled_from("東 é👩"), max_size=80)


@given(LINES, st.integers(2, 30))
def test_what_is_cut_and_padded_has_its_width(text: str, width: int) -> None:
    assert cell_len(cut(text, width)) <= width
    assert cell_len(padded(text, width)) == width


@given(LINES, st.integers(2, 30))
def test_what_is_wrapped_loses_blanks_alone(text: str, width: int) -> None:
    pieces = wrapped(text, width)
    assert all(cell_len(piece) <= width for piece in pieces)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")


@given(LINES, st.integers(2, 30), st.integers(1, 3))
def test_no_more_pieces_than_asked_for(text: str, width: int, most: int) -> None:
    pieces = wrapped(text, width, most)
    assert len(pieces) <= most
    assert all(cell_len(piece) <= width for piece in pieces)


def test_megabytes_in_one_line_are_parted_at_once() -> None:
    assert len(wrapped("ab " * 300_000, 90)) > 9_000


@pytest.mark.parametrize("char", ["\x1b", "\x00", "\u202e", "\u2066", "\ud800", "\ufeff", "\x9b"])
def test_orders_to_a_terminal_are_not_passed_on(char: str) -> None:
    assert harmless(f"a{char}b") == "a\ufffdb"


def test_colour_is_only_where_it_is_wanted() -> None:
    assert Ink(80, is_coloured=False).paint("x", "error") == "x"
    assert Ink(80, is_coloured=True).paint("x", "error") == "\x1b[31mx\x1b[0m"
