"""Scorers by name, as configuration files, the command line and `scorers=["exact_match", "ndcg@5"]` ask for them."""

from __future__ import annotations

import dataclasses
import difflib
import importlib
from collections.abc import Iterator, Mapping
from typing import Any

from assay.errors import ConfigurationError
from assay.evaluation.scorers.protocol import snake_case

NEAR_MATCHES = 3

# What the field calls some of them
ALIASES = {
    "chrf++": "chrf_plus_plus",
    "corpus_chrf++": "corpus_chrf_plus_plus",
    "mrr": "reciprocal_rank",
    "squad_em": "squad_exact_match",
}


class BuiltIn(Mapping[str, type]):
    """The built-in scorers by their names in snake_case, each class imported when it is taken."""

    def __init__(self, modules: Mapping[str, str]) -> None:
        self._classes = {snake_case(name): (name, module) for name, module in modules.items()}

    def __getitem__(self, name: str) -> type:
        class_name, module = self._classes[name]
        found: type = getattr(importlib.import_module(module), class_name)
        return found

    def __contains__(self, name: object) -> bool:  # Mapping's would import the class to find out
        return name in self._classes

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._classes))

    def __len__(self) -> int:
        return len(self._classes)


def scorer_by_name(name: str, built_in: Mapping[str, type]) -> Any:
    """The scorer of that name with its defaults; "name@5" sets its cut-off `k`.

    Raises:
        ConfigurationError: there is none, or it cannot be made without arguments.
    """
    asked, at, cutoff = name.partition("@")
    plain = snake_case(ALIASES.get(asked, asked))
    if at and f"{plain}_at_k" in built_in:
        plain = f"{plain}_at_k"  # "precision@5" is no "precision"
    if plain not in built_in:
        near = difflib.get_close_matches(plain, [*built_in, *ALIASES], NEAR_MATCHES, 0.6)
        hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else f"Built in: {', '.join(built_in)}."
        raise ConfigurationError(f"There is no scorer {name!r}.", hint=hint)
    found = built_in[plain]
    if not at:
        return _made(found, plain)
    if not (cutoff.isascii() and cutoff.isdigit() and "k" in _fields(found)):
        raise ConfigurationError(
            f"There is no scorer {name!r}: after @ stands the cut-off of a scorer that has one.", hint="E.g. 'ndcg@5'."
        )
    return _made(found, plain, k=int(cutoff))


def _made(found: type, name: str, **options: int) -> Any:
    try:
        return found(**options)
    except TypeError as error:
        raise ConfigurationError(
            f"Scorer {name!r} cannot be asked for by name alone ({error}).", hint=f"Make one: {found.__name__}(...)"
        ) from error


def _fields(found: type) -> set[str]:
    return {field.name for field in dataclasses.fields(found)} if dataclasses.is_dataclass(found) else set()
