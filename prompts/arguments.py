"""Arguments of the public functions, checked before anything is sent: what is wrong with one is said in its words."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from assay.errors import ConfigurationError


def url_part(what: str, name: object) -> str:
    """`name` as one part of a path of the API's.

    Args:
        what: that it names, with its article: "A prompt".

    Raises:
        ConfigurationError: it is no text, or one that would be another path.
    """
    if not isinstance(name, str):
        raise ConfigurationError(f"{what} is named by a text, not by {name!r}.", hint="For example: 'qa'.")
    if not name.strip("."):
        raise ConfigurationError(f"{what} cannot be called {name!r}.", hint="Give its name, for example 'qa'.")
    try:
        return quote(name, safe="")
    except UnicodeEncodeError as error:
        raise ConfigurationError(
            f"{what} cannot be called {name!r}: half a surrogate pair is no character.", hint="Give its name as text."
        ) from error


def mapping(what: str, value: object, example: str) -> dict[Any, Any]:
    """A copy of a dict or the like.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"{what} is {value!r}.", hint=f"Give a dict, such as {example}.")
    return dict(value)


def mappings(what: str, value: object, example: str) -> list[dict[Any, Any]]:
    """A copy of a list of dicts.

    Raises:
        ConfigurationError: it is none.
    """
    if not isinstance(value, Sequence) or not all(isinstance(each, Mapping) for each in value):
        raise ConfigurationError(f"{what} is {value!r}.", hint=f"Give a list of dicts, such as {example}.")
    return [dict(each) for each in value]


def number(what: str, value: object, example: str) -> float:
    """
    Raises:
        ConfigurationError: it is no finite number.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < math.inf:
        raise ConfigurationError(f"{what} is {value!r}.", hint=f"Give a number, such as {example}.")
    return value


def check_ttl(seconds: object) -> None:
    """
    Raises:
        ConfigurationError: these are no seconds that something can be kept for.
    """
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or seconds != seconds:  # NaN
        raise ConfigurationError(f"cache_ttl is {seconds!r}.", hint="Give seconds, such as 60; 0 asks every time.")
