"""A loop that is not unrolled."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.calculus.arguments import function_name
from chainrule.calculus.closed import Closed, body_of, check_integers, closed, number_or_array
from chainrule.calculus.containers import Rebuild, flatten
from chainrule.core.loop import Body, unpacked
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced, plain_value
from chainrule.core.warning import warn
from chainrule.errors import ArgumentError, GuardError, ShapeError, TraceError
from chainrule.passes.guards import watched

__all__ = ["scan"]

Step = Callable[[Any, Any], tuple[Any, Any]]


def scan(
    f: Step,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    *,
    checkpoint: bool | int = False,
) -> tuple[Any, Any]:
    """The loop `carry, y = f(carry, x)` over the rows of xs, as one operation: recorded once, however long it is.

    f is traced once and its steps run as emitted code; the backward pass is such a loop too. So a gradient through 1e5
    steps takes a few times what the loop takes, and can be differentiated again.

    Arrays that f finds around it are differentiated too. Where f branches on a value, and the steps take different
    branches, a warning says that the loop is unrolled: write the branch with `np.where`. It is unrolled too for
    operations made by `primitive`, and within `strict` and `watch_numbers`, which look into every step.

    Args:
        f: `f(carry, x)` returns `(carry, y)`; each of them an array, a container of arrays, or None. The carry keeps
            its structure, shapes and dtypes. Printing, random numbers and changes of state happen when f is traced, and
            not at each step: draw random numbers before, and pass them as xs.
        init: the first carry.
        xs: an array or a container of arrays, whose first axis counts the steps; f gets a row of each. None gives f
            None for x.
        length: the number of steps; needed where xs is None.
        reverse: go from the last row to the first; ys[i] belongs to xs[i] all the same.
        checkpoint: keep every k-th carry only, and compute those between again in the backward pass: memory of n/k + k
            carries, for the time of one more forward pass. True takes the square root of the number of steps for k.

    Returns:
        (carry, ys): the last carry, and the ys stacked along a new first axis.

    Raises:
        ArgumentError: f does not return a pair; the carry changes its structure or dtype; xs has no first axis.
        ShapeError: the carry changes its shape, or the leaves of xs have different lengths; the leaf is named.
        TraceError: f does something that cannot be followed, or computes something else each time it is called.

    Source: the meaning is that of `jax.lax.scan`; Griewank (1992), Achieving logarithmic growth of temporal and spatial
    complexity in reverse automatic differentiation, for what is computed again.

    >>> import numpy as np, chainrule as cr
    >>> def growth(r):
    ...     last, path = cr.scan(lambda x, _: (r * x * (1 - x), x), 0.1, length=3)
    ...     return last
    >>> growth(2.0), cr.grad(growth)(2.0)
    (np.float64(0.41611392), np.float64(0.42334272))
    """
    steps = _steps(f, init, xs, length, reverse)
    if checkpoint is False:
        return _looped(steps, sparing=False)
    every = max(1, math.isqrt(steps.length)) if checkpoint is True else checkpoint
    if not hasattr(every, "__index__") or every < 1:
        raise ArgumentError(f"checkpoint is {checkpoint!r}: expected True, False or a number of steps from 1 on")
    return _segmented(steps, every)


@dataclass(frozen=True, slots=True)
class _Steps:
    """A loop as it was asked for.

    Attributes:
        f: its step.
        init: the leaves of the first carry, with their paths.
        xs: the leaves of xs, with their paths.
        carry_of, x_of: rebuild a carry and a row from leaves.
        length, reverse: see `scan`.
    """

    f: Step
    init: Sequence[tuple[str, Any]]
    xs: Sequence[tuple[str, Any]]
    carry_of: Rebuild
    x_of: Rebuild
    length: int
    reverse: bool

    @property
    def carries(self) -> list[Any]:
        return [leaf for _, leaf in self.init]

    @property
    def rows(self) -> list[Any]:
        return [leaf for _, leaf in self.xs]

    def order(self) -> range:
        return range(self.length - 1, -1, -1) if self.reverse else range(self.length)


def _steps(f: Step, init: Any, xs: Any, length: int | None, reverse: bool) -> _Steps:
    if not callable(f):
        raise ArgumentError(f"scan takes a function of a carry and a row, not {f!r:.60}")
    started, carry_of = flatten(init, "init")
    leaves, x_of = flatten(xs, "xs")
    first = [(path, number_or_array(leaf, path)) for path, leaf in started]
    rows = [(path, number_or_array(leaf, path)) for path, leaf in leaves]
    for path, leaf in rows:
        if not leaf.shape:
            raise ShapeError(
                f"{path} is a number: the first axis of every array in xs counts the steps\n"
                "  a list is a container of arrays; for rows that are numbers pass np.array([...])"
            )
    if length is not None and (isinstance(length, bool) or not hasattr(length, "__index__") or length < 0):
        raise ArgumentError(f"length is {length!r}: expected a whole number from 0 on")
    lengths = {path: leaf.shape[0] for path, leaf in rows} | ({} if length is None else {"length": int(length)})
    if not lengths:
        raise ArgumentError("scan was given neither xs nor length: how many steps are there?")
    if len(set(lengths.values())) > 1:
        raise ShapeError(
            f"the steps of a scan differ in number: {', '.join(f'{n} by {p}' for p, n in lengths.items())}"
        )
    return _Steps(f, first, rows, carry_of, x_of, next(iter(lengths.values())), bool(reverse))


def _looped(steps: _Steps, sparing: bool) -> tuple[Any, Any]:
    """The loop as one operation; unrolled where it cannot be."""
    if watched():
        return _unrolled(steps)
    steps, found, y_of = _traced(steps)
    if found is None:
        return _unrolled(steps)
    operands = [*steps.carries, *steps.rows, *found.around]
    body = body_of(found, len(steps.init), len(steps.xs))
    active = tuple(type(x) is Traced and x.dtype.kind in "fc" for x in operands)
    if any(active):
        body = Body.engine.kept(body, active, sparing)
    try:
        packed = evaluating.scan(*operands, body=body, length=steps.length, reverse=steps.reverse)
    except GuardError:  # a step takes another branch than the first one
        _warn_of_branches(steps, found)
        return _unrolled(steps)
    parts = body.parts(steps.length)[: len(found.graph.outputs)]
    check_integers(packed, parts)
    results = unpacked(evaluating, packed, parts)
    if type(packed) is not Traced:
        results = [_own(result) for result in results]
    carries = len(steps.init)
    return steps.carry_of(results[:carries]), y_of(results[carries:])


def _warn_of_branches(steps: _Steps, found: Closed) -> None:
    indexed = any(type(guard.outcome) is int for guard in found.graph.guards)
    what, instead = (
        ("indices", "pass table[indices] among the xs, a row for each step, in place of table[i] of a plain array")
        if indexed
        else ("branches", "write the branch with np.where, which takes both and keeps one")
    )
    warn(
        f"the steps of {function_name(steps.f)} take different {what}, so that the scan is no loop: its {steps.length} "
        f"steps are recorded one by one\n  {instead}"
    )


def _own(result: Any) -> Any:
    """A result that the caller may write into, and that does not keep the others alive."""
    return result.copy() if isinstance(result, np.ndarray) else result


def _traced(steps: _Steps) -> tuple[_Steps, Closed | None, Rebuild]:
    """The step as a graph, verified by a second one; None for the graph if the loop has to be unrolled."""
    rows = [plain_value(leaf) for leaf in steps.rows]
    order = steps.order()
    first = [row[order[0]] if len(order) else np.zeros(row.shape[1:], row.dtype)[()] for row in rows]
    structure: list[Rebuild] = []
    found = _called(steps, [plain_value(leaf) for leaf in steps.carries], first, structure)
    steps, promoted = _promoted(steps, found)
    if promoted:
        found = _called(steps, [plain_value(leaf) for leaf in steps.carries], first, structure)
    _check_carry(steps, found)
    if found.opaque:
        return steps, None, structure[-1]
    second = first if len(order) < 2 else [row[order[1]] for row in rows]
    again = _called(steps, found.values[: len(steps.init)], second, structure)
    if [guard.outcome for guard in again.graph.guards] != [guard.outcome for guard in found.graph.guards]:
        _warn_of_branches(steps, found)
        return steps, None, structure[-1]
    if again.key != found.key or not all(map(_same, again.around, found.around)):
        raise TraceError(
            f"{function_name(steps.f)} computes something else each time it is called (random numbers, a counter, "
            "cr.value of the carry): a scan calls it once for all steps\n"
            "  compute what changes before the loop and pass it as xs, or carry it; else use a Python loop"
        )
    return steps, found, structure[-1]


def _same(a: Any, b: Any) -> bool:
    if type(a) is Traced or type(b) is Traced:
        return type(a) is type(b) and (
            a.record is b.record or bool(np.array_equal(plain_value(a), plain_value(b), True))
        )
    return a is b or bool(np.array_equal(a, b, equal_nan=np.asarray(a).dtype.kind in "fc"))


def _called(steps: _Steps, carry: Sequence[Any], x: Sequence[Any], structure: list[Rebuild]) -> Closed:
    """One step of the loop, recorded; the structure of its y is put into `structure`."""
    count = len(steps.init)
    wanted = [path for path, _ in steps.init]

    def f(*leaves: Any) -> Any:
        return steps.f(steps.carry_of(leaves[:count]), steps.x_of(leaves[count:]))

    def leaves_of(result: Any) -> list[Any]:
        if not isinstance(result, tuple) or len(result) != 2:
            one = "one array" if isinstance(result, Traced) else type(result).__name__
            what = f"{len(result)} values" if isinstance(result, tuple) else one
            raise ArgumentError(
                f"{function_name(steps.f)} returned {what}: a step of scan returns a pair (carry, y)\n"
                "  return carry, None where there is nothing to collect"
            )
        after = dict(flatten(result[0], "init")[0])
        if after.keys() != set(wanted):
            raise ArgumentError(
                f"the carry starts with the parts {', '.join(_plainly(p) for p in wanted) or 'none'}, and "
                f"{function_name(steps.f)} returned one with {', '.join(map(_plainly, after)) or 'none'}"
            )
        ys, rebuild = flatten(result[1], "y")
        structure.append(rebuild)
        return [*(after[path] for path in wanted), *(leaf for _, leaf in ys)]

    f.__name__ = function_name(steps.f)
    names = [_plainly(path).replace("the carry", "carry") for path, _ in steps.init]
    names += [path.replace("xs", "x", 1) for path, _ in steps.xs]
    examples = [*map(_example, carry), *map(_example, x)]
    return closed(f, examples, names, leaves_of, function_name(steps.f), steps.f)


def _example(value: Any) -> Any:
    return value if isinstance(value, np.ndarray) else np.asarray(value)[()]


def _plainly(path: str) -> str:
    """The path of a carry's leaf without the name of the argument."""
    return path.removeprefix("init").removeprefix(".") or "the carry"


