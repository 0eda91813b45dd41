"""Keys of kept answers: everything counts but the transport, and the order of names does not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import InvalidRequest
from assay.evaluation.gateway.keys import TRANSPORT, TRANSPORT_HEADERS, answer_key

IDENTITY = {"gateway": "openai", "address": "http://a/v1", "model": "m", "headers": {"x-portkey-provider": "openai"}}
REQUEST = {
    "operation": "chat",
    "messages": [{"role": "user", "content": "hi"}],
    "response_format": {"type": "json_schema", "json_schema": {"name": "v", "schema": {"type": "object"}}},
    "temperature": 0.0,
    "max_tokens": 10,
    "seed": 1,
    "tools": [{"type": "function", "function": {"name": "f"}}],
    "logprobs": True,
    "top_logprobs": 3,
}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text("aé日"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


def key(
    identity: dict[str, Any] = IDENTITY, request: dict[str, Any] = REQUEST, *, repeat: int = 0, namespace: str = ""
) -> str:
    return answer_key(identity, request, repeat=repeat, namespace=namespace)


def turned_round(value: Any) -> Any:
    """The same with the names of every object in the opposite order."""
    if isinstance(value, dict):
        return {name: turned_round(inner) for name, inner in reversed(value.items())}
    return [turned_round(inner) for inner in value] if isinstance(value, list) else value


@settings(max_examples=25)
@given(st.dictionaries(st.text("abc", min_size=1), json_values, max_size=4))
def test_the_order_of_names_does_not_count(request: dict[str, Any]) -> None:
    assert key(request=request) == key(request=turned_round(request))


@settings(max_examples=25)
@given(st.sampled_from(sorted(REQUEST)), json_values)
def test_every_part_of_a_request_counts(name: str, value: Any) -> None:
    same = value == REQUEST[name] and isinstance(value, bool) == isinstance(REQUEST[name], bool)
    assert (key(request={**REQUEST, name: value}) == key()) is same


@settings(max_examples=25)
@given(st.text("abcxyz_", min_size=1).filter(lambda name: name not in TRANSPORT and name not in REQUEST), json_values)
def test_a_parameter_that_nobody_has_thought_of_counts(name: str, value: Any) -> None:
    assert key(request={**REQUEST, name: value}) != key()


@pytest.mark.parametrize("name", sorted(REQUEST))
def test_leaving_a_parameter_out_counts(name: str) -> None:
    assert key(request={n: value for n, value in REQUEST.items() if n != name}) != key()


@pytest.mark.parametrize("name", ["gateway", "address", "model"])
def test_who_is_asked_counts(name: str) -> None:
    assert key({**IDENTITY, name: "another"}) != key()


def test_repeats_and_namespaces_share_nothing() -> None:
    keys = [key(), key(repeat=1), key(repeat=2), key(namespace="a"), key(namespace="b"), key(repeat=1, namespace="a")]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("name", ["x-portkey-config", "x-portkey-virtual-key", "x-anything", "openai-organization"])
def test_a_header_that_may_lead_elsewhere_counts(name: str) -> None:
    assert key({**IDENTITY, "headers": {**IDENTITY["headers"], name: "v"}}) != key()  # type: ignore[dict-item]


@pytest.mark.parametrize("name", sorted(TRANSPORT_HEADERS))
def test_a_header_of_the_transport_does_not_count(name: str) -> None:
    assert key({**IDENTITY, "headers": {**IDENTITY["headers"], name.title(): "v"}}) == key()  # type: ignore[dict-item]


def test_what_does_not_count_is_this_and_no_more() -> None:
    assert frozenset({"api_key", "attempts", "max_retries", "num_retries", "timeout", "timeout_s"}) == TRANSPORT
    assert all(
        any(word in name for word in ("key", "auth", "trac", "id", "agent", "baggage", "meta", "timeout"))
        for name in TRANSPORT_HEADERS
    )
    for name in TRANSPORT:
        assert key(request={**REQUEST, name: 5}) == key() == key({**IDENTITY, name: 5})


def test_equal_numbers_are_one_number() -> None:
    assert key(request={**REQUEST, "temperature": 0}) == key()
    assert key(request={**REQUEST, "temperature": False}) != key()


@pytest.mark.parametrize("value", [float("nan"), object(), "\ud800"], ids=["nan", "object", "half a surrogate pair"])
def test_what_json_cannot_say_has_no_key(value: Any) -> None:
    with pytest.raises(InvalidRequest):
        key(request={**REQUEST, "messages": [value]})


def test_a_key_is_a_hash_that_stays_the_same() -> None:
    assert answer_key({"model": "m"}, {"messages": []}, repeat=0, namespace="") == (
        "838a256c3ca738b5fa1ef62697103bb38d15687405c977e3add0bfd7fd7aeae8"
    )
