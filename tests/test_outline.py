"""Which spans of a trace have a line: all of a small one, of a large one what failed and the heads of its branches."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from assay.outline import EQUALS_SHOWN, MOST_LINES, Outline, lines


def outline(parents: list[int], *, failed: set[int] = frozenset(), names: list[str] | None = None) -> Outline:  # type: ignore[assignment]
    made = Outline()
    for place, parent in enumerate(parents):
        made.span_id.append(f"{place:016x}")
        made.name.append(names[place] if names else "step")
        made.kind.append(None)
        made.status.append("error" if place in failed else "ok")
        made.start_us.append(place)
        made.duration_us.append(1)
        made.total_tokens.append(None)
        made.cost_usd.append(None)
        made.parent.append(parent)
    return made


@given(st.data(), st.integers(1, 60), st.integers(1, 20))
def test_every_span_has_a_line_or_is_counted(data: st.DataObject, size: int, most: int) -> None:
    parents = [data.draw(st.integers(-1, place - 1)) for place in range(size)]
    shown = list(lines(outline(parents), most=most))
    own = [line.place for line in shown if line.place is not None]
    assert len(own) == len(set(own)) <= most or size <= most
    assert len(own) + sum(line.n_folded for line in shown) == size


def test_what_failed_is_shown_with_all_that_leads_to_it() -> None:
    parents = [-1] + [0] * 999 + [500]  # the last one is below one of a thousand equal siblings
    shown = {line.place for line in lines(outline(parents, failed={1000}))}
    assert {0, 500, 1000} <= shown
    assert len(shown) < 10


def test_equal_siblings_are_shown_by_a_few() -> None:
    shown = [line for line in lines(outline([-1] + [0] * 1000)) if line.place is not None]
    assert len(shown) == 1 + EQUALS_SHOWN


def test_a_chain_of_100_000_spans_is_drawn_at_once() -> None:
    size = 100_000
    deep = outline(list(range(-1, size - 1)), failed={size - 1})
    before = time.process_time()
    shown = list(lines(deep))
    assert sum(line.place is not None for line in shown) <= MOST_LINES
    assert max(len(line.guides) for line in shown) < 60
    assert sum(1 for _ in lines(deep, most=None)) == size
    assert time.process_time() - before < 20


def test_a_part_of_the_tree_is_drawn_alone() -> None:
    found = [line.place for line in lines(outline([-1, 0, 0, 1, 1]), top=1)]
    assert found == [1, 3, 4]
