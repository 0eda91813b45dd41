"""Models with a `predict` as tasks: the right columns, many rows at once, every row for itself."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.naive_bayes import GaussianNB, MultinomialNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from assay.errors import ConfigurationError, DatasetError
from assay.evaluation import models
from assay.evaluation.data.items import Item
from assay.evaluation.models import Prediction, as_task, is_model

X, Y = load_iris(as_frame=True, return_X_y=True)
RECORDS: list[dict[str, Any]] = X.to_dict("records")


@pytest.fixture(scope="module")
def iris() -> Any:
    return make_pipeline(StandardScaler(), LogisticRegression(max_iter=500)).fit(X, Y)


def items_of(inputs: Sequence[Any]) -> list[Item]:
    return [Item(id=str(number), input=value) for number, value in enumerate(inputs)]


def answers(model: Any, inputs: Sequence[Any], **options: Any) -> list[Any]:
    """What each item's row gets: an answer, or the error that it raises."""
    items = items_of(inputs)
    task = as_task(model, items, **options)
    return [_or_error(task, item.input) for item in items]


def _or_error(task: Any, value: Any) -> Any:
    try:
        return task(value)
    except Exception as error:
        return error


class Counting:
    """A model that tells how many rows it was asked for at once."""

    def __init__(self, model: Any) -> None:
        self.model = model
        self.blocks: list[int] = []

    def predict(self, table: Any) -> Any:
        self.blocks.append(len(table))
        return self.model.predict(table)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.model, name)


def test_columns_come_in_the_order_of_the_model_and_others_stay_out(iris: Any) -> None:
    shuffled = [{"customer": "c1", **dict(sorted(record.items(), reverse=True))} for record in RECORDS]
    assert answers(iris, shuffled) == iris.predict(X).tolist()
    assert all(type(one) is int for one in answers(iris, shuffled[:3]))


@pytest.mark.parametrize(
    "form", [lambda row: list(row), lambda row: tuple(row), lambda row: np.array(row)], ids=["list", "tuple", "array"]
)
@pytest.mark.parametrize("named", [True, False])
def test_lists_are_rows_for_models_with_and_without_names(form: Any, named: bool) -> None:
    model = GaussianNB().fit(X if named else X.to_numpy(), Y)
    assert answers(model, [form(row) for row in X.to_numpy()]) == model.predict(X if named else X.to_numpy()).tolist()


def test_a_model_without_names_takes_dicts_in_the_order_of_the_first_or_as_said() -> None:
    model = GaussianNB().fit(X.to_numpy(), Y)
    there = model.predict(X.to_numpy()).tolist()
    turned = [RECORDS[0], *(dict(sorted(record.items())) for record in RECORDS[1:])]
    assert answers(model, turned) == there
    named = [dict(sorted(record.items(), reverse=True)) for record in RECORDS]
    assert answers(model, named, columns=list(X.columns)) == there


def test_texts_stay_texts() -> None:
    texts, kinds = ["free money now", "meeting at noon", "money for free", "lunch at noon"], ["spam", "ham"] * 2
    model = make_pipeline(CountVectorizer(), MultinomialNB()).fit(texts, kinds)
    assert answers(model, texts) == kinds
    assert answers(model, [{"text": text} for text in texts]) == kinds


