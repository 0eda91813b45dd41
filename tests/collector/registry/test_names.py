"""Which names are refused, and that the refusal says what to do."""

from __future__ import annotations

import pytest

from assay.collector.registry.names import check_label, check_name, check_part
from assay.errors import InvalidRequest


@pytest.mark.parametrize("name", ["qa", "-dash", "a b", "x.csv", "日本語", "new", "100", "a/b"])
def test_names_of_prompts_and_data_sets(name: str) -> None:
    assert check_name("prompt", name) == name


@pytest.mark.parametrize(
    "name", ["..", "a/../b", "v", "a/diff", "a/2", "a//b", "/a", " ", "", "<b>", "a\nb", "x" * 201]
)
def test_what_would_be_read_as_something_else_is_refused_with_advice(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_name("prompt", name)
    assert refused.value.hint


@pytest.mark.parametrize("name", ["a\nb", "\u202egpj.exe", "a\u2066b", "\x7f", "  ", "x" * 201])
def test_labels_are_readable(name: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        check_label("experiment", name)
    assert refused.value.hint
    assert "a experiment" not in refused.value.message


@pytest.mark.parametrize("name", ["a/b", ".", ".."])
def test_what_stands_in_a_path_is_one_part_of_it(name: str) -> None:
    assert check_label("experiment", name) == name
    with pytest.raises(InvalidRequest, match="cannot be the name of an alert"):
        check_part("alert", name)
