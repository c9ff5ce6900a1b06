"""Two directions in the space of the parameters, along which a loss is drawn, and the path of a descent on them."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ArgumentError, ChainruleError
from chainrule.numeric.differences.functions import gradient
from chainrule.numeric.differences.hessian import hessian
from chainrule.numeric.probe import quiet

if TYPE_CHECKING:
    from chainrule.learn.descent import Descent

__all__ = ["Plane", "lowest_near", "plane_of", "sample", "view_of", "without_noise"]

Numbers = NDArray[np.float64]

# Iterates that the leading directions are taken from, evenly spaced.
MOST_ITERATES = 500
# How many lengths of the path a minimum may be away to be shown with it.
FAR = 30.0
# Seconds that the contours of a slow loss may take before fewer points are sampled.
PATIENCE = 4.0


@dataclass(frozen=True, slots=True, eq=False)
class Plane:
    """A point of the space of the parameters and one or two directions from it.

    Attributes:
        labels: what stands at the axes.
        origin: the parameters in one vector, shape (n,); the point with coordinates 0.
        directions: shape (k, n), orthonormal, k being 1 or 2.
        loss: the loss of a vector of all parameters.
        told: what a reader has to know of the parameters that are not drawn; "" where all are.
    """

    labels: tuple[str, ...]
    origin: Numbers
    directions: Numbers
    loss: Callable[[Numbers], float]
    told: str

    def at(self, coordinates: Numbers) -> float:
        """The loss at a point of the plane; NaN where it is undefined there."""
        with quiet():
            try:
                return self.loss(self.origin + coordinates @ self.directions)
            except (ChainruleError, ArithmeticError, ValueError):
                # Outside its domain a loss may raise what it likes of these; the picture leaves the place blank.
                return math.nan

    def coordinates(self, path: Numbers) -> Numbers:
        """Of vectors of all parameters, shape (m, n), the coordinates in the plane, shape (m, k)."""
        with quiet():
            return (path - self.origin) @ self.directions.T


def plane_of(run: Descent, path: Numbers, along: Sequence[str] | None, names: Sequence[str] | None) -> Plane:
    """The plane that the path of a descent is drawn on: all parameters of one or two, else the leading directions.

    Args:
        run: whose loss it is, and whose final parameters are held where they are not drawn.
        path: the finite iterates as vectors, shape (m, n).
        along: the names of two of the parameters.
        names: what to call the axes instead.

    Raises:
        ArgumentError: `along` does not name two different parameters, `names` has not as many as there are axes, or the
            run was pickled, without its loss.
    """
    if run.problem is None:
        raise ArgumentError(
            "the run was pickled, which leaves its loss behind, and the contours are those of the loss: draw its path "
            "before it is pickled; cr.plot.loss_curve draws its losses"
        )
    where, loss = run.coordinates, run.problem.loss
    vector = where.vector(run.parameters)
    every = [where.name(i) for i in range(where.size)] if along is not None or vector.size <= 2 else []

    def of_vector(point: Numbers) -> float:
        return float(loss(where.parameters(point)))

    told = ""
    if along is not None:
        chosen = _chosen(along, every)
        directions = np.eye(vector.size)[chosen]
        origin = vector.copy()
        origin[chosen] = 0.0
        labels = tuple(every[i] for i in chosen)
        others = vector.size - len(chosen)
        told = f"the other {_count(others, 'parameter')} held at the final value{'s' * (others > 1)}" if others else ""
    elif vector.size <= 2:
        origin, directions, labels = np.zeros(vector.size), np.eye(vector.size), tuple(every)
    else:
        origin = vector if np.isfinite(vector).all() else path[-1]
        directions, share = _leading(path, origin)
        labels = ("first leading direction", "second leading direction")
        told = (
            f"along the two leading directions of the path, which hold {share:.1%} of its spread, "
            f"from the final point; {vector.size:,} parameters in all"
        )
    if names is not None:
        if not isinstance(names, (list, tuple)) or len(names) != len(labels):
            raise ArgumentError(f"names is {names!r:.60}, expected {_count(len(labels), 'name')}, one for each axis")
        labels = tuple(map(str, names))
    return Plane(labels, origin, directions, of_vector, told)


def _chosen(along: Sequence[str], every: list[str]) -> list[int]:
    if not isinstance(along, (list, tuple)) or len(along) not in (1, 2) or len(set(along)) != len(along):
        raise ArgumentError(f"along is {along!r:.60}, expected the names of two different parameters")
    for name in along:
        if name not in every:
            some = ", ".join(every[:8]) + (f" and {len(every) - 8:,} more" if len(every) > 8 else "")
            raise ArgumentError(f"along names {name!r:.60}, but the parameters are {some}")
    return [every.index(name) for name in along]


def _leading(path: Numbers, origin: Numbers) -> tuple[Numbers, float]:
    """The two leading directions of the iterates seen from the origin, shape (2, n), and their share of the spread.

    Source: H. Li et al., Visualizing the loss landscape of neural nets, 2018, section 7.
    """
    rows = np.unique(np.linspace(0, len(path) - 1, MOST_ITERATES).astype(int))
    seen = path[rows] - origin
    size = float(np.max(np.abs(seen), initial=0.0))
    if size == 0:
        # A path of one point has no directions: the first two of the parameters' own.
        return np.eye(2, len(origin)), 1.0
    scaled = seen / size
    # The smaller of the two Gram matrices: n may be millions.
    if len(scaled) < len(origin):
        squares, vectors = np.linalg.eigh(scaled @ scaled.T)
        basis = scaled.T @ vectors[:, ::-1][:, :2]
    else:
        squares, vectors = np.linalg.eigh(scaled.T @ scaled)
        basis = vectors[:, ::-1][:, :2]
    total = float(np.sum(np.maximum(squares, 0.0)))
    share = float(np.sum(np.maximum(squares[::-1][:2], 0.0))) / total
    # Where the path is a straight line the second direction is open: any that is orthogonal to the first.
    if basis.shape[1] < 2 or squares[-2] <= 1e-12 * squares[-1]:
        first = basis[:, 0] / np.linalg.norm(basis[:, 0])
        other = np.zeros(len(origin))
        other[int(np.argmin(np.abs(first)))] = 1.0
        basis = np.column_stack([first, other])
    q, _ = np.linalg.qr(basis)
    # The path runs from positive coordinates to the final point at 0, so that pictures of one run agree.
    signs = np.where(scaled[0] @ q < 0, -1.0, 1.0)
    return (q * signs).T, share


def lowest_near(plane: Plane, start: Numbers) -> tuple[Numbers, float] | None:
    """A minimum of the loss in the plane, by Newton's method from a point of it; None where none is found.

    The derivatives are differences, so any callable will do.
    """
    point, value = np.array(start, dtype=float), plane.at(start)
    if not math.isfinite(value):
        return None
    try:
        with quiet():
            for _ in range(30):
                slope = np.asarray(gradient(plane.at, point), dtype=float)
                curvature = np.asarray(hessian(plane.at, point), dtype=float)
                values, vectors = np.linalg.eigh(curvature)
                if values[0] <= 1e-9 * abs(values[-1]):
                    return None
                step = -vectors @ ((vectors.T @ slope) / values)
                length = float(np.max(np.abs(step)))
                if length <= 1e-6 * max(1e-6, float(np.max(np.abs(point)))):
                    return point, value
                factor = 1.0
                while not (after := plane.at(point + factor * step)) < value and factor > 1e-4:
                    factor /= 2
                if not after < value:
                    return (point, value) if length <= 1e-4 * max(1e-6, float(np.max(np.abs(point)))) else None
                point, value = point + factor * step, after
    except (ChainruleError, np.linalg.LinAlgError):
        # A kink or a pole has no Newton step: the picture then marks no minimum.
        return None
    return None


def without_noise(plane: Plane, lowest: tuple[Numbers, float], sides: Numbers) -> tuple[Numbers, float]:
    """A minimum whose coordinates that are nothing beside the sides of the view are 0, with the loss there."""
    point = np.where(np.abs(lowest[0]) < 1e-6 * sides, 0.0, lowest[0])
    return point, plane.at(point)


def view_of(path: Numbers, lowest: Numbers | None) -> tuple[Numbers, Numbers]:
    """The corners of what is shown of a plane: the path and its minimum; of a path that runs away, its beginning.

    Args:
        path: coordinates of the finite iterates, shape (m, k), in order.
        lowest: the coordinates of the minimum, shape (k,), if one is known.
    """
    start = path[0]
    from_start = np.linalg.norm(path - start, axis=1)
    first = next((float(length) for length in from_start if length > 0), 0.0)
    goal = float(np.linalg.norm(lowest - start)) if lowest is not None else math.inf
    if lowest is not None and goal <= FAR * max(float(from_start.max()), float(np.max(np.abs(start), initial=1.0)) / 3):
        reach = np.linalg.norm(path - lowest, axis=1)
        # What ends farther from the minimum than it began has run away; what came back is shown whole.
        bound = max(2.5 * goal, first) if reach[-1] > goal else max(2.5 * goal, min(float(reach.max()), 10 * goal))
        keep = [path[reach <= bound], start[None], lowest[None]]
    else:
        half = float(np.max(from_start[: max(2, len(path) // 2)]))
        keep = [path[from_start <= 6 * max(half, first)], start[None]]
    seen = np.concatenate(keep)
    low, high = seen.min(axis=0), seen.max(axis=0)
    extent = high - low
    # A direction in which nothing moves is shown as wide as the other.
    widest = float(extent.max()) or max(1.0, float(np.max(np.abs(seen))))
    extent = np.where(extent < 0.15 * widest, 0.15 * widest if len(extent) > 1 else widest, extent)
    middle = (low + high) / 2
    return middle - 0.62 * extent, middle + 0.62 * extent


def sample(plane: Plane, low: Numbers, high: Numbers, resolution: int) -> tuple[Numbers, Numbers, Numbers]:
    """The loss on a grid of a plane of two directions: its x, its y, and values of shape (len(y), len(x)).

    A loss so slow that this would take long is sampled at fewer points.
    """
    before = time.perf_counter()
    plane.at((low + high) / 2)
    if resolution**2 * (time.perf_counter() - before) > PATIENCE:
        resolution = max(15, resolution // 3)
    xs, ys = (np.linspace(a, b, resolution) for a, b in zip(low, high, strict=True))
    return xs, ys, np.array([[plane.at(np.array([x, y])) for x in xs] for y in ys])


def short(name: str, most: int = 24) -> str:
    """A name that fits beside an axis: its end, which tells it from others, is kept.

    >>> short("encoder.layers[11].attention.query.weight[0, 3]")
    '…tion.query.weight[0, 3]'
    """
    return name if len(name) <= most else "…" + re.sub(r"\s+", " ", name[len(name) - most + 1 :])


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