def test_rows_are_predicted_together_in_growing_blocks(iris: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(models, "QUICK_S", float("inf"))  # a busy machine is slow, and slow blocks do not grow
    model = Counting(iris)
    assert answers(model, [dict(record) for record in RECORDS * 10]) == iris.predict(pd.concat([X] * 10)).tolist()
    assert model.blocks[:4] == [8, 16, 32, 64]
    assert len(model.blocks) <= 12


def test_a_row_that_cannot_be_used_fails_alone(iris: Any) -> None:
    inputs: list[Any] = [dict(record) for record in RECORDS]
    inputs[5] = {"sepal length (cm)": 1.0}
    inputs[40]["petal width (cm)"] = "wide"
    inputs[41] = None
    inputs[42] = "a text"
    inputs[43] = [1.0]
    inputs[44]["petal width (cm)"] = None
    found = answers(iris, inputs)
    there = iris.predict(X).tolist()
    bad = {5, 40, 41, 42, 43, 44}
    assert [one for number, one in enumerate(found) if number not in bad] == [
        one for number, one in enumerate(there) if number not in bad
    ]
    assert isinstance(found[5], DatasetError)
    assert "no 'sepal width (cm)', 'petal length (cm)', 'petal width (cm)'" in str(found[5])
    assert "wide" in str(found[40])
    assert all(isinstance(found[number], Exception) for number in bad)
    assert "NaN" in str(found[44])


def test_a_missing_number_is_nan_alone_as_in_company() -> None:
    """A forest takes NaN; a None that made its column one of objects would be refused."""
    table = X.copy()
    table.iloc[::7, 2] = np.nan
    model = RandomForestClassifier(n_estimators=5, random_state=0).fit(table, Y)
    records = [{k: None if v != v else v for k, v in record.items()} for record in table.to_dict("records")]
    assert answers(model, records) == model.predict(table).tolist()
    task = as_task(model, items_of(records))
    assert task(dict(records[0])) == model.predict(table)[0]  # a value that is none of the items


def test_a_column_that_one_row_spoils_stays_one_of_numbers_for_the_others() -> None:
    class Strict:
        """Refuses columns of objects, like boosters do."""

        feature_names_in_ = np.array(["a", "b"])

        def predict(self, table: Any) -> Any:
            if len(table.select_dtypes("number").columns) < 2:
                raise ValueError("columns must be int, float or bool")
            return table["a"] + table["b"]

    found = answers(Strict(), [{"a": n, "b": 1} for n in range(20)] + [{"a": "x", "b": 1}, {"a": 1.5, "b": None}])
    assert found[:20] == [n + 1 for n in range(20)]
    assert isinstance(found[20], ValueError)
    assert found[21] != found[21]


def test_probabilities_come_with_their_classes(iris: Any) -> None:
    found = answers(iris, RECORDS, probabilities=True)
    assert isinstance(found[0], Prediction)
    assert [one.label for one in found] == iris.predict(X).tolist()
    assert found[0].classes == (0, 1, 2)
    assert np.allclose([one.probabilities for one in found], iris.predict_proba(X))


def test_a_decision_function_stands_in_for_probabilities() -> None:
    two = Y < 2
    model = LinearSVC().fit(X[two], Y[two])
    found = answers(model, X[two].to_dict("records"), probabilities=True)
    assert found[0].probabilities is None
    assert np.allclose([one.scores[1] for one in found], model.decision_function(X[two]))
    plain = LinearRegression().fit(X, Y)
    assert answers(plain, RECORDS, probabilities=True) == pytest.approx(plain.predict(X).tolist())


def test_repeats_are_predicted_anew() -> None:
    class Drawing:
        def __init__(self) -> None:
            self.random = np.random.default_rng(0)

        def predict(self, table: Any) -> Any:
            return self.random.random(len(table))

    items = items_of([[n] for n in range(10)])
    task = as_task(Drawing(), items)
    found = [task(item.input) for item in items for _ in range(3)]
    assert len(set(found)) == 30


def test_rows_in_threads_get_their_own_answers(iris: Any) -> None:
    model = Counting(iris)
    items = items_of([dict(record) for record in RECORDS])
    task = as_task(model, items)
    start = threading.Barrier(8)

    def ask(worker: int) -> list[tuple[int, Any]]:
        start.wait()
        return [(number, task(items[number].input)) for number in range(worker, len(items), 8)]

    with ThreadPoolExecutor(8) as pool:
        found = dict(pair for part in pool.map(ask, range(8)) for pair in part)
    assert [found[number] for number in range(len(items))] == iris.predict(X).tolist()
    assert len(model.blocks) < 40


def test_what_mlflow_and_boosters_give_and_want() -> None:
    class Signature:
        def has_input_names(self) -> bool:
            return True

        def input_names(self) -> list[str]:
            return ["b", "a"]

    class Metadata:
        def get_input_schema(self) -> Signature:
            return Signature()

    class PyFunc:
        metadata = Metadata()

        def predict(self, table: Any) -> Any:
            assert list(table.columns) == ["b", "a"]
            return pd.DataFrame({"total": table["a"] + table["b"]})

    assert answers(PyFunc(), [{"a": 1, "b": 2, "c": 3}, {"a": 3, "b": 4}]) == [3, 7]

    class Booster:
        def feature_name(self) -> list[str]:
            return ["b", "a"]

        def predict(self, table: Any) -> Any:
            return [float(row.b) for row in table.itertuples()]

    assert answers(Booster(), [{"a": 1, "b": 2}]) == [2.0]


def test_too_few_predictions_are_an_error_of_the_row() -> None:
    class Short:
        def predict(self, table: Any) -> Any:
            return [1] if len(table) > 1 else []

    [found] = answers(Short(), [[1]])
    assert "predicted 0 values for 1 rows" in str(found)


def test_only_what_predicts_and_cannot_be_called_is_a_model(iris: Any) -> None:
    def function(text: str) -> str:
        return text

    assert is_model(iris)
    assert not is_model(LogisticRegression)
    assert as_task(function) is function
    assert as_task(as_task(iris), items_of(RECORDS), probabilities=True).probabilities is True
    assert as_task(as_task(iris, probabilities=False), probabilities=True).probabilities is False


def test_data_of_which_no_item_fits_are_refused_before_the_first_row(iris: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"No item fits the model Pipeline: The input has no 'sepal"):
        as_task(iris, items_of([{"x": 1}, {"y": 2}]))
