"""Sampling: whole traces by their id, and those that failed, were slow or are judged in any case."""

from __future__ import annotations

import itertools
import os
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from opentelemetry.trace import SpanContext, Status, StatusCode

import assay
from assay.settings import load_settings
from assay.tracing import runtime
from assay.tracing.provider import make_sampler
from assay.tracing.tail_sampling import TailSampler, keep_below, tail_sampler
from support.spans import catch_spans

LUCKY, UNLUCKY = 1, (1 << 64) - 1  # trace ids that a rate of a half keeps, and does not
MS = 1_000_000
span_ids = itertools.count(1)


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def sampler(rate: float = 0.5, *, clock: Clock | None = None, **changed: Any) -> TailSampler:
    clock = clock or Clock()
    made: dict[str, Any] = {"keep_errors": True, "keep_slow_ns": 100 * MS, "max_bytes": 10**6, "max_wait_s": 60.0}
    made["wall_ns"] = lambda: int(clock.now * 1e9)
    return TailSampler(keep_below=keep_below(rate), clock=clock, **{**made, **changed})


def a_span(
    trace_id: int, *, root: bool = False, remote: bool = False, failed: bool = False, ms: int = 5, text: str = ""
) -> ReadableSpan:
    parent = None if root else SpanContext(trace_id, 1, is_remote=remote)
    return ReadableSpan(
        name="x",
        context=SpanContext(trace_id, next(span_ids), is_remote=False),
        parent=parent,
        attributes={"text": text},
        status=Status(StatusCode.ERROR if failed else StatusCode.OK),
        start_time=1000 * 10**9,
        end_time=1000 * 10**9 + ms * MS,
    )


def test_a_trace_that_its_id_keeps_is_never_held() -> None:
    child = a_span(LUCKY)
    assert sampler().take([child]) == [child]


def test_of_the_others_nothing_is_sent_when_all_went_well() -> None:
    made = sampler()
    assert made.take([a_span(UNLUCKY), a_span(UNLUCKY, root=True)]) == []
    assert made.take([a_span(UNLUCKY)]) == []  # a late one follows
    assert (made.counts.kept, made.counts.dropped, made.rest()) == (0, 3, [])


@pytest.mark.parametrize(
    "spans",
    [
        pytest.param([a_span(UNLUCKY, failed=True), a_span(UNLUCKY, root=True)], id="child failed"),
        pytest.param([a_span(UNLUCKY), a_span(UNLUCKY, root=True, failed=True)], id="root failed"),
        pytest.param([a_span(UNLUCKY), a_span(UNLUCKY, root=True, ms=100)], id="slow"),
    ],
)
def test_what_failed_or_was_slow_is_kept_whole(spans: list[ReadableSpan]) -> None:
    made = sampler()
    assert made.take(spans[:1]) == []
    assert made.take(spans[1:]) == spans
    late = a_span(UNLUCKY)
    assert made.take([late]) == [late]


def test_only_what_is_asked_for_is_kept() -> None:
    assert sampler(keep_errors=False).take([a_span(UNLUCKY, root=True, failed=True)]) == []
    assert sampler(keep_slow_ns=None).take([a_span(UNLUCKY, root=True, ms=10_000)]) == []


def test_a_slow_child_does_not_make_a_slow_trace() -> None:
    assert sampler().take([a_span(UNLUCKY, ms=500), a_span(UNLUCKY, root=True)]) == []


def test_of_a_trace_from_elsewhere_each_call_is_decided_by_itself() -> None:
    made = sampler()
    assert made.take([a_span(UNLUCKY, remote=True)]) == []
    second = [a_span(UNLUCKY, failed=True), a_span(UNLUCKY, remote=True)]
    assert made.take(second) == second
    third = a_span(UNLUCKY, remote=True)
    assert made.take([third]) == [third]  # once kept, the trace stays whole


def test_a_judged_trace_is_kept() -> None:
    made = sampler()
    held = a_span(UNLUCKY)
    made.take([held])
    assert made.wants(UNLUCKY)
    root = a_span(UNLUCKY, root=True)
    assert made.take([root]) == [held, root]


def test_a_trace_that_is_dropped_wants_no_scores() -> None:
    made = sampler()
    made.take([a_span(UNLUCKY, root=True)])
    assert not made.wants(UNLUCKY)
    assert made.wants(LUCKY)


def test_beyond_the_bytes_the_oldest_is_decided_by_what_is_known() -> None:
    made = sampler(max_bytes=20_000)
    failed = a_span(UNLUCKY, failed=True, text="x" * 4000)
    made.take([failed, a_span(UNLUCKY - 1, text="x" * 4000)])
    assert made.take([a_span(UNLUCKY - 2, text="x" * 4000)]) == [failed]
    assert made.take([a_span(UNLUCKY - 3, text="x" * 4000)]) == []
    assert (made.counts.early, made.counts.dropped) == (2, 1)
    late = a_span(UNLUCKY, root=True)
    assert made.take([late]) == [late]


