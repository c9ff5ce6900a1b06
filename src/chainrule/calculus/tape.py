"""Recording as you go: for those who think in GradientTape or loss.backward()."""

from __future__ import annotations

from types import TracebackType
from typing import Any

import numpy as np

from chainrule.calculus.arguments import differentiable
from chainrule.calculus.containers import flatten, map_leaves
from chainrule.calculus.gradients import scalar
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.core.traced import Trace, Traced
from chainrule.errors import ArgumentError
from chainrule.passes.guards import observer_in_force
from chainrule.passes.reverse import pull

__all__ = ["Tape", "tape"]


class Tape:
    """Records what is computed from the values it watches; made by `tape`.

    Nothing that the user holds is changed: gradients are returned, and asking twice gives the same answer.

    >>> import chainrule as cr
    >>> with cr.tape() as tape:
    ...     w = tape.watch({"slope": 2.0, "offset": 1.0})
    ...     loss = (w["slope"] * 3 + w["offset"]) ** 2
    >>> tape.gradient(loss, w)
    {'slope': np.float64(42.0), 'offset': np.float64(14.0)}
    """

    def __init__(self) -> None:
        self._trace = Trace()
        self._inputs: list[Record] = []
        self._records: list[Record] | None = None

    def __enter__(self) -> Tape:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._records = self._trace.close()

    def watch(self, value: Any) -> Any:
        """The value, or container of values, from now on recorded; integers become float64.

        >>> import chainrule as cr
        >>> with cr.tape() as tape:
        ...     w = tape.watch(3.0)
        ...     loss = w**2
        >>> tape.gradient(loss, w)
        np.float64(6.0)
        """
        if self._records is not None:
            raise ArgumentError("this tape has ended: call watch inside its with block")

        def start(leaf: Any) -> Traced:
            array = differentiable(leaf, "the watched value")
            traced = self._trace.input(array.copy() if isinstance(array, np.ndarray) else array)
            self._inputs.append(traced.record)
            return traced

        leaves, rebuild = flatten(value)
        return rebuild([start(leaf) for _, leaf in leaves])

    def gradient(self, loss: Any, sources: Any) -> Any:
        """The gradient of a scalar by values on the tape, in the structure of `sources`.

        Args:
            loss: a scalar computed on the tape.
            sources: a traced value or a container of them: watched values, or values computed from them.

        Raises:
            NotScalarError: the loss is not a scalar.
            ArgumentError: a source was not recorded on this tape.
        """
        if not self._owns(loss):
            if type(loss) is Traced:
                raise ArgumentError("the loss was not computed on this tape")
            scalar(loss, "the loss")  # a constant number has the gradient zero
            return map_leaves(lambda source: evaluating.zeros_like(self._checked(source).value), sources)
        seed = evaluating.ones_like(scalar(loss.value, "the loss"))
        records = list(self._records if self._records is not None else self._trace.records or ())
        self._trace.captured.check()
        wanted = {self._checked(source).record for _, source in flatten(sources)[0]}
        found: dict[Record, Any] = {}

        def note(record: Record, cotangent: Any, mask: Any, contributions: Any) -> None:
            if watch is not None:
                watch(record, cotangent, mask, contributions)
            if record in wanted:
                found[record] = cotangent

        seeds = {loss.record: seed}
        watch = observer_in_force(records, seeds)
        pull(records, seeds, evaluating, note)

        def gradient(source: Traced) -> Any:
            cotangent = found.get(source.record)
            if cotangent is None:
                return evaluating.zeros_like(source.value)
            return cotangent.copy() if isinstance(cotangent, np.ndarray) else cotangent

        return map_leaves(gradient, sources)

    def _owns(self, value: Any) -> bool:
        return type(value) is Traced and value.record.trace is self._trace

    def _checked(self, source: Any) -> Traced:
        if not self._owns(source):
            raise ArgumentError(
                f"{source!r:.60} was not recorded on this tape\n  start with w = tape.watch(w0), and use w from then on"
            )
        return source


def tape() -> Tape:
    """A new tape, to be used in a `with` statement: record as you go, then ask for gradients.

    >>> import numpy as np, chainrule as cr
    >>> with cr.tape() as tape:
    ...     w, b = tape.watch([2.0, 1.0])
    ...     loss = (7 - (w * 2 + b)) ** 2
    >>> tape.gradient(loss, [w, b])
    [np.float64(-8.0), np.float64(-4.0)]

    Tapes nest for second derivatives: the gradient taken inside the outer `with` is recorded on the outer tape.

    >>> with cr.tape() as outer:
    ...     x = outer.watch(3.0)
    ...     with cr.tape() as inner:
    ...         y = inner.watch(x)
    ...         cube = y**3
    ...     slope = inner.gradient(cube, y)
    >>> outer.gradient(slope, x)
    np.float64(18.0)
    """
    return Tape()
