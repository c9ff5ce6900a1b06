"""Every check that scikit-learn has for an estimator, on every model; none is excused."""

from __future__ import annotations

from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

import chainrule as cr

MODELS = {
    "LinearRegression": cr.models.LinearRegression(),
    "Ridge": cr.models.LinearRegression(alpha=1.0),
    "LogisticRegression": cr.models.LogisticRegression(),
    "MLPRegressor": cr.models.MLPRegressor(max_iter=100),
    "MLPClassifier": cr.models.MLPClassifier(max_iter=100),
}
CHECKS = [
    pytest.param(estimator, check, id=f"{name}-{getattr(check, 'func', check).__name__}-{i}")
    for name, model in MODELS.items()
    for i, (estimator, check) in enumerate(estimator_checks_generator(model, legacy=True))
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("estimator", "check"), CHECKS)
def test_check(estimator: Any, check: Any) -> None:
    check(estimator)