def test_a_trace_is_waited_for_only_so_long() -> None:
    clock = Clock()
    made = sampler(clock=clock, keep_slow_ns=None)
    made.take([a_span(UNLUCKY)])
    clock.now += 61
    assert made.take([]) == []
    assert (made.counts.early, made.counts.dropped) == (1, 1)


def test_a_trace_that_runs_for_long_is_slow_before_its_end() -> None:
    clock = Clock()
    made = sampler(clock=clock)
    held = a_span(UNLUCKY)
    made.take([held])
    clock.now += 61
    assert made.take([]) == [held]


def test_at_the_end_of_the_program_what_waits_is_decided() -> None:
    failed, fine = a_span(UNLUCKY, failed=True), a_span(UNLUCKY - 1)
    made = sampler()
    made.take([failed, fine])
    assert made.rest() == [failed]
    assert made.rest() == []


def test_what_waits_is_sent_by_the_parent_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    made = sampler()
    made.take([a_span(UNLUCKY, failed=True)])
    monkeypatch.setattr(os, "getpid", lambda: -1)  # as in a forked child
    assert made.rest() == []


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans(), st.booleans()), max_size=100), st.integers(1000, 10**5))
def test_whatever_comes_no_span_is_forgotten_and_none_sent_twice(
    steps: list[tuple[int, bool, bool]], n_bytes: int
) -> None:
    ids = [random.Random(n).getrandbits(128) for n in range(31)]
    made, sent = sampler(0.3, max_bytes=n_bytes), list[ReadableSpan]()
    for n, root, failed in steps:
        sent += made.take([a_span(ids[n], root=root, failed=failed)])
    sent += made.rest()
    assert len({id(span) for span in sent}) == len(sent) == made.counts.kept
    assert made.counts.kept + made.counts.dropped == len(steps)


@settings(max_examples=25)
@given(st.lists(st.tuples(st.integers(0, 5), st.booleans()), max_size=60))
def test_within_the_bounds_a_trace_is_whole_or_not_there(steps: list[tuple[int, bool]]) -> None:
    ids = [random.Random(n).getrandbits(128) for n in range(6)]
    given_spans = [a_span(ids[n], failed=failed) for n, failed in steps] + [a_span(each, root=True) for each in ids]
    made = sampler(0.3)
    sent = [span for span in given_spans for span in made.take([span])]
    for each in ids:
        mine = [span for span in given_spans if span.context.trace_id == each]
        kept = made.by_rate(each) or any(span.status.status_code is StatusCode.ERROR for span in mine)
        assert [span for span in sent if span.context.trace_id == each] == (mine if kept else [])


@given(st.floats(0, 1), st.integers(1, (1 << 128) - 1))
def test_the_share_is_the_one_that_opentelemetry_takes(rate: float, trace_id: int) -> None:
    theirs = TraceIdRatioBased(rate).should_sample(None, trace_id, "x").decision.is_sampled()
    assert sampler(rate).by_rate(trace_id) is theirs


# Settings ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given_settings", "waits"),
    [
        ({"sample_rate": 0.1, "keep_errors": True}, True),
        ({"sample_rate": 0.1, "keep_slow_ms": 100}, True),
        ({"sample_rate": 0.1}, False),
        ({"keep_errors": True}, False),
    ],
)
def test_spans_wait_only_where_they_have_to(given_settings: dict[str, Any], waits: bool) -> None:
    loaded = load_settings(**given_settings)
    assert (tail_sampler(loaded) is not None) is waits
    head = make_sampler(loaded)
    at_once = head is not None and "0.1" in head.get_description()
    assert at_once is (not waits and loaded.sample_rate < 1)


def test_errors_are_kept_from_end_to_end() -> None:
    with catch_spans(sample_rate=0.0, keep_errors=True) as caught:

        @assay.trace
        def inner(ok: bool) -> None:
            if not ok:
                raise ValueError

        @assay.trace
        def outer(ok: bool) -> None:
            try:
                inner(ok)
            except ValueError:
                assay.current_span().set_attribute("handled", True)

        for ok in (True, False, True):
            outer(ok)
        assert [span.name.rpartition(".")[2] for span in caught.all()] == ["inner", "outer"]


def test_a_score_keeps_its_trace_and_none_is_sent_for_a_dropped_one(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[dict[str, Any]] = []
    monkeypatch.setattr("assay.tracing.scoring._send", lambda scores, teller, closing: sent.extend(scores))
    with catch_spans(sample_rate=0.0, keep_errors=True) as caught:
        with assay.start_span("dropped") as span:
            dropped = span.trace_id
        runtime.flush()
        with assay.start_span("judged"):
            assay.score("good", True)
        assay.score("good", True, trace_id=dropped, explanation="sk-proj-" + "a1B2" * 9)
        assay.score("kind", True, session_id="s", explanation="sk-proj-" + "a1B2" * 9)
        assert [span.name for span in caught.all()] == ["judged"]
    assert [(score["name"], score.get("explanation")) for score in sent] == [
        ("good", None),
        ("kind", "[redacted:api_key]"),
    ]
