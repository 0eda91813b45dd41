"""Every setting, in one table: field, environment variables, default, help.

A value given in code (`assay.init(project=...)`) beats the environment, which beats the default. Where OpenTelemetry
has a variable of its own it is read after ours, so a program that is set up for OpenTelemetry needs nothing new. The
command line's help and `docs/settings.md` are made from this table.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from assay.errors import ConfigurationError

DEFAULT_PROJECT = "default"
DEFAULT_PORT = 4318
COLLECTOR_FILE = "collector.json"  # in the data directory: how to reach the collector that serves it
DEFAULT_GRPC_PORT = 4317


def _setting(default: Any, help: str, *otel: str, name: str, **bounds: Any) -> Any:
    """One row of the table: our variable first, then OpenTelemetry's."""
    variables = [f"ASSAY_{name.upper()}", *otel]
    return Field(default=default, description=help, validation_alias=AliasChoices(name, *variables), **bounds)


ORIGIN = re.compile(r"https?://[^/*\s]+|[a-z-]+-extension://[^/*\s]+")


class Settings(BaseSettings):
    """What can be set, validated. Immutable: `with_values` makes a changed copy."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    # Where spans, scores and prompts go
    endpoint: str | None = _setting(
        None,
        "Base URL of the collector, e.g. http://127.0.0.1:4318, or `file:DIRECTORY` to write OTLP files. Unset: the "
        "collector that serves the data directory, else one embedded in this process.",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        name="endpoint",
    )
    api_key: str | None = _setting(None, "Key sent to the collector as a bearer token.", name="api_key")
    queue_max_bytes: int = _setting(
        32 * 1024**2,
        "Largest memory that ended spans may take while they wait to be encoded; beyond, new ones are dropped and "
        "counted. OTEL_BSP_MAX_QUEUE_SIZE (8192) bounds their number.",
        name="queue_max_bytes",
        ge=1024,
    )
    spool_max_bytes: int = _setting(
        512 * 1024**2,
        "Largest size of what waits in `<data_dir>/spool` while the collector is away; 0 keeps nothing on disk.",
        name="spool_max_bytes",
        ge=0,
    )
    file_max_bytes: int = _setting(
        64 * 1024**2,
        "With an endpoint `file:DIRECTORY`: size at which a new file is begun.",
        name="file_max_bytes",
        ge=1024,
    )
    prompt_cache_max_bytes: int = _setting(
        16 * 1024**2,
        "With an endpoint: largest size of the copies of loaded prompts in `<data_dir>/prompt_cache`, for programs "
        "that start while the collector is away; 0 keeps none.",
        name="prompt_cache_max_bytes",
        ge=0,
    )
    prompt_wait_s: float = _setting(
        2.0,
        "With an endpoint: seconds that the first load of a prompt waits for the collector where there is a fallback "
        "or a copy on disk to serve.",
        name="prompt_wait_s",
        ge=0,
    )
    handle_sigterm: bool = _setting(
        True,
        "On SIGTERM, send or spool what waits before the process ends, where the program has no handler of its own.",
        name="handle_sigterm",
    )
    timeout_s: float = _setting(10.0, "Seconds before a request to the collector is given up.", name="timeout_s", gt=0)

    # What is said about every span
    project: str = _setting(DEFAULT_PROJECT, "Project that everything is filed under.", name="project")
    environment: str | None = _setting(None, "Deployment environment, e.g. production.", name="environment")
    release: str | None = _setting(None, "Version of the application.", name="release")

    # What is traced
    tracing: bool = _setting(True, "false turns tracing off, at no cost.", name="tracing")
    sample_rate: float = _setting(
        1.0, "Share of traces to keep, 0 to 1, decided by trace id.", name="sample_rate", ge=0, le=1
    )
    keep_errors: bool = _setting(
        False,
        "true keeps traces in which a span failed, whatever sample_rate says: spans wait for the end of their trace.",
        name="keep_errors",
    )
    keep_slow_ms: float | None = _setting(
        None,
        "Traces that took at least so many milliseconds are kept, whatever sample_rate says.",
        name="keep_slow_ms",
        ge=0,
    )
    sample_buffer_mb: float = _setting(
        32.0,
        "Megabytes of spans that wait for the end of their trace; beyond, sample_rate decides on the oldest trace.",
        name="sample_buffer_mb",
        gt=0,
    )
    sample_wait_s: float = _setting(
        600.0, "Seconds that a trace is waited for; then sample_rate decides.", name="sample_wait_s", gt=0
    )
    in_progress: str = _setting(
        "root,agent",
        "Spans that the collector hears of while they are still open: `all`, `off`, `root`, or kinds of spans, "
        "with commas between.",
        name="in_progress",
    )
    follow_work: bool = _setting(
        True,
        "Let the current span follow work into threads, executors and process pools. false patches nothing.",
        name="follow_work",
    )
    baggage: bool = _setting(
        False,
        "Send what `assay.context(...)` says along with trace headers, as W3C baggage, and take it from those that "
        "come in. Whoever is called can read it.",
        name="baggage",
    )
    capture_content: bool = _setting(
        True,
        "Record inputs, outputs and messages. false keeps names, times, tokens and status only.",
        "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
        name="capture_content",
    )

    # The collector
    data_dir: Path = _setting(
        Path(".assay"), "Directory of the collector's data.", name="data_dir", validate_default=True
    )
    host: str = _setting("127.0.0.1", "Address that `assay serve` listens on.", name="host")
    port: int = _setting(
        DEFAULT_PORT, "Port of OTLP/HTTP, API and pages; 0 takes a free one.", name="port", ge=0, le=65535
    )
    grpc_port: int | Literal["off"] | None = _setting(
        None,
        f"Port of OTLP/gRPC; 0 takes a free one, `off` serves none. Unset: {DEFAULT_GRPC_PORT} beside port "
        f"{DEFAULT_PORT}, else a free one.",
        name="grpc_port",
    )
    max_request_bytes: int = _setting(
        64 * 1024**2,
        "Largest OTLP request that is taken, in bytes after decompression.",
        name="max_request_bytes",
        ge=1024,
        le=1024**3,
    )
    cors_origins: list[str] = _setting(
        [],
        'Web pages that may send OTLP from a browser, as a JSON list of origins, e.g. ["https://example.org"].',
        name="cors_origins",
    )
    allowed_hosts: list[str] = _setting(
        [],
        "More names by which the collector may be reached, as a JSON list, e.g. behind a proxy; others are refused. "
        "On loopback its own names are known; elsewhere any name is taken while this is empty.",
        name="allowed_hosts",
    )
    requests_per_s: float | None = _setting(
        None,
        "Requests a second that one key may make; 0: any number. Unset: 1000 where keys are needed, else any number.",
        name="requests_per_s",
        ge=0,
    )
    mb_per_s: float | None = _setting(
        None,
        "Megabytes a second that one key may send; 0: any number. Unset: 100 where keys are needed, else any number.",
        name="mb_per_s",
        ge=0,
    )
    redact: str | None = _setting(
        None,
        "What is replaced in spans, by the program before it sends them and by the collector before it stores them: "
        "`secrets`, `personal`, `all`, `off`, or names of rules, e.g. `all,-phone`. "
        "Unset: `secrets` in the program, `off` in the collector.",
        name="redact",
    )
    redact_names: str = _setting(
        "",
        "Names of attributes, and of values in recorded JSON, that are replaced whatever they hold, with commas "
        "between; `*` and `?` stand for others, e.g. `customer.*,ssn`.",
        name="redact_names",
    )
    redact_patterns: dict[str, str] = _setting(
        {},
        'Redaction rules of your own as a JSON object of names and expressions, e.g. {"ticket": "TICKET-[0-9]+"}.',
        name="redact_patterns",
    )
    redact_rules: Path | None = _setting(
        None, "TOML file of redaction rules of your own: [[rule]] with name and pattern (RE2).", name="redact_rules"
    )
    retention_days: int | None = _setting(
        None,
        "Days that traces are kept, in projects that say nothing themselves (`assay retention`). Unset: for ever.",
        name="retention_days",
        ge=1,
    )
    tail_share: float = _setting(
        1.0,
        "Share of the traces to keep that neither failed nor were slow nor have scores, 0 to 1, decided by trace id.",
        name="tail_share",
        ge=0,
        le=1,
    )
    tail_slow_ms: float | None = _setting(
        None, "Traces that took at least so many milliseconds are kept whatever tail_share says.", name="tail_slow_ms"
    )
    tail_quiet_s: float = _setting(
        60.0, "Seconds without a new span after which tail_share decides on a trace.", name="tail_quiet_s", gt=0
    )
    alert_commands: bool = _setting(
        False,
        "true lets alerts start commands on the collector's machine, besides calling webhooks.",
        name="alert_commands",
    )
    alert_hosts: list[str] = _setting(
        [],
        "Hosts that webhooks of alerts may reach although their addresses are private, or over plain http, as a JSON "
        'list, e.g. ["alerts.internal"]. Loopback is always among them.',
        name="alert_hosts",
    )
    sql_timeout_s: float = _setting(
        5.0, "Seconds that one statement of `assay sql` may take.", name="sql_timeout_s", gt=0, le=300
    )
    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "warning", "How much the collector logs.", name="log_level"
    )
    log_format: Literal["text", "json"] = _setting("text", "How the collector logs.", name="log_format")

    # Models
    prices: Path | None = _setting(
        None,
        "File of your own prices, TOML or JSON: `[[price]]` entries of `model`, `input` and `output` (US dollars per "
        "million tokens), and `provider`, `cache_read`, `cache_write`, `since`, `above_input_tokens` where needed.",
        name="prices",
    )
    gateway: Literal["litellm", "openai", "litellm_proxy", "portkey", "azure"] | None = _setting(
        None,
        "Where model calls go: `litellm` (in process, to each provider), `openai` (any OpenAI-compatible address), "
        "`litellm_proxy`, `portkey` or `azure`. Unset: `openai` where gateway_url is set, else `litellm`.",
        name="gateway",
    )
    gateway_url: str | None = _setting(
        None,
        "Base URL of the gateway: LiteLLM proxy, Portkey, Azure endpoint, vLLM, ... Unset: Portkey's own, and the "
        "provider's own with `litellm`.",
        name="gateway_url",
    )
    gateway_api_key: str | None = _setting(
        None,
        "Key for the gateway; with Portkey, the provider's key behind it. Unset: the provider's variable.",
        name="gateway_api_key",
    )
    gateway_headers: dict[str, str] = _setting(
        {}, "More headers for the gateway, as a JSON object. They come before all others.", name="gateway_headers"
    )
    gateway_timeout_s: float = _setting(
        60.0, "Seconds before a model call is given up, and tried again.", name="gateway_timeout_s", gt=0
    )
    portkey_api_key: str | None = _setting(
        None, "Portkey's own key; a gateway of one's own may need none.", "PORTKEY_API_KEY", name="portkey_api_key"
    )
    portkey_provider: str | None = _setting(
        None,
        "Portkey: the provider, or `@` and its slug. Unset: what a model's name begins with.",
        name="portkey_provider",
    )
    portkey_virtual_key: str | None = _setting(
        None, "Portkey: the virtual key that stands for a provider and its key.", name="portkey_virtual_key"
    )
    portkey_config: str | None = _setting(
        None, "Portkey: id of a saved config, or a config as a JSON object.", name="portkey_config"
    )
    azure_api_version: str = _setting(
        "2024-10-21",
        "Azure OpenAI: version of its API; `v1` for the one without versions.",
        "AZURE_API_VERSION",
        name="azure_api_version",
    )
    azure_deployments: dict[str, str] = _setting(
        {},
        'Azure OpenAI: names of deployments by model, as a JSON object, e.g. {"gpt-4o-mini": "judges"}. Other models '
        "are asked for by their own names.",
        name="azure_deployments",
    )
    answer_cache_max_bytes: int = _setting(
        256 * 1024**2,
        "Largest size of the answers of models that are kept in `<data_dir>/cache`; beyond, those go that were not "
        "used for longest.",
        name="answer_cache_max_bytes",
        ge=1024**2,
    )
    judge_model: str = _setting("openai/gpt-4o-mini", "Model of judges that name none.", name="judge_model")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Values given in code, else variables. To look through files that nobody names would take twice the time."""
        return init_settings, env_settings

    @field_validator("grpc_port")
    @classmethod
    def _port_number(cls, value: Any) -> Any:
        if isinstance(value, int) and not 0 <= value <= 65535:
            raise ValueError("a port is a number from 0 to 65535")
        return value

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: list[str]) -> list[str]:
        """Compared letter by letter with what browsers send, so what they never send is a mistake; `*` above all."""
        for origin in value:
            if not ORIGIN.fullmatch(origin):
                raise ValueError(f"{origin!r} is no origin: write scheme, host and port only, as https://example.org")
        return value

    @field_validator("data_dir")
    @classmethod
    def _from_here(cls, value: Path) -> Path:
        """The same directory from now on, wherever the program goes: threads of ours look for it later."""
        return value.absolute()

    @field_validator("portkey_config", mode="before")
    @classmethod
    def _as_json(cls, value: Any) -> Any:
        return json.dumps(value) if isinstance(value, dict) else value

    @field_validator("redact", "redact_names", "in_progress", mode="before")
    @classmethod
    def _comma_separated(cls, value: Any) -> Any:
        return ",".join(map(str, value)) if isinstance(value, (list, tuple, set, frozenset)) else value

    @field_validator("capture_content", mode="before")
    @classmethod
    def _content_mode(cls, value: Any) -> Any:
        """OpenTelemetry's variable names where content goes (`span_and_event`), or that it goes nowhere
        (`no_content`).
        """
        modes = {"no_content": False, "span_only": True, "event_only": True, "span_and_event": True}
        return modes.get(value.lower(), value) if isinstance(value, str) else value

    def port_of_grpc(self) -> int | None:
        """Where `assay serve` takes OTLP/gRPC; None: nowhere."""
        if self.grpc_port is None:
            return DEFAULT_GRPC_PORT if self.port == DEFAULT_PORT else 0
        return None if self.grpc_port == "off" else self.grpc_port

    def with_values(self, **values: Any) -> Settings:
        """This table with some values replaced and checked; None leaves a value as it is."""
        given = {name: value for name, value in values.items() if value is not None}
        return load_settings(**{**self.model_dump(), **given})


