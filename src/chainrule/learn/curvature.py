"""The ends of the Hessian's spectrum, by products with it: how steeply a loss curves, where most, and where least."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.core.plain_numbers import whole_number
from chainrule.errors import LimitError, NonFiniteError
from chainrule.learn.batches import InMemory
from chainrule.learn.hessian import Hessian
from chainrule.learn.lanczos import LOOK_EVERY, Ritz, lanczos, whole
from chainrule.learn.loss_function import of_parameters_and_rows
from chainrule.learn.problem import Problem
from chainrule.limits import LIMITS
from chainrule.numeric.probe import quiet

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = [
    "Curvature",
    "affordable",
    "curvature",
    "hessian_at",
    "hessian_of",
    "random_direction",
    "spectrum",
    "summarized",
]

TOLERANCE = 0.01  # of the largest magnitude: how far from an eigenvalue a value may be that counts as found
# The end of a spectrum has arrived. It is asked for more than `TOLERANCE`, because a value may rest for a while between
# the largest eigenvalue and the next.
ARRIVED = 1e-3
SHOWN = 8  # eigenvalues that a printed curvature lists


@dataclass(frozen=True, slots=True, eq=False)
class Curvature:
    """Eigenvalues of the Hessian of a loss at a point; readable when printed.

    Attributes:
        eigenvalues: those that were found, the largest first, shape (k,): the two ends, and what came with them.
        errors: for each, a bound on its distance to an eigenvalue of the Hessian, |H v - lambda v|, shape (k,).
        vectors: for each its eigenvector, of length 1, in the form of the point.
        directions: for each eigenvector, the parameters that it changes most.
        size: how many eigenvalues there are: the number of real parameters.
        products: how many products with the Hessian were made.
        why_differences: why products are differences of the gradient; "" where they are exact.

    >>> import numpy as np, chainrule as cr
    >>> found = cr.curvature(lambda w: 50 * w[0] ** 2 + w[1] ** 2 / 2, np.array([1.0, 1.0]))
    >>> found.eigenvalues, found.condition, found.directions
    (array([100.,   1.]), 100.0, ('at[0]', 'at[1]'))
    """

    eigenvalues: NDArray[np.float64]
    errors: NDArray[np.float64]
    vectors: tuple[Any, ...] = field(repr=False)
    directions: tuple[str, ...]
    size: int
    products: int
    why_differences: str = ""

    @property
    def largest(self) -> float:
        """The largest eigenvalue found: a descent with a rate above 2 / largest diverges."""
        return float(self.eigenvalues[0])

    @property
    def smallest(self) -> float:
        """The smallest eigenvalue found; negative where the loss curves down."""
        return float(self.eigenvalues[-1])

    @property
    def complete(self) -> bool:
        """Whether these are all eigenvalues."""
        return len(self.eigenvalues) == self.size

    @property
    def convex(self) -> bool:
        """Whether no eigenvalue found is below zero by more than its error."""
        return bool(self.smallest >= -max(float(self.errors[-1]), self._negligible))

    @property
    def condition(self) -> float:
        """The largest eigenvalue over the smallest that is above zero beyond its error; at least this, if not complete.

        It is infinite where no eigenvalue is positive.
        """
        positive = self.eigenvalues > np.maximum(self.errors, self._negligible)
        return self.largest / float(self.eigenvalues[positive].min()) if positive.any() else math.inf

    @property
    def _negligible(self) -> float:
        """A magnitude that is rounding of the others, or of differences of the gradient."""
        relative = 1e-6 if self.why_differences else 1e-12
        return relative * float(np.abs(self.eigenvalues).max())

    def plot(self, *, ax: Axes | None = None, dark: bool = False) -> Figure:
        """The eigenvalues, as `chainrule.plot.spectrum` draws them.

        Args:
            ax: the axes to draw on; else a new figure.
            dark: for a dark page.

        Raises:
            MissingExtraError: the extra `plot` is not installed.
        """
        from chainrule.plot.spectrum import spectrum

        return spectrum(self, ax=ax, dark=dark)

    def __str__(self) -> str:
        count = "all" if self.complete else f"{len(self.eigenvalues)} of"
        how = "differences of the gradient" if self.why_differences else "Hessian-vector products"
        lines = [f"curvature: {count} {self.size:,} eigenvalues, from {self.products} {how}"]
        values = [f"{value:.6g}" for value in self.eigenvalues]
        width = max(map(len, values))
        for i in _ends(len(values)):
            if i is None:
                lines.append("  ...")
            else:
                error = f"  +- {self.errors[i]:.1g}" if self.errors[i] > 1e-9 * np.abs(self.eigenvalues).max() else ""
                lines.append(f"  {values[i]:>{width}}{error}  along {self.directions[i]}")
        if not self.convex:
            lines.append(f"  not convex here: the loss curves down along {self.directions[-1]}")
        elif math.isfinite(self.condition):
            lines.append(f"  condition number {'' if self.complete else 'at least '}{self.condition:.4g}")
        if self.largest > 0:
            lines.append(f"  critical learning rate 2 / lambda_max = {2 / self.largest:.4g}")
        return "\n".join(lines)


def curvature(loss: Callable[..., Any] | str, at: Any, *, products: int = 50) -> Curvature:
    """The largest and the smallest eigenvalues of the Hessian of a loss, without building the Hessian.

    With no more parameters than products, all eigenvalues are found. Else the Lanczos process with full
    reorthogonalisation runs until both ends are found to 0.1% of the largest magnitude, or the products are spent; 29
    products find the largest eigenvalue within 1% for all but rare spectra. It needs memory for one vector of
    parameters a product.

    Args:
        loss: a real scalar-valued function of the parameters, or a formula. A formula of several variables takes a
            dict of them as `at`.
        at: the parameters: a number, an array, or a container of such. A complex parameter counts as two real ones.
        products: how many Hessian-vector products may be made, at least 2.

    Returns:
        A `Curvature`. Where the loss has no second derivative, such as that of an operation with a gradient only,
        products are differences of the gradient, and `why_differences` says so.

    Raises:
        ArgumentError: the parameters are not numeric, or `products` is no whole number of at least 2.
        NonFiniteError: the gradient or a product is not finite at the point.
        NotScalarError: the loss is not a scalar.
        LimitError: there are so many parameters that the vectors would not fit; the limit is named.

    Source: C. Lanczos, J. Res. Nat. Bur. Stand. 45 (1950) 255; the start is random, for which J. Kuczynski and
    H. Wozniakowski, SIAM J. Matrix Anal. Appl. 13 (1992) 1094, bound the chance of missing an end.

    >>> import numpy as np, chainrule as cr
    >>> print(cr.curvature(lambda w: w[0] ** 2 - w[1] ** 2, np.zeros(2)))
    curvature: all 2 eigenvalues, from 2 Hessian-vector products
       2  along at[0]
      -2  along at[1]
      not convex here: the loss curves down along at[1]
      critical learning rate 2 / lambda_max = 1
    """
    limit = whole_number(products, "products", 2)
    hessian = hessian_at(loss, at)
    return summarized(hessian, spectrum(hessian, limit))


def hessian_at(loss: Callable[..., Any] | str, at: Any) -> Hessian:
    """The Hessian of a loss of its own data at some parameters; raises `NonFiniteError` where the loss has no value."""
    function = of_parameters_and_rows(loss, at, None)
    hessian = Hessian(function, at)
    where = hessian.coordinates
    with quiet():
        value = np.asarray(function(where.parameters(where.vector(at))))
    if not np.isfinite(value).all():
        raise NonFiniteError(f"the loss is {value[()]} there: the curvature needs a point with a finite loss")
    return hessian


def hessian_of(problem: Problem, parameters: Any) -> Hessian:
    """The Hessian of what a descent minimises, over all data, at some parameters.

    Of data that are read in blocks no record is kept, which would hold them all: products are differences then.
    """
    in_blocks = problem.data is not None and not isinstance(problem.data, InMemory)

    def gradient(given: Any) -> Any:
        return problem.rebuild(problem.evaluate(problem.flatten(given))[1])

    why = "the data are read in blocks" if in_blocks else ""
    return Hessian(problem.loss, parameters, gradient, name="start", differences=why)


def spectrum(hessian: Hessian, limit: int, *, upper_only: bool = False) -> Ritz:
    """The ends of the spectrum from at most `limit` products: all of it where the size allows."""
    size = hessian.coordinates.size
    if size <= limit:
        return whole(hessian, size, hessian.gradient)

    def enough(found: Ritz) -> bool:
        scale = ARRIVED * float(np.abs(found.values).max())
        ends = (found.errors[-1],) if upper_only else (found.errors[0], found.errors[-1])
        return len(found.values) > LOOK_EVERY and max(ends) <= scale

    return lanczos(hessian, random_direction(size), affordable(size, limit), enough)


def summarized(hessian: Hessian, found: Ritz) -> Curvature:
    """The pairs that are known well enough to be named, and the two ends in any case."""
    scale = float(np.abs(found.values).max())
    last = len(found.values) - 1
    kept = [i for i in range(last, -1, -1) if i in (0, last) or found.errors[i] <= TOLERANCE * scale]
    vectors = [found.vector(i) for i in kept]
    where = hessian.coordinates
    values, errors = found.values[kept], found.errors[kept]
    values[0], errors[0] = found.upper_end()
    return Curvature(
        eigenvalues=values,
        errors=errors,
        vectors=tuple(where.parameters(vector) for vector in vectors),
        directions=tuple(where.direction(vector) for vector in vectors),
        size=where.size,
        products=hessian.products,
        why_differences=hessian.why_differences,
    )


def affordable(size: int, limit: int) -> int:
    """How many vectors of the size fit into the limit `krylov_numbers`, and no more than `limit`."""
    fitting = min(limit, LIMITS.krylov_numbers // size)
    if fitting < 8:
        raise LimitError(
            f"the limit krylov_numbers = {LIMITS.krylov_numbers:,} was hit: 8 vectors of {size:,} parameters "
            "are needed to find how a loss curves"
        )
    return fitting


def random_direction(size: int) -> NDArray[np.float64]:
    """A direction without preference, the same in every run."""
    return np.random.default_rng(size).standard_normal(size)


def _ends(count: int) -> list[int | None]:
    if count <= SHOWN:
        return list(range(count))
    return [*range(SHOWN - 2), None, count - 2, count - 1]
