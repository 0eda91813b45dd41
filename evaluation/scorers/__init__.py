"""The scorers that come with Assay, one file each. A name loads its module on first use.

A new scorer is a line in `SCORERS` here and one in `assay/scorers.py`, which is what editors and type checkers read.
Its docstring says in its first sentence what the score tells, and then, each as a paragraph that begins so at the
docstring's own indentation: "Definition:", "Range:", "Direction:", "Source:", "Pitfalls:" (see contains.py).
docs/scorers.md is made of them (`make docs`), and a test asks every class for all five.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.evaluation.scorers.by_name import BuiltIn
from assay.lazy import lazy_names

if TYPE_CHECKING:
    from assay.evaluation.judges.own import judge as judge
    from assay.evaluation.judges.verdict import Judge as Judge
    from assay.evaluation.scorers.protocol import RunRow as RunRow
    from assay.evaluation.scorers.protocol import RunScorer as RunScorer
    from assay.evaluation.scorers.protocol import Scorer as Scorer
    from assay.evaluation.scorers.protocol import scorer as scorer

# Class -> module. What can be asked for by name, what docs/scorers.md lists and assay.scorers offers follow this table.
SCORERS: dict[str, str] = {
    "AbsoluteError": "assay.evaluation.classic.regression",
    "Accuracy": "assay.evaluation.classic.accuracy",
    "AnswerRelevance": "assay.evaluation.judges.answer_relevance",
    "Ari": "assay.evaluation.scorers.readability",
    "AveragePrecision": "assay.evaluation.scorers.retrieval",
    "AveragePrecisionScore": "assay.evaluation.classic.ranking",
    "BalancedAccuracy": "assay.evaluation.classic.accuracy",
    "Bleu": "assay.evaluation.scorers.bleu",
    "BrierScore": "assay.evaluation.classic.calibration",
    "Chrf": "assay.evaluation.scorers.chrf",
    "ChrfPlusPlus": "assay.evaluation.scorers.chrf",
    "CitationPrecision": "assay.evaluation.judges.citation_precision",
    "CitationRecall": "assay.evaluation.judges.citation_recall",
    "CohenKappa": "assay.evaluation.classic.agreement",
    "Coherence": "assay.evaluation.judges.coherence",
    "ColemanLiau": "assay.evaluation.scorers.readability",
    "Completeness": "assay.evaluation.judges.completeness",
    "Conciseness": "assay.evaluation.judges.conciseness",
    "ConfusionMatrix": "assay.evaluation.classic.confusion_matrix",
    "Contains": "assay.evaluation.scorers.contains",
    "ContextPrecision": "assay.evaluation.judges.context_precision",
    "ContextRecall": "assay.evaluation.judges.context_recall",
    "ContextSufficiency": "assay.evaluation.judges.context_sufficiency",
    "CorpusBleu": "assay.evaluation.scorers.bleu",
    "CorpusChrf": "assay.evaluation.scorers.chrf",
    "CorpusChrfPlusPlus": "assay.evaluation.scorers.chrf",
    "CorpusTer": "assay.evaluation.scorers.ter",
    "Correct": "assay.evaluation.classic.accuracy",
    "Correctness": "assay.evaluation.judges.correctness",
    "Cost": "assay.evaluation.agents.usage_scorers",
    "Custom": "assay.evaluation.judges.custom",
    "EditSimilarity": "assay.evaluation.scorers.edit_similarity",
    "EmbeddingSimilarity": "assay.evaluation.scorers.embedding_similarity",
    "EndsWith": "assay.evaluation.scorers.starts_ends",
    "Equivalence": "assay.evaluation.judges.equivalence",
    "ErrorSpans": "assay.evaluation.agents.trajectory",
    "ExactMatch": "assay.evaluation.scorers.exact_match",
    "ExpectedCalibrationError": "assay.evaluation.classic.calibration",
    "F1": "assay.evaluation.classic.precision_recall",
    "Faithfulness": "assay.evaluation.judges.faithfulness",
    "Frustration": "assay.evaluation.judges.frustration",
    "GoalCompletion": "assay.evaluation.judges.goal_completion",
    "GoalSuccess": "assay.evaluation.judges.goal_success",
    "Groundedness": "assay.evaluation.judges.groundedness",
    "Guidelines": "assay.evaluation.judges.guidelines",
    "HitAtK": "assay.evaluation.scorers.retrieval",
    "JsonMatch": "assay.evaluation.scorers.json_match",
    "JsonValid": "assay.evaluation.scorers.json_valid",
    "KnowledgeRetention": "assay.evaluation.judges.knowledge_retention",
    "Latency": "assay.evaluation.agents.usage_scorers",
    "Length": "assay.evaluation.scorers.counts",
    "LogLoss": "assay.evaluation.classic.calibration",
    "MatthewsCorrelation": "assay.evaluation.classic.agreement",
    "MaxCost": "assay.evaluation.agents.usage_scorers",
    "MaxLatency": "assay.evaluation.agents.usage_scorers",
    "MaxTokens": "assay.evaluation.agents.usage_scorers",
    "MeanAbsoluteError": "assay.evaluation.classic.regression",
    "MeanAbsolutePercentageError": "assay.evaluation.classic.regression",
    "MeanSquaredError": "assay.evaluation.classic.regression",
    "Ndcg": "assay.evaluation.scorers.retrieval",
    "NdcgExp": "assay.evaluation.scorers.retrieval",
    "PairwisePreference": "assay.evaluation.judges.pairwise_preference",
    "Precision": "assay.evaluation.classic.precision_recall",
    "PrecisionAtK": "assay.evaluation.scorers.retrieval",
    "R2": "assay.evaluation.classic.regression",
    "Readability": "assay.evaluation.scorers.readability",
    "Recall": "assay.evaluation.classic.precision_recall",
    "RecallAtK": "assay.evaluation.scorers.retrieval",
    "ReciprocalRank": "assay.evaluation.scorers.retrieval",
    "RedundantCalls": "assay.evaluation.agents.trajectory",
    "Refusal": "assay.evaluation.judges.refusal",
    "Regex": "assay.evaluation.scorers.regex",
    "Relevance": "assay.evaluation.judges.relevance",
    "RetriesCount": "assay.evaluation.agents.trajectory",
    "RocAuc": "assay.evaluation.classic.ranking",
    "RoleAdherence": "assay.evaluation.judges.role_adherence",
    "RootMeanSquaredError": "assay.evaluation.classic.regression",
    "Rouge1": "assay.evaluation.scorers.rouge",
    "Rouge2": "assay.evaluation.scorers.rouge",
    "RougeL": "assay.evaluation.scorers.rouge",
    "RougeLsum": "assay.evaluation.scorers.rouge",
    "Safety": "assay.evaluation.judges.safety",
    "SpearmanCorrelation": "assay.evaluation.classic.regression",
    "SquadExactMatch": "assay.evaluation.scorers.squad",
    "StartsWith": "assay.evaluation.scorers.starts_ends",
    "StepCount": "assay.evaluation.agents.trajectory",
    "Ter": "assay.evaluation.scorers.ter",
    "TokenF1": "assay.evaluation.scorers.squad",
    "Tokens": "assay.evaluation.agents.usage_scorers",
    "ToolCallF1": "assay.evaluation.agents.tool_call_overlap",
    "ToolCallMatch": "assay.evaluation.agents.tool_call_match",
    "ToolCallPrecision": "assay.evaluation.agents.tool_call_overlap",
    "ToolCallRecall": "assay.evaluation.agents.tool_call_overlap",
    "ToolEfficiency": "assay.evaluation.judges.tool_efficiency",
    "UnjudgedAtK": "assay.evaluation.scorers.retrieval",
    "WordCount": "assay.evaluation.scorers.counts",
}

# What is no scorer that could be asked for by name
OTHERS: dict[str, str] = {
    "InjectionReport": "assay.evaluation.judges.injection",
    "Judge": "assay.evaluation.judges.verdict",
    "RunRow": "assay.evaluation.scorers.protocol",
    "RunScorer": "assay.evaluation.scorers.protocol",
    "Scorer": "assay.evaluation.scorers.protocol",
    "classification": "assay.evaluation.classic.sets",
    "injection_test": "assay.evaluation.judges.injection",
    "judge": "assay.evaluation.judges.own",
    "regression": "assay.evaluation.classic.sets",
    "scorer": "assay.evaluation.scorers.protocol",
}

BUILT_IN = BuiltIn(SCORERS)  # exact_match -> ExactMatch and so on: what configuration files and commands call them

__all__ = sorted(["BUILT_IN", "OTHERS", "SCORERS", *SCORERS, *OTHERS])

__getattr__ = lazy_names(__name__, {**SCORERS, **OTHERS})
