"""What BLEU, chrF and TER share: sacrebleu's metrics, on one text or over a whole run from sufficient statistics."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

from assay.errors import ConfigurationError, MissingPackage
from assay.evaluation.scorers.corpus_interval import percentile_interval, unit_sums
from assay.evaluation.scorers.extras import library
from assay.evaluation.scorers.protocol import RunRow
from assay.evaluation.scorers.texts import references_of, text_of
from assay.scores import Score

Options = Mapping[str, Any]
_of_this_thread = threading.local()

NEEDS = {"ja-mecab": "sacrebleu[ja]", "ko-mecab": "sacrebleu[ko]"}  # tokenizer -> what it is installed with


@dataclass(frozen=True, kw_only=True)
class SentenceScore:
    """One of sacrebleu's metrics on one text against its references. Classes below say which, and with what options."""

    metric: ClassVar[str]
    greatest: ClassVar[float | None] = 100.0
    name: str = ""

    def options(self) -> Options:
        return {}

    def __call__(self, output: Any, expected: Any) -> Score | None:
        references = references_of(expected, self.name)
        if references is None:
            return None
        metric = sacrebleu_metric(self.metric, self.options(), self.name)
        found = metric.sentence_score(text_of(output, self.name), references)
        return Score(
            name=self.name,
            value=at_most(float(found.score), self.greatest),
            metadata={"signature": str(metric.get_signature()), **details(found)},
        )


@dataclass(frozen=True, kw_only=True)
class CorpusScore:
    """One of sacrebleu's metrics over all rows of a run: their statistics are added up, not their scores."""

    level: ClassVar[Literal["run"]] = "run"
    needs_expected: ClassVar[bool] = True
    metric: ClassVar[str]
    greatest: ClassVar[float | None] = 100.0
    seed: int = 0
    name: str = ""

    def options(self) -> Options:
        return {}

    def __call__(self, rows: Sequence[RunRow]) -> Score | None:
        scored = [(row, found) for row in rows if (found := references_of(row.expected, self.name)) is not None]
        if not scored:
            return None
        metric = sacrebleu_metric(self.metric, self.options(), self.name)
        outputs = [text_of(row.output, self.name, f"output of item {row.item_id}") for row, _ in scored]
        statistics = metric._extract_corpus_statistics(outputs, _streams([references for _, references in scored]))
        whole = metric._aggregate_and_compute(statistics)
        signature = str(metric.get_signature())

        def value_of(sums: Sequence[float]) -> float:
            return float(metric._compute_score_from_stats(list(sums)).score)

        units = unit_sums([row for row, _ in scored], statistics)
        interval, reason = percentile_interval(units, value_of, seed=self.seed)
        metadata = {"signature": signature, "n_rows": len(scored), "n_units": len(units), **details(whole)}
        return Score(
            name=self.name,
            value=at_most(float(whole.score), self.greatest),
            explanation=reason,
            metadata=metadata if interval is None else {**metadata, "interval": interval},
        )


def sacrebleu_metric(metric: str, options: Options, scorer: str) -> Any:
    """sacrebleu's metric of that name. A thread has its own: they note what they saw last, for their signature."""
    key = repr((metric, sorted(options.items())))
    kept = vars(_of_this_thread)
    if key not in kept:
        kept[key] = _made(metric, options, scorer)
    return kept[key]


def _made(metric: str, options: Options, scorer: str) -> Any:
    try:
        return getattr(library("sacrebleu.metrics", scorer), metric)(**options)
    except (ImportError, RuntimeError) as error:  # the tokenizers' own way to say what they lack
        package = NEEDS.get(str(options.get("tokenize")))
        if package is None:
            raise
        raise MissingPackage(
            f"The tokenizer {options['tokenize']!r} of {scorer} is not installed.", f"pip install '{package}'"
        ) from error


def known_option(scorer: str, option: str, value: Any, known: Sequence[Any]) -> None:
    if value not in known:
        raise ConfigurationError(f"{scorer}({option}=) is one of {', '.join(map(repr, known))}, not {value!r}.")


def details(found: Any) -> dict[str, Any]:
    """What a sacrebleu score says beside its value, as far as it has it."""
    names = {"bp": "brevity_penalty", "precisions": "precisions", "sys_len": "output_tokens_counted"}
    names |= {"ref_len": "reference_tokens_counted", "num_edits": "edits", "ref_length": "reference_words"}
    return {ours: getattr(found, theirs) for theirs, ours in names.items() if hasattr(found, theirs)}


def at_most(value: float, greatest: float | None) -> float:
    """Rounding may carry a perfect score past its end: 100.00000000000004."""
    return value if greatest is None else min(value, greatest)


def _streams(references: Sequence[Sequence[str]]) -> list[list[str | None]]:
    """References as sacrebleu takes them: the first of every row, the second of every row, ...; None where there is
    none.
    """
    most = max(map(len, references))
    return [[row[i] if i < len(row) else None for row in references] for i in range(most)]
