"""Values of a function at many points: in one call where the function takes a batch of points, else one by one.

A batch is an array of points along a new first axis. That a function takes one is decided by its numbers, never
by its shapes alone: a test batch must equal the same points one by one. And since a function may treat another batch
differently, each batch has the point of differentiation at both ends, whose value is known, and one of its members
is computed again alone. What fails any of this is computed one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from chainrule.errors import ArgumentError, ChainruleError, ShapeError
from chainrule.numeric.probe import Probe, RealArray, is_scalar, precision, quiet, read_point

__all__ = ["Samples", "read_vectorized", "sampled"]

WORTH_A_TEST = 8  # the test takes four calls itself
LARGEST_BATCH = 2**20  # numbers; beyond it memory costs more than calls
# Vectorised mathematics may take another path for the same number beside other neighbours, and sums another order.
SAME = 4  # units of rounding


class Samples:
    """A function of one array, evaluated around a point.

    `vectorized` is True (f takes batches only, a single point being a batch of one), False (never), or None: tested
    once. `centre` is f at the point, where what f raises passes through with a note; beside it an `ArithmeticError` or
    `ValueError` makes a sample NaN. Raises as `Probe` does, `ShapeError` if f changes its shape, and `ArgumentError`
    if `vectorized` is True and f mixes the points of a batch.
    """

    def __init__(self, probe: Probe, values: RealArray, vectorized: bool | None = False) -> None:
        self.probe, self.values = probe, values
        self.required = vectorized is True
        self.batches: bool | None = vectorized
        try:
            self.centre = self._of_one(probe(self._as_given(values)))
        except ChainruleError:
            raise
        except Exception as error:
            error.add_note(f"raised by {probe.name} at x itself, the point of differentiation")
            raise

    def one(self, point: RealArray) -> RealArray:
        """f at one point beside x, of the shape of `centre`: NaN where it is undefined."""
        out = self.probe.beside(self._as_given(point))
        if out is None:
            return np.full_like(self.centre, np.nan)
        out = self._of_one(out)
        if out.shape != self.centre.shape:
            raise ShapeError(
                f"{self.probe.name} returned shape {out.shape} at one point and {self.centre.shape} at another"
            )
        return out

    def _as_given(self, point: RealArray) -> RealArray:
        return point[None] if self.required else point

    def _of_one(self, out: RealArray) -> RealArray:
        if not self.required:
            return out
        if out.shape[:1] != (1,):
            raise ShapeError(
                f"{self.probe.name} returned shape {out.shape} for a batch of one point, expected (1, ...): with "
                "vectorized=True, f takes points along the first axis and returns one result for each"
            )
        return out[0]

    def many(self, points: Iterable[RealArray], count: int) -> RealArray:
        """f at `count` points, stacked along a new first axis; not finite where f is not."""
        out = np.empty((count, *self.centre.shape), np.result_type(self.centre.dtype, np.float64))
        remaining, done = iter(points), 0
        size = max(1, LARGEST_BATCH // max(1, self.values.size))
        while done < count:
            chunk = list(islice(remaining, min(size, count - done) if self.batches is not False else 1))
            out[done : done + len(chunk)] = self._chunk(chunk, count)
            done += len(chunk)
        return out

    def _chunk(self, points: list[RealArray], count: int) -> Any:
        if self.batches is None and count >= WORTH_A_TEST and len(points) > 1:
            self.batches = self._takes_batches([points[0], points[len(points) // 2], points[-1]])
        if self.batches and (len(points) > 1 or self.required):
            found = self._batch(points)
            if found is not None:
                return found
            if self.required:
                raise ArgumentError(
                    f"{self.probe.name} does not treat the points of a batch apart: leave vectorized out, or let it "
                    "work along the other axes than the first"
                )
            self.batches = False
        return [self.one(point) for point in points]

    def _batch(self, points: list[RealArray]) -> RealArray | None:
        """f at a batch of points, or None where its controls do not come back as they must."""
        try:
            out = self.probe(np.stack([self.values, *points, self.values]))
        except Exception as error:
            # It works on one point, as was seen: what it raises here is due to the batch, or to one of its points.
            if not self.required:
                return None
            if isinstance(error, ChainruleError) or not isinstance(error, ArithmeticError | ValueError):
                raise
            return np.stack([self.one(point) for point in points])
        if out.shape != (len(points) + 2, *self.centre.shape):
            if self.required:
                raise ShapeError(
                    f"{self.probe.name} returned shape {out.shape} for a batch of {len(points) + 2} points, expected "
                    f"{(len(points) + 2, *self.centre.shape)}"
                )
            return None
        middle = len(points) // 2
        alone = self.one(points[middle])
        controls = ((out[0], self.centre), (out[-1], self.centre), (out[middle + 1], alone))
        return out[1:-1] if all(_same(a, b) for a, b in controls) else None

    def _takes_batches(self, points: list[RealArray]) -> bool:
        together = self._batch(points)
        return together is not None and all(
            _same(a, self.one(point)) for a, point in zip(together, points, strict=True)
        )


def read_vectorized(vectorized: Any) -> bool | None:
    """The argument `vectorized`, checked: raises `ArgumentError` unless it is True, False or None."""
    if vectorized is not None and not isinstance(vectorized, bool):
        raise ArgumentError(f"vectorized must be True, False, or None to find out, not {vectorized!r}")
    return vectorized


def sampled(f: Callable[[Any], Any], x: ArrayLike, vectorized: Any = None, name: str = "") -> Samples:
    """f around x, both as the user gave them: raises as `read_point`, `read_vectorized`, `Probe` and `Samples` do."""
    values, batches = read_point(x), read_vectorized(vectorized)
    return Samples(Probe(f, scalar=is_scalar(x), name=name), values, batches)


def _same(a: RealArray, b: RealArray) -> bool:
    if a.shape != b.shape:
        return False
    with quiet():
        close = np.abs(a - b) <= SAME * precision(a, b) * np.abs(b)
        return bool(np.all(close | (a == b) | (np.isnan(a) & np.isnan(b))))
