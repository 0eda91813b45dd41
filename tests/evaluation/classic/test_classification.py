"""Label scorers of a run: equal to scikit-learn, and honest where scikit-learn only warns."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sklearn.metrics as oracle
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.errors import ConfigurationError, ScorerError
from assay.evaluation.models import Prediction
from assay.evaluation.scorers.protocol import RunRow
from assay.scorers import (
    F1,
    Accuracy,
    BalancedAccuracy,
    CohenKappa,
    ConfusionMatrix,
    Correct,
    MatthewsCorrelation,
    Precision,
    Recall,
    classification,
)
from support.run_rows import run_rows

labels = st.sampled_from(["a", "b", "c", "d"])
pairs = st.lists(st.tuples(labels, labels), min_size=1, max_size=30)


def of_oracle(function: Any, *args: Any, **options: Any) -> float:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return float(function(*args, **options))


@settings(max_examples=12)
@given(pairs, st.sampled_from([str, {"a": 3, "b": 10, "c": 2, "d": 7}.__getitem__]))
def test_every_figure_is_scikit_learns(found: list[tuple[str, str]], named: Any) -> None:
    expected, answered = [named(one) for one, _ in found], [named(other) for _, other in found]
    rows = run_rows(expected, answered, cluster="all")  # one cluster: no time goes into intervals
    assert Accuracy()(rows).value == pytest.approx(oracle.accuracy_score(expected, answered), abs=1e-9)
    assert BalancedAccuracy()(rows).value == pytest.approx(
        of_oracle(oracle.balanced_accuracy_score, expected, answered), abs=1e-9
    )
    for scorer, function in (
        (Precision, oracle.precision_score),
        (Recall, oracle.recall_score),
        (F1, oracle.f1_score),
    ):
        for average in ("macro", "micro", "weighted"):
            there = of_oracle(function, expected, answered, average=average, zero_division=0)
            assert scorer(average=average)(rows).value == pytest.approx(there, abs=1e-9)
        every = sorted({*expected, *answered})
        there = function(expected, answered, average=None, labels=every, zero_division=np.nan)
        ours = scorer(average="per_class")(rows)
        assert [ours[str(label)].value for label in every] == [
            None if np.isnan(one) else pytest.approx(one, abs=1e-9) for one in there
        ]
    kinds = len(set(expected)), len(set(answered))
    matthews = MatthewsCorrelation()(rows).value
    there = of_oracle(oracle.matthews_corrcoef, expected, answered)
    assert matthews == (None if 1 in kinds else pytest.approx(there, abs=1e-9))
    for weights in (None, "linear", "quadratic"):
        there = of_oracle(oracle.cohen_kappa_score, expected, answered, weights=weights)
        assert CohenKappa(weights=weights)(rows).value == (None if np.isnan(there) else pytest.approx(there, abs=1e-9))
    artifact = ConfusionMatrix()(rows).metadata["artifact"]
    assert artifact["labels"] == sorted({*expected, *answered})
    if len(artifact["labels"]) > 1:  # of a single one scikit-learn warns
        assert artifact["counts"] == oracle.confusion_matrix(expected, answered).tolist()


def test_a_common_class_is_named_beside_the_accuracy() -> None:
    """95 % right by always answering the class of 95 %."""
    score = Accuracy()(run_rows(["ham"] * 95 + ["spam"] * 5, ["ham"] * 100))
    assert score.value == 0.95
    assert "no better than always answering 'ham', which scores 0.95; kappa 0.00" in str(score.explanation)
    assert "expected but never answered: 'spam'" in str(score.explanation)
    better = Accuracy()(run_rows(["ham"] * 95 + ["spam"] * 5, ["ham"] * 95 + ["spam"] * 4 + ["ham"]))
    assert "compare with always answering 'ham', which scores 0.95; kappa 0.88" in str(better.explanation)
    assert Accuracy()(run_rows("aabb", "aabb")).explanation is None


def test_a_text_is_not_the_number_it_reads_like() -> None:
    rows = run_rows([1, 0, 1], ["1", "0", "1"])
    assert Correct()("1", 1) is False
    assert Correct()(1.0, 1) is True
    score = Accuracy()(rows)
    assert score.value == 0
    assert "different labels that look alike: 0 and '0', 1 and '1'" in str(score.explanation)
    assert "look alike: 'Spam' and 'spam '" in str(Accuracy()(run_rows(["Spam"], ["spam "])).explanation)


def test_labels_that_one_side_lacks_are_told() -> None:
    told = str(F1()(run_rows(["a", "a", "b"], ["a", "x", "a"])).explanation)
    assert "answered but never expected: 'x'" in told
    assert "expected but never answered: 'b'" in told
    told = str(Precision()(run_rows(["a", "a", "b"], ["a", "x", "a"])).explanation)
    assert "0/0 counts as 0 in the average, as in scikit-learn: no row was answered as 'b'" in told


@pytest.mark.parametrize(
    ("scorer", "expected", "answered", "reason"),
    [
        (MatthewsCorrelation(), "aab", "aaa", "0/0: every answer is 'a'"),
        (MatthewsCorrelation(), "aaa", "aba", "0/0: every expected label is 'a'"),
        (CohenKappa(), "aaa", "aaa", "0/0: every expected label is 'a' and every answer is 'a'"),
        (Precision(positive="b"), "aab", "aaa", "0/0: no row was answered as 'b'"),
        (Recall(positive="b"), "aaa", "aab", "0/0: no row is expected to be 'b'"),
        (F1(positive="z"), "aab", "aaa", "0/0: no row has the label 'z'; there are 'a', 'b'"),
        (Accuracy(), "", "", "no row has an answer and an expected label"),
    ],
)
def test_what_is_undefined_has_a_reason_and_no_value(scorer: Any, expected: str, answered: str, reason: str) -> None:
    score = scorer(run_rows(expected, answered))
    assert (score.value, score.explanation) == (None, reason)


def test_one_positive_class_is_binary() -> None:
    expected, answered = list("aabbbb"), list("abbbba")
    rows = run_rows(expected, answered)
    for scorer, function in ((Precision, oracle.precision_score), (Recall, oracle.recall_score), (F1, oracle.f1_score)):
        assert scorer(positive="a")(rows).value == pytest.approx(function(expected, answered, pos_label="a"))
    assert Precision(positive="b")(rows).metadata["interval"]["method"] == "Wilson"


def test_labels_are_read_from_objects_and_predictions() -> None:
    rows = [
        RunRow(item_id="1", expected={"topic": "a"}, output={"topic": "a", "why": "..."}),
        RunRow(item_id="2", expected="b", output={"topic": "a"}),
    ]
    assert Accuracy(field="topic")(rows).value == 0.5
    predicted = Prediction(label="a", classes=("a", "b"), probabilities=(0.9, 0.1))
    assert Accuracy()(run_rows(["a", "b"], [predicted, {"label": "b"}])).value == 1


@pytest.mark.parametrize("bad", [["a"], {"answer": "a"}, float("nan")])
def test_an_output_that_is_no_label_is_an_error_that_names_its_item(bad: Any) -> None:
    with pytest.raises(ScorerError, match="item 'i1'"):
        Accuracy()(run_rows(["a", "b"], ["a", bad]))


def test_no_label_is_a_wrong_answer() -> None:
    score = Accuracy()(run_rows(["a", "b"], ["a", None]))
    assert (score.value, "answered but never expected: None" in str(score.explanation)) == (0.5, True)


def test_intervals_are_over_items_and_clusters() -> None:
    rng = np.random.default_rng(1)
    expected = rng.integers(0, 2, 200).tolist()
    answered = [one if rng.random() < 0.8 else 1 - one for one in expected]
    alone = run_rows(expected, answered)
    repeated = [replace(row, repeat=n) for row in alone for n in range(4)]
    widths = {}
    for name, rows in (("alone", alone), ("repeated", repeated)):
        for scorer in (Accuracy(), F1()):
            score = scorer(rows)
            low, high = score.metadata["interval"]["low"], score.metadata["interval"]["high"]
            assert low < score.value < high
            widths[name, scorer.name] = high - low
    for metric in ("accuracy", "f1"):
        assert widths["repeated", metric] == pytest.approx(widths["alone", metric], rel=0.05)
    assert "jackknife, 40 parts" in F1()(alone).metadata["interval"]["method"]


def test_many_labels_are_pooled_to_what_can_be_read() -> None:
    expected = [f"l{n:03}" for n in range(80)] + ["l005"] * 3
    artifact = ConfusionMatrix()(run_rows(expected, expected)).metadata["artifact"]
    assert (len(artifact["labels"]), artifact["labels"][-1]) == (50, "31 other labels")
    assert sum(map(sum, artifact["counts"])) == 83
    assert "l005" in artifact["labels"]


def test_wrong_options_are_refused_at_once() -> None:
    for wrong in (
        lambda: Precision(average="mean"),  # type: ignore[arg-type]
        lambda: Recall(average="binary"),
        lambda: F1(average="macro", positive="a"),
        lambda: CohenKappa(weights="cubic"),  # type: ignore[arg-type]
    ):
        with pytest.raises(ConfigurationError):
            wrong()


def test_the_set_has_unlike_names_and_passes_its_options_on() -> None:
    found = classification(positive="spam", field="topic")
    assert len({scorer.name for scorer in found}) == len(found) == 14
    assert all(scorer.field == "topic" for scorer in found)
    assert len(classification(probabilities=False)) == 9


def test_free_texts_are_no_classes() -> None:
    """A table of thousands of labels against each other would take gigabytes."""
    answers = [f"answer {number}" for number in range(3000)]
    rows = run_rows(["a", "b"] * 1500, answers)
    assert Accuracy()(rows).value == 0
    assert ConfusionMatrix()(rows).value == 1
    assert F1()(rows).value == 0
    for scorer in (MatthewsCorrelation(), CohenKappa()):
        with pytest.raises(ScorerError, match=r"3002 different labels.*Free texts are no labels"):
            scorer(rows)
