"""Variables that change what Assay does, OpenTelemetry's too, or that look as if they did. Pure: an environment in."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Mapping
from urllib.parse import urlsplit

from assay.finding import Check, State
from assay.settings import Settings
from assay.settings_table import variables_of

Environment = Mapping[str, str]
OURS = "ASSAY_"
Finding = tuple[State, str, str]  # state, what is, what to do


def check_variables(environment: Environment) -> list[Check]:
    """One line for each variable that is worth a word, or one that says that there is none."""
    found = [
        Check(variable, *finding)
        for variable, look in LOOKS.items()
        if (value := environment.get(variable, "").strip()) and (finding := look(value, environment)) is not None
    ]
    found += _unknown(environment)
    return found or [Check("OTEL variables", "ok", "none that changes what is traced or where it goes")]


def _unknown(environment: Environment) -> Iterator[Check]:
    read = [variable for name in Settings.model_fields for variable in variables_of(name)]
    known = [variable.removeprefix(OURS) for variable in read if variable.startswith(OURS)]
    for variable in sorted(environment):
        name = variable.removeprefix(OURS)
        if variable.startswith(OURS) and name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {OURS}{near[0]}?" if near else "All there are: assay settings"
            yield Check(variable, "warning", "no setting is read from it", hint)


def _off(value: str, environment: Environment) -> Finding | None:
    if value.lower() != "true":
        return None
    return "warning", "true: nothing is traced in a program with this environment", "Unset it to trace."


def _assay_tracing(value: str, environment: Environment) -> Finding | None:
    if value.lower() in ("1", "true", "yes", "on"):
        return None
    return "warning", f"{value}: nothing is traced in a program with this environment", "Unset it to trace."


def _endpoint(value: str, environment: Environment) -> Finding | None:
    ours = environment.get("ASSAY_ENDPOINT", "").strip()
    if ours and ours.rstrip("/") != value.rstrip("/"):
        detail = f"{value}: not used, ASSAY_ENDPOINT={ours} comes first"
        return "warning", detail, "Other exporters in the program go to the former. Set one of them."
    try:
        port = urlsplit(value).port
    except ValueError:
        return "failed", f"{value}: this is no address", "Write scheme, host and port, as http://127.0.0.1:4318."
    if port == 4317:
        hint = "Assay sends OTLP over HTTP: set ASSAY_ENDPOINT to the HTTP port, 4318 as a rule."
        return "warning", f"{value}: 4317 is the port of gRPC as a rule", hint
    return None


def _traces_endpoint(value: str, environment: Environment) -> Finding:
    detail = f"{value}: Assay does not read it, other exporters do"
    return "warning", detail, "Set ASSAY_ENDPOINT to send Assay's spans there, without /v1/traces."


def _headers(value: str, environment: Environment) -> Finding | None:
    if environment.get("ASSAY_API_KEY"):
        return None
    names = ", ".join(pair.partition("=")[0].strip() for pair in value.split(","))
    return "warning", f"{names}: Assay does not send them, other exporters do", "Set ASSAY_API_KEY for the collector."


def _sampler(value: str, environment: Environment) -> Finding | None:
    if value in ("always_on", "parentbased_always_on"):
        return None
    share = environment.get("OTEL_TRACES_SAMPLER_ARG", "")
    detail = f"{value}{f' {share}' if share else ''}: not every trace is kept"
    return "warning", detail, "Spans whose parent was sampled out elsewhere are without it. ASSAY_SAMPLE_RATE beats it."


def _propagators(value: str, environment: Environment) -> Finding | None:
    if "tracecontext" in [name.strip() for name in value.split(",")]:
        return None
    hint = "Add tracecontext: without it, each service's spans are traces of their own."
    return "warning", f"{value}: no traceparent is sent or read", hint


def _provider(value: str, environment: Environment) -> Finding:
    detail = f"{value}: another tracer provider is set up, Assay adds itself to it"
    return "ok", detail, "Its sampler and limits hold for Assay's spans too."


def _limit(value: str, environment: Environment) -> Finding:
    return (
        "warning",
        f"{value}: attributes beyond that are cut or left out, messages too",
        "Unset it to keep them whole.",
    )


def _content(value: str, environment: Environment) -> Finding | None:
    if environment.get("ASSAY_CAPTURE_CONTENT") or value.lower() not in ("false", "no_content"):
        return None
    return "warning", f"{value}: no messages, inputs and outputs are recorded", "ASSAY_CAPTURE_CONTENT=true beats it."


def _disabled(value: str, environment: Environment) -> Finding:
    detail = f"{value}: `opentelemetry-instrument` leaves these alone, `assay.autolog()` does not"
    return "ok", detail, "Name the libraries to trace: assay.autolog('openai', …)."


# Variable -> what to say of its value; None: nothing.
LOOKS: dict[str, Callable[[str, Environment], Finding | None]] = {
    "ASSAY_TRACING": _assay_tracing,
    "OTEL_SDK_DISABLED": _off,
    "OTEL_EXPORTER_OTLP_ENDPOINT": _endpoint,
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": _traces_endpoint,
    "OTEL_EXPORTER_OTLP_HEADERS": _headers,
    "OTEL_TRACES_SAMPLER": _sampler,
    "OTEL_PROPAGATORS": _propagators,
    "OTEL_PYTHON_TRACER_PROVIDER": _provider,
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": _limit,
    "OTEL_ATTRIBUTE_COUNT_LIMIT": _limit,
    "OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT": _limit,
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": _limit,
    "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT": _content,
    "OTEL_PYTHON_DISABLED_INSTRUMENTATIONS": _disabled,
}