def load_settings(**values: Any) -> Settings:
    """Read the environment, with `values` above it.

    Raises:
        ConfigurationError: a value is of the wrong type or not a setting; the message names it.
    """
    try:
        return Settings(**values)
    except SettingsError as error:  # a variable that should hold JSON
        raise ConfigurationError(f"Settings cannot be used: {error}.", hint="See: assay settings") from error
    except ValidationError as error:
        problems = "; ".join(_problem(e["loc"], e["msg"], e["input"]) for e in error.errors())
        raise ConfigurationError(f"Settings cannot be used: {problems}.", hint="See: assay settings") from error


def is_secret(name: str) -> bool:
    """Does a setting hold keys, or what stands for them? Its value is never shown."""
    return name.lower().endswith(("api_key", "virtual_key", "gateway_headers", "portkey_config"))


def _problem(place: tuple[int | str, ...], message: str, value: Any) -> str:
    name = ".".join(map(str, place))
    hidden = any(is_secret(str(step)) for step in place)
    return f"{name}: {message}" + ("" if hidden else f" (got {value!r})")


_current: Settings | None = None


def current_settings() -> Settings:
    """The settings of this process: what `configure` left, else the environment as it was at first use."""
    global _current
    if _current is None:
        _current = load_settings()
    return _current


def configure(**values: Any) -> Settings:
    """Replace some settings of this process; None leaves a value as it is."""
    global _current
    _current = current_settings().with_values(**values)
    return _current


def reset_settings() -> None:
    """Forget what was configured: the environment is read again at next use."""
    global _current
    _current = None
