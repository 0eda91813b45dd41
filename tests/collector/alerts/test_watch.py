"""Alerts over real spans: measured, turned, told, told again where that failed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from assay.collector.alerts.outbound import NotDelivered
from assay.collector.alerts.rule import Rule
from assay.collector.alerts.watch import RETRY_AFTER_S, AlertWatch, carry_out
from assay.collector.service import Service
from assay.errors import Forbidden
from assay.settings import load_settings
from support.queried import span, store_spans

NOW = 1_800_000_000.0
RULE = Rule(measure="error_rate", above=0.3, window_s=600, min_n=4, filter="name = 'ask'").checked()
WEBHOOK = {"webhook": "https://example.org/hook"}


class Phone:
    """Where alerts are told; out of order while `fails`."""

    def __init__(self) -> None:
        self.heard: list[dict[str, Any]] = []
        self.fails: str | None = None

    def __call__(self, action: Mapping[str, Any], body: bytes) -> None:
        if self.fails:
            raise NotDelivered(self.fails, again=True)
        self.heard.append(json.loads(body))


class Bench:
    def __init__(self, service: Service, project: str) -> None:
        self.service, self.project, self.now, self.traces = service, project, NOW, 0
        self.phone = Phone()
        self.watch = AlertWatch(service, tell=self.phone, clock=lambda: self.now)
        object.__setattr__(service.registry.alerts, "clock", lambda: datetime.fromtimestamp(self.now, UTC))

    def asks(self, ok: int, failed: int, *, ago_s: float = 10.0, **fields: Any) -> None:
        statuses = ["ok"] * ok + ["error"] * failed
        start = int((self.now - ago_s) * 1e9)
        self.traces += 1
        store_spans(
            self.service,
            [
                {
                    **span(self.traces * 1000 + number, 1, start=start, name="ask"),
                    "project": self.project,
                    "status": status,
                    "received_at": start,
                    **fields,
                }
                for number, status in enumerate(statuses)
            ],
        )

    def round(self, later_s: float = 61.0) -> None:
        self.now += later_s
        self.watch.measure()
        self.watch.tell()

    def events(self, name: str = "errors") -> list[tuple[str, str]]:
        page = self.service.registry.alerts.events(self.project, name)
        return [(event["kind"], event["delivery"]) for event in reversed(page.items)]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    opened = Service(tmp_path_factory.mktemp("alerts") / ".assay")
    yield opened
    opened.close()


@pytest.fixture
def bench(service: Service, request: pytest.FixtureRequest) -> Iterator[Bench]:
    made = Bench(service, request.node.name)
    yield made
    for alert in service.registry.alerts.all():
        service.registry.alerts.remove(alert["project"], alert["name"])


def test_it_fires_once_is_resolved_once_and_both_are_told(bench: Bench, service: Service) -> None:
    service.registry.alerts.create(bench.project, "errors", RULE, WEBHOOK)
    bench.asks(2, 2)
    for _ in range(3):
        bench.round()
    assert bench.events() == [("fired", "delivered")]
    bench.now += 600
    bench.asks(8, 0)
    for _ in range(2):
        bench.round()
    assert bench.events() == [("fired", "delivered"), ("resolved", "delivered")]
    fired, resolved = bench.phone.heard
    assert (fired["event"], fired["value"], fired["n"], fired["above"]) == ("fired", 0.5, 4, 0.3)
    assert fired["text"] == f"errors fires: error_rate is 0.5 (alerts above 0.3) in {bench.project}"
    assert resolved["event"] == "resolved"


def test_what_does_not_match_or_is_too_old_or_too_little_is_not_counted(bench: Bench, service: Service) -> None:
    service.registry.alerts.create(bench.project, "errors", RULE, None)
    bench.asks(0, 9, name="other")
    bench.asks(0, 9, ago_s=700)
    bench.asks(0, 3)
    bench.round()
    [alert] = service.registry.alerts.all(bench.project)
    assert (alert["state"], bench.watch.seen(alert["id"])["n"]) == ("ok", 3)


def test_firing_survives_a_restart_and_is_not_told_again(bench: Bench, service: Service) -> None:
    service.registry.alerts.create(bench.project, "errors", RULE, WEBHOOK)
    bench.asks(0, 5)
    bench.round()
    bench.watch = AlertWatch(service, tell=bench.phone, clock=lambda: bench.now)
    bench.round()
    assert [heard["event"] for heard in bench.phone.heard] == ["fired"]


def test_what_is_not_heard_is_told_again_later_and_given_up_in_the_end(bench: Bench, service: Service) -> None:
    service.registry.alerts.create(bench.project, "errors", RULE, WEBHOOK)
    bench.asks(0, 5)
    bench.phone.fails = "example.org answered 503"
    bench.round()
    bench.watch.tell()  # too early
    [event] = service.registry.alerts.events(bench.project, "errors").items
    assert (event["delivery"], event["attempts"], event["error"]) == ("waiting", 1, "example.org answered 503")
    bench.phone.fails = None
    bench.round(RETRY_AFTER_S[0])
    assert [heard["id"] for heard in bench.phone.heard] == [event["id"]]
    service.registry.alerts.turn(event_alert(bench, service), "test", value=None, n=None, rule=RULE)
    bench.phone.fails = "gone"
    for wait in (0, *RETRY_AFTER_S):
        bench.round(wait)
    assert bench.events()[-1] == ("test", "failed")


def test_a_fault_of_ours_keeps_nobody_from_being_told(bench: Bench, service: Service) -> None:
    def broken(action: Mapping[str, Any], body: bytes) -> None:
        if json.loads(body)["alert"] == "errors":
            raise UnicodeError("never thought of")
        bench.phone(action, body)

    for name in ("errors", "others"):
        service.registry.alerts.create(bench.project, name, RULE, WEBHOOK)
    bench.asks(0, 5)
    bench.watch = AlertWatch(service, tell=broken, clock=lambda: bench.now)
    bench.round()
    assert [heard["alert"] for heard in bench.phone.heard] == ["others"]
    assert bench.events() == [("fired", "waiting")]


def event_alert(bench: Bench, service: Service) -> str:
    return str(service.registry.alerts.get(bench.project, "errors")["id"])


def test_an_alert_without_an_action_is_only_shown(bench: Bench, service: Service) -> None:
    service.registry.alerts.create(bench.project, "errors", RULE, None)
    bench.asks(0, 5)
    bench.round()
    assert bench.events() == [("fired", "none")]
    assert bench.phone.heard == []


def test_an_alert_that_is_off_is_not_measured(bench: Bench, service: Service) -> None:
    service.registry.alerts.create(bench.project, "errors", RULE, None)
    service.registry.alerts.switch(bench.project, "errors", on=False)
    bench.asks(0, 5)
    bench.round()
    assert bench.events() == []


def test_an_alert_is_looked_at_no_more_often_than_it_says(bench: Bench, service: Service) -> None:
    made = service.registry.alerts.create(bench.project, "errors", {**RULE, "every_s": 300}, None)
    bench.round()
    first = bench.watch.seen(made["id"])["measured_at"]
    bench.round(200)
    assert bench.watch.seen(made["id"])["measured_at"] == first
    bench.round(200)
    assert bench.watch.seen(made["id"])["measured_at"] > first


def test_silence_is_a_figure_too(bench: Bench, service: Service) -> None:
    rule = Rule(measure="count", below=1, window_s=600).checked()
    service.registry.alerts.create(bench.project, "silence", rule, None)
    bench.round()
    assert bench.events("silence") == [("fired", "none")]


def test_a_score_has_a_mean_that_can_be_watched(bench: Bench, service: Service) -> None:
    rule = Rule(measure="scores.kind", below=0.5, min_n=2, window_s=600).checked()
    made = service.registry.alerts.create(bench.project, "unkind", rule, None)
    bench.asks(2, 0)
    score = {"project": bench.project, "name": "kind", "source": "llm", "status": "scored", "created_at": 1}
    ids = [f"{bench.traces * 1000 + number:032x}" for number in range(2)]
    service.append({"score_log": [{**score, "id": id, "trace_id": id, "value": "false"} for id in ids]})
    bench.round()
    assert bench.events("unkind") == [("fired", "none")]
    assert bench.watch.seen(made["id"])["value"] == 0.0


def test_a_command_needs_the_settings_at_the_time_too() -> None:
    with pytest.raises(Forbidden, match="no commands"):
        carry_out({"command": ["true"]}, b"{}", load_settings())
    carry_out({"command": ["true"]}, b"{}", load_settings(alert_commands=True))
