"""Scorers, for `from assay.scorers import ExactMatch, Correctness, scorer`. Each loads on first use."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.evaluation.scorers import OTHERS, SCORERS
from assay.lazy import lazy_names

# What editors and type checkers read; tests hold it equal to the table in evaluation/scorers
if TYPE_CHECKING:
    from assay.evaluation.agents.tool_call_match import ToolCallMatch as ToolCallMatch
    from assay.evaluation.agents.tool_call_overlap import ToolCallF1 as ToolCallF1
    from assay.evaluation.agents.tool_call_overlap import ToolCallPrecision as ToolCallPrecision
    from assay.evaluation.agents.tool_call_overlap import ToolCallRecall as ToolCallRecall
    from assay.evaluation.agents.trajectory import ErrorSpans as ErrorSpans
    from assay.evaluation.agents.trajectory import RedundantCalls as RedundantCalls
    from assay.evaluation.agents.trajectory import RetriesCount as RetriesCount
    from assay.evaluation.agents.trajectory import StepCount as StepCount
    from assay.evaluation.agents.usage_scorers import Cost as Cost
    from assay.evaluation.agents.usage_scorers import Latency as Latency
    from assay.evaluation.agents.usage_scorers import MaxCost as MaxCost
    from assay.evaluation.agents.usage_scorers import MaxLatency as MaxLatency
    from assay.evaluation.agents.usage_scorers import MaxTokens as MaxTokens
    from assay.evaluation.agents.usage_scorers import Tokens as Tokens
    from assay.evaluation.classic.accuracy import Accuracy as Accuracy
    from assay.evaluation.classic.accuracy import BalancedAccuracy as BalancedAccuracy
    from assay.evaluation.classic.accuracy import Correct as Correct
    from assay.evaluation.classic.agreement import CohenKappa as CohenKappa
    from assay.evaluation.classic.agreement import MatthewsCorrelation as MatthewsCorrelation
    from assay.evaluation.classic.calibration import BrierScore as BrierScore
    from assay.evaluation.classic.calibration import ExpectedCalibrationError as ExpectedCalibrationError
    from assay.evaluation.classic.calibration import LogLoss as LogLoss
    from assay.evaluation.classic.confusion_matrix import ConfusionMatrix as ConfusionMatrix
    from assay.evaluation.classic.precision_recall import F1 as F1
    from assay.evaluation.classic.precision_recall import Precision as Precision
    from assay.evaluation.classic.precision_recall import Recall as Recall
    from assay.evaluation.classic.ranking import AveragePrecisionScore as AveragePrecisionScore
    from assay.evaluation.classic.ranking import RocAuc as RocAuc
    from assay.evaluation.classic.regression import R2 as R2
    from assay.evaluation.classic.regression import AbsoluteError as AbsoluteError
    from assay.evaluation.classic.regression import MeanAbsoluteError as MeanAbsoluteError
    from assay.evaluation.classic.regression import MeanAbsolutePercentageError as MeanAbsolutePercentageError
    from assay.evaluation.classic.regression import MeanSquaredError as MeanSquaredError
    from assay.evaluation.classic.regression import RootMeanSquaredError as RootMeanSquaredError
    from assay.evaluation.classic.regression import SpearmanCorrelation as SpearmanCorrelation
    from assay.evaluation.classic.sets import classification as classification
    from assay.evaluation.classic.sets import regression as regression
    from assay.evaluation.judges.answer_relevance import AnswerRelevance as AnswerRelevance
    from assay.evaluation.judges.citation_precision import CitationPrecision as CitationPrecision
    from assay.evaluation.judges.citation_recall import CitationRecall as CitationRecall
    from assay.evaluation.judges.coherence import Coherence as Coherence
    from assay.evaluation.judges.completeness import Completeness as Completeness
    from assay.evaluation.judges.conciseness import Conciseness as Conciseness
    from assay.evaluation.judges.context_precision import ContextPrecision as ContextPrecision
    from assay.evaluation.judges.context_recall import ContextRecall as ContextRecall
    from assay.evaluation.judges.context_sufficiency import ContextSufficiency as ContextSufficiency
    from assay.evaluation.judges.correctness import Correctness as Correctness
    from assay.evaluation.judges.custom import Custom as Custom
    from assay.evaluation.judges.equivalence import Equivalence as Equivalence
    from assay.evaluation.judges.faithfulness import Faithfulness as Faithfulness
    from assay.evaluation.judges.frustration import Frustration as Frustration
    from assay.evaluation.judges.goal_completion import GoalCompletion as GoalCompletion
    from assay.evaluation.judges.goal_success import GoalSuccess as GoalSuccess
    from assay.evaluation.judges.groundedness import Groundedness as Groundedness
    from assay.evaluation.judges.guidelines import Guidelines as Guidelines
    from assay.evaluation.judges.injection import InjectionReport as InjectionReport
    from assay.evaluation.judges.injection import injection_test as injection_test
    from assay.evaluation.judges.knowledge_retention import KnowledgeRetention as KnowledgeRetention
    from assay.evaluation.judges.own import judge as judge
    from assay.evaluation.judges.pairwise_preference import PairwisePreference as PairwisePreference
    from assay.evaluation.judges.refusal import Refusal as Refusal
    from assay.evaluation.judges.relevance import Relevance as Relevance
    from assay.evaluation.judges.role_adherence import RoleAdherence as RoleAdherence
    from assay.evaluation.judges.safety import Safety as Safety
    from assay.evaluation.judges.tool_efficiency import ToolEfficiency as ToolEfficiency
    from assay.evaluation.judges.verdict import Judge as Judge
    from assay.evaluation.scorers.bleu import Bleu as Bleu
    from assay.evaluation.scorers.bleu import CorpusBleu as CorpusBleu
    from assay.evaluation.scorers.chrf import Chrf as Chrf
    from assay.evaluation.scorers.chrf import ChrfPlusPlus as ChrfPlusPlus
    from assay.evaluation.scorers.chrf import CorpusChrf as CorpusChrf
    from assay.evaluation.scorers.chrf import CorpusChrfPlusPlus as CorpusChrfPlusPlus
    from assay.evaluation.scorers.contains import Contains as Contains
    from assay.evaluation.scorers.counts import Length as Length
    from assay.evaluation.scorers.counts import WordCount as WordCount
    from assay.evaluation.scorers.edit_similarity import EditSimilarity as EditSimilarity
    from assay.evaluation.scorers.embedding_similarity import EmbeddingSimilarity as EmbeddingSimilarity
    from assay.evaluation.scorers.exact_match import ExactMatch as ExactMatch
    from assay.evaluation.scorers.json_match import JsonMatch as JsonMatch
    from assay.evaluation.scorers.json_valid import JsonValid as JsonValid
    from assay.evaluation.scorers.protocol import RunRow as RunRow
    from assay.evaluation.scorers.protocol import RunScorer as RunScorer
    from assay.evaluation.scorers.protocol import Scorer as Scorer
    from assay.evaluation.scorers.protocol import scorer as scorer
    from assay.evaluation.scorers.readability import Ari as Ari
    from assay.evaluation.scorers.readability import ColemanLiau as ColemanLiau
    from assay.evaluation.scorers.readability import Readability as Readability
    from assay.evaluation.scorers.regex import Regex as Regex
    from assay.evaluation.scorers.retrieval import AveragePrecision as AveragePrecision
    from assay.evaluation.scorers.retrieval import HitAtK as HitAtK
    from assay.evaluation.scorers.retrieval import Ndcg as Ndcg
    from assay.evaluation.scorers.retrieval import NdcgExp as NdcgExp
    from assay.evaluation.scorers.retrieval import PrecisionAtK as PrecisionAtK
    from assay.evaluation.scorers.retrieval import RecallAtK as RecallAtK
    from assay.evaluation.scorers.retrieval import ReciprocalRank as ReciprocalRank
    from assay.evaluation.scorers.retrieval import UnjudgedAtK as UnjudgedAtK
    from assay.evaluation.scorers.rouge import Rouge1 as Rouge1
    from assay.evaluation.scorers.rouge import Rouge2 as Rouge2
    from assay.evaluation.scorers.rouge import RougeL as RougeL
    from assay.evaluation.scorers.rouge import RougeLsum as RougeLsum
    from assay.evaluation.scorers.squad import SquadExactMatch as SquadExactMatch
    from assay.evaluation.scorers.squad import TokenF1 as TokenF1
    from assay.evaluation.scorers.starts_ends import EndsWith as EndsWith
    from assay.evaluation.scorers.starts_ends import StartsWith as StartsWith
    from assay.evaluation.scorers.ter import CorpusTer as CorpusTer
    from assay.evaluation.scorers.ter import Ter as Ter
    from assay.scores import Score as Score

__all__ = sorted([*SCORERS, *OTHERS, "Score"])

__getattr__ = lazy_names(__name__, {**SCORERS, **OTHERS, "Score": "assay.scores"})


def __dir__() -> list[str]:
    return __all__