def _promoted(steps: _Steps, found: Closed) -> tuple[_Steps, bool]:
    """A carry that starts as an integer of Python's (0 for 0.0) becomes what the step makes of it, as in a loop."""
    new = []
    for (path, leaf), value in zip(steps.init, found.values, strict=False):
        if type(leaf) is np.int64 and np.asarray(value).dtype.kind in "fc":
            leaf = np.asarray(value).dtype.type(leaf)
        new.append((path, leaf))
    changed = any(a is not b for (_, a), (_, b) in zip(new, steps.init, strict=True))
    made = _Steps(steps.f, new, steps.xs, steps.carry_of, steps.x_of, steps.length, steps.reverse)
    return (made, True) if changed else (steps, False)


def _check_carry(steps: _Steps, found: Closed) -> None:
    for (path, leaf), value in zip(steps.init, found.values, strict=False):
        own, new = (leaf.shape, leaf.dtype), (np.shape(value), np.asarray(value).dtype)
        name = _plainly(path)
        name = name if name == "the carry" else f"the carry {name}"
        if own[0] != new[0]:
            raise ShapeError(
                f"{name} has shape {own[0]} before a step of {function_name(steps.f)} and {new[0]} after it: "
                "a scan carries arrays of one shape\n  start with an array of the shape that the step returns"
            )
        if own[1] != new[1]:
            raise ArgumentError(
                f"{name} has dtype {own[1]} before a step of {function_name(steps.f)} and {new[1]} after it: "
                f"a scan carries arrays of one dtype\n  start with {new[1]}, or return .astype(np.{own[1]})"
            )


