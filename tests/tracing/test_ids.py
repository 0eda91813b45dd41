"""Ids stay apart whatever a program does to its random numbers."""

from __future__ import annotations

import multiprocessing
import os
import random
from multiprocessing.connection import Connection

import pytest

import assay
from support.spans import Caught


def ids() -> tuple[str | None, str | None]:
    with assay.start_span("step") as span:
        return span.trace_id, span.span_id


def test_a_seeded_program_has_new_ids_each_time(spans: Caught) -> None:
    drawn = []
    for _ in range(2):
        random.seed(42)
        drawn.append(ids())
    assert len({part for each in drawn for part in each}) == 4


def test_tracing_draws_nothing_from_the_programs_random_numbers(spans: Caught) -> None:
    random.seed(42)
    untouched = [random.random() for _ in range(3)]
    random.seed(42)
    drawn = []
    for _ in range(3):
        ids()
        drawn.append(random.random())
    assert drawn == untouched


def tell(pipe: Connection) -> None:
    pipe.send(ids())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forked_children_draw_ids_of_their_own(spans: Caught) -> None:
    context = multiprocessing.get_context("fork")
    drawn = [ids()]
    for _ in range(2):
        here, there = context.Pipe()
        child = context.Process(target=tell, args=(there,))
        child.start()
        drawn.append(here.recv())
        child.join()
    assert len({part for each in drawn for part in each}) == 6
