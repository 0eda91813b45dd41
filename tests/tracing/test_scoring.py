from __future__ import annotations

from typing import Any

import pytest

import assay
from assay.client import current_client
from assay.collector.server import Server
from assay.errors import ConfigurationError
from assay.settings import configure
from assay.tracing import runtime


def test_a_score_lands_on_the_current_trace(collector: Server) -> None:
    with assay.start_span("answer") as span:
        assay.score("helpful", True, explanation="said so", author="u7")
    assay.flush()
    trace = assay.get_trace(str(span.trace_id))
    (score,) = trace.scores
    assert (score["name"], score["value"], score["explanation"]) == ("helpful", True, "said so")
    assert (score["source"], score["author"]) == ("user", "u7")


def test_the_same_id_twice_is_one_score(collector: Server) -> None:
    with assay.start_span("answer") as span:
        pass
    for _ in range(2):
        assay.score("stars", 4, trace_id=span.trace_id, id="fixed")
    assay.flush()
    assert len(current_client().get("/scores", trace_id=span.trace_id)["items"]) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param({"name": " ", "value": 1}, "needs a name", id="name"),
        pytest.param({"name": "x", "value": [1]}, "bool, a number or a string", id="value"),
        pytest.param({"name": "x", "value": float("nan")}, "failure is no number", id="nan"),
        pytest.param({"name": "x", "value": 1, "source": "dog"}, "human, llm, code, user", id="source"),
        pytest.param({"name": "x", "value": 1}, "no trace is open", id="target"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused_at_once(arguments: dict[str, Any], message: str) -> None:
    runtime.restart(configure(), send=lambda spans: None)
    with pytest.raises(ConfigurationError, match=message):
        assay.score(**arguments)


def test_with_tracing_off_a_score_goes_nowhere_and_does_no_harm() -> None:
    configure(tracing=False)
    assert assay.score("helpful", True)


def test_a_collector_that_is_away_raises_nothing(caplog: pytest.LogCaptureFixture) -> None:
    runtime.restart(configure(endpoint="http://127.0.0.1:9"), send=lambda spans: None)
    assay.score("helpful", True, trace_id="0" * 31 + "1")
    assay.shutdown()
    assert "Assay dropped 1 score: " in caplog.text


@pytest.mark.parametrize(
    "wrong", [{"trace_id": "NOT-HEX"}, {"trace_id": ""}, {"span_id": "q"}, {"name": "x" * 201}, {"name": 5}]
)
def test_an_argument_that_the_collector_would_refuse_is_refused_at_once(wrong: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        assay.score(**{"name": "helpful", "value": True, "trace_id": "ab" * 16, **wrong})


def test_an_id_in_capitals_is_the_same_id(collector: Server) -> None:
    assay.score("helpful", True, trace_id="AB" * 16)
    assay.flush()
    [found] = current_client().get("/scores")["items"]
    assert found["trace_id"] == "ab" * 16


def test_a_score_that_is_refused_takes_no_other_with_it(collector: Server) -> None:
    for number in range(10):
        refused = {"author": {"not": "a text"}} if number == 5 else {}
        assay.score("helpful", number, trace_id="ab" * 16, id=str(number), **refused)  # type: ignore[arg-type]
    assay.flush()
    with collector.service.store.read() as db:
        stored = {id for (id,) in db.execute("SELECT id FROM score_log").fetchall()}
    assert stored == {str(number) for number in range(10)} - {"5"}
