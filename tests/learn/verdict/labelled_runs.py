"""A hundred descents with what they have come to, known from theory. The labels do not follow from the code.

What the kinds mean. L* is the infimum of the loss, L_0 the loss at the start, lambda the eigenvalues of the Hessian.

- converged: L - L* <= 1e-6 (L_0 - L*), at a minimum.
- diverging: the rate is above the critical rate c / lambda_max, where c = 2 for gradient descent, 2 (1 + mu) for
  momentum, 2 (1 + mu) / (1 + 2 mu) for Nesterov's: the iterates grow without bound on a quadratic.
- oscillating: not converged, and the rate is 75% to 100% of the critical one: along the steepest eigenvector each step
  goes to the other side and keeps more than half of the distance.
- conditioning: not converged, the rate is at least 10% of the critical one, and the best fixed rate,
  2 / (lambda_max + lambda_min), would need more than 1000 further steps to converge.
- noise floor: mini-batches; what is left of L_0 - L* by the mean of the steps is far below what their noise upholds.
- saddle: a stationary point, or next to one, where the Hessian has negative eigenvalues that are not small.
- plateau: next to no gradient, and no curvature towards a minimum.
- not finite: a step leaves the domain of the loss.
- descending: none of these, and the loss falls.

Along an eigenvector, gradient descent multiplies the distance from the minimum by 1 - rate lambda at each step, and the
loss above the optimum, which is half of lambda times its square, by (1 - rate lambda)^2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

import chainrule as cr
from chainrule.learn.descent import Descent
from chainrule.learn.verdict import Kind

__all__ = ["RUNS", "Labelled", "quadratic"]


@dataclass(frozen=True)
class Labelled:
    name: str
    label: Kind
    run: Callable[[], Descent]


def quadratic(values: np.ndarray, seed: int) -> tuple[Callable[[Any], Any], np.ndarray]:
    """A quadratic with these eigenvalues in a random basis, and a start with the same loss along each eigenvector."""
    random = np.random.default_rng(seed)
    basis = np.linalg.qr(random.standard_normal((len(values), len(values))))[0]
    matrix = (basis * values) @ basis.T
    optimum = random.standard_normal(len(values))
    start = optimum + basis @ (np.sqrt(2 / values) * random.choice([-1.0, 1.0], len(values)))

    def loss(w: Any) -> Any:
        return (w - optimum) @ matrix @ (w - optimum) / 2 + 1.5

    return loss, start


def spectrum(size: int, condition: float, seed: int) -> np.ndarray:
    """Eigenvalues between 1 / condition and 1, both ends included, spread evenly over the decades."""
    inside = condition ** -np.random.default_rng(seed).uniform(0, 1, size - 2)
    return np.sort(np.concatenate([[1 / condition, 1.0], inside]))


def quadratics() -> Iterator[Labelled]:
    def descent(
        size: int, condition: float, rate: float, steps: int, seed: int, optimizer: Any = "gd"
    ) -> Callable[[], Descent]:
        def run() -> Descent:
            # A scale of the loss moves the critical rate, and nothing else.
            scale = 10.0 ** (seed % 7 - 3)
            loss, start = quadratic(spectrum(size, condition, seed), seed)
            return cr.descend(lambda w: scale * loss(w), start, rate / scale, steps, optimizer=optimizer)

        return run

    # lambda_max = 1 here. At the rate 1 the slowest factor is 1 - 1/condition, so after 10 condition steps at most
    # exp(-20) = 2e-9 of the loss above the optimum is left: converged.
    for seed, (size, condition) in enumerate(
        [(2, 3), (3, 10), (5, 30), (10, 50), (20, 20), (60, 30), (100, 10), (200, 50)]
    ):
        yield Labelled("quadratic", Kind.CONVERGED, descent(size, condition, 1.0, 10 * condition, seed))
    # At the rate 0.02, 1% of the critical one, at least 0.98^40 = 45% is left after 20 steps. The best rate would need
    # about condition / 4 * ln(1e6) < 180 steps: descending.
    for seed, (size, condition) in enumerate(
        [(2, 3), (3, 10), (5, 30), (10, 50), (20, 20), (60, 30), (100, 10), (200, 50)]
    ):
        yield Labelled("quadratic", Kind.DESCENDING, descent(size, condition, 0.02, 20, seed))
    # At 30% of the critical rate the slow end keeps (1 - 0.6 / condition)^40 > 8% after 20 steps; with so few steps
    # needed at the best rate it is not conditioning, and 0.6 lambda < 1 does not overshoot: descending.
    for seed, (size, condition) in enumerate([(2, 10), (5, 30), (40, 50), (120, 40)]):
        yield Labelled("quadratic", Kind.DESCENDING, descent(size, condition, 0.6, 20, seed))
    # Above the critical rate 2: the steepest component grows by rate - 1 at each step. At 1.02 times it is 1.04, which
    # makes 1.04^200 = 2550 in 100 steps of the loss.
    for seed, (size, part, steps) in enumerate(
        [(2, 1.02, 150), (3, 1.05, 100), (10, 1.1, 100), (30, 1.5, 40), (60, 1.02, 200), (100, 3.0, 50), (150, 1.2, 80),
         (5, 30.0, 300)]
    ):  # fmt: skip
        yield Labelled("quadratic", Kind.DIVERGING, descent(size, 20, 2 * part, steps, seed))
    # At 80% to 98% of the critical rate each step keeps 60% to 96% of the distance, on the other side. What is left of
    # the loss along the steepest direction is more than 0.6^12 = 2e-3 after 6 steps, 0.9^40 = 1.5e-2 after 20.
    for seed, (size, part, steps) in enumerate(
        [(2, 0.8, 6), (3, 0.9, 8), (10, 0.95, 20), (40, 0.85, 8), (80, 0.98, 30), (150, 0.95, 15)]
    ):
        yield Labelled("quadratic", Kind.OSCILLATING, descent(size, 15, 2 * part, steps, seed))
    # The slow end keeps (1 - 1.9 / condition)^1000 > 50% of its loss; the best rate would need about condition / 4 *
    # ln(1e6 / size) steps more, thousands: conditioning.
    for seed, (size, condition, part) in enumerate(
        [(2, 3e3, 0.5), (3, 1e4, 0.6), (5, 1e5, 0.5), (10, 1e4, 0.7), (20, 3e4, 0.3), (25, 1e5, 0.65)]
    ):
        yield Labelled("quadratic", Kind.CONDITIONING, descent(size, condition, 2 * part, 500, seed))
    # With momentum 0.9 the critical rate is 3.8, with Nesterov's 3.8 / 2.8 = 1.357. At the rate 1 momentum has roots of
    # modulus sqrt(0.9) = 0.949 along every lambda above 0.0026: 0.949^600 = 2e-14. Nesterov's at 0.5 of a condition of
    # 10 has smaller ones.
    yield Labelled("momentum", Kind.CONVERGED, descent(10, 10, 1.0, 300, 1, "momentum"))
    yield Labelled("momentum", Kind.DIVERGING, descent(10, 10, 3.9, 300, 2, "momentum"))
    yield Labelled("nesterov", Kind.CONVERGED, descent(10, 10, 0.5, 300, 3, "nesterov"))
    yield Labelled("nesterov", Kind.DIVERGING, descent(10, 10, 1.45, 200, 4, "nesterov"))


def logistics() -> Iterator[Labelled]:
    def descent(
        penalty: float, part: float, steps: int, seed: int, *, separable: bool = False
    ) -> Callable[[], Descent]:
        def run() -> Descent:
            random = np.random.default_rng(seed)
            X = random.standard_normal((80, 4))
            signs = np.sign(
                X @ np.array([1.0, -1.0, 0.5, 0.0]) + (0 if separable else 1.5 * random.standard_normal(80))
            )
            # The second derivative of log(1 + exp(-z)) is at most 1/4, so lambda_max <= lambda_max(X^T X / N) / 4.
            bound = np.linalg.eigvalsh(X.T @ X / 80)[-1] / 4 + penalty
            loss = lambda w: np.mean(np.logaddexp(0, -signs * (X @ w))) + penalty * np.sum(w**2) / 2
            return cr.descend(loss, np.zeros(4), part / bound, steps)

        return run

    # With the penalty, lambda is between penalty and the bound, below 0.6: a condition of at most 12 at the rate
    # 1 / bound leaves exp(-2 * 400 / 12) after 400 steps.
    for seed in range(4):
        yield Labelled("logistic", Kind.CONVERGED, descent(0.05, 1.0, 400, seed))
    # At a hundredth of that rate, 10 steps change the loss along no direction by more than 2 * 10 / 100 of it.
    for seed in range(3):
        yield Labelled("logistic", Kind.DESCENDING, descent(0.05, 0.01, 10, seed))
    # Separable classes without a penalty: the loss falls towards 0 for ever, as 1 / (rate steps), and has no minimum.
    for seed in range(4):
        yield Labelled("separable", Kind.DESCENDING, descent(0.0, 1.0, 200 * (seed + 1), seed, separable=True))


def rosenbrock(w: Any) -> Any:
    return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2


def valleys() -> Iterator[Labelled]:
    def descent(start: tuple[float, float], rate: float, steps: int) -> Callable[[], Descent]:
        return lambda: cr.descend(rosenbrock, np.array(start), rate, steps)

    # At the minimum (1, 1) the eigenvalues are 1001.6 and 0.39936: condition 2508, critical rate 0.001997.
    # Once near it, 0.001 leaves (1 - 0.0004)^2 at a step: 20,000 of 25,000 steps leave exp(-16) of the loss there,
    # which is below 1 there, 24.2 at the start.
    yield Labelled("valley", Kind.CONVERGED, descent((-1.2, 1.0), 0.001, 25_000))
    yield Labelled("valley", Kind.CONVERGED, descent((1.05, 1.1), 0.0015, 20_000))
    # On the floor of the valley next to the minimum: 300 steps at 0.001 leave exp(-0.24) of it, and even 2 / 1002 would
    # need condition / 4 * ln(1e6) = 8,700.
    yield Labelled("valley", Kind.CONDITIONING, descent((1.02, 1.02**2), 0.001, 300))
    yield Labelled("valley", Kind.CONDITIONING, descent((0.98, 0.98**2), 0.001, 500))
    yield Labelled("valley", Kind.CONDITIONING, descent((1.01, 1.01**2), 0.0005, 400))
    yield Labelled("valley", Kind.CONDITIONING, descent((0.99, 0.99**2), 0.0012, 400))
    # At (-1.2, 1) lambda_max is 1506: from 0.01 on the rate is 7 times the critical one and more; the terms of fourth
    # order curve more the farther it gets.
    yield Labelled("valley", Kind.DIVERGING, descent((-1.2, 1.0), 0.01, 200))
    yield Labelled("valley", Kind.DIVERGING, descent((-1.2, 1.0), 0.1, 200))
    yield Labelled("valley", Kind.DIVERGING, descent((2.0, -1.0), 0.02, 200))
    # Far from the minimum, where the floor still falls from 4: not near any minimum, saddle or plateau.
    yield Labelled("valley", Kind.DESCENDING, descent((-1.2, 1.0), 0.0005, 100))


def saddles() -> Iterator[Labelled]:
    def descent(loss: Callable[[Any], Any], start: Any, rate: float, steps: int) -> Callable[[], Descent]:
        return lambda: cr.descend(loss, start, rate, steps)

    hyperbola = lambda w: w[0] ** 2 - w[1] ** 2
    # With y = 0 exactly it stays there, and x shrinks by 0.8 at a step; from 1e-10, y has grown to 1e-10 * 1.2^40 =
    # 1.5e-7 when x is 1.3e-4: the loss differs from that of the saddle by 1e-8 of what it fell.
    yield Labelled("saddle", Kind.SADDLE, descent(hyperbola, np.array([1.0, 0.0]), 0.1, 100))
    yield Labelled("saddle", Kind.SADDLE, descent(hyperbola, np.array([1.0, 1e-10]), 0.1, 40))
    # y decays as well, to the saddle between two minima of (x^2 - 1)^2 + y^2, where the Hessian is diag(-4, 2).
    double_well = lambda w: (w[0] ** 2 - 1) ** 2 + w[1] ** 2
    yield Labelled("saddle", Kind.SADDLE, descent(double_well, np.array([0.0, 2.0]), 0.1, 80))
    yield Labelled("saddle", Kind.SADDLE, descent(double_well, np.array([1e-12, 2.0]), 0.05, 60))
    # (u v - 1)^2 from u = -v keeps u = -v and goes to the origin, where the Hessian is [[0, -2], [-2, 0]].
    factors = lambda w: (w[0] * w[1] - 1) ** 2
    yield Labelled("saddle", Kind.SADDLE, descent(factors, np.array([0.5, -0.5]), 0.05, 200))
    yield Labelled("saddle", Kind.SADDLE, descent(factors, np.zeros(2), 0.05, 20))
    # A network with all weights at zero: the gradient vanishes by symmetry, and the mixed derivatives by the two layers
    # do not, so the Hessian [[0, B], [B^T, 0]] has eigenvalues of both signs.
    random = np.random.default_rng(0)
    X = random.standard_normal((50, 3))
    y = X @ np.array([1.0, 2.0, -1.0])
    network = lambda p: np.mean((np.tanh(X @ p["W"]) @ p["v"] - y) ** 2)
    yield Labelled("network", Kind.SADDLE, descent(network, {"W": np.zeros((3, 4)), "v": np.zeros(4)}, 0.1, 50))
    # A quadratic of 40 directions, one of them down, and a start without a component along it.
    values = np.concatenate([[-0.5], np.linspace(0.2, 1, 39)])
    start = np.concatenate([[0.0], np.ones(39)])
    many = lambda w: np.sum(values * w**2) / 2
    yield Labelled("saddle", Kind.SADDLE, descent(many, start, 1.0, 60))
    yield Labelled("saddle", Kind.SADDLE, descent(lambda w: 50 * many(w), start, 0.02, 60))
    # cos(x) + cos(y) from (0, 3) goes down y to the minimum there, and stays on the ridge x = 0.
    yield Labelled(
        "saddle", Kind.SADDLE, descent(lambda w: np.cos(w[0]) + np.cos(w[1]), np.array([0.0, 2.0]), 0.5, 100)
    )


def plateaus() -> Iterator[Labelled]:
    def descent(loss: Callable[[Any], Any], start: Any, rate: float, steps: int) -> Callable[[], Descent]:
        return lambda: cr.descend(loss, start, rate, steps)

    sigmoid = lambda z: 1 / (1 + np.exp(-z))
    # Squared error of a saturated unit: the gradient is about 2 exp(w), at -10 9e-5, so 100 steps of 0.1 gain 8e-8.
    yield Labelled("saturated", Kind.PLATEAU, descent(lambda w: (1 - sigmoid(w)) ** 2, -10.0, 0.1, 100))
    yield Labelled("saturated", Kind.PLATEAU, descent(lambda w: (1 - sigmoid(w)) ** 2, -14.0, 1.0, 1000))
    yield Labelled("saturated", Kind.PLATEAU, descent(lambda w: (1 - np.tanh(w)) ** 2, -6.0, 0.1, 100))
    # A hole in a plane, seen from 7 deviations away: the gradient is 7 exp(-24.5) = 1.6e-10.
    hole = lambda w: 1 - np.exp(-np.sum(w**2) / 2)
    yield Labelled("hole", Kind.PLATEAU, descent(hole, np.array([7.0, 0.0]), 0.5, 200))
    yield Labelled("hole", Kind.PLATEAU, descent(hole, np.array([4.0, 5.0, 4.0]), 0.1, 50))
    # A unit that no row switches on, and a loss without its parameter.
    X = np.random.default_rng(1).standard_normal((30, 2))
    dead = lambda w: np.mean((np.maximum(X @ w[:2] + w[2], 0) - 1) ** 2)
    yield Labelled("dead unit", Kind.PLATEAU, descent(dead, np.array([1.0, 1.0, -50.0]), 0.1, 100))
    yield Labelled("constant", Kind.PLATEAU, descent(lambda w: np.sum(0 * w) + 3.0, np.ones(3), 0.1, 10))
    # One saturated unit and one parameter that converges: x^2 loses 1 - 0.64^200, the other gains next to nothing.
    mixed = lambda w: w[0] ** 2 + (1 - sigmoid(w[1])) ** 2
    yield Labelled("saturated", Kind.PLATEAU, descent(mixed, np.array([1.0, -12.0]), 0.1, 200))


def batches() -> Iterator[Labelled]:
    def descent(rate: float, steps: int, size: int, seed: int, noise: float = 1.0, d: int = 5) -> Callable[[], Descent]:
        def run() -> Descent:
            random = np.random.default_rng(seed)
            X = random.standard_normal((1000, d))
            y = X @ random.standard_normal(d) + noise * random.standard_normal(1000)
            loss = lambda w, X, y: np.mean((y - X @ w) ** 2)
            return cr.descend(loss, 10 * np.ones(d), rate, steps, data=(X, y), batch_size=size, seed=seed)

        return run

    # Rows are N(0, 1), so lambda is within 2 +- 20% and the mean decays by (1 - 2 rate)^2: after `steps` below 1e-12 of
    # the start. The gradient noise of a batch of b rows has the covariance 4 noise^2 / b times the identity, and the
    # floor is about rate d / b (smaller by the shuffling, by less than a factor 100 where an epoch lasts 1 / (rate
    # lambda) steps or more). The loss at the start is 100 d above the optimum, so 1e-6 of it is 1e-4 d: the floor is
    # above that for rate / b > 1e-4 and more.
    for seed, (rate, steps, size) in enumerate(
        [(0.05, 400, 10), (0.05, 600, 5), (0.1, 300, 10), (0.1, 200, 20), (0.02, 1000, 5), (0.05, 500, 2),
         (0.02, 1500, 1), (0.1, 300, 25)]
    ):  # fmt: skip
        yield Labelled("mini-batches", Kind.NOISE_FLOOR, descent(rate, steps, size, seed))
    # Half of the loss is left, or more than a thousandth, thousands of times the floor.
    for seed, (rate, steps, size) in enumerate([(0.001, 100, 10), (0.005, 100, 10), (0.002, 300, 50), (0.01, 40, 20)]):
        yield Labelled("mini-batches", Kind.DESCENDING, descent(rate, steps, size, seed))
    # Without noise in y every batch has the same minimum, so there is no floor: (1 - 2 rate)^2 to the power of steps.
    yield Labelled("interpolation", Kind.CONVERGED, descent(0.05, 600, 20, 1, noise=0.0))
    yield Labelled("interpolation", Kind.CONVERGED, descent(0.02, 1500, 10, 2, noise=0.0))


def domains() -> Iterator[Labelled]:
    def descent(loss: Callable[[Any], Any], start: Any, rate: float, steps: int) -> Callable[[], Descent]:
        return lambda: cr.descend(loss, start, rate, steps)

    # The first step goes from 0.9 by -0.5 * 8.9 to below 0, where the logarithm is not defined.
    yield Labelled("domain", Kind.NOT_FINITE, descent(lambda w: -np.log(w) - np.log(1 - w), 0.9, 0.5, 10))
    # From 9 by -100 / 3 to below 0, where the root is not.
    yield Labelled("domain", Kind.NOT_FINITE, descent(lambda w: (np.sqrt(w) - 2) ** 2, 9.0, 100.0, 10))
    # The second component goes from 2 by -2 * (2 - 1 / 2) to -1.
    yield Labelled(
        "domain", Kind.NOT_FINITE, descent(lambda w: np.sum(w**2 / 2) - np.log(w[1]), np.array([4.0, 2.0]), 2.0, 10)
    )


RUNS: tuple[Labelled, ...] = (
    *quadratics(),
    *logistics(),
    *valleys(),
    *saddles(),
    *plateaus(),
    *batches(),
    *domains(),
)
