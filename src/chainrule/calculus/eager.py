"""Run a function once on a tape, and carry derivatives through what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from chainrule import ops, read  # noqa: F401  enters the primitives and the answers to NumPy
from chainrule.calculus.arguments import Selection, differentiable
from chainrule.calculus.containers import flatten, is_container
from chainrule.core.capture import Captured
from chainrule.core.memory import keep_memory
from chainrule.core.record import Record
from chainrule.core.registry import evaluating, plain
from chainrule.core.traced import Trace, Traced
from chainrule.passes.forward import push
from chainrule.passes.guards import observer_in_force, tangent_observer_in_force, warn_of_writes, watched
from chainrule.passes.reverse import pull
from chainrule.read.boundary import NAMED, located

__all__ = ["Run"]

keep_memory()


class Run:
    """One call of a function, recorded.

    Attributes:
        result: what the function returned, with traced values in it.
        inputs: the traced inputs, leaf by leaf.
        shape_of_inputs: rebuilds the selected arguments from leaves.
    """

    __slots__ = ("_rebuild", "_records", "_trace", "inputs", "paths", "result")

    def __init__(
        self, f: Callable[..., Any], selection: Selection, args: Sequence[Any], kwargs: Mapping[str, Any]
    ) -> None:
        places = selection.places(args, kwargs)
        recording = Trace()
        arguments: list[Any] = list(args)
        keywords = dict(kwargs)
        self.inputs: list[Traced] = []
        self.paths: list[str] = []
        rebuilders: list[tuple[Any, int]] = []
        for place in places:
            target: Any = keywords if isinstance(place, str) else arguments
            value = target[place]
            if type(value) is not np.ndarray and is_container(value):
                leaves, rebuild = flatten(value, selection.label(place))
                traced = [self._input(recording, leaf, path) for path, leaf in leaves]
                target[place] = rebuild(traced)
                rebuilders.append((rebuild, len(traced)))
            else:
                target[place] = self._input(recording, value, "")
                rebuilders.append((None, 1))
        self._rebuild = (rebuilders, selection.single)
        self._trace = recording
        try:
            self.result = f(*arguments, **keywords)
        except NAMED as error:
            if (named := located(error)) is not error:
                raise named from None
            raise
        finally:
            self._records = recording.close()
        if recording.written:
            names = [
                selection.label(place)
                for place, (_, count) in zip(places, rebuilders, strict=True)
                for _ in range(count)
            ]
            inputs = self.input_records
            warn_of_writes(f, [names[inputs.index(record)] for record in recording.written])

    def _input(self, recording: Trace, value: Any, path: str) -> Traced:
        traced = recording.input(differentiable(value, path or "the argument"), path)
        self.inputs.append(traced)
        self.paths.append(path)
        return traced

    def keep_inputs(self) -> None:
        """Guard against the user's writing into the inputs before the derivative is computed."""
        for traced in self.inputs:
            if isinstance(traced.value, np.ndarray):
                self._trace.captured.add(traced.value)

    @property
    def records(self) -> Sequence[Record]:
        """The tape."""
        return self._records

    @property
    def input_records(self) -> Sequence[Record]:
        """The records of the inputs; a write into an argument lets its traced value stand for another record."""
        return self._records[: len(self.inputs)]

    @property
    def captured(self) -> Captured:
        """The arrays that must not have been written into when a derivative is computed from this run."""
        return self._trace.captured

    def owns(self, value: Any) -> bool:
        return type(value) is Traced and value.record.trace is self._trace

    def plain(self, value: Any) -> Any:
        """A result without this tape: the array, or the traced value of an outer level."""
        return value.record.value if self.owns(value) else value

    def pull(self, cotangents: Sequence[tuple[Any, Any]]) -> list[Any]:
        """Cotangents of the inputs, leaf by leaf, given (output, cotangent) pairs; zero where none depends on one."""
        self._trace.captured.check()
        seeds: dict[Record, Any] = {}
        F = evaluating if self._trace.nested else plain
        for output, cotangent in cotangents:
            if type(cotangent) is Traced:
                F = evaluating
            if self.owns(output):
                record = output.record
                seeds[record] = seeds[record] + cotangent if record in seeds else cotangent
        found: dict[Record, Any] = {}
        if seeds:
            # At a pole, and in a branch not taken, infinity is the value of a partial and no accident to warn of.
            with np.errstate(all="ignore"):
                found = pull(self._records, seeds, F, observer_in_force(self._records, seeds))
        taken: set[int] = set()
        gradients = []
        for traced in self.input_records:
            gradient = found.get(traced)
            gradients.append(evaluating.zeros_like(traced.value) if gradient is None else _own(gradient, taken))
        return gradients

    def push(self, tangents: Sequence[Any]) -> Callable[[Any], Any]:
        """Carry tangents of the inputs forward; returns the function from an output to its tangent."""
        self._trace.captured.check()
        given = {r: t for r, t in zip(self.input_records, tangents, strict=True) if t is not None}
        outputs = [value.record for _, value in flatten(self.result)[0] if self.owns(value)]
        observe = tangent_observer_in_force(self._records, outputs, given) if watched() else None
        with np.errstate(all="ignore"):
            moving = push(self._records, given, evaluating, observe, outputs)

        def tangent_of(output: Any) -> Any:
            tangent = moving.get(output.record) if self.owns(output) else None
            return evaluating.zeros_like(self.plain(output)) if tangent is None else tangent

        return tangent_of

    def rebuild(self, leaves: Sequence[Any]) -> Any:
        """Leaves in the form of the selected arguments: one value, or a tuple with one for each of several argnums."""
        rebuilders, single = self._rebuild
        values = []
        start = 0
        for rebuild, count in rebuilders:
            part = leaves[start : start + count]
            values.append(part[0] if rebuild is None else rebuild(part))
            start += count
        return values[0] if single else tuple(values)


def _own(gradient: Any, taken: set[int]) -> Any:
    """A gradient that the user may write into: no view, not read-only, not the same array twice."""
    if isinstance(gradient, np.ndarray):
        if gradient.base is not None or not gradient.flags.writeable or id(gradient) in taken:
            gradient = gradient.copy()
        taken.add(id(gradient))
    return gradient