def _unrolled(steps: _Steps) -> tuple[Any, Any]:
    """The loop as Python runs it, every step recorded by itself."""
    carry = steps.carry_of(steps.carries)
    collected: list[Sequence[Any]] = []
    structure: Rebuild | None = None
    for i in steps.order():
        x = steps.x_of([row[i] for row in steps.rows])
        carry, y = steps.f(carry, x)
        leaves, structure = flatten(y, "y")
        collected.append([number_or_array(leaf, path) for path, leaf in leaves])
    if structure is None:
        found = _traced_structure(steps)
        return carry, found
    rows = collected[::-1] if steps.reverse else collected
    return carry, structure([evaluating.stack(*parts, axis=0) for parts in zip(*rows, strict=True)])


def _traced_structure(steps: _Steps) -> Any:
    """The ys of no step: arrays of length 0, of the shapes that a step would give."""
    structure: list[Rebuild] = []
    rows = [np.zeros(row.shape[1:], row.dtype)[()] for row in steps.rows]
    found = _called(steps, [plain_value(leaf) for leaf in steps.carries], rows, structure)
    ys = found.values[len(steps.init) :]
    return structure[-1]([np.zeros((0, *np.shape(y)), np.asarray(y).dtype) for y in ys])


def _segmented(steps: _Steps, every: int) -> tuple[Any, Any]:
    """A loop over loops of `every` steps, of which the outer one keeps its carries alone, and a rest."""
    count = steps.length // every
    whole = count * every
    start = steps.length - whole if steps.reverse else 0  # the rest comes last
    F = evaluating

    def segment(carry: Any, rows: Any) -> tuple[Any, Any]:
        return scan(steps.f, carry, rows, every, steps.reverse)

    def reshaped(row: Any) -> Any:
        taken = F.getitem(row, pattern=(slice(start, start + whole),))
        return F.reshape(taken, shape=(count, every, *row.shape[1:]))

    segment.__name__ = function_name(steps.f)
    xs = [(path, reshaped(row)) for path, row in steps.xs]
    outer = _Steps(segment, steps.init, xs, steps.carry_of, steps.x_of, count, steps.reverse)
    carry, segments = _looped(outer, sparing=True)
    leaves, y_of = flatten(segments)
    ys = [F.reshape(leaf, shape=(whole, *leaf.shape[2:])) for _, leaf in leaves]
    if whole < steps.length:
        left = slice(0, start) if steps.reverse else slice(whole, None)
        rest = [(path, F.getitem(row, pattern=(left,))) for path, row in steps.xs]
        init = [(path, leaf) for (path, _), (_, leaf) in zip(steps.init, flatten(carry)[0], strict=True)]
        last = _Steps(steps.f, init, rest, steps.carry_of, steps.x_of, steps.length - whole, steps.reverse)
        carry, others = _looped(last, sparing=False)
        more = [leaf for _, leaf in flatten(others)[0]]
        pairs = [(b, a) if steps.reverse else (a, b) for a, b in zip(ys, more, strict=True)]
        ys = [F.concatenate(a, b, axis=0) for a, b in pairs]
    return carry, y_of(ys)
