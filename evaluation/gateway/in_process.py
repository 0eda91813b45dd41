"""Requests through LiteLLM in this process: to each provider in its own protocol, with the keys of its own variables.

Imported at the first call, which takes seconds. Its price list is the packaged one, nothing is fetched, and no .env
file is read.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from assay.errors import MissingExtra
from assay.evaluation.gateway.answers import Reply
from assay.evaluation.gateway.chunks import StreamedAnswer
from assay.evaluation.gateway.failures import CallFailed, TookTooLong
from assay.evaluation.gateway.protocol import model_name
from assay.evaluation.gateway.routes import without_credentials
from assay.evaluation.gateway.streaming import Tell
from assay.evaluation.rates import Key, limit_key
from assay.settings import Settings

logger = logging.getLogger("assay.evaluation")

HEADER_PREFIX = "llm_provider-"  # before the provider's own headers


@dataclass(frozen=True, slots=True)
class InProcess:
    """LiteLLM as the gateway. With `gateway_url` the providers' protocols are spoken at that address."""

    settings: Settings = field(repr=False)

    @property
    def says_costs(self) -> bool:
        """LiteLLM's price list is asked after the call; it may know more prices than ours."""
        return True

    def identity(self, model: str, operation: str) -> dict[str, Any]:
        headers = {name.lower(): value for name, value in self.settings.gateway_headers.items()}
        return {"gateway": "litellm", "address": self._base(), "model": model_name(model), "headers": headers}

    def address(self, model: str) -> str:
        return self._base() or "its provider"

    def listed_as(self, model: str) -> tuple[str | None, str]:
        """Unless the name says whose it is, LiteLLM decides."""
        name = model_name(model)
        prefix, slash, _ = name.partition("/")
        return prefix if slash else None, name

    def limited_by(self, model: str) -> Key:
        return limit_key(self._base() or self.listed_as(model)[0] or "litellm", model_name(model))

    async def send(self, operation: str, model: str, body: Mapping[str, Any]) -> Reply:
        """One request. Runs on the loop of model calls: LiteLLM keeps clients per loop.

        Raises:
            CallFailed: there is no answer, or a refusal.
        """
        litellm = load_litellm()
        call = litellm.acompletion if operation == "chat" else litellm.aembedding
        try:
            response = await call(**self._target(model), **body)
        except Exception as error:  # LiteLLM raises all sorts, also for what it does not take itself
            raise _failed(error) from error
        hidden = getattr(response, "_hidden_params", None) or {}
        answer = response.model_dump(warnings=False)  # LiteLLM fills its models with what they do not declare
        if said := hidden.get("provider_response_model"):
            answer["model"] = said
        return Reply(answer, _headers(hidden), cost_usd=hidden.get("response_cost"))

    async def send_streamed(self, model: str, body: Mapping[str, Any], tell: Tell) -> Reply:
        """
        Raises:
            CallFailed: as `send`; or the answer broke off, or nothing came of it for as long as the timeout.
        """
        litellm = load_litellm()
        timeout_s = self.settings.gateway_timeout_s
        answer, seen = StreamedAnswer(), list[Any]()
        try:
            async with asyncio.timeout(timeout_s) as silence:
                streamed = {"stream": True, "stream_options": {"include_usage": True}}
                chunks = await litellm.acompletion(**self._target(model), **body, **streamed)
                async for chunk in chunks:
                    silence.reschedule(asyncio.get_running_loop().time() + timeout_s)
                    seen.append(chunk)
                    if text := answer.add(chunk.model_dump(warnings=False)):
                        tell(text)
        except TimeoutError as error:
            raise TookTooLong(f"there was no answer within {timeout_s:g} s", status=408) from error
        except Exception as error:
            raise _failed(error) from error
        hidden = getattr(chunks, "_hidden_params", None) or {}
        return answer.reply(_headers(hidden), done=False, cost_usd=_listed_cost(litellm, seen, model_name(model)))

    def _base(self) -> str:
        return without_credentials(self.settings.gateway_url or "")

    def _target(self, model: str) -> dict[str, Any]:
        target: dict[str, Any] = {
            "model": model_name(model),
            "timeout": self.settings.gateway_timeout_s,
            # One place retries, and it is not this one. LiteLLM's and the openai client's own would multiply with it.
            "num_retries": 0,
            "max_retries": 0,
        }
        given = {
            "api_base": (self.settings.gateway_url or "").rstrip("/"),
            "api_key": self.settings.gateway_api_key,
            "extra_headers": dict(self.settings.gateway_headers),
        }
        return target | {name: value for name, value in given.items() if value}


def _failed(error: Exception) -> CallFailed:
    response = getattr(error, "response", None)
    headers = getattr(error, "litellm_response_headers", None) or getattr(response, "headers", None) or {}
    message = str(getattr(error, "message", None) or error) or type(error).__name__
    status = getattr(error, "status_code", None)
    return CallFailed(message, status=status if isinstance(status, int) else None, headers=_lower(headers))


def _listed_cost(litellm: Any, chunks: Sequence[Any], model: str) -> float | None:
    """What a streamed answer costs by LiteLLM's price list; None for a model that it does not know."""
    try:
        return float(litellm.completion_cost(litellm.stream_chunk_builder(chunks), model=model))
    except Exception as error:  # its own, and whatever it meets in answers that it did not expect
        logger.debug("LiteLLM knows no price for %s: %s", model, error)
        return None


def _headers(hidden: Mapping[str, Any]) -> dict[str, str]:
    """The provider's headers by their own names; LiteLLM puts OpenAI's names for limits beside them."""
    found = _lower(hidden.get("additional_headers") or {})
    return {**{name.removeprefix(HEADER_PREFIX): value for name, value in found.items()}, **found}


def _lower(headers: Mapping[str, Any]) -> dict[str, str]:
    return {str(name).lower(): str(value) for name, value in headers.items()}


_module: Any = None


def load_litellm() -> Any:
    """LiteLLM, told to keep to itself. The first time takes seconds."""
    global _module
    if _module is None:
        quiet = {"LITELLM_LOCAL_MODEL_COST_MAP": "True", "LITELLM_MODE": "PRODUCTION"}
        added = {name: value for name, value in quiet.items() if name not in os.environ}
        os.environ.update(added)
        try:
            import litellm
        except ImportError as error:
            raise MissingExtra("Calling a model", "eval") from error
        finally:
            for name in added:
                os.environ.pop(name, None)
        litellm.suppress_debug_info = True  # or it prints advertisements beside errors
        litellm.telemetry = False
        _module = litellm
    return _module
