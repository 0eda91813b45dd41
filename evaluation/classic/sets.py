"""The usual scorers of a classifier and of a regressor, as lists."""

from __future__ import annotations

from typing import Any

from assay.evaluation.classic.accuracy import Accuracy, BalancedAccuracy, Correct
from assay.evaluation.classic.agreement import CohenKappa, MatthewsCorrelation
from assay.evaluation.classic.calibration import BrierScore, ExpectedCalibrationError, LogLoss
from assay.evaluation.classic.confusion_matrix import ConfusionMatrix
from assay.evaluation.classic.labels import Label
from assay.evaluation.classic.precision_recall import F1, Precision, Recall
from assay.evaluation.classic.ranking import AveragePrecisionScore, RocAuc
from assay.evaluation.classic.regression import (
    R2,
    AbsoluteError,
    MeanAbsoluteError,
    RootMeanSquaredError,
    SpearmanCorrelation,
)


def classification(*, positive: Label = None, field: str | None = None, probabilities: bool | None = None) -> list[Any]:
    """What is usually asked of a classifier: a scorer for each row, and figures of the whole run.

    Args:
        positive: of two classes, the one that precision, recall and F1 are about; without it they are the macro
            averages over all classes.
        field: the key under which outputs and expected values that are objects hold the label (else "label").
        probabilities: whether outputs hold them. False leaves out what needs them; without it, that is not applicable
            where there are none.
    """
    labels = [
        Correct(field=field),
        Accuracy(field=field),
        BalancedAccuracy(field=field),
        *(kind(positive=positive, field=field) for kind in (Precision, Recall, F1)),
        MatthewsCorrelation(field=field),
        CohenKappa(field=field),
        ConfusionMatrix(field=field),
    ]
    if probabilities is False:
        return labels
    kinds = (RocAuc, AveragePrecisionScore, BrierScore, LogLoss, ExpectedCalibrationError)
    return [*labels, *(kind(positive=positive, field=field) for kind in kinds)]


def regression(*, field: str | None = None) -> list[Any]:
    """What is usually asked of a regressor: the error of each row, and figures of the whole run.

    Args:
        field: the key under which outputs and expected values that are objects hold the number.
    """
    kinds = (AbsoluteError, MeanAbsoluteError, RootMeanSquaredError, R2, SpearmanCorrelation)
    return [kind(field=field) for kind in kinds]
