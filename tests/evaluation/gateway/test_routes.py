"""Where each kind of gateway is asked: address, headers, and the model's name there."""

from __future__ import annotations

from typing import Any

import pytest

from assay.errors import ConfigurationError
from assay.evaluation.gateway.choice import gateway_kind, gateway_of
from assay.evaluation.gateway.routes import Route, route
from assay.settings import Settings, configure

URL = "http://gateway:8000/v1"


def way(kind: str, model: str = "openai/gpt-4o-mini", operation: str = "chat", **settings: Any) -> Route:
    return route(Settings(**{"gateway": kind, "gateway_url": URL, **settings}), kind, model, operation)


@pytest.mark.parametrize(
    ("settings", "kind"),
    [
        ({}, "litellm"),
        ({"gateway_url": URL}, "openai"),
        ({"gateway": "litellm", "gateway_url": URL}, "litellm"),
        ({"gateway": "portkey"}, "portkey"),
    ],
)
def test_an_address_alone_is_one_that_speaks_openais_protocol(settings: dict[str, Any], kind: str) -> None:
    assert gateway_kind(Settings(**settings)) == kind


@pytest.mark.parametrize(
    ("kind", "asked", "sent"),
    [
        ("openai", "openai/gpt-4o-mini", "gpt-4o-mini"),
        ("openai", "openai:/gpt-4o-mini", "gpt-4o-mini"),
        ("openai", "anthropic/claude-x", "anthropic/claude-x"),
        ("openai", "meta-llama/Llama-3", "meta-llama/Llama-3"),
        ("litellm_proxy", "litellm_proxy/my-judge", "my-judge"),
        ("litellm_proxy", "openai/gpt-4o-mini", "gpt-4o-mini"),
        ("portkey", "openai/gpt-4o-mini", "gpt-4o-mini"),
        ("portkey", "anthropic/claude-x", "claude-x"),
        ("portkey", "openrouter/openai/gpt-4o", "openai/gpt-4o"),
        ("portkey", "@team/gpt-4o", "@team/gpt-4o"),
        ("portkey", "gpt-4o", "gpt-4o"),
        ("azure", "azure/judges", "judges"),
        ("azure", "openai/gpt-4o-mini", "gpt-4o-mini"),
    ],
)
def test_models_have_the_names_that_the_gateway_knows(kind: str, asked: str, sent: str) -> None:
    assert way(kind, asked).model == sent


@pytest.mark.parametrize("kind", ["openai", "litellm_proxy", "portkey"])
@pytest.mark.parametrize(("operation", "path"), [("chat", "/chat/completions"), ("embeddings", "/embeddings")])
def test_paths_follow_the_address(kind: str, operation: str, path: str) -> None:
    assert way(kind, operation=operation, gateway_url=f"{URL}/").url == URL + path


@pytest.mark.parametrize(
    ("kind", "variable"),
    [("openai", "OPENAI_API_KEY"), ("litellm_proxy", "LITELLM_PROXY_API_KEY"), ("portkey", "OPENAI_API_KEY")],
)
def test_a_key_comes_from_the_settings_else_from_the_usual_variable(
    monkeypatch: pytest.MonkeyPatch, kind: str, variable: str
) -> None:
    assert "authorization" not in way(kind).headers
    monkeypatch.setenv(variable, "from-environment")
    assert way(kind).headers["authorization"] == "Bearer from-environment"
    assert way(kind, gateway_api_key="from-settings").headers["authorization"] == "Bearer from-settings"


def test_headers_of_ones_own_come_before_all_others() -> None:
    headers = way("openai", gateway_api_key="k", gateway_headers={"Authorization": "Basic x", "X-Team": "t"}).headers
    assert headers == {"authorization": "Basic x", "x-team": "t"}


