"""Differences made easier to read."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from assay.collector.pages.runs import Run, without_islands
from assay.prompts.diff import diff_words

runs = st.lists(
    st.tuples(st.sampled_from(["equal", "insert", "delete"]), st.sampled_from(["a ", "b c ", "d e f ", "\n"]))
)


def test_a_word_that_stayed_between_two_changes_goes_with_them() -> None:
    runs: list[Run] = [
        ("delete", "Put "),
        ("equal", "the "),
        ("delete", "pods"),
        ("insert", "seeds"),
        ("equal", " in."),
    ]
    assert without_islands(runs) == [("delete", "Put the pods"), ("insert", "the seeds"), ("equal", " in.")]


def test_what_stays_at_either_end_stays() -> None:
    runs: list[Run] = [("equal", "a "), ("delete", "b "), ("equal", "c")]
    assert without_islands(runs) == runs


def test_a_longer_run_that_stayed_is_kept() -> None:
    runs: list[Run] = [("delete", "x "), ("equal", "one two three "), ("insert", "y")]
    assert without_islands(runs) == runs


@given(runs)
def test_both_texts_are_still_whole(given_runs: list[Run]) -> None:
    fewer = without_islands(given_runs)
    for gone in ("insert", "delete"):
        assert "".join(t for op, t in fewer if op != gone) == "".join(t for op, t in given_runs if op != gone)
    changes = sum(op != "equal" for op, _ in fewer)
    assert changes <= 2 * sum(op != "equal" for op, _ in given_runs)  # what stayed between is taken out and put in


@given(st.text(alphabet="ab \n.", max_size=40), st.text(alphabet="ab \n.", max_size=40))
def test_the_difference_of_two_texts_still_leads_from_one_to_the_other(old: str, new: str) -> None:
    found = without_islands(diff_words(old, new))
    assert "".join(text for op, text in found if op != "insert") == old
    assert "".join(text for op, text in found if op != "delete") == new
