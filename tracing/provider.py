"""Which OpenTelemetry tracer provider makes the spans: the one that the application has, else ours."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from opentelemetry import trace as otel_trace
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler, TraceIdRatioBased

from assay import semconv
from assay.settings import Settings
from assay.tracing.ids import OwnIds
from assay.tracing.processor import Processor
from assay.tracing.tail_sampling import head_rate, keep_below
from assay.tracing.tell import our_fault

SCOPE = "assay"


class OwnProvider(TracerProvider):
    """Our provider. Lives as long as the process, because OpenTelemetry takes a global provider only once.

    `init` may be called again: resource and sampler are replaced, in the tracers handed out before as well.
    """

    def __init__(self) -> None:
        self._handed_out: weakref.WeakSet[Tracer] = weakref.WeakSet()
        self._successor: TracerProvider | None = None
        super().__init__(resource=Resource({}), shutdown_on_exit=False, id_generator=OwnIds())
        self._sampler_of_environment = self.sampler

    def get_tracer(self, *args: Any, **kwargs: Any) -> otel_trace.Tracer:
        if self._successor is not None:
            return self._successor.get_tracer(*args, **kwargs)
        tracer = super().get_tracer(*args, **kwargs)
        if isinstance(tracer, Tracer):
            self._handed_out.add(tracer)
        return tracer

    def hand_over(self, successor: TracerProvider) -> None:
        """The application has set a provider of its own: our tracers make its spans from now on."""
        self._successor = successor
        for tracer in list(self._handed_out):
            tracer.resource = successor.resource
            tracer.sampler = successor.sampler
            tracer.id_generator = successor.id_generator
            tracer.span_processor = successor._active_span_processor
            tracer._span_limits = successor._span_limits

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
    rate = head_rate(settings)
    if rate >= 1.0:
        return None if "OTEL_TRACES_SAMPLER" in os.environ else ParentBased(ALWAYS_ON)
    return ParentBased(TraceIdRatioBased(max(rate, 0.0)))


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
        _join(existing, settings)
        return existing, _processor
    if _own is None:
        _own = OwnProvider()
        _own.add_span_processor(_processor)
    _processor.keep_below = None
    _own.configure(settings)
    if isinstance(existing, otel_trace.ProxyTracerProvider):
        _become_global(_own)
    return _own, _processor


def _join(provider: TracerProvider, settings: Settings) -> None:
    if provider not in _in_others:
        provider.add_span_processor(_processor)
        _in_others.add(provider)
    rate = head_rate(settings)
    _processor.keep_below = keep_below(rate) if rate < 1.0 else None


def _become_global(own: OwnProvider) -> None:
    """Make ours the global provider, but leave the place to the application, should it set one later.

    OpenTelemetry lets the provider be set once. We set it without using that up, and stand in the way of the one who
    does, to join the provider that it brings.
    """
    once = getattr(otel_trace, "_TRACER_PROVIDER_SET_ONCE", None)
    if once is None or not hasattr(otel_trace, "_TRACER_PROVIDER"):  # it looks different inside than it used to
        otel_trace.set_tracer_provider(own)
        return
    otel_trace._TRACER_PROVIDER = own
    if not isinstance(once, _Handover):
        otel_trace._TRACER_PROVIDER_SET_ONCE = _Handover(once)  # type: ignore[assignment]


class _Handover:
    """OpenTelemetry's `Once`, and what has to happen when the application uses it."""

    def __init__(self, once: Any) -> None:
        self._once = once

    def do_once(self, set_provider: Callable[[], None]) -> bool:
        done: bool = self._once.do_once(set_provider)
        if done:
            try:
                _adopt(otel_trace.get_tracer_provider())
            except Exception:
                our_fault("joining the application's tracer provider")
        return done


def _adopt(provider: Any) -> None:
    from assay.settings import current_settings

    if isinstance(provider, TracerProvider) and not isinstance(provider, OwnProvider):
        _join(provider, current_settings())
        if _own is not None:
            _own.hand_over(provider)
