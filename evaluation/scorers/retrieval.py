"""Retrieval: was what is relevant found, and does it stand at the top? One query at a time."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.retrieved import context_of, document_id, field_at, ranked_ids, span_documents
from assay.evaluation.scorers import ranking as measure
from assay.evaluation.scorers.protocol import snake_case
from assay.scores import Score


@dataclass(frozen=True)
class RetrievalScorer(ABC):
    """What the measures share. `retrieved` says where the ranked documents are: "output.<field>", "metadata.<field>",
    "output" or "trace" (what the row's retriever spans returned); None: the output if it is a list, else the field
    named context, retrieved or documents of the output or the item's metadata.
    """

    k: int | None = 10
    _: KW_ONLY
    retrieved: str | None = None
    name: str = ""
    direction: ClassVar[Literal["higher", "lower"]] = "higher"
    range: ClassVar[tuple[float, float]] = (0, 1)
    whole: ClassVar[bool] = False  # k may be None: the ranking to its end

    def __post_init__(self) -> None:
        wrong = self.k is not None if isinstance(self.k, bool) or not isinstance(self.k, int) else self.k < 1
        if wrong or (self.k is None and not self.whole):
            raise ConfigurationError(f"{type(self).__name__}(k=) is a whole number from 1, not {self.k!r}.")
        place = (self.retrieved or "output").split(".")[0]
        if place not in ("output", "metadata", "trace") or self.retrieved == "metadata":
            raise ConfigurationError(
                f"{type(self).__name__}(retrieved={self.retrieved!r}) says no place.",
                hint="It is 'output', 'output.<field>', 'metadata.<field>' or 'trace'.",
            )
        if not self.name:
            object.__setattr__(self, "name", self._default_name())

    @property
    def needs_trace(self) -> bool:
        return self.retrieved == "trace"

    def __call__(
        self, output: Any, expected: Any, metadata: Mapping[str, Any] | None = None, trace: Any = None
    ) -> Score | None:
        grades = grades_of(expected)
        if grades is None or not self._defined(grades):
            return None
        ids = ranked_ids(self._documents(output, metadata or {}, trace))
        value = self._measure(ids, grades)
        if value is None:
            return None
        return Score(
            name=self.name,
            value=value if isinstance(value, bool) else min(value, 1.0),
            metadata={
                "retrieved": len(ids),
                "relevant": len(measure.relevant(grades)),
                "unjudged": sum(document not in grades for document in ids[: self.k]),
            },
        )

    def _documents(self, output: Any, metadata: Mapping[str, Any], trace: Any) -> Any:
        if self.retrieved == "trace":
            if trace is None:
                raise ScorerError("There is no trace to read the retrieved documents from")
            return span_documents(trace)
        if self.retrieved is not None:
            return field_at(self.retrieved, {"output": output, "metadata": metadata})
        if isinstance(output, list | tuple):
            return output
        found = context_of(output, metadata)
        return output if found is None else found

    def _defined(self, grades: measure.Grades) -> bool:
        return bool(measure.relevant(grades))

    @abstractmethod
    def _measure(self, ids: Sequence[str], grades: measure.Grades) -> float | None: ...

    def _default_name(self) -> str:
        base = snake_case(type(self).__name__).removesuffix("_at_k")
        return base if self.k is None else f"{base}@{self.k}"


def grades_of(expected: Any) -> dict[str, float] | None:
    """How relevant each document is: of a dict of grades, or of a list of relevant ids (1 each); None if there is none.

    Raises:
        ScorerError: it is something else.
    """
    if expected is None:
        return None
    if isinstance(expected, Mapping):
        return {document_id(document): _grade(document, grade) for document, grade in expected.items()}
    if isinstance(expected, str):
        return {expected: 1.0}
    try:
        return dict.fromkeys(ranked_ids(expected), 1.0)
    except ScorerError as error:
        raise ScorerError(
            f"The expected value is to be a list of relevant ids, or a dict of ids and grades. {error.message}"
        ) from error


def _grade(document: Any, grade: Any) -> float:
    if isinstance(grade, int | float) and math.isfinite(grade):
        return float(grade)
    raise ScorerError(f"The grade of document {document!r} is no number: {grade!r}", hint="0 means not relevant.")


@dataclass(frozen=True)
class PrecisionAtK(RetrievalScorer):
    """Precision at k: how much of the first k documents is relevant?

    Definition: Relevant documents among the first k, divided by k, even where fewer were retrieved. Expected is a list
        of relevant ids or a dict of ids and grades, of which those above 0 are relevant. A document that comes twice
        counts at its first place; one that nobody judged is not relevant. Not applicable to a query that has no
        relevant document.
    Range: 0 to 1.
    Direction: higher is better.
    Source: trec_eval P_k.
    Pitfalls: With fewer than k relevant documents it cannot reach 1. Unjudged documents count against it: see
        UnjudgedAtK, and `unjudged` in the metadata. trec_eval gives 0 to queries without a relevant document.
    """

    def _measure(self, ids: Sequence[str], grades: measure.Grades) -> float:
        assert self.k is not None
        return measure.precision_at_k(ids, grades, self.k)


@dataclass(frozen=True)
class RecallAtK(RetrievalScorer):
    """Recall at k: how much of what is relevant is among the first k documents?

    Definition: Relevant documents among the first k, divided by all relevant ones. Expected, duplicates and unjudged
        documents are as in PrecisionAtK. Not applicable to a query that has no relevant document.
    Range: 0 to 1.
    Direction: higher is better.
    Source: trec_eval recall_k.
    Pitfalls: With more than k relevant documents it cannot reach 1. It knows only the relevant documents it is told.
    """

    def _measure(self, ids: Sequence[str], grades: measure.Grades) -> float:
        assert self.k is not None
        return measure.recall_at_k(ids, grades, self.k)


@dataclass(frozen=True)
class HitAtK(RetrievalScorer):
    """Hit at k: is any relevant document among the first k?

    Definition: Whether at least one of the first k documents is relevant. Expected, duplicates and unjudged documents
        are as in PrecisionAtK. Not applicable to a query that has no relevant document.
    Range: true or false.
    Direction: higher is better.
    Source: trec_eval success_k.
    Pitfalls: One hit is as good as many. Some call this recall at k.
    """

    def _measure(self, ids: Sequence[str], grades: measure.Grades) -> bool:
        assert self.k is not None
        return measure.hit_at_k(ids, grades, self.k)


@dataclass(frozen=True)
class ReciprocalRank(RetrievalScorer):
    """Reciprocal rank: how far down is the first relevant document? Its mean over queries is MRR.

    Definition: 1 / rank of the first relevant document, 0 if none is among the first k (`k=None`: anywhere). Expected,
        duplicates and unjudged documents are as in PrecisionAtK. Not applicable to a query that has no relevant
        document.
    Range: 0 to 1.
    Direction: higher is better.
    Source: trec_eval recip_rank; with a cut-off as ir_measures' RR@k.
    Pitfalls: Everything after the first relevant document is ignored.
    """

    whole: ClassVar[bool] = True

    def _measure(self, ids: Sequence[str], grades: measure.Grades) -> float:
        return measure.reciprocal_rank(ids, grades, self.k)


@dataclass(frozen=True)
class AveragePrecision(RetrievalScorer):
    """Average precision: precision at every relevant document. Its mean over queries is MAP.

    Definition: The precision at the rank of each relevant document among the first k (`k=None`: anywhere), added up
        and divided by all relevant documents, found or not. Expected, duplicates and unjudged documents are as in
        PrecisionAtK. Not applicable to a query that has no relevant document.
    Range: 0 to 1.
    Direction: higher is better.
    Source: trec_eval map and map_cut_k.
    Pitfalls: Others divide by min(k, relevant) or by the relevant documents found: those figures are higher.
    """

    whole: ClassVar[bool] = True

    def _measure(self, ids: Sequence[str], grades: measure.Grades) -> float:
        return measure.average_precision(ids, grades, self.k)


@dataclass(frozen=True)
class Ndcg(RetrievalScorer):
    """nDCG: do the most relevant documents stand first?

    Definition: Gains of the first k documents (`k=None`: all), each divided by log2(rank + 1), over the same sum for
        the best possible ranking. The gain is the grade, or `2**grade - 1` with `gain="exp"` (named ndcg_exp); below 0
        it is 0. Expected, duplicates and unjudged documents are as in PrecisionAtK. Not applicable to a query that
        has no relevant document.
    Range: 0 to 1.
    Direction: higher is better.
    Source: Järvelin and Kekäläinen 2002; trec_eval ndcg_cut_k; "exp" from Burges et al. 2005.
    Pitfalls: Linear and exponential gains are both called nDCG and differ as soon as there are grades above 1.
    """

    _: KW_ONLY
    gain: measure.Gain = "linear"
    whole: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.gain not in ("linear", "exp"):
            raise ConfigurationError(f"Ndcg(gain=) is 'linear' or 'exp', not {self.gain!r}.")
        super().__post_init__()

    def _measure(self, ids: Sequence[str], grades: measure.Grades) -> float:
        return measure.ndcg(ids, grades, self.k, self.gain)

    def _default_name(self) -> str:
        name = "ndcg_exp" if self.gain == "exp" else "ndcg"
        return name if self.k is None else f"{name}@{self.k}"


@dataclass(frozen=True)
class NdcgExp(Ndcg):
    """nDCG with exponential gains, for those who ask by name: "ndcg_exp@10".

    Definition: As Ndcg with `gain="exp"`: the gain is `2**grade - 1`.
    Range: 0 to 1.
    Direction: higher is better.
    Source: Burges et al. 2005, as in most learning-to-rank papers.
    Pitfalls: Does not compare with Ndcg's figures where there are grades above 1.
    """

    _: KW_ONLY
    gain: measure.Gain = "exp"


@dataclass(frozen=True)
class UnjudgedAtK(RetrievalScorer):
    """Unjudged at k: how much of the first k documents has nobody judged?

    Definition: The share of the first k documents that the expected value says nothing of, of those there are. Not
        applicable where nothing was retrieved or judged.
    Range: 0 to 1.
    Direction: lower is better.
    Source: 1 - ir_measures' Judged@k, where k documents were retrieved.
    Pitfalls: Where it is high, the other measures say little: they count these documents as not relevant. A list of
        relevant ids judges nothing else; give a dict with zeros for what was judged and found wanting.
    """

    direction: ClassVar[Literal["higher", "lower"]] = "lower"

    def _defined(self, grades: measure.Grades) -> bool:
        return bool(grades)

    def _measure(self, ids: Sequence[str], grades: measure.Grades) -> float | None:
        assert self.k is not None
        return measure.unjudged_at_k(ids, grades, self.k) if ids else None
