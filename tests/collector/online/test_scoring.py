"""Which live traces a scorer gets, that none is judged twice, and what becomes of money and outages. The child is
scripted here; test_online_child.py has the real one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text

from assay.collector.online.answers import RETRY_AFTER_S
from assay.collector.online.definition import is_sampled
from assay.collector.online.scoring import FIRST_HOLD_S, MAX_WAITING, OnlineScoring
from assay.collector.service import Service
from assay.errors import CollectorUnavailable, ConfigurationError
from support.queried import span, store_spans

NOW = 1_800_000_000.0
QUIET_S = 30.0
DECLARED: dict[str, Any] = {
    "definition": {"scorer": "word_count", "parameters": {}},
    "source": "code",
    "filter": None,
    "sample_rate": 1.0,
    "quiet_s": QUIET_S,
    "limits": {"usd_per_day": None, "calls_per_day": None, "traces_per_minute": 6000.0},
}
JUDGE: dict[str, Any] = {**DECLARED, "definition": {"judge": {"instructions": "Is it kind?"}}, "source": "llm"}

PAID = {"calls": 2, "cost_usd": 0.04}


def limits(**given: Any) -> dict[str, Any]:
    return {**DECLARED["limits"], **given}


def said(value: Any = True, *, cost_usd: float | None = None, calls: int = 0) -> dict[str, Any]:
    metadata = {"calls": calls, "cost_usd": cost_usd, "trace_id": "f" * 32} if calls else {}
    score = {"name": "s", "value": value, "explanation": None, "source": "code", "error": None, "metadata": metadata}
    return {"scores": [score], "outage": None}


class Scripted:
    """Stands where the child would be: answers as told, and remembers which traces it was asked about."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.answer: Callable[[str], dict[str, Any]] = lambda trace_id: said()

    def __call__(self, project: str, method: str, params: Mapping[str, Any]) -> Any:
        self.asked.append(params["trace_id"][-4:].lstrip("0"))
        return self.answer(params["trace_id"])


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    opened = Service(tmp_path_factory.mktemp("online") / ".assay")
    yield opened
    opened.close()


class Bench:
    """Online scoring of one project, a step at a time."""

    def __init__(self, service: Service, project: str) -> None:
        self.service, self.project = service, project
        self.child, self.clock = Scripted(), Clock()
        self.scoring = OnlineScoring(service, ask=self.child, clock=self.clock)

    def declare(self, declared: Mapping[str, Any] = DECLARED, name: str = "s", cursor_s: float = NOW - 3600) -> str:
        made = self.service.registry.online_scorers.create(self.project, name, declared, cursor_ns=int(cursor_s * 1e9))
        return str(made["id"])

    def store(self, *spans: Mapping[str, Any]) -> None:
        store_spans(
            self.service, [{"received_at": int((NOW - 60) * 1e9), **each, "project": self.project} for each in spans]
        )

    def run(self, steps: int = 3) -> list[str]:
        """Steps until nothing is under way any more; the traces that the child was asked about, in order."""
        for _ in range(steps):
            self.scoring.step()
            self.scoring._pool.submit(lambda: None).result()
            while self.scoring._in_flight:
                self.scoring._news.wait(10)
                self.scoring._news.clear()
                self.scoring._write_down()
        return sorted(self.child.asked)

    def restart(self) -> None:
        self.scoring.stop()
        self.scoring = OnlineScoring(self.service, ask=self.child, clock=self.clock)

    def scores(self) -> list[dict[str, Any]]:
        with self.service.store.read() as db:
            found = db.execute(
                "SELECT trace_id, name, value, status, author, json_extract_string(metadata, '$.online_scorer_version')"
                " FROM score_log WHERE project = ? ORDER BY trace_id",
                [self.project],
            ).fetchall()
        return [dict(zip(("trace", "name", "value", "status", "author", "version"), row, strict=True)) for row in found]

    def figures(self, scorer: str) -> dict[str, Any]:
        return self.service.registry.online_work.figures(scorer)


