"""Where a request to a gateway goes: address, headers, and the model by the name that it has there. Pure but for keys,
which may come from a provider's own environment variable.

Sources: Portkey's request headers (portkey.ai/docs/api-reference/inference-api/headers and the open gateway's
src/globals.ts), Azure OpenAI's REST reference, LiteLLM's proxy_server.py.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit, urlunsplit

from assay.errors import ConfigurationError
from assay.evaluation.gateway.protocol import model_name
from assay.settings import Settings

PATHS = {"chat": "/chat/completions", "embeddings": "/embeddings"}

PORTKEY_URL = "https://api.portkey.ai/v1"
PORTKEY = "x-portkey-"
# a provider as LiteLLM names it -> as Portkey does, where they differ
PORTKEY_PROVIDERS = {
    "azure": "azure-openai",
    "azure_ai": "azure-ai",
    "fireworks_ai": "fireworks-ai",
    "gemini": "google",
    "mistral": "mistral-ai",
    "perplexity": "perplexity-ai",
    "together_ai": "together-ai",
    "vertex_ai": "vertex-ai",
    "xai": "x-ai",
}


@dataclass(frozen=True, slots=True)
class Route:
    """One way to one model. The headers hold keys, so they are never shown."""

    url: str
    model: str  # as the gateway names it
    provider: str  # by whose prices it is charged
    listed_as: str  # and under which name those know the model
    address: str  # for people, for limits and for the cache's keys: without credentials
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    params: Mapping[str, str] = field(default_factory=dict)
    also_called: str = ""  # as the gateway may name it instead: OpenRouter has names like openai/gpt-4o


def route(settings: Settings, kind: str, model: str, operation: str = "chat") -> Route:
    """The way to `model`, under the name that LiteLLM has for it, by the gateway of this kind.

    Raises:
        ConfigurationError: the settings lack something; the message names it.
    """
    return ROUTES[kind](settings, model_name(model), PATHS[operation])


def _openai(settings: Settings, model: str, path: str) -> Route:
    """A gateway's own names for models may hold slashes: apart from `openai/` they go to it as they are."""
    # Gateways in front of a local model often want no key.
    key = settings.gateway_api_key or os.environ.get("OPENAI_API_KEY")
    return _plain(settings, model, path, key)


def _litellm_proxy(settings: Settings, model: str, path: str) -> Route:
    key = settings.gateway_api_key or os.environ.get("LITELLM_PROXY_API_KEY") or os.environ.get("LITELLM_API_KEY")
    return _plain(settings, model, path, key)


def _plain(settings: Settings, model: str, path: str, key: str | None) -> Route:
    base = _base(settings)
    model = model.removeprefix("litellm_proxy/")  # as LiteLLM names what is behind a proxy
    return Route(
        url=base + path,
        model=model.removeprefix("openai/"),
        also_called=model,
        provider=_provider(model),
        listed_as=model,
        address=without_credentials(base),
        headers=_headers(settings, {"authorization": f"Bearer {key}"} if key else {}),
    )


def _portkey(settings: Settings, model: str, path: str) -> Route:
    """The provider is named in one of four ways: by a config, a virtual key, a slug in the model's name, or openly.
    Only the last needs the provider's own key.
    """
    base = _base(settings, PORTKEY_URL)
    if not urlsplit(base).path:
        base += "/v1"
    by_slug = model.startswith("@")
    prefix, slash, rest = model.partition("/")
    named = prefix if slash and not by_slug else "openai"
    stands_for = settings.portkey_config or settings.portkey_virtual_key or by_slug
    provider = settings.portkey_provider or (None if stands_for else PORTKEY_PROVIDERS.get(named, named))
    key = settings.gateway_api_key
    if not key and not stands_for and not (provider or "").startswith("@"):
        key = os.environ.get(f"{named.upper()}_API_KEY")
    given = {
        f"{PORTKEY}api-key": settings.portkey_api_key,
        f"{PORTKEY}provider": provider,
        f"{PORTKEY}virtual-key": settings.portkey_virtual_key,
        f"{PORTKEY}config": settings.portkey_config,
        "authorization": f"Bearer {key}" if key else None,
    }
    # `openai/gpt-4o` at the provider openrouter is its own name for a model of another provider's
    foreign = provider and not provider.startswith("@") and provider != PORTKEY_PROVIDERS.get(named, named)
    return Route(
        url=base + path,
        model=rest if slash and not by_slug and not foreign else model,
        provider=named,
        listed_as=model,
        address=without_credentials(base),
        headers=_headers(settings, {name: value for name, value in given.items() if value}),
    )


def _azure(settings: Settings, model: str, path: str) -> Route:
    """The endpoint of a resource, with its deployments in the path; or `.../openai/v1`, with them in the body."""
    base = _base(settings)
    name = model.removeprefix("azure/").removeprefix("openai/")
    deployments = settings.azure_deployments
    deployment = deployments.get(model) or deployments.get(name) or name
    key = settings.gateway_api_key or os.environ.get("AZURE_OPENAI_API_KEY") or os.environ.get("AZURE_API_KEY")
    address = without_credentials(base)
    base = base.removesuffix("/openai")
    params = {}
    if base.endswith("/openai/v1"):
        url = base + path
    elif settings.azure_api_version in ("v1", "preview"):
        url = f"{base}/openai/v1{path}"
    else:
        url = f"{base}/openai/deployments/{quote(deployment, safe='')}{path}"
        params = {"api-version": settings.azure_api_version}
    return Route(
        url=url,
        model=deployment,
        provider="azure",
        listed_as=name,
        address=address,
        headers=_headers(settings, {"api-key": key} if key else {}),
        params=params,
    )


ROUTES: Mapping[str, Callable[[Settings, str, str], Route]] = {
    "openai": _openai,
    "litellm_proxy": _litellm_proxy,
    "portkey": _portkey,
    "azure": _azure,
}


def without_credentials(url: str) -> str:
    """An address as it may be shown and kept: no user, no password, no query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _base(settings: Settings, otherwise: str | None = None) -> str:
    url = settings.gateway_url or otherwise
    if not url:
        raise ConfigurationError(
            f"The gateway {settings.gateway!r} has no address.", hint="Set gateway_url (ASSAY_GATEWAY_URL)."
        )
    if not _is_address(url):
        raise ConfigurationError(
            "The setting gateway_url holds no address.",
            hint="Write it with http:// or https://, and up to where the API begins: http://127.0.0.1:4000/v1",
        )
    return url.rstrip("/")


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _headers(settings: Settings, made: Mapping[str, str]) -> dict[str, str]:
    return {**made, **{name.lower(): value for name, value in settings.gateway_headers.items()}}


def _provider(model: str) -> str:
    """By whose prices: what stands before the slash; without one, OpenAI's, whose protocol is spoken."""
    prefix, slash, _ = model.partition("/")
    return prefix if slash and not prefix.startswith("@") else "openai"
