"""Which model the demo asks: the one that is set up, else the bundled stand-in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import openai

from assay.demo.stand_in import MODEL, StandIn
from assay.errors import GatewayError
from assay.evaluation.gateway import model_name
from assay.evaluation.gateway.choice import gateway_kind
from assay.evaluation.gateway.routes import PATHS, route
from assay.settings import Settings, configure, current_settings


@dataclass(frozen=True)
class Model:
    """A client and the name to ask it for, with a sentence about where the answers come from."""

    client: openai.OpenAI
    name: str
    described: str


@contextmanager
def available_model() -> Iterator[Model]:
    """The model of the gateway that is set, or of `OPENAI_API_KEY`; else a stand-in, which then judges as well.

    Raises:
        GatewayError: a model is set up, but does not answer.
    """
    settings = current_settings()
    if gateway_kind(settings) != "litellm" or os.environ.get("OPENAI_API_KEY"):
        client, name = _client(settings)
        with client:
            _try_out(client, name)
            yield Model(
                client, name, f"{name} at {client.base_url.host}, which answers and judges; about 300 short calls"
            )
        return
    with StandIn() as stand_in:
        settings = configure(gateway_url=stand_in.url, gateway_api_key="none-needed", judge_model=f"openai/{MODEL}")
        client, name = _client(settings)
        with client:
            yield Model(
                client,
                name,
                "the bundled stand-in, as neither OPENAI_API_KEY nor ASSAY_GATEWAY_URL is set: no language model, "
                "it quotes the help pages and judges by simple rules",
            )


def _client(settings: Settings) -> tuple[openai.OpenAI, str]:
    """A client that goes where model calls of judges go, and the name of the judges' model there."""
    kind = gateway_kind(settings)
    if kind == "litellm":
        client = openai.OpenAI(
            base_url=settings.gateway_url,
            api_key=settings.gateway_api_key,
            default_headers=settings.gateway_headers,
        )
        return client, model_name(settings.judge_model).removeprefix("openai/")
    way = route(settings, kind, settings.judge_model)
    others = dict(way.headers)
    key = others.pop("authorization", "").removeprefix("Bearer ") or "none-needed"
    base = way.url.removesuffix(PATHS["chat"])
    return openai.OpenAI(base_url=base, api_key=key, default_headers=others, default_query=dict(way.params)), way.model


def _try_out(client: openai.OpenAI, name: str) -> None:
    """One call, so that a wrong key or name is told now and not by every row of an experiment.

    Raises:
        GatewayError: there is no answer.
    """
    try:
        client.chat.completions.create(model=name, messages=[{"role": "user", "content": "Answer with: ready"}])
    except openai.OpenAIError as error:
        raise GatewayError(
            f"The model {name!r} at {client.base_url.host} does not answer: {str(error).rstrip('.')}.",
            hint="Set ASSAY_JUDGE_MODEL to a model that it has, or unset OPENAI_API_KEY and ASSAY_GATEWAY_URL: then a "
            "stand-in answers.",
        ) from error
