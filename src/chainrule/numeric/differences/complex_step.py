"""The complex step: f(x + i h) = f(x) + i h f'(x) + ..., so its imaginary part gives f' without any difference.

Nothing cancels, so h may be so small that no truncation is left. It holds for functions that are analytic and are
computed as such; one that takes |z|, a conjugate or a real part gives another number without any sign of it, so every
result is held against central differences.
Source: W. Squire, G. Trapp, Using complex variables to estimate derivatives of real functions, SIAM Rev. 40 (1998).
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError, ChainruleError, NonFiniteError, ShapeError
from chainrule.numeric.differences.chosen import choose
from chainrule.numeric.differences.lines import Components, Directions, Elements, Lines
from chainrule.numeric.differences.schemes import formula
from chainrule.numeric.probe import Probe, RealArray, label, precision

__all__ = ["complex_slopes"]

# So small that h**2 is nothing beside x**2 in the dtype, so large that h times a small slope does not vanish.
TINY_STEP = {np.dtype(np.float32): 2.0**-40, np.dtype(np.float64): 2.0**-100, np.dtype(np.longdouble): 2.0**-120}

# Differences and complex step may differ by this many of the estimated errors of the differences.
GRANTED = 16.0


def complex_slopes(lines: Lines, h: float | None) -> RealArray:
    """The derivative along each line, of shape (lines, *out), in the dtype of x or wider.

    Raises `ArgumentError` if f cannot take complex numbers, or if what it makes of them is no derivative: then f is
    not analytic there. Called under `quiet`.
    """
    values, probe = lines.samples.values, lines.samples.probe
    # NumPy has no complex type of half precision.
    wide = np.promote_types(values.dtype, np.float32)
    slopes = np.empty((lines.count, *lines.out), np.promote_types(wide, np.float64))
    imaginary = True
    if isinstance(lines, Elements):
        # Each element keeps its own step, and f is called once.
        steps = _steps(lines, h, wide)
        out = _call(probe, (values.astype(wide) + 1j * steps.reshape(values.shape)), values.shape)
        imaginary = np.iscomplexobj(out)
        slopes[:] = (out.imag / steps.reshape(values.shape)).reshape(-1)
    else:
        steps = _steps(lines, h, wide)
        for line in range(lines.count):
            direction = _direction(lines, line).astype(wide)
            out = _call(probe, values.astype(wide) + 1j * (steps[line] * direction), lines.out)
            imaginary = imaginary and np.iscomplexobj(out)
            slopes[line] = out.imag / steps[line]
    if not np.isfinite(slopes).all():
        raise NonFiniteError(f"{probe.name} is not finite at x + ih: take scheme='central'")
    _require_agreement(lines, slopes, imaginary)
    return slopes


def _steps(lines: Lines, h: float | None, wide: np.dtype[Any]) -> RealArray:
    if h is not None:
        return np.full(lines.count, h, wide)
    size = np.abs(lines.position).astype(wide)
    steps = np.where(size > 0, size, 1).astype(wide) * wide.type(TINY_STEP.get(wide, 2.0**-100))
    return np.maximum(steps, np.finfo(wide).tiny)  # below that a number loses its digits


def _direction(lines: Lines, line: int) -> RealArray:
    if isinstance(lines, Directions):
        return lines.directions[line]
    direction = np.zeros_like(lines.samples.values)
    if isinstance(lines, Components):
        direction[lines.indices[line]] = 1
    return direction


def _call(probe: Probe, point: NDArray[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    argument = point[()] if probe.scalar else point.copy()
    probe.evaluations += 1
    try:
        with probe.errors(), warnings.catch_warnings():
            # A cast that drops the imaginary part is no mere warning here.
            warnings.simplefilter("error", np.exceptions.ComplexWarning)
            result = np.asarray(probe.f(argument))
    except (TypeError, np.exceptions.ComplexWarning) as error:
        raise ArgumentError(f"{probe.name} cannot take complex numbers ({error}): take scheme='central'") from error
    except ChainruleError:
        raise
    except (ArithmeticError, ValueError) as error:
        raise NonFiniteError(
            f"{probe.name} raised {type(error).__name__} ({error}) at x + ih: take scheme='central'"
        ) from error
    if not probe.scalar and not np.array_equal(argument, point):
        raise ArgumentError(f"{probe.name} writes into its argument: let it work on a copy, x = x.copy()")
    if result.dtype.kind not in "fciu":
        raise ArgumentError(
            f"the result of {probe.name} for complex x is {result.dtype}, expected numbers: take scheme='central'"
        )
    if result.shape != shape:
        raise ShapeError(f"{probe.name} returned shape {result.shape} for complex x and {shape} for real x")
    return np.array(result)


def _require_agreement(lines: Lines, slopes: RealArray, imaginary: bool) -> None:
    """Raise unless central differences confirm the slopes to their own estimated error."""
    try:
        real = choose(lines, formula("central", 1, 4))
    except NonFiniteError as error:
        raise ArgumentError(f"the complex step cannot be verified, since f is undefined beside x: {error}") from error
    eps = precision(lines.samples.values, lines.samples.centre)
    granted = GRANTED * real.error + 1024 * eps * np.abs(slopes)
    wrong = np.argwhere(~(np.abs(slopes - real.slope) <= granted))
    if not len(wrong):
        return
    line, *output = (int(i) for i in wrong[0])
    place, what = lines.place(line, tuple(output))
    name = lines.samples.probe.name
    found, expected = slopes[(line, *output)], real.slope[(line, *output)]
    why = "is real for complex x" if not imaginary else "is not analytic, or not computed as such"
    raise ArgumentError(
        f"{label(name, ())}{what} {why} at {place}: the complex step gives {found:.6g}, differences give "
        f"{expected:.6g}; abs, comparisons, real parts and conjugates do that, so take scheme='central'"
    )
