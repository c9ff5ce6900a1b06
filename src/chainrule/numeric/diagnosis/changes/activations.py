"""The derivative of an activation: taken at its output, at its input, of another function, or left out.

An activation is found in the graph whatever it is written with: any run of elementwise operations on one value. It is
recognised by its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise, Select
from chainrule.core.record import Record
from chainrule.core.registry import plain
from chainrule.numeric.diagnosis.backward import Backward, unwrapped
from chainrule.numeric.diagnosis.changes.change import Change, only_kind
from chainrule.numeric.diagnosis.record import Mistake
from chainrule.passes.reverse import pull

__all__ = ["Activation", "activations"]

LONGEST = 12  # operations that an activation is written with
SEEN = 64  # components by which it is recognised


def _sigmoid(z: Any) -> Any:
    return 1 / (1 + np.exp(-z))


@dataclass(frozen=True, slots=True)
class Activation:
    """A function of one number: its value, its derivative, and its derivative written with the output a."""

    name: str
    value: Callable[[Any], Any]
    derivative: Callable[[Any], Any]
    by_output: Callable[[Any], Any] | None = None


ACTIVATIONS: Sequence[Activation] = (
    Activation("sigmoid", _sigmoid, lambda z: _sigmoid(z) * _sigmoid(-z), lambda a: a * (1 - a)),
    Activation("tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2, lambda a: 1 - a * a),
    Activation("relu", lambda z: np.maximum(z, 0), lambda z: np.where(z > 0, 1.0, 0.0)),
    Activation("softplus", lambda z: np.logaddexp(0, z), _sigmoid, lambda a: 1 - np.exp(-a)),
    Activation("exp", np.exp, np.exp, lambda a: a),
    Activation("square", np.square, lambda z: 2 * z, lambda a: 2 * np.sqrt(a)),
    Activation("sqrt", np.sqrt, lambda z: 0.5 / np.sqrt(z), lambda a: 0.5 / a),
    Activation("log", np.log, lambda z: 1 / z, lambda a: np.exp(-a)),
    Activation("sin", np.sin, np.cos),
    Activation("cos", np.cos, lambda z: -np.sin(z)),
    Activation("arctan", np.arctan, lambda z: 1 / (1 + z * z), lambda a: np.cos(a) ** 2),
    Activation("leaky relu", lambda z: np.where(z > 0, z, 0.01 * z), lambda z: np.where(z > 0, 1.0, 0.01)),
    Activation(
        "silu",
        lambda z: z * _sigmoid(z),
        lambda z: _sigmoid(z) * (1 + z * _sigmoid(-z)),
    ),
    Activation("elu", lambda z: np.where(z > 0, z, np.expm1(z)), lambda z: np.where(z > 0, 1.0, np.exp(z))),
)

# Formulas in the output a that are no derivative of these functions, but are near to one.
MISREMEMBERED: Sequence[tuple[str, Callable[[Any], Any]]] = (
    ("a (1 + a)", lambda a: a * (1 + a)),
    ("a", lambda a: a),
    ("1 - a", lambda a: 1 - a),
    ("1 + a^2", lambda a: 1 + a * a),
    ("a^2", lambda a: a * a),
    ("(1 - a)^2", lambda a: (1 - a) ** 2),
)


def activations(backward: Backward) -> Iterator[Change]:
    """What every activation could send back in place of its own derivative, taken at its own input."""
    for entry in backward.order:
        for run in _runs(backward, entry):
            yield from _changes(backward, entry, run)


def _runs(backward: Backward, entry: Record) -> Iterator[list[Record]]:
    """The elementwise operations that start at `entry` and need nothing else, up to each of them."""
    if entry not in backward.cotangents or not np.size(entry.value):
        return
    inside = {entry}
    run: list[Record] = []
    start = backward.place(entry) + 1
    for step in backward.order[start : start + 4 * LONGEST]:
        if step not in backward.cotangents or not _continues(step, inside, np.shape(entry.value)):
            continue
        inside.add(step)
        run.append(step)
        if len(run) > LONGEST:
            return
        yield [*run]


def _continues(step: Record, inside: set[Record], shape: tuple[int, ...]) -> bool:
    derivative = step.primitive.derivative if step.primitive is not None else None
    if not isinstance(derivative, Elementwise | Select) or np.shape(step.value) != shape:
        return False
    touched = [operand for operand in step.operands if operand is not None]
    if not touched or any(operand not in inside for operand in touched):
        return False
    return all(
        operand is not None or np.size(value) == 1 or isinstance(derivative, Select)
        for operand, value in zip(step.operands, step.values, strict=True)
    )


def _changes(backward: Backward, entry: Record, run: Sequence[Record]) -> Iterator[Change]:
    end = run[-1]
    needed = _needed(entry, run)
    if needed is None:
        return
    inputs, outputs = np.asarray(entry.value), np.asarray(end.value)
    known = _recognised(inputs.ravel()[:SEEN], outputs.ravel()[:SEEN])
    cotangent = backward.cotangents[end]
    slope = _slope(entry, needed, inputs)
    if slope is None:
        return
    derivative = end.primitive.derivative if end.primitive is not None else None
    if len(needed) == 1 and isinstance(derivative, Elementwise) and not any(map(callable, derivative.partials)):
        return  # a sum has no input to confuse with its output
    term = cotangent * slope
    label = backward.label(end)
    where = label if known is None or f"({known.name}" in label else f"{known.name} in {label}"

    def change(how: str, kind: Mistake, factor: Callable[[], Any], text: str) -> Change:
        return Change(
            ("activation", backward.key(entry), backward.key(end), how),
            only_kind(kind),
            entry,
            term,
            lambda: cotangent * factor(),
            text,
            backward.site(end),
            scaled=True,
        )

    if len(needed) > 1:
        text = f"the derivative of {where} is left out: an inner factor is missing"
        yield change("missing", Mistake.INNER_FACTOR, lambda: np.ones_like(inputs), text)
    if known is None and len(needed) > 1:
        return  # a run that is no function one knows: its single steps are looked at one by one
    text = f"the derivative of {where} is applied twice"
    yield change("twice", Mistake.WRONG_DERIVATIVE, lambda: slope * slope, text)
    text = f"the derivative of {where} is taken at its output instead of its input"
    yield change("at output", Mistake.AT_OUTPUT, lambda: _slope(entry, needed, outputs), text)
    by_output = known.by_output if known is not None else None
    if by_output is not None:
        text = f"the derivative of {where} is taken at its input where the formula asks for its output"
        yield change("at input", Mistake.AT_INPUT, lambda: by_output(inputs), text)
    for formula, wrong in MISREMEMBERED:
        text = f"the derivative of {where} is written as {formula}, a being its output"
        yield change(formula, Mistake.WRONG_DERIVATIVE, lambda wrong=wrong: wrong(outputs), text)  # type: ignore[misc]
    for other in ACTIVATIONS:
        if other is known:
            continue
        text = f"the derivative of {where} is that of {other.name}"
        yield change(other.name, Mistake.WRONG_DERIVATIVE, lambda o=other: o.derivative(inputs), text)  # type: ignore[misc]
        if other.by_output is not None:
            text += ", written with the output"
            yield change(
                f"{other.name} by output",
                Mistake.WRONG_DERIVATIVE,
                lambda o=other: o.by_output(outputs),  # type: ignore[misc]
                text,
            )


def _needed(entry: Record, run: Sequence[Record]) -> list[Record] | None:
    """The operations of a run that its last one needs, in order."""
    needed = {run[-1]}
    for step in reversed(run):
        if step in needed:
            needed.update(operand for operand in step.operands if operand is not None)
    return [step for step in run if step in needed] if entry in needed else None


def _recognised(inputs: Any, outputs: Any) -> Activation | None:
    if np.all(inputs == outputs):
        return None
    with np.errstate(all="ignore"):
        for known in ACTIVATIONS:
            expected = known.value(inputs)
            if np.all(np.abs(expected - outputs) <= 1e-6 * np.abs(expected) * (inputs.dtype.itemsize == 4) + 1e-11):
                return known
    return None


def _slope(entry: Record, needed: Sequence[Record], at: Any) -> Any:
    """The derivative of the last operation by `entry`, at other values of it; None where these cannot be computed."""
    values: dict[Record, Any] = {entry: at}
    start = Record(None, (), (), at, {})
    records: dict[Record, Record] = {entry: start}
    with np.errstate(all="ignore"):
        for step in needed:
            operands = [None if operand is None else records[operand] for operand in step.operands]
            at_step = [
                value if operand is None else values[operand]
                for operand, value in zip(step.operands, step.values, strict=True)
            ]
            value = step.primitive.compute(*at_step, **step.parameters)  # type: ignore[union-attr]
            values[step] = value
            records[step] = Record(step.primitive, operands, at_step, value, step.parameters)
        end = records[needed[-1]]
        found = pull(list(records.values()), {end: np.ones_like(end.value)}, plain)
    return unwrapped(found[start]) if start in found else None
