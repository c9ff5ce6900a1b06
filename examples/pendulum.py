"""A damped pendulum fitted to noisy angles, twice: by an adaptive solver, and by steps of our own.

The parameters are the length of the pendulum, its damping and the angle and speed at which it started. Angles were
measured 40 times in 8 seconds, with an error of 0.02 rad. `chainrule.odeint` integrates the equation to a tolerance,
and its gradient by the adjoint equation; `chainrule.scan` takes 800 steps of the classical Runge-Kutta method, and its
gradient goes back through them. SciPy's least squares gets the Jacobian of either.

Run it with: python examples/pendulum.py
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from scipy.optimize import least_squares

import chainrule as cr

GRAVITY = 9.81
TRUTH = {"length": 0.8, "damping": 0.25, "angle": 1.2, "speed": 0.5}
NOISE = 0.02
TIMES = np.linspace(0.0, 8.0, 41)
STEPS_BETWEEN = 20


def rate(state: Any, t: Any, p: Any) -> Any:
    """How fast the angle and the speed change."""
    angle, speed = state[0], state[1]
    return np.stack([speed, -GRAVITY / p["length"] * np.sin(angle) - p["damping"] * speed])


def by_solver(p: Any) -> Any:
    """The angles at the times measured, by an adaptive solver."""
    start = np.stack([p["angle"], p["speed"]])
    return cr.odeint(rate, start, TIMES, p, rtol=1e-8, atol=1e-8)[1:, 0]


def by_steps(p: Any) -> Any:
    """The same by the classical Runge-Kutta method, a fixed number of steps from one measurement to the next."""
    h = (TIMES[1] - TIMES[0]) / STEPS_BETWEEN

    def step(state: Any, t: Any) -> Any:
        k1 = rate(state, t, p)
        k2 = rate(state + h / 2 * k1, t + h / 2, p)
        k3 = rate(state + h / 2 * k2, t + h / 2, p)
        k4 = rate(state + h * k3, t + h, p)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return state, state[0]

    start = np.stack([p["angle"], p["speed"]])
    _, angles = cr.scan(step, start, h * np.arange(STEPS_BETWEEN * (len(TIMES) - 1)))
    return angles[STEPS_BETWEEN - 1 :: STEPS_BETWEEN]


def fitted(model: Callable[[Any], Any], measured: Any) -> tuple[dict[str, float], dict[str, float]]:
    """The parameters that fit best, and their standard errors."""
    names = list(TRUTH)

    def residual(x: Any) -> Any:
        return model(dict(zip(names, x, strict=True))) - measured

    guess = np.array([1.0, 0.1, 1.0, 0.0])
    found = least_squares(residual, guess, jac=cr.jacobian(residual, mode="forward"), x_scale="jac")
    covariance = np.linalg.inv(found.jac.T @ found.jac) * np.sum(found.fun**2) / (len(measured) - len(names))
    errors = np.sqrt(np.diag(covariance))
    return dict(zip(names, found.x, strict=True)), dict(zip(names, errors, strict=True))


def main() -> None:
    rng = np.random.default_rng(7)
    measured = by_solver(TRUTH) + NOISE * rng.normal(size=len(TIMES) - 1)
    fits = {"odeint": fitted(by_solver, measured), "scan": fitted(by_steps, measured)}
    print(f"{'parameter':<10} {'true':>8} {'odeint':>8} {'scan':>8} {'+-':>8}")
    for name, true in TRUTH.items():
        values = [f"{fits[way][0][name]:8.4f}" for way in fits]
        print(f"{name:<10} {true:8.4f} {' '.join(values)} {fits['odeint'][1][name]:8.4f}")

    def loss(p: Any, model: Any) -> Any:
        return np.mean((model(p) - measured) ** 2)

    best = fits["odeint"][0]
    print(f"\nroot mean square of what is left: {np.sqrt(loss(best, by_solver)):.4f} rad, of the noise: {NOISE} rad")
    slopes = [cr.grad(loss)({**best, "damping": 0.3}, model)["damping"] for model in (by_solver, by_steps)]
    print(f"d loss / d damping at 0.3, by the adjoint: {slopes[0]:.8f}, through the steps: {slopes[1]:.8f}")


if __name__ == "__main__":
    main()