@pytest.fixture
def bench(service: Service, request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(service, request.node.name)
    yield made
    made.scoring.stop()
    for scorer in service.registry.online_scorers.all():
        service.registry.online_scorers.remove(scorer["project"], scorer["name"])


@pytest.fixture(autouse=True)
def _registry_clock(service: Service, monkeypatch: pytest.MonkeyPatch, bench: Bench) -> None:
    """The registry's times are the test's."""
    object.__setattr__(service.registry.online_work, "clock", lambda: datetime.fromtimestamp(bench.clock.now, UTC))


def root(trace: int, **fields: Any) -> dict[str, Any]:
    return span(trace, 1, start=int((NOW - 90) * 1e9), **fields)


def test_complete_traces_are_scored_once_with_the_scorers_name_and_version(bench: Bench) -> None:
    scorer = bench.declare()
    bench.store(root(1), root(2))
    assert bench.run() == ["1", "2"]
    assert [(score["name"], score["author"], score["version"]) for score in bench.scores()] == [
        ("s", "online:s", "1")
    ] * 2
    bench.clock.now += 1000
    bench.store(span(1, 2, start=int(NOW * 1e9), parent=1, received_at=int((NOW + 500) * 1e9)))  # came late
    assert bench.run() == ["1", "2"]
    assert bench.figures(scorer)["today"]["scored"] == 2


def test_a_trace_waits_until_nothing_more_comes(bench: Bench) -> None:
    bench.declare()
    bench.store(root(1, received_at=int((NOW - QUIET_S + 1) * 1e9)))
    assert bench.run() == []
    bench.clock.now += 2
    bench.scoring._states.clear()
    assert bench.run() == ["1"]


def test_what_came_before_the_scorer_was_declared_is_left_alone(bench: Bench) -> None:
    bench.declare(cursor_s=NOW - 50)
    bench.store(root(1), root(2, received_at=int((NOW - 40) * 1e9)))
    assert bench.run() == ["2"]


def test_only_traces_that_match_the_filter_are_scored(bench: Bench) -> None:
    bench.declare({**DECLARED, "filter": "status = 'error' and name = 'ask'"})
    bench.store(root(1, name="ask", status="error"), root(2, name="ask"), root(3, name="other", status="error"))
    assert bench.run() == ["1"]


def test_a_share_is_told_by_the_trace_ids_alone(bench: Bench) -> None:
    bench.declare({**DECLARED, "sample_rate": 0.3})
    bench.store(*(root(number) for number in range(1, 101)))
    expected = sorted(f"{number:x}" for number in range(1, 101) if is_sampled(f"{number:032x}", 0.3))
    assert 15 < len(expected) < 45
    assert bench.run(30) == expected


def test_what_judges_and_evaluations_did_is_not_scored(bench: Bench) -> None:
    bench.declare()
    bench.store(
        root(1, kind="evaluator"),
        span(1, 2, start=int(NOW * 1e9), parent=1, kind="llm"),
        root(2, experiment_id="e1"),
        root(3),
        span(3, 2, start=int(NOW * 1e9), parent=1, kind="evaluator"),  # a guard inside of an answer
    )
    assert bench.run() == ["3"]


def test_scores_that_were_stored_before_a_crash_are_not_asked_for_again(bench: Bench, service: Service) -> None:
    scorer = bench.declare()
    bench.store(root(1))
    assert bench.run() == ["1"]
    with service.registry.database.write() as session:  # as if the process had ended between the two writes
        session.execute(text("UPDATE online_work SET state = 'waiting'"))
    bench.restart()
    assert bench.run() == ["1"]
    assert bench.figures(scorer)["waiting"] == 0
    assert len(bench.scores()) == 1


def test_what_waits_is_scored_after_a_restart(bench: Bench) -> None:
    scorer = bench.declare({**DECLARED, "limits": limits(traces_per_minute=60.0)})
    bench.store(root(1), root(2), root(3))
    bench.run(1)
    assert bench.figures(scorer)["waiting"] == 2
    bench.restart()
    for _ in range(3):
        bench.clock.now += 1.1
        bench.run(1)
    assert bench.run() == ["1", "2", "3"]


def test_a_paused_scorer_asks_nothing_and_goes_on_with_what_comes(bench: Bench, service: Service) -> None:
    bench.declare()
    service.registry.online_scorers.pause(bench.project, "s")
    bench.store(root(1))
    assert bench.run() == []
    service.registry.online_scorers.resume(bench.project, "s", cursor_ns=int(NOW * 1e9))
    bench.store(root(2, received_at=int((NOW + 1) * 1e9)))
    bench.clock.now += 60
    assert bench.run() == ["2"]


def test_an_outage_is_waited_out_then_counted_and_shown_on_the_trace(bench: Bench) -> None:
    scorer = bench.declare()
    bench.store(root(1))
    bench.child.answer = lambda trace_id: {"scores": [], "outage": "the model is away"}
    bench.run(2)
    assert bench.child.asked == ["1"]
    assert bench.figures(scorer)["retrying"] == 1
    assert bench.figures(scorer)["last_errors"][0]["error"] == "the model is away"
    assert bench.scoring.status(scorer)["held_until"] is not None
    for wait in RETRY_AFTER_S:
        bench.clock.now += wait + 600
        bench.run(2)
    assert len(bench.child.asked) == len(RETRY_AFTER_S) + 1
    assert bench.figures(scorer)["waiting"] == 0
    assert [(score["status"], score["value"]) for score in bench.scores()] == [("scorer_error", None)]


def test_an_outage_that_ends_costs_nothing_but_time(bench: Bench) -> None:
    scorer = bench.declare()
    bench.store(root(1), root(2))

    def away(trace_id: str) -> dict[str, Any]:
        raise CollectorUnavailable("the child ended")

    bench.child.answer = away
    bench.run(1)
    bench.child.answer = lambda trace_id: said()
    bench.clock.now += max(FIRST_HOLD_S * 8, RETRY_AFTER_S[0]) + 1
    bench.run(4)
    assert bench.figures(scorer)["today"]["scored"] == 2
    assert bench.figures(scorer)["today"]["failed"] == 0


def test_a_budget_ends_the_day_and_what_comes_then_is_counted(bench: Bench) -> None:
    scorer = bench.declare({**JUDGE, "limits": limits(usd_per_day=0.05)})
    bench.child.answer = lambda trace_id: said(cost_usd=0.02, calls=1)
    bench.store(*(root(number) for number in range(1, 6)))
    bench.run(6)
    today = bench.figures(scorer)["today"]
    assert (today["scored"], round(today["cost_usd"], 6), today["calls"]) == (2, 0.04, 2)
    assert "spent today" in str(bench.scoring.status(scorer)["idle"])
    bench.clock.now += 86_400
    bench.run(6)
    assert bench.figures(scorer)["today"]["scored"] == 2


@pytest.mark.parametrize(
    ("first", "booked"),
    [
        pytest.param({"outage": "one vote failed", "spent": PAID}, (2, 0.04), id="told-with-the-outage"),
        pytest.param({"outage": "one vote failed", "spent": None}, (0, 0.0), id="nothing-was-answered"),
    ],
)
def test_every_call_is_booked_once_however_often_a_trace_is_tried(
    bench: Bench, first: dict[str, Any], booked: tuple[int, float]
) -> None:
    scorer = bench.declare(JUDGE)
    bench.store(root(1))
    bench.child.answer = lambda trace_id: {"scores": [], **first}
    bench.run(1)
    today = bench.figures(scorer)["today"]
    assert (today["calls"], today["cost_usd"]) == booked
    again = said(cost_usd=0.02, calls=3)
    again["scores"][0]["metadata"] |= {"cached_calls": 2, "saved_usd": 0.04}
    bench.child.answer = lambda trace_id: again
    bench.clock.now += RETRY_AFTER_S[0] + 1
    bench.run(2)
    today = bench.figures(scorer)["today"]
    assert (today["scored"], today["calls"] - booked[0], today["cost_usd"] - booked[1]) == (1, 1, pytest.approx(0.02))


def test_calls_of_an_answer_that_nobody_heard_are_booked_with_the_next(bench: Bench) -> None:
    scorer = bench.declare(JUDGE)
    bench.store(root(1))
    kept = said(cost_usd=0.0, calls=1)
    kept["scores"][0]["metadata"] |= {"cached_calls": 1, "saved_usd": 0.02}
    bench.child.answer = lambda trace_id: kept
    bench.run(1)
    today = bench.figures(scorer)["today"]
    assert (today["calls"], today["cost_usd"]) == (1, 0.02)


def test_a_budget_in_calls_holds_and_code_uses_none_of_it(bench: Bench) -> None:
    judge = bench.declare({**JUDGE, "limits": limits(calls_per_day=3)}, "judge")
    code = bench.declare({**DECLARED, "limits": limits(calls_per_day=0, usd_per_day=0.0)}, "code")
    bench.child.answer = lambda trace_id: said(cost_usd=0.0, calls=1)
    bench.store(*(root(number) for number in range(1, 7)))
    bench.run(8)
    assert bench.figures(judge)["today"]["calls"] == 3
    assert bench.figures(code)["today"]["scored"] == 6


def test_a_budget_in_dollars_without_a_price_pauses_the_scorer(bench: Bench, service: Service) -> None:
    bench.declare({**JUDGE, "limits": limits(usd_per_day=1.0)})
    bench.child.answer = lambda trace_id: said(cost_usd=None, calls=1)
    bench.store(root(1), root(2))
    assert bench.run() == ["1"]
    assert "price" in service.registry.online_scorers.get(bench.project, "s")["problem"]
    assert service.registry.audit.page(action="online_scorer.pause").items[0]["actor"] == "collector"


def test_a_scorer_that_cannot_be_made_any_more_is_paused_with_the_reason(bench: Bench, service: Service) -> None:
    bench.declare()
    bench.store(root(1))

    def broken(trace_id: str) -> dict[str, Any]:
        raise ConfigurationError("google-re2 is not installed.")

    bench.child.answer = broken
    bench.run()
    scorer = service.registry.online_scorers.get(bench.project, "s")
    assert (scorer["state"], scorer["problem"]) == ("paused", "google-re2 is not installed.")


def test_what_does_not_fit_into_the_queue_is_left_out_and_counted(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("assay.collector.online.scoring.MAX_WAITING", 3)
    assert MAX_WAITING > 3
    scorer = bench.declare()
    bench.store(*(root(number) for number in range(1, 6)))
    bench.run()
    assert bench.figures(scorer)["today"]["left_out"] == 2


def test_not_applicable_is_neither_a_score_nor_a_failure(bench: Bench) -> None:
    scorer = bench.declare()
    bench.child.answer = lambda trace_id: said(None)
    bench.store(root(1))
    bench.run()
    today = bench.figures(scorer)["today"]
    assert (today["scored"], today["failed"], today["not_applicable"]) == (0, 0, 1)
    assert bench.scores() == []


def test_another_version_scores_new_traces_and_not_those_of_before(bench: Bench, service: Service) -> None:
    bench.declare()
    bench.store(root(1))
    bench.run()
    service.registry.online_scorers.change(
        bench.project, "s", {**DECLARED, "definition": {"scorer": "length", "parameters": {}}}
    )
    bench.clock.now += 100
    bench.store(root(2, received_at=int((NOW + 10) * 1e9)))
    assert bench.run() == ["1", "2"]
    assert [score["version"] for score in bench.scores()] == ["1", "2"]


def test_scores_wait_where_nothing_can_be_stored(
    bench: Bench, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.declare()
    bench.store(root(1))
    append = service.append

    def full(tables: Any) -> None:
        raise CollectorUnavailable("the queue is full")

    monkeypatch.setattr(service, "append", full)
    bench.scoring.step()
    bench.scoring._pool.submit(lambda: None).result()
    while not bench.scoring._done.qsize():
        bench.scoring._news.wait(10)
    with pytest.raises(CollectorUnavailable):
        bench.scoring.step()
    monkeypatch.setattr(service, "append", append)
    assert bench.run() == ["1"]
    assert len(bench.scores()) == 1
