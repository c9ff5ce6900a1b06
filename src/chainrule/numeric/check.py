"""Checks of a gradient against finite differences, with error bars in place of a fixed tolerance.

Each component is measured with two steps, h and h/2. Their extrapolation is the value, their difference bounds the
truncation, and the measured noise of the function bounds the rounding; a claimed component may differ by that much.
"""

from __future__ import annotations

import inspect
import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import ArgumentError, NonFiniteError, NotScalarError, ShapeError
from chainrule.numeric.diagnosis import Component, diagnose
from chainrule.numeric.differences import SCHEMES, quotient, representable, step_for
from chainrule.numeric.noise import noise_level
from chainrule.numeric.probe import (
    Index,
    Probe,
    RealArray,
    describe,
    is_scalar,
    label,
    precision,
    read_numbers,
    read_point,
    where_changed,
)

__all__ = ["Component", "GradientCheck", "check", "compare"]

CENTRAL = SCHEMES["central"]
SHRINK, ATTEMPTS = 16, 6  # a step that leaves the domain, or cuts off too much, is shrunk so often
ROWS = 12  # of the printed table

Flatten: TypeAlias = Callable[[Any], tuple[Sequence[tuple[str, Any]], Callable[[Sequence[Any]], Any]]]


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """The result of a gradient check; true when it passed, and readable when printed.

    `worst` is the component furthest from agreement in units of its tolerance, None if there are none;
    `evaluations` counts the calls of f; `resolution` is the largest tolerance: a smaller error in a component would
    pass unseen; `diagnosis` names the mistake where one explains every component, else it is "".
    """

    passed: bool
    worst: Component | None
    components: tuple[Component, ...]
    evaluations: int
    diagnosis: str
    resolution: float

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        count = len(self.components)
        wrong = sum(not c.passed for c in self.components)
        if self.worst is None:
            return "gradient check passed: there is no component to compare"
        noun = "component" if count == 1 else "components"
        verdict = f"passed: {count} {noun} agree{'s' if count == 1 else ''}"
        if wrong:
            far = self.worst.ratio
            times = f"{far:.2g} times its tolerance off" if math.isfinite(far) else "not a finite number"
            verdict = f"FAILED: {wrong} of {count} {noun} wrong; worst {self.worst.label}, {times}"
        lines = [
            f"gradient check {verdict}",
            *([f"diagnosis: {self.diagnosis}"] if self.diagnosis else []),
            *self._table(),
        ]
        lines.append(f"resolution {self.resolution:.2g}, {self.evaluations} evaluations of f")
        return "\n".join(lines)

    def _table(self) -> list[str]:
        order = sorted(self.components, key=lambda c: -c.ratio) if not self.passed else self.components
        rows = [("component", "analytic", "numeric", "difference", "tolerance", "")]
        for c in order[:ROWS]:
            verdict = "ok" if c.passed else "wrong"
            rows.append(
                (
                    c.label,
                    f"{c.analytic:.10g}",
                    f"{c.numeric:.10g}",
                    f"{c.difference:.2g}",
                    f"{c.tolerance:.2g}",
                    verdict,
                )
            )
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = []
        for name, *numbers in rows:
            cells = [name.ljust(widths[0]), *(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))]
            table.append(("  " + "  ".join(cells)).rstrip())
        more = len(order) - ROWS
        return [*table, f"  ... and {more} more"] if more > 0 else table


def check(f: Callable[..., Any], df: Any, *args: Any, argnums: int | str | Sequence[int | str] = 0) -> GradientCheck:
    """Compare a gradient of the scalar function f at `args` with finite differences, component by component.

    `df` is a function of the same arguments or the gradient itself: an array of the shape of the argument chosen by
    `argnums` (a position or a name; for several, a tuple, and `df` gives as many arrays). Integer arguments that are
    differentiated are promoted to float64; neither f nor df ever sees the caller's own arrays. The tolerance of each
    component follows from the dtypes and from the measured truncation and noise.

    Raises `ShapeError` if the gradient has another shape than its argument, `NotScalarError` if f is not
    scalar-valued, `NonFiniteError` if f is undefined at the point, and `ArgumentError` if f is not deterministic,
    writes into an argument, or an argument cannot be used. NaN in the gradient is a failed check, not an error.

    >>> from chainrule.numeric import check
    >>> result = check(lambda w: (w**2).sum(), lambda w: -2 * w, np.array([1.0, -3.0]))
    >>> bool(result), result.diagnosis, result.worst.numeric
    (False, 'the sign is flipped', -6.0)
    """
    return compare(f, df, args, argnums)


