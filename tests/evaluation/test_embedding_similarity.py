"""Embedding similarity: cosine through the gateway, with what the figure cannot be read without."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ScorerError
from assay.evaluation.gateway import Embeddings
from assay.evaluation.scorers.embedding_similarity import cosine
from assay.scorers import EmbeddingSimilarity


@dataclass
class Vectors:
    """A gateway that knows a few vectors."""

    known: dict[str, list[float]]
    asked: list[dict[str, Any]] = field(default_factory=list)

    async def complete(self, *args: Any, **options: Any) -> Any:
        raise AssertionError("nobody asks for an answer here")

    async def embed(self, texts: Sequence[str], **options: Any) -> Embeddings:
        self.asked.append({"texts": list(texts), **options})
        return Embeddings(
            vectors=[self.known[text] for text in texts if text in self.known],
            model="model-2",
            input_tokens=7,
            cost_usd=0.001,
        )


KNOWN = {
    "east": [1.0, 0.0],
    "west": [-2.0, 0.0],
    "north": [0.0, 3.0],
    "north-east": [1.0, 1.0],
    "nowhere": [0.0, 0.0],
    "broken": [math.nan, 1.0],
    "flat": [1.0],
}


def scorer(**options: Any) -> tuple[EmbeddingSimilarity, Vectors]:
    gateway = Vectors(KNOWN)
    return EmbeddingSimilarity(model="m", gateway=gateway, **options), gateway  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("output", "expected", "value"),
    [
        ("east", "east", 1.0),
        ("east", "west", -1.0),
        ("east", "north", 0.0),
        ("north-east", "north", math.sqrt(0.5)),
        ("north-east", ["west", "north"], math.sqrt(0.5)),
    ],
)
async def test_the_cosine_with_the_closest_reference(output: str, expected: Any, value: float) -> None:
    similarity, _ = scorer()
    score = await similarity(output, expected)
    assert score is not None
    assert score.value == pytest.approx(value, abs=1e-12)


async def test_model_dimension_tokens_and_cost_are_recorded() -> None:
    similarity, gateway = scorer(dimensions=2)
    score = await similarity("east", ["west", "north"])
    assert score is not None
    assert score.metadata == {
        "model": "m",
        "response_model": "model-2",
        "dimensions": 2,
        "input_tokens": 7,
        "cost_usd": 0.001,
        "calls": 1,
        "cached": False,
    }
    assert gateway.asked == [{"texts": ["east", "west", "north"], "model": "m", "dimensions": 2}]


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("nowhere", "a vector of zeros, which has no direction"),
        ("broken", "a vector with a number that is not finite"),
        ("flat", "vectors of 1 and of 2 dimensions"),
        ("unknown", "2 texts came back as 1 vectors"),
    ],
)
async def test_a_cosine_that_is_undefined_is_an_error_and_what_it_cost_is_kept(output: str, message: str) -> None:
    similarity, _ = scorer()
    with pytest.raises(ScorerError, match=message) as caught:
        await similarity(output, "east")
    assert caught.value.metadata["cost_usd"] == 0.001


async def test_what_can_have_no_vector_is_not_paid_for() -> None:
    similarity, gateway = scorer()
    with pytest.raises(ScorerError, match="An empty text has no embedding"):
        await similarity(" \n", "east")
    with pytest.raises(ScorerError, match="works on texts"):
        await similarity({"a": 1}, "east")
    assert await similarity("east", None) is None
    assert gateway.asked == []


vectors = st.lists(st.floats(-1e100, 1e100, allow_subnormal=False), min_size=3, max_size=3).filter(any)


@settings(max_examples=40)
@given(vectors, vectors)
def test_the_cosine_equals_numpys_and_keeps_to_its_range(a: list[float], b: list[float]) -> None:
    x, y = (np.array(vector) / max(map(abs, vector)) for vector in (a, b))
    expected = float(x @ y / (np.linalg.norm(x) * np.linalg.norm(y)))
    assert cosine(a, b) == pytest.approx(expected, abs=1e-9)
    assert -1 <= cosine(a, b) <= 1
    assert cosine(a, a) == pytest.approx(1, abs=1e-9)
