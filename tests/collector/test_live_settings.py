"""Settings of a running collector: what holds, who may change it, and what is left of it after a restart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from assay.collector.app import create_app
from assay.collector.live_settings import LIVE, LiveSettings
from assay.collector.redact import redactor_of
from assay.collector.registry import Actor
from assay.collector.service import Service
from assay.errors import Forbidden, InvalidRequest, NotFound
from assay.prices import cost_usd, keep_own_prices
from assay.settings import Settings, load_settings
from support.otlp import one_span


@pytest.fixture(autouse=True)
def _no_prices_left() -> Iterator[None]:
    yield
    keep_own_prices(None)


def opened(path: Path, **given: Any) -> Service:
    return Service(path / ".assay", settings=load_settings(**given))


def put(service: Service, name: str, value: Any) -> None:
    service.settings.set(service.registry, name, value, actor=Actor("grace"))


def price() -> float | None:
    tokens: dict[str, Any] = dict.fromkeys(("output_tokens", "cache_read_tokens", "cache_write_tokens"))
    return cost_usd(provider=None, models=("acme-1",), at=10**18, input_tokens=1_000_000, **tokens)


def test_what_is_changed_holds_at_once_and_after_a_restart(tmp_path: Path) -> None:
    service = opened(tmp_path)
    put(service, "redact", "email")
    put(service, "retention_days", 30)
    put(service, "tail_share", 0.5)
    put(service, "own_prices", [{"model": "acme-*", "input": 3, "output": 4}])
    for _ in range(2):
        service.ingest(one_span("mail of a@example.org")).result()
        assert (service.life.rules.retention_days, service.life.rules.tail_share) == (30, 0.5)
        assert price() == 3.0
        assert service.workers.more_env["ASSAY_PRICES"] == str(tmp_path / ".assay" / "prices.json")
        service.close()
        keep_own_prices(None)
        service = opened(tmp_path)
    with service.store.read() as db:
        assert db.execute("SELECT DISTINCT name FROM span_log").fetchall() == [("mail of [redacted:email]",)]
    put(service, "redact", None)
    put(service, "own_prices", None)
    assert service.redactor is None
    assert price() is None
    entry = service.registry.audit.page(action="settings.set").items[0]
    assert (entry["actor"], entry["object"], entry["detail"]) == ("grace", "own_prices", {"value": None})
    service.close()


def test_a_restart_with_kept_settings_opens_no_registry(tmp_path: Path) -> None:
    service = opened(tmp_path)
    put(service, "retention_days", 30)
    service.close()
    again = opened(tmp_path)
    assert again.life.rules.retention_days == 30
    assert again._registry is None
    again.close()


def test_what_the_environment_says_comes_first_and_is_not_changed_here(tmp_path: Path) -> None:
    service = opened(tmp_path)
    put(service, "requests_per_s", 5)
    service.close()
    service = opened(tmp_path, requests_per_s=50)
    assert service.settings.now.requests_per_s == 50
    assert service.settings.source("requests_per_s") == "environment"
    with pytest.raises(Forbidden, match="requests_per_s is set where"):
        put(service, "requests_per_s", 7)
    service.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retention_days", 0),
        ("tail_share", 2),
        ("tail_share", "much"),
        ("redact", "nonsense"),
        ("redact_patterns", {"all": ".*"}),
        ("own_prices", [{"model": "x"}]),
        ("own_prices", {"model": "x"}),
    ],
)
def test_what_a_setting_cannot_be_is_refused(tmp_path: Path, name: str, value: Any) -> None:
    service = opened(tmp_path)
    before = service.settings.rows()
    with pytest.raises(InvalidRequest):
        put(service, name, value)
    with pytest.raises(NotFound):
        put(service, "data_dir", "/elsewhere")
    assert service.settings.rows() == before
    service.close()


def test_a_kept_value_that_is_none_any_more_is_passed_over_and_rules_of_redaction_are_not() -> None:
    settings = LiveSettings(Settings(), {"tail_share": "much", "unknown": 1, "retention_days": 3})
    assert (settings.now.tail_share, settings.now.retention_days) == (1.0, 3)
    gone = LiveSettings(Settings(), {"redact": "gone_by_now"}).now
    with pytest.raises(ValueError, match="no redaction rule"):
        redactor_of(gone)
    assert set(LIVE) <= set(Settings.model_fields)


def test_settings_prices_redaction_and_status_over_http(tmp_path: Path) -> None:
    service = opened(tmp_path)
    with TestClient(create_app(service, allowed_hosts=frozenset()), base_url="http://testserver/api/v1") as http:
        assert http.put("/settings/redact", json={"value": "email"}).json()["source"] == "registry"
        tried = http.post("/redaction/test", json={"text": "a@example.org and b@example.org"}).json()
        assert tried == {"text": "[redacted:email] and [redacted:email]", "found": {"email": 2}}
        active = [rule["name"] for rule in http.get("/redaction").json()["rules"] if rule["active"]]
        assert active == ["email"]
        prices = [{"model": "acme-*", "input": 1.0, "output": 2.0}]
        assert http.put("/settings/own_prices", json={"value": prices}).status_code == 200
        assert http.get("/prices").json()["own"][0]["model"] == "acme-*"
        shown = {row["setting"]: row for row in http.get("/settings").json()["items"]}
        assert (shown["redact"]["value"], shown["redact"]["can_change"], shown["port"]["can_change"]) == (
            "email",
            True,
            False,
        )
        status = http.get("/status").json()
        assert (status["dead_letters"], status["spans"]) == (0, 0)
        assert status["bytes"]["store"] > 0
        assert http.get("/dead-letters").json()["items"] == []
        assert http.put("/settings/port", json={"value": 1}).status_code == 404
    service.close()
