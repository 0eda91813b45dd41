"""Which gateway the settings describe."""

from __future__ import annotations

from assay.evaluation.gateway.in_process import LiteLLMGateway
from assay.evaluation.gateway.protocol import Gateway
from assay.settings import current_settings


def default_gateway() -> Gateway:
    """The gateway that the settings describe."""
    return LiteLLMGateway(current_settings())
