"""Which OpenTelemetry tracer provider makes the spans: the one that the application has, else ours."""

from __future__ import annotations

import os
import threading
import weakref
from typing import Any

from opentelemetry import trace as otel_trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased

from assay import semconv
from assay.settings import Settings
from assay.tracing.processor import Processor

SCOPE = "assay"


class OwnProvider(TracerProvider):
    """Our provider. Lives as long as the process, because OpenTelemetry takes a global provider only once.

    `init` may be called again: resource and sampler are replaced, in the tracers handed out before as well.
    """

    def __init__(self) -> None:
        self._handed_out: weakref.WeakSet[Tracer] = weakref.WeakSet()
        super().__init__(resource=Resource({}), shutdown_on_exit=False)
        self._sampler_of_environment = self.sampler

    def get_tracer(self, *args: Any, **kwargs: Any) -> otel_trace.Tracer:
        tracer = super().get_tracer(*args, **kwargs)
        if isinstance(tracer, Tracer):
            self._handed_out.add(tracer)
        return tracer

    def _handle_fork(self) -> None:
        """Newer SDKs look at the process anew in a forked child, on a thread pool. Our resource says nothing of it."""
        self._tracers_lock = threading.Lock()

    def configure(self, settings: Settings) -> None:
        self._resource = make_resource(settings)
        self.sampler = make_sampler(settings) or self._sampler_of_environment
        for tracer in list(self._handed_out):
            tracer.resource = self._resource
            tracer.sampler = self.sampler


def make_resource(settings: Settings) -> Resource:
    """What is said about every span here. Made without `Resource.create`, which starts threads to look around."""
    from opentelemetry.sdk.version import __version__

    ours = {
        "telemetry.sdk.language": "python",
        "telemetry.sdk.name": "opentelemetry",
        "telemetry.sdk.version": __version__,
        semconv.SERVICE_NAME: settings.project,
        semconv.ASSAY_PROJECT: settings.project,
        semconv.DEPLOYMENT_ENVIRONMENT_NAME: settings.environment,
        semconv.SERVICE_VERSION: settings.release,
    }
    named = {name: value for name, value in ours.items() if value is not None}
    of_environment = dict(OTELResourceDetector().detect().attributes)
    chosen = {name: value for name, value in named.items() if name not in (semconv.SERVICE_NAME, semconv.ASSAY_PROJECT)}
    # OTEL_SERVICE_NAME may differ from the project; environment and release, once set, are more exact than OTEL_*.
    return Resource({**named, **of_environment, **chosen, semconv.ASSAY_PROJECT: settings.project})


def make_sampler(settings: Settings) -> Sampler | None:
    """By trace id, and as the parent decided; None leaves the choice to OTEL_TRACES_SAMPLER."""
    if settings.sample_rate >= 1.0:
        return None if "OTEL_TRACES_SAMPLER" in os.environ else ParentBased(ALWAYS_ON)
    return ParentBased(TraceIdRatioBased(max(settings.sample_rate, 0.0)))


_own: OwnProvider | None = None
_processor = Processor()
_in_others: weakref.WeakSet[Any] = weakref.WeakSet()


def connect(settings: Settings) -> tuple[TracerProvider, Processor]:
    """The provider to make spans with, and our processor in it.

    A provider that the application set before is used as it is, with our processor beside its own. Else ours becomes
    the global one, so that the spans of OpenTelemetry instrumentations land in Assay too.
    """
    global _own
    existing = otel_trace.get_tracer_provider()
    if isinstance(existing, TracerProvider) and not isinstance(existing, OwnProvider):
        if existing not in _in_others:
            existing.add_span_processor(_processor)
            _in_others.add(existing)
        below = settings.sample_rate < 1.0
        _processor.keep_below = round(max(settings.sample_rate, 0.0) * 2**64) if below else None
        return existing, _processor
    if _own is None:
        _own = OwnProvider()
        _own.add_span_processor(_processor)
    _processor.keep_below = None
    _own.configure(settings)
    if isinstance(existing, otel_trace.ProxyTracerProvider):
        otel_trace.set_tracer_provider(_own)
    return _own, _processor
