"""Models with scikit-learn's interface, fitted by descents that can be looked at.

>>> import chainrule as cr
>>> cr.models.LinearRegression(alpha=1.0)
LinearRegression(alpha=1.0)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from chainrule.core.lazy import lazily

if TYPE_CHECKING:
    from chainrule.learn.models.linear_regression import LinearRegression as LinearRegression
    from chainrule.learn.models.logistic_regression import LogisticRegression as LogisticRegression
    from chainrule.learn.models.mlp_classifier import MLPClassifier as MLPClassifier
    from chainrule.learn.models.mlp_regressor import MLPRegressor as MLPRegressor

_HOMES = {
    "linear_regression": ("LinearRegression",),
    "logistic_regression": ("LogisticRegression",),
    "mlp_classifier": ("MLPClassifier",),
    "mlp_regressor": ("MLPRegressor",),
}

__all__ = sorted(name for names in _HOMES.values() for name in names)
__getattr__, __dir__ = lazily(__name__, _HOMES, globals())
