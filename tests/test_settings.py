"""Settings: code beats the environment, which beats the default; ours are read before OpenTelemetry's."""

from __future__ import annotations

from pathlib import Path

import pytest

from assay.errors import ConfigurationError
from assay.settings import Settings, configure, current_settings, load_settings
from assay.settings_table import setting_rows, settings_markdown

DOCUMENT = Path(__file__).parents[1] / "docs" / "settings.md"


def test_code_beats_environment_beats_default(monkeypatch: pytest.MonkeyPatch) -> None:
    assert current_settings().project == "default"
    monkeypatch.setenv("ASSAY_PROJECT", "from-environment")
    assert load_settings().project == "from-environment"
    assert configure(project="from-code").project == "from-code"
    assert configure(release="1").project == "from-code"


def test_our_variable_is_read_before_opentelemetrys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://theirs:4318")
    assert load_settings().endpoint == "http://theirs:4318"
    monkeypatch.setenv("ASSAY_ENDPOINT", "http://ours:4318")
    assert load_settings().endpoint == "http://ours:4318"


@pytest.mark.parametrize(
    ("value", "captured"), [("true", True), ("false", False), ("SPAN_AND_EVENT", True), ("NO_CONTENT", False)]
)
def test_content_is_captured_as_opentelemetrys_variable_says(
    monkeypatch: pytest.MonkeyPatch, value: str, captured: bool
) -> None:
    monkeypatch.setenv("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", value)
    assert load_settings().capture_content is captured


@pytest.mark.parametrize(
    ("name", "value"),
    [("ASSAY_PORT", "many"), ("ASSAY_PORT", "70000"), ("ASSAY_SAMPLE_RATE", "2"), ("ASSAY_GATEWAY_HEADERS", "{")],
)
def test_a_value_that_cannot_be_is_refused_by_name(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigurationError, match=name.removeprefix("ASSAY_").lower()):
        load_settings()


def test_the_data_directory_stays_where_it_is_when_the_program_goes_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "elsewhere").mkdir()
    by_default, relative = load_settings(), load_settings(data_dir=Path("data"))
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert (by_default.data_dir, relative.data_dir) == (tmp_path / ".assay", tmp_path / "data")
    assert by_default.with_values(project="p").data_dir == tmp_path / ".assay"


def test_a_setting_that_is_none_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="projekt"):
        configure(projekt="x")


def test_keys_are_not_shown() -> None:
    rows = setting_rows(load_settings(api_key="k3y-of-mine", gateway_api_key="k3y-of-mine"))
    assert "k3y-of-mine" not in str(rows)


def test_every_setting_says_what_it_does() -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_the_document_is_made_from_the_table() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == settings_markdown(), "run: make docs"
