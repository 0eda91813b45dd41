"""Which gateway the settings describe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.evaluation.gateway.echo import Echo, is_echo
from assay.evaluation.gateway.protocol import Gateway, Streaming
from assay.evaluation.gateway.routes import route
from assay.settings import Settings, current_settings

if TYPE_CHECKING:
    from assay.evaluation.gateway.client import Backend, GatewayClient


def default_gateway() -> Gateway:
    """The gateway that the settings describe.

    Raises:
        ConfigurationError: they lack something that this kind of gateway needs.
    """
    return gateway_of(current_settings())


def streaming_gateway(model: str) -> Streaming:
    """The gateway that the settings describe, loaded; for models of `echo/` the one that asks nobody.

    May take seconds the first time, which then are not counted as the model's.

    Raises:
        ConfigurationError: the settings lack something, or LiteLLM is to be the gateway and is not installed.
    """
    if is_echo(model):
        return Echo()
    settings = current_settings()
    if gateway_kind(settings) == "litellm":
        from assay.evaluation.gateway.in_process import load_litellm

        load_litellm()
    return gateway_of(settings)


def gateway_of(settings: Settings) -> GatewayClient:
    """`default_gateway`, for settings of one's own."""
    from assay.evaluation.gateway.client import GatewayClient  # and httpx: not before a model is to be called

    return GatewayClient(_backend(settings, gateway_kind(settings)), settings)


def gateway_kind(settings: Settings) -> str:
    """What the setting `gateway` says, or leaves to the address."""
    return settings.gateway or ("openai" if settings.gateway_url else "litellm")


def _backend(settings: Settings, kind: str) -> Backend:
    from assay.evaluation.gateway.in_process import InProcess
    from assay.evaluation.gateway.over_http import OverHttp

    if kind == "litellm":
        return InProcess(settings)
    route(settings, kind, settings.judge_model)  # what is lacking is told now, not by every row
    return OverHttp(settings, kind)
