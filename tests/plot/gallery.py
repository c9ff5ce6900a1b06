"""The gallery: a named function for each picture, which the page of pictures shows and the image tests compare.

A function takes `ax` and `dark` and passes them on; its docstring is the caption. To add a picture, add a function.
`make baselines` then draws its baseline.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

GALLERY: dict[str, Shown] = {}


@dataclass(frozen=True)
class Shown:
    """A picture of the gallery.

    Attributes:
        draw: draws it; takes `ax` and `dark`.
        small: the size in inches that it has to stay legible at, on axes that are given.
        projection: of the axes that it can be drawn on.
    """

    draw: Callable[..., Figure]
    small: tuple[float, float]
    projection: str | None


def shown(
    small: tuple[float, float] = (4.4, 3.4), projection: str | None = None
) -> Callable[[Callable[..., Figure]], Callable[..., Figure]]:
    """Enters a function in the gallery under its name."""

    def enter(draw: Callable[..., Figure]) -> Callable[..., Figure]:
        GALLERY[draw.__name__] = Shown(draw, small, projection)
        return draw

    return enter


@shown()
def average_speed(**options: Any) -> Figure:
    """The average speed over shorter and shorter times before t = 0.5 h: 30 mi in 0.5 h are 60 mph, the speed is 80."""
    return cr.plot.secants("40t + 40t^2", at=0.5, steps=[-0.5, -0.25, -0.1], **options)


@shown()
def secants(**options: Any) -> Figure:
    """Secants of x² turn into its tangent as their step shrinks."""
    return cr.plot.secants("x^2", at=1.0, steps=[2, 1, 0.5, 0.1], **options)


@shown()
def tangents(**options: Any) -> Figure:
    """Tangents of −x³ + 3x: the signs of the derivatives say uphill, downhill, peak or valley."""
    return cr.plot.tangent("-x^3 + 3x", at=[-1.2, 1, 2], **options)


@shown()
def tangents_of_a_parabola(**options: Any) -> Figure:
    """The slope of x² at −2, 0 and 2."""
    return cr.plot.tangent("x^2", at=[-2, 0, 2], **options)


@shown()
def tangents_at_a_kink(**options: Any) -> Figure:
    """At a kink the tangents from both sides are drawn; an ordinary function of NumPy is followed as a formula is."""

    def huber(r: float) -> float:
        return np.where(np.abs(r) < 1, r**2 / 2, 2 * np.abs(r) - 1.5)

    return cr.plot.tangent(huber, at=[-2, 0, 1], **options)


@shown()
def tangents_between_poles(**options: Any) -> Figure:
    """The graph is cut at poles."""
    return cr.plot.tangent("tan(x)", at=[-3, 0, 1], **options)


@shown()
def sigmoid(**options: Any) -> Figure:
    """The sigmoid and its derivative: never steeper than 0.25, which is why gradients vanish in deep networks."""
    return cr.plot.derivative("1/(1 + e^-x)", **options)


@shown()
def second_derivative(**options: Any) -> Figure:
    """A function with its first and second derivative."""
    return cr.plot.derivative("x^3 - 3x", second=True, between=(-2.5, 2.5), **options)


@shown()
def logarithm(**options: Any) -> Figure:
    """Outside its domain a function is not drawn."""
    return cr.plot.derivative("ln(x)", **options)


@shown(small=(4.6, 4.2))
def gradient_field(**options: Any) -> Figure:
    """A round bowl with its negative gradients: all of them point to the minimum."""
    return cr.plot.gradient_field("x^2 + y^2", **options)


@shown(small=(4.6, 4.2))
def gradient_field_of_a_valley(**options: Any) -> Figure:
    """Where the contours are no circles, the direction of steepest descent is not that to the minimum."""
    return cr.plot.gradient_field("x^2 + 10y^2", **options)


@shown(small=(4.6, 4.2), projection="3d")
def surface(**options: Any) -> Figure:
    """The round bowl as a surface."""
    return cr.plot.surface("x^2 + y^2", **options)


@shown(small=(5.0, 4.0))
def graph(**options: Any) -> Figure:
    """The computational graph of a squared error, with both passes and the local derivatives."""

    def squared_error(w: float, x: float, b: float, y: float) -> float:
        y_hat = w * x + b
        e = y - y_hat
        L = e**2
        return L

    return cr.plot.graph(squared_error, 1.0, 2.0, 1.0, 7.0, **options)


@shown(small=(5.4, 4.2))
def step_size(**options: Any) -> Figure:
    """The error of central differences against their step: rounding on the left, truncation on the right."""
    return cr.plot.step_size(np.exp, 1.0, **options)


@shown(small=(5.4, 4.2))
def step_size_at_a_kink(**options: Any) -> Figure:
    """There is no derivative at a kink, and the picture says so."""
    return cr.plot.step_size(abs, 0.0, **options)


# --- learning: the textbook's hundred points, and losses of known shape -----------------------------------------------


@functools.cache
def hundred_points() -> tuple[Any, Any]:
    """A column of ones and x between 0 and 10; y = 2 + 3x and noise of deviation 2."""
    random = np.random.RandomState(42)
    x = 10 * random.rand(100)
    return np.column_stack([np.ones(100), x]), 3 * x + 2 + 2 * random.randn(100)


def mean_squared_error(w: Any) -> Any:
    X, y = hundred_points()
    return np.mean((y - X @ w) ** 2)


@functools.cache
def line_learned(rate: float = 0.001, steps: int = 200) -> cr.Descent:
    return cr.descend(mean_squared_error, np.zeros(2), rate, steps)


@shown(small=(4.4, 4.0))
def descent(**options: Any) -> Figure:
    """Two hundred steps at a rate of 0.01: fast down the steep side, then slowly along the valley."""
    return cr.plot.descent(line_learned(0.01), names=("bias", "slope"), **options)


@shown(small=(4.4, 4.0))
def descent_that_diverges(**options: Any) -> Figure:
    """Above the critical rate each step overshoots by more than the one before."""
    return cr.plot.descent(line_learned(0.033), names=("bias", "slope"), **options)


@shown(small=(4.4, 4.0))
def descent_of_one_parameter(**options: Any) -> Figure:
    """One parameter: the iterates jump from side to side of a parabola."""
    return cr.plot.descent(cr.descend("(w - 3)^2", {"w": 0.0}, 0.8, 12), **options)


@shown(small=(4.4, 4.0))
def descent_of_many_parameters(**options: Any) -> Figure:
    """Of ten parameters the two directions in which the path is widest."""
    random = np.random.RandomState(1)
    X, y = random.randn(40, 9), random.randn(40)

    def loss(p: Any) -> Any:
        return np.mean((y - X @ p["weights"] - p["bias"]) ** 2)

    return cr.plot.descent(cr.descend(loss, {"weights": np.full(9, 2.0), "bias": 3.0}, 0.1, 60), **options)


@shown(small=(4.4, 3.6))
def loss_curve(**options: Any) -> Figure:
    """The loss before the last step is not that of the learned weights."""
    return cr.plot.loss_curve(line_learned(), **options)


@shown(small=(4.4, 3.6))
def loss_curve_with_rises(**options: Any) -> Figure:
    """Momentum overshoots: the loss rises now and then on its way down."""
    run = cr.descend("x^2 + 10 y^2", {"x": 2.0, "y": 1.0}, 0.03, 60, optimizer="momentum")
    return cr.plot.loss_curve(run, **options)


@shown(small=(4.4, 3.6))
def loss_curve_of_mini_batches(**options: Any) -> Figure:
    """Ten points a step: the noise of the batches, and its mean."""

    def loss(w: Any, X: Any, y: Any) -> Any:
        return np.mean((y - X @ w) ** 2)

    rate = cr.schedules.cosine(0.01, 300)
    run = cr.descend(loss, np.zeros(2), rate, 300, data=hundred_points(), batch_size=10)
    return cr.plot.loss_curve(run, **options)


@shown(small=(4.4, 3.6))
def loss_curve_that_diverges(**options: Any) -> Figure:
    """A rate of 1 on the same points: no float is large enough for the loss after step 84."""
    return cr.plot.loss_curve(line_learned(1.0), **options)


@shown(small=(4.4, 3.6))
def fit(**options: Any) -> Figure:
    """A hundred points, the line learned from them in 200 steps, and the true one."""
    return cr.plot.fit(*hundred_points(), line_learned(), true=[2.0, 3.0], **options)


@shown(small=(4.4, 3.6))
def fit_of_several_features(**options: Any) -> Figure:
    """Several features: what is predicted against what was measured."""
    random = np.random.RandomState(3)
    X = random.randn(150, 4)
    weights = np.array([3.0, -2.0, 1.0, 0.0])
    return cr.plot.fit(X, X @ weights + random.randn(150), weights, names=("x", "yield"), **options)


@shown(small=(4.8, 4.4))
def race(**options: Any) -> Figure:
    """Four optimizers in a narrow valley, from one start."""
    rates = {"gd": 0.018, "momentum": 0.01, "nesterov": 0.01, "adam": 0.1}
    start = {"x": -4.0, "y": 1.5}
    runs = {name: cr.descend("x^2/2 + 25 y^2", start, rate, 60, optimizer=name) for name, rate in rates.items()}
    return cr.plot.race(runs, **options)


@shown(small=(4.4, 3.6))
def layer_gradients(**options: Any) -> Figure:
    """Twelve layers: gradients vanish through sigmoids, and do not through rectifiers."""
    random = np.random.RandomState(0)
    X, y = random.randn(64, 16), random.randn(64, 1)

    def loss_with(activation: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def loss(layers: Any) -> Any:
            a = X
            for layer in layers[:-1]:
                a = activation(a @ layer["W"] + layer["b"])
            return np.mean((a @ layers[-1]["W"] + layers[-1]["b"] - y) ** 2)

        return loss

    def network(gain: float) -> list[dict[str, Any]]:
        sizes = [16] * 12 + [1]
        scale = gain / 4
        return [{"W": scale * random.randn(a, b), "b": np.zeros(b)} for a, b in itertools.pairwise(sizes)]

    losses = {"sigmoid": loss_with(cr.special.sigmoid), "relu": loss_with(cr.special.relu)}
    return cr.plot.layer_gradients(losses, {"sigmoid": network(1.0), "relu": network(2**0.5)}, networks=True, **options)


@shown(small=(4.4, 3.8))
def spectrum(**options: Any) -> Figure:
    """The Hessian of a least-squares loss with a feature that is the sum of two others: one eigenvalue is zero."""
    random = np.random.RandomState(5)
    X = random.randn(60, 6) * [8.0, 4.0, 2.0, 1.0, 0.5, 0.25]
    X = np.column_stack([X, X[:, 2] + X[:, 3]])
    return cr.plot.spectrum(cr.curvature(lambda w: np.mean((X @ w) ** 2), np.ones(7)), **options)


@shown(small=(4.4, 3.8))
def spectrum_at_a_saddle(**options: Any) -> Figure:
    """Where the loss curves down along some directions."""
    bend = np.array([10.0, 3.0, 1.0, 0.3, -0.1, -2.0])
    return cr.plot.spectrum(cr.curvature(lambda w: np.sum(bend * w**2) / 2, np.zeros(6)), **options)


@functools.cache
def three_rates() -> cr.Comparison:
    return cr.compare_learning_rates(mean_squared_error, np.zeros(2), [0.00001, 0.001, 0.01], steps=200)


@shown(small=(4.4, 3.8))
def learning_rates(**options: Any) -> Figure:
    """The textbook's three rates, with what is true of them: 0.01 is not too large, and comes lowest."""
    return cr.plot.learning_rates(three_rates(), **options)


@shown(small=(4.4, 4.2))
def sweep(**options: Any) -> Figure:
    """From a thousandth of the critical rate to twice it: the best rates lie just below it."""
    return cr.plot.sweep(cr.learning_rate_sweep(mean_squared_error, np.zeros(2), steps=200), **options)
