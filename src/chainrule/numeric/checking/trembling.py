"""How far a computed gradient is off by what cancels within it: measured, as the noise of f is.

A gradient that is right on paper may lose any number of digits, whoever computes it: chainrule's exact derivative loses
those that the rules of calculus lose on the way. Between neighbouring points what is lost changes at random, and the
gradient itself hardly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from chainrule.numeric.checking.objective import Leaf
from chainrule.numeric.noise import noise_levels
from chainrule.numeric.probe import Probe, RealArray
from chainrule.numeric.samples import Samples

__all__ = ["Trembling", "by_array", "trembling_of"]

# The measured noise, a standard deviation, and what one value may be off by; few samples estimate it within a factor 2.
SURE = 8.0
# Components of which it is measured, where there are very many.
SAMPLED = 2000


class Trembling:
    """Some components of a gradient: their values when it was computed once more, and how far rounding puts them off.

    Attributes:
        again: the values.
        bar: how far they may be off; zero where the gradient jumps.
    """

    def __init__(self, again: RealArray, bar: RealArray) -> None:
        self.again, self.bar = again, bar


def trembling_of(
    gradient: Callable[[RealArray], RealArray], point: RealArray, indices: NDArray[np.intp], eps: float, largest: float
) -> Trembling | None:
    """The trembling of components of a gradient, a function of the flat point; None where it fails beside the point.

    `eps` is the machine epsilon of the gradient, `largest` the size of its largest component.
    """
    try:
        samples = Samples(Probe(lambda flat: gradient(flat)[indices]), point)
        again, level = samples.centre, noise_levels(samples, eps)
    except Exception:
        return None  # beside the point it may be undefined, or fail: then nothing is known of its rounding
    # At a kink of f its gradient jumps, and that is no rounding.
    bar: RealArray = np.where(np.isfinite(level) & (level <= eps ** (1 / 3) * largest), SURE * level, 0.0)
    return Trembling(again, bar)


def by_array(leaves: Sequence[Leaf], measured: Callable[[NDArray[np.intp]], RealArray]) -> RealArray:
    """For each component the largest bar among some of those in its array."""
    filled = [leaf for leaf in leaves if leaf.values.size]
    each = max(1, SAMPLED // max(1, len(leaves)))
    chosen = [np.unique(np.linspace(leaf.start, leaf.stop - 1, each).astype(np.intp)) for leaf in filled]
    level = measured(np.concatenate(chosen))
    largest = [float(part.max()) for part in np.split(level, np.cumsum([len(part) for part in chosen])[:-1])]
    return np.repeat(largest, [leaf.values.size for leaf in filled])