@pytest.mark.parametrize(
    ("settings", "model", "headers"),
    [
        pytest.param({}, "anthropic/claude-x", {"provider": "anthropic"}, id="provider from the model"),
        pytest.param({}, "gemini/flash", {"provider": "google"}, id="provider by Portkey's name"),
        pytest.param({}, "gpt-4o", {"provider": "openai"}, id="no provider said"),
        pytest.param(
            {"portkey_provider": "openrouter"}, "openai/gpt-4o", {"provider": "openrouter"}, id="provider set"
        ),
        pytest.param({"portkey_provider": "@prod"}, "openai/gpt-4o", {"provider": "@prod"}, id="slug"),
        pytest.param({"portkey_virtual_key": "vk"}, "openai/gpt-4o", {"virtual-key": "vk"}, id="virtual key"),
        pytest.param({"portkey_config": "pc-1"}, "openai/gpt-4o", {"config": "pc-1"}, id="config"),
        pytest.param(
            {"portkey_config": {"retry": 1}}, "openai/x", {"config": '{"retry": 1}'}, id="config as an object"
        ),
        pytest.param({"portkey_api_key": "pk"}, "@team/gpt-4o", {"api-key": "pk"}, id="slug in the model's name"),
    ],
)
def test_portkey_is_told_the_provider_in_one_way(settings: dict[str, Any], model: str, headers: dict[str, str]) -> None:
    assert way("portkey", model, **settings).headers == {f"x-portkey-{name}": value for name, value in headers.items()}


def test_a_providers_key_is_sent_to_portkey_only_where_nothing_stands_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant")
    assert way("portkey", "anthropic/claude-x").headers["authorization"] == "Bearer sk-ant"
    for settings in ({"portkey_virtual_key": "vk"}, {"portkey_config": "pc"}, {"portkey_provider": "@prod"}):
        assert "authorization" not in way("portkey", "anthropic/claude-x", **settings).headers
    assert "authorization" not in way("portkey", "@prod/claude-x").headers


def test_at_another_providers_address_a_model_keeps_its_whole_name() -> None:
    assert way("portkey", "openai/gpt-4o", portkey_provider="openrouter").model == "openai/gpt-4o"
    assert way("portkey", "openai/gpt-4o", portkey_provider="openai").model == "gpt-4o"


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (None, "https://api.portkey.ai/v1/chat/completions"),
        ("http://localhost:8787", "http://localhost:8787/v1/chat/completions"),
        ("http://localhost:8787/v1", "http://localhost:8787/v1/chat/completions"),
    ],
)
def test_portkey_is_its_own_unless_an_address_is_set(given: str | None, url: str) -> None:
    assert way("portkey", gateway_url=given).url == url


@pytest.mark.parametrize(
    ("endpoint", "version", "url", "params"),
    [
        ("https://r.openai.azure.com/", "2024-10-21", "/openai/deployments/d/chat/completions", "2024-10-21"),
        ("https://r.openai.azure.com/openai", "2024-10-21", "/openai/deployments/d/chat/completions", "2024-10-21"),
        ("https://r.openai.azure.com", "v1", "/openai/v1/chat/completions", None),
        ("https://r.openai.azure.com/openai/v1/", "2024-10-21", "/openai/v1/chat/completions", None),
    ],
)
def test_azure_takes_a_deployment_in_its_path_or_in_the_body(
    endpoint: str, version: str, url: str, params: str | None
) -> None:
    found = way(
        "azure",
        gateway_url=endpoint,
        gateway_api_key="k",
        azure_api_version=version,
        azure_deployments={"openai/gpt-4o-mini": "d"},
    )
    assert found.url == f"https://r.openai.azure.com{url}"
    assert found.params == ({"api-version": params} if params else {})
    assert (found.headers, found.model) == ({"api-key": "k"}, "d")


@pytest.mark.parametrize("name", ["gpt-4o-mini", "openai/gpt-4o-mini", "azure/gpt-4o-mini"])
def test_a_deployment_is_found_under_any_name_of_its_model(name: str) -> None:
    assert way("azure", name, azure_deployments={"gpt-4o-mini": "judges"}).model == "judges"


def test_what_is_shown_of_an_address_holds_no_credentials() -> None:
    found = way("openai", gateway_url="https://user:pass@gateway/v1", gateway_api_key="key-of-mine")
    assert found.address == "https://gateway/v1"
    assert "key-of-mine" not in repr(found)


@pytest.mark.parametrize("kind", ["openai", "litellm_proxy", "azure"])
def test_a_gateway_without_an_address_is_a_setting_that_lacks(kind: str) -> None:
    with pytest.raises(ConfigurationError, match="ASSAY_GATEWAY_URL"):
        gateway_of(Settings(gateway=kind))


@pytest.mark.parametrize("url", ["gateway:4000", "localhost", "http://[", "ftp://gateway"])
def test_what_is_no_address_is_told_before_any_call(url: str) -> None:
    with pytest.raises(ConfigurationError, match="http"):
        gateway_of(Settings(gateway_url=url))


def test_there_are_no_other_gateways() -> None:
    with pytest.raises(ConfigurationError, match="gateway"):
        configure(gateway="ligthllm")
