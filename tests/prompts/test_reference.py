"""How a prompt is named: by name and version, or by a URI."""

from __future__ import annotations

from typing import Any

import pytest

from assay.errors import ConfigurationError
from assay.prompts.reference import Reference, parse_reference


@pytest.mark.parametrize(
    ("given", "reference"),
    [
        ("qa", Reference("qa", "latest")),
        ("prompts:/qa", Reference("qa", "latest")),
        ("prompts:/qa/2", Reference("qa", 2)),
        ("prompts:/qa@production", Reference("qa", "production")),
        ("prompts:/qa@latest", Reference("qa", "latest")),
        ("prompts:/support/answer", Reference("support/answer", "latest")),
        ("prompts:/support/answer/12", Reference("support/answer", 12)),
        ("prompts:/support/answer@production", Reference("support/answer", "production")),
        ("prompts:///qa/2", Reference("qa", 2)),
        ("support/answer", Reference("support/answer", "latest")),
        ("prompts:/42", Reference("42", "latest")),
    ],
)
def test_names_and_uris_are_read(given: str, reference: Reference) -> None:
    assert parse_reference(given) == reference


@pytest.mark.parametrize(
    ("named", "version"),
    [({"version": 2}, 2), ({"alias": "production"}, "production"), ({"label": "staging"}, "staging")],
)
def test_a_version_can_stand_beside_the_name(named: dict[str, Any], version: int | str) -> None:
    assert parse_reference("qa", **named) == Reference("qa", version)


@pytest.mark.parametrize("uri", ["prompts:/qa", "prompts:/qa/2", "prompts:/a/b@production"])
def test_a_reference_is_written_as_it_was_read(uri: str) -> None:
    assert str(parse_reference(uri)) == uri


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("prompts:/qa/2", {"version": 3}),
        ("prompts:/qa@production", {"alias": "production"}),
        ("qa", {"version": 1, "alias": "production"}),
        ("qa", {"alias": "a", "label": "b"}),
    ],
)
def test_two_versions_at_once_are_refused(given: str, named: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="More than one version"):
        parse_reference(given, **named)


@pytest.mark.parametrize("given", ["", " ", "prompts:/", "prompts://"])
def test_a_reference_without_a_name_is_refused(given: str) -> None:
    with pytest.raises(ConfigurationError, match="names no prompt"):
        parse_reference(given)