def single(value: Any) -> tuple[list[tuple[str, Any]], Callable[[Sequence[Any]], Any]]:
    """An argument that is one array: its leaves, each with its path, and how to build it again from leaves."""
    return [("", value)], operator.itemgetter(0)


def compare(
    f: Callable[..., Any],
    df: Any,
    args: Sequence[Any],
    argnums: int | str | Sequence[int | str] = 0,
    names: Sequence[str] | None = None,
    exact: Callable[..., Any] | None = None,
    flatten: Flatten = single,
) -> GradientCheck:
    """What `check` does, with its parts open: names of the arguments, exact derivatives, containers.

    `names` has one name an argument (by default those of f's signature). Where `df` is None, `exact` stands in for
    it, called with `args`. `flatten` turns an argument, or its gradient, into (leaves, rebuild): pairs of a path
    such as `['W']` and an array, and the function from such arrays back to the container. Raises as `check` does,
    and `ArgumentError` if neither `df` nor `exact` is given.
    """
    if df is None and exact is None:
        raise ArgumentError("df is missing: give the gradient to check, a function of the arguments or an array")
    objective = _Objective(f, args, argnums, names, flatten)
    gradients = objective.gradients(exact if df is None else df)
    value = objective.value()
    components: list[Component] = []
    for leaf, gradient in zip(objective.leaves, gradients, strict=True):
        components.extend(_compare_leaf(leaf, gradient, value))
    objective.require_unchanged(value)
    worst = max(components, key=lambda c: c.ratio, default=None)
    return GradientCheck(
        passed=all(c.passed for c in components),
        worst=worst,
        components=tuple(components),
        evaluations=sum(leaf.probe.evaluations for leaf in objective.leaves),
        diagnosis=diagnose(components),
        resolution=max((c.tolerance for c in components), default=0.0),
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Leaf:
    """One array among the differentiated arguments: its name, its values, and f as a function of it alone."""

    name: str
    values: RealArray
    probe: Probe


class _Objective:
    """The function under test with its arguments, of which it owns copies."""

    def __init__(
        self,
        f: Callable[..., Any],
        args: Sequence[Any],
        argnums: int | str | Sequence[int | str],
        names: Sequence[str] | None,
        flatten: Flatten,
    ) -> None:
        if not callable(f):
            raise ArgumentError("f must be a function that returns the scalar whose gradient is checked")
        self.f, self.flatten = f, flatten
        self.names = list(names) if names is not None else _argument_names(f, len(args))
        self.several = not isinstance(argnums, int | str | np.integer)
        chosen: Sequence[Any] = argnums if not isinstance(argnums, int | str | np.integer) else [argnums]
        self.positions = [_position(n, self.names, len(args)) for n in chosen]
        if len(set(self.positions)) < len(self.positions):
            raise ArgumentError(f"argnums = {argnums!r} names the same argument twice")
        self.args = [a.copy() if isinstance(a, np.ndarray) else a for a in args]
        self.pristine = [a.copy() if isinstance(a, np.ndarray) else None for a in args]
        self.leaves: list[_Leaf] = []
        for position in self.positions:
            self._add_leaves(position)

    def _add_leaves(self, position: int) -> None:
        pairs, rebuild = self.flatten(self.args[position])
        names = [self.names[position] + path for path, _ in pairs]
        arrays = [read_point(leaf, name) for (_, leaf), name in zip(pairs, names, strict=True)]
        inputs = [a[()] if is_scalar(leaf) else a for a, (_, leaf) in zip(arrays, pairs, strict=True)]
        # Promoted once here, so that f and df see the same floating values.
        self.args[position] = rebuild(inputs)
        self.pristine[position] = None

        def as_function_of(place: int) -> Callable[[Any], Any]:
            def f(leaf: Any) -> Any:
                others = [np.copy(a) if isinstance(a, np.ndarray) else a for a in inputs]
                moved = rebuild([*others[:place], leaf, *others[place + 1 :]])
                return self.f(*self._arguments({position: moved}))

            return f

        for place, (name, values) in enumerate(zip(names, arrays, strict=True)):
            scalar = not isinstance(inputs[place], np.ndarray)
            probe = Probe(as_function_of(place), scalar=scalar, name=describe(self.f))
            self.leaves.append(_Leaf(name, values, probe))

    def _arguments(self, given: Mapping[int, Any]) -> list[Any]:
        """The arguments of one call: what is differentiated is copied, since a function may write into it."""
        return [given[i] if i in given else self._own(i) for i in range(len(self.args))]

    def _own(self, position: int) -> Any:
        if position not in self.positions:
            return self.args[position]
        pairs, rebuild = self.flatten(self.args[position])
        return rebuild([np.copy(leaf) if isinstance(leaf, np.ndarray) else leaf for _, leaf in pairs])

    def value(self) -> RealArray:
        """f at the point, after a second call has shown that it is deterministic."""
        if not self.leaves:
            return np.array(0.0)
        leaf = self.leaves[0]
        value = leaf.probe(leaf.values)
        if value.shape != ():
            raise NotScalarError(
                f"{leaf.probe.name} returned shape {value.shape}, a gradient needs a scalar: "
                "check the sum of it, whose gradient for an elementwise function is the derivative"
            )
        if not np.isfinite(value):
            raise NonFiniteError(f"{leaf.probe.name} is {value} at the point itself: move it into the domain")
        self.require_unchanged(value)
        return value

    def require_unchanged(self, value: RealArray) -> None:
        """Raise unless f still has this value at the point, and none of the other arguments was written into."""
        if not self.leaves:
            return
        leaf = self.leaves[0]
        again = leaf.probe(leaf.values)
        for name, own, pristine in zip(self.names, self.args, self.pristine, strict=True):
            if pristine is not None and not _identical(own, pristine):
                raise ArgumentError(
                    f"{leaf.probe.name} writes into its argument {name}{where_changed(pristine, own, name)}: "
                    "let it work on a copy"
                )
        # A threaded sum may come out in another order; its rounding is not a lack of determinism.
        if not np.abs(again - value) <= 16 * precision(value) * np.abs(value):
            raise ArgumentError(
                f"{leaf.probe.name} is not deterministic: two calls at the same point returned {value} and {again}; "
                "fix the seed inside it and keep no state between calls"
            )

    def gradients(self, df: Any) -> list[RealArray]:
        """The claimed gradient of each leaf, in its shape."""
        name = describe(df) if callable(df) else "the gradient"
        if callable(df):
            arguments = self._arguments({})
            before = [np.copy(a) if isinstance(a, np.ndarray) else None for a in arguments]
            df = df(*arguments)
            for argument, kept, own in zip(self.names, before, arguments, strict=True):
                if kept is not None and not _identical(own, kept):
                    changed = where_changed(kept, own, argument)
                    raise ArgumentError(f"{name} writes into its argument {argument}{changed}: let it work on a copy")
        if df is None:
            raise ArgumentError(f"{name} returned None: return the gradient")
        if self.several and (not isinstance(df, list | tuple) or len(df) != len(self.positions)):
            got = f"{len(df)} of them" if isinstance(df, list | tuple) else f"a {type(df).__name__}"
            raise ArgumentError(
                f"argnums names {len(self.positions)} arguments, so df gives a tuple of arrays, not {got}"
            )
        found: list[RealArray] = []
        for part in df if self.several else [df]:
            for _, gradient in self.flatten(part)[0]:
                at = self.leaves[len(found)].name if len(found) < len(self.leaves) else self.names[self.positions[0]]
                found.append(read_numbers(gradient, f"the gradient with respect to {at}"))
        if len(found) != len(self.leaves):
            raise ShapeError(f"the gradient has {len(found)} arrays, its arguments have {len(self.leaves)}")
        for leaf, gradient in zip(self.leaves, found, strict=True):
            if gradient.shape != leaf.values.shape:
                raise ShapeError(
                    f"the gradient with respect to {leaf.name} has shape {gradient.shape}, "
                    f"but {leaf.name} has shape {leaf.values.shape}"
                )
        return found


def _compare_leaf(leaf: _Leaf, gradient: RealArray, value: RealArray) -> list[Component]:
    if leaf.values.size == 0:
        return []
    eps = precision(leaf.values, value)
    noise = noise_level(leaf.probe, leaf.values, eps)
    finite = np.abs(gradient[np.isfinite(gradient)])
    # The rounding of the gradient itself; in one component it is set by the others that cancel with it.
    rounding = 16 * precision(gradient) * float(finite.max(initial=0.0))
    components = []
    for index in np.ndindex(leaf.values.shape):
        numeric, error = _measure(leaf, index, eps, noise, value)
        analytic = float(gradient[index])
        difference = analytic - numeric
        components.append(Component(index, analytic, numeric, difference, error + rounding, leaf.name))
    return components


def _measure(leaf: _Leaf, index: Index, eps: float, noise: float, value: RealArray) -> tuple[float, float]:
    """The partial derivative at one component, and a bound on its error."""
    best: tuple[float, float] | None = None
    undefined: NonFiniteError | None = None
    step = step_for(leaf.values[index], None, CENTRAL, eps)
    for _ in range(ATTEMPTS):
        try:
            half = representable(leaf.values[index], step / 2)
            coarse = float(quotient(leaf.probe, leaf.values, index, step, CENTRAL, value))
            fine = float(quotient(leaf.probe, leaf.values, index, half, CENTRAL, value))
        except NonFiniteError as error:
            undefined = error
        else:
            numeric = (4 * fine - coarse) / 3
            truncation = abs(coarse - fine)
            # Each of the four values may be off by the noise, seen in few samples: hence the factor 4. Extrapolated,
            # (4 * 2 / h - 2 / (2 h)) / 3 of it remains at most, 3 noise / h; f itself is larger at x + h than at x.
            rounding = 3 * max(4 * noise, eps * (abs(float(value)) + abs(coarse) * float(step))) / float(step)
            if best is None or truncation + rounding < best[1]:
                best = (numeric, truncation + rounding)
            if truncation <= rounding:
                break
        step = representable(leaf.values[index], step / SHRINK)
        if not step:
            break
    if best is None:
        place = label(leaf.name, index)
        raise NonFiniteError(f"f is undefined beside {place}, so there is nothing to compare with: {undefined}")
    return best


def _identical(a: Any, b: Any) -> bool:
    same = a.shape == b.shape and a.dtype == b.dtype
    return bool(same and (np.array_equal(a, b) or (a.dtype.kind in "fc" and np.array_equal(a, b, equal_nan=True))))


def _argument_names(f: Callable[..., Any], count: int) -> list[str]:
    try:
        parameters = list(inspect.signature(f).parameters.values())
    except (ValueError, TypeError):
        parameters = []
    positional = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    if len(positional) < count:
        starred = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), "args")
        positional += [f"{starred}[{i}]" for i in range(count - len(positional))]
    return positional[:count]


def _position(argnum: Any, names: Sequence[str], count: int) -> int:
    if count == 0:
        raise ArgumentError("the point is missing: check(f, df, x)")
    if isinstance(argnum, str):
        if argnum in names:
            return list(names).index(argnum)
        near = get_close_matches(argnum, names, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ArgumentError(f"f has no argument {argnum!r}, only {', '.join(names)}{hint}")
    try:
        position = operator.index(argnum)
    except TypeError as error:
        raise ArgumentError(f"argnums must be a position, a name, or several of them, not {argnum!r}") from error
    if isinstance(argnum, bool) or not -count <= position < count:
        raise ArgumentError(f"argnums = {argnum!r} is outside the {count} arguments of f")
    return position % count
