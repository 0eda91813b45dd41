"""Embedding similarity: how close do output and expected text lie, by a model that turns texts into vectors?"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import mul
from typing import Any, ClassVar, Literal

from assay.errors import ScorerError
from assay.evaluation.gateway import Gateway, default_gateway
from assay.evaluation.scorers.texts import references_of, text_of
from assay.scores import Score


@dataclass(frozen=True, kw_only=True)
class EmbeddingSimilarity:
    """Cosine of the embeddings of output and expected text. Not applicable to items without one.

    Definition: a.b / (|a| |b|) of the vectors that `model` gives the two texts, through the gateway. Of several
        references the closest counts. Recorded: the model asked for and the one that answered, the dimension, tokens
        and cost.
    Range: -1 to 1.
    Direction: higher is better.
    Source: cosine similarity.
    Pitfalls: Not calibrated: unrelated texts may have 0.7 with one model and 0.1 with another. Compare within one
        model and dimension only. Contradictions lie close together. A vector of zeros has no cosine and is a failed
        score, and so is an empty text.
    """

    model: str  # as LiteLLM names it, e.g. openai/text-embedding-3-small
    dimensions: int | None = None  # None: the model's own
    name: str = "embedding_similarity"
    gateway: Gateway | None = field(default=None, repr=False, compare=False)
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (-1, 1)

    @property
    def parameters(self) -> dict[str, Any]:
        return {"model": self.model, "dimensions": self.dimensions}

    async def __call__(self, output: Any, expected: Any) -> Score | None:
        references = references_of(expected, self.name)
        if references is None:
            return None
        texts = [text_of(output, self.name), *references]
        if not all(text.strip() for text in texts):
            raise ScorerError("An empty text has no embedding")
        options = {} if self.dimensions is None else {"dimensions": self.dimensions}
        found = await (self.gateway or default_gateway()).embed(texts, model=self.model, **options)
        metadata = {
            "model": self.model,
            "response_model": found.model,
            "dimensions": len(found.vectors[0]) if found.vectors else None,
            "input_tokens": found.input_tokens,
            "cost_usd": found.cost_usd,
            "calls": 1,
            "cached": found.cached,
        }
        if len(found.vectors) != len(texts):
            raise ScorerError(f"{len(texts)} texts came back as {len(found.vectors)} vectors", metadata=metadata)
        own, *others = found.vectors
        try:
            return Score(name=self.name, value=max(cosine(own, other) for other in others), metadata=metadata)
        except ValueError as error:
            raise ScorerError(f"The model {found.model or self.model} gave {error}", metadata=metadata) from error


def cosine(a: Sequence[float], b: Sequence[float]) -> float:
    """a.b / (|a| |b|), at most 1 and at least -1 whatever rounding says.

    Raises:
        ValueError: it is undefined; the message says why.
    """
    if len(a) != len(b):
        raise ValueError(f"vectors of {len(a)} and of {len(b)} dimensions")
    lengths = math.hypot(*a), math.hypot(*b)
    if not all(map(math.isfinite, lengths)):
        raise ValueError("a vector with a number that is not finite")
    if not all(lengths):
        raise ValueError("a vector of zeros, which has no direction")
    product = math.fsum(map(mul, (x / lengths[0] for x in a), (y / lengths[1] for y in b)))
    return max(-1.0, min(1.0, product))
