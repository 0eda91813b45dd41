"""Redaction in the collector: nothing that a rule finds reaches the disk, by whatever way it came."""

from __future__ import annotations

from pathlib import Path

import pytest
from fuzz.seeds import log_requests

from assay.collector.decode import decode_request
from assay.collector.decode_logs import decode_logs
from assay.collector.redact import note_change, redacted, redacting, redactor_of
from assay.collector.registry import Registry
from assay.collector.service import Service
from assay.errors import ConfigurationError
from assay.redaction import make_redactor
from assay.redaction_own import read_rules
from assay.settings import load_settings
from support.otlp import one_span, recorded

KEY = "sk-proj-0123456789abcdefghij0123456789"
RULES = """
[[rule]]
name = "ticket"
pattern = 'TICKET-\\d{4,}'
"""


def test_a_secret_is_nowhere_in_the_data_directory(tmp_path: Path) -> None:
    service = Service(tmp_path / "data", redactor=make_redactor("secrets"))
    with recorded(service__name="shop", key=KEY) as recorder:
        with recorder.tracer.start_as_current_span(f"ask {KEY}") as span:
            span.set_attribute("input.value", f'{{"messages": [{{"content": "my key is {KEY}"}}]}}')
            span.add_event(f"event {KEY}", {"k": KEY})
            span.record_exception(ValueError(KEY))
        body = recorder.body()
    assert KEY.encode() in body
    service.ingest(body).result()
    service.close()
    files = [path for path in (tmp_path / "data").rglob("*") if path.is_file()]
    holding = [path.name for path in files if KEY.encode() in path.read_bytes()]
    assert holding == []


def test_ids_times_and_what_is_clean_stay_as_they_were() -> None:
    redactor = make_redactor("all")
    assert redactor is not None
    decoded = decode_request(one_span("work", {"input.value": "hello", "n": 1.5}))
    assert redacted(decoded, redactor) == decoded


def test_log_records_are_redacted_too() -> None:
    redactor = make_redactor("all")
    assert redactor is not None
    request = log_requests()[0].replace(b"helpful", b"a@b.org")
    found = redacting(decode_logs, redactor)(request)
    assert "a@b.org" in str(decode_logs(request))
    assert "a@b.org" not in str(found)


def test_it_is_off_unless_it_is_asked_for() -> None:
    assert redactor_of(load_settings()) is None
    assert redacting(decode_request, None) is decode_request


def test_rules_of_ones_own_are_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(RULES)
    redactor = redactor_of(load_settings(redact_rules=path))
    assert redactor is not None
    assert redactor.text("see TICKET-12345") == "see [redacted:ticket]"


@pytest.mark.parametrize("text", ["[[rule", "[[rule]]\nname = 'x'", "[[rule]]\nname='x'\npattern='('", "other = 1"])
def test_a_file_that_cannot_be_used_is_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="rule"):
        read_rules(path)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_rules(tmp_path / "nowhere.toml")


def test_other_rules_than_before_are_noted_in_the_audit_log(tmp_path: Path) -> None:
    registry = Registry.open(tmp_path / "registry.db")
    for wanted in ("off", "email", "email", "email,card", "off"):
        note_change(registry.audit, make_redactor(wanted))
    noted = [entry["detail"]["rules"] for entry in registry.audit.page(action="redaction").items]
    registry.close()
    assert noted == [[], ["card", "email"], ["email"]]
