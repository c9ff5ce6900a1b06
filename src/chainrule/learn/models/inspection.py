"""The views of a fitted model: the graph of its loss, the derivation of its gradient, a check of it, its code."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule.calculus.compiled import WORTHWHILE, Compiled
from chainrule.calculus.explain import explain
from chainrule.calculus.gradients import grad, value_and_grad
from chainrule.calculus.graphs import Graph, graph
from chainrule.errors import ArgumentError
from chainrule.learn.models.scikit_learn import check_is_fitted
from chainrule.numeric.checking.check import check
from chainrule.numeric.checking.report import GradientCheck
from chainrule.views.derivation.derivation import Derivation
from chainrule.views.derivation.record import Detail

__all__ = ["Inspectable", "Loss", "Shown"]

# Of the parameters by name, and then of the data.
Loss = Callable[..., Any]
Scale = Literal["yours", "standardised"]
ROWS = 6  # enough to see the sum over the rows, few enough to print


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A loss at parameters, over a few rows.

    Attributes:
        loss: of a dict of the parameters, and of the data in the order of `data`.
        parameters: the parameter arrays by name.
        data: the few rows by name: X, the target, and weights s where there are some.
    """

    loss: Loss
    parameters: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def arguments(self) -> list[Any]:
        """The arguments of `function`."""
        return [*self.parameters.values(), *self.data.values()]

    @property
    def places(self) -> tuple[int, ...]:
        """Where the parameters stand among `arguments`."""
        return tuple(range(len(self.parameters)))

    def function(self) -> Callable[..., Any]:
        """The loss with an argument for each array, which is how it is read: loss(w, b, X, y)."""
        names, count = list(self.parameters), len(self.parameters)

        def loss(*arrays: Any) -> Any:
            return self.loss(dict(zip(names, arrays, strict=False)), *arrays[count:])

        kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
        listed = [inspect.Parameter(name, kind) for name in [*names, *self.data]]
        loss.__signature__ = inspect.Signature(listed)  # type: ignore[attr-defined]
        return loss


class Inspectable:
    """The views of a fitted model's loss."""

    # By scale; None after a model was pickled, which leaves the training data behind.
    _shown: Mapping[str, Shown] | None

    def loss_graph(self, *, scale: Scale | None = None) -> Graph:
        """The graph of the loss that was minimised, over the first rows of the training data; it prints as a formula.

        Args:
            scale: "yours" for the loss of `coef_` and `intercept_` on your data, which a linear model shows unless
                told otherwise; "standardised" for the same loss in the variables of the descent, the one that a
                network has.

        Raises:
            ArgumentError: the model has no such scale, or was unpickled: a pickle leaves the training data behind.
        """
        shown = self._at(scale)
        return graph(shown.function(), *shown.arguments)

    def explain(
        self, wrt: str | Sequence[str] | None = None, *, scale: Scale | None = None, detail: Detail = "standard"
    ) -> Derivation:
        """The derivation of the gradient of the loss, by matrix calculus; each line is verified.

        Args:
            wrt: the parameters to differentiate by, by the names that `loss_graph` prints; all of them by default.
            scale: as in `loss_graph`.
            detail: "brief", "standard", or "every" for each single step.

        Raises:
            ArgumentError: `wrt` names no parameter, or as in `loss_graph`.
        """
        shown = self._at(scale)
        names = list(shown.parameters) if wrt is None else [wrt] if isinstance(wrt, str) else list(wrt)
        for name in names:
            if name not in shown.parameters:
                raise ArgumentError(
                    f"wrt is {name!r}: the parameters of this loss are {', '.join(map(repr, shown.parameters))}"
                )
        # Without values: those of a few rows would pass for those of all, which are zero where the fit has converged.
        return explain(shown.function(), *shown.arguments, wrt=names, detail=detail).without_values()

    def check(self) -> GradientCheck:
        """The gradient that the descent ran on, compared with finite differences at the parameters that were reached.

        Raises:
            ArgumentError: as in `loss_graph`.
        """
        shown = self._at("standardised")
        function = shown.function()
        gradient = Compiled(grad(function, argnums=shown.places), WORTHWHILE)
        return check(function, gradient, *shown.arguments, argnums=shown.places)

    def source(self) -> str:
        """The code of the loss and its gradient, as the descent ran it; it needs NumPy alone.

        Raises:
            ArgumentError: as in `loss_graph`.
        """
        shown = self._at("standardised")
        both = Compiled(value_and_grad(shown.function(), argnums=shown.places), WORTHWHILE)
        return both.source(*shown.arguments)

    def _at(self, scale: str | None) -> Shown:
        check_is_fitted(self)
        if self._shown is None:
            raise ArgumentError(
                "this model was pickled, and a pickle leaves the training data behind: fit it again to look at its loss"
            )
        if scale is None:
            return next(iter(self._shown.values()))
        if scale not in self._shown:
            raise ArgumentError(f"scale is {scale!r}, expected one of {', '.join(map(repr, self._shown))}")
        return self._shown[scale]


def first_rows(data: Mapping[str, Any]) -> dict[str, Any]:
    """The first rows of each array, copied."""
    return {name: np.array(rows[:ROWS]) for name, rows in data.items()}
