"""Edit similarity: how much of the longer text survives the fewest edits that make the two equal?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.evaluation.scorers.extras import library
from assay.evaluation.scorers.normalise import Steps, normalised, steps_of
from assay.evaluation.scorers.texts import references_of, text_of


@dataclass(frozen=True, kw_only=True)
class EditSimilarity:
    """How alike the output and the expected text are, character by character. Not applicable to items without one.

    Definition: 1 - d / max(characters of output, of expected), where d is the Levenshtein distance: the fewest
        characters to insert, delete or replace. Two empty texts are alike: 1. Of several references the most similar
        counts. `normalize` is as in ExactMatch.
    Range: 0 to 1.
    Direction: higher is better.
    Source: Levenshtein 1966, by rapidfuzz.
    Pitfalls: Characters are Unicode code points: an accent may be a character of its own (`normalize="nfc"` composes
        it), an emoji may be seven. Words in another order are far apart.
    """

    normalize: Steps = "none"
    name: str = "edit_similarity"
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)

    def __post_init__(self) -> None:
        steps_of(self.normalize, "EditSimilarity")

    def __call__(self, output: Any, expected: Any) -> float | None:
        references = references_of(expected, self.name)
        if references is None:
            return None
        steps = steps_of(self.normalize, "EditSimilarity")
        text = normalised(text_of(output, self.name), steps)
        similarity = library("rapidfuzz.distance.Levenshtein", self.name).normalized_similarity
        return max(float(similarity(text, normalised(reference, steps))) for reference in references)
