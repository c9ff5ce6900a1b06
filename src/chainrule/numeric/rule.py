"""An operation of which only the values are known: its derivative by differences, in both modes and to second order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from typing import Any

import numpy as np

from chainrule.calculus.arguments import positive
from chainrule.calculus.custom import OPAQUE, primitive
from chainrule.core.derivative import Custom
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.core.registry import evaluating
from chainrule.core.rule import Rule
from chainrule.core.traced import Traced
from chainrule.core.warning import warn
from chainrule.errors import ArgumentError, DerivativeMissingError, NonFiniteError
from chainrule.numeric.differences.chosen import Choice
from chainrule.numeric.differences.functions import CHOSEN_ACCURACY
from chainrule.numeric.differences.lines import Components, Directions, Lines
from chainrule.numeric.differences.schemes import formula
from chainrule.numeric.differences.singular import Singularity, examine
from chainrule.numeric.probe import RealArray, describe, precision, quiet
from chainrule.numeric.samples import Samples, sampled

__all__ = ["BY_DIFFERENCES", "numeric_rule"]

BY_DIFFERENCES = Rule("by differences", "u' from values of u alone, with steps that u asks for")


def numeric_rule(f: Callable[..., Any], tolerance: float = 1e-6) -> Primitive:
    """Make any function one operation of the graph, with a derivative by differences.

    Args:
        f: called with plain arrays, never with traced values: a function of NumPy's or SciPy's that chainrule does not
            know, or a program of which only the results are seen. It returns one array. Positional arguments of
            floating numbers are differentiated; integers and keyword arguments are static. It has to give the same
            value for the same arguments.
        tolerance: how large the error bar of a derivative may be, relative to the largest derivative of the same
            component of the value.

    Returns:
        A callable with f's arguments, as from `primitive`: it runs in grad, jvp, vmap, graph and check, and
        `define_vjp` gives it a better rule later. First derivatives are central differences with steps chosen from the
        scale and the noise of f: about 16 calls of f for each number in its arguments in reverse mode, for each tangent
        in forward mode. Second derivatives are differences of second order, not differences of the first.

    Warns:
        UserWarning: the error bar of a derivative is above the tolerance, as f trembles, or f has a kink there: the
            derivative is then the mean of both sides. The component is named, with its value and error.

    Raises:
        NonFiniteError: f has no derivative there, as at a jump or a vertical tangent. At the end of its domain the
            derivative is that of the side where it is defined.
        DerivativeMissingError: a third derivative is asked for: differences leave no digits of it.
        ArgumentError: f writes into an argument, an argument or the value is complex, or f returns no array.

    >>> import math, chainrule as cr
    >>> log_gamma = cr.numeric_rule(math.lgamma)
    >>> round(float(cr.grad(lambda x: 2 * log_gamma(x))(3.0)), 9)
    1.84556867
    >>> round(float(cr.derivative(log_gamma, order=2)(3.0)), 6)
    0.394934
    """
    allowed = positive(tolerance, "tolerance")
    if not callable(f):
        raise ArgumentError(f"numeric_rule takes a function, not {f!r:.60}")
    f = _careful(f)
    operation = primitive(f)
    rule = operation.derivative
    assert isinstance(rule, Custom)
    rule.reason = "by differences: only its values are known"

    def forward(F: Any, tangents: Sequence[Any], out: Any, *operands: Any, **parameters: Any) -> Any:
        f_at = _Flat(f, operands, parameters, allowed)
        return evaluating.reshape(f_at.product(f_at.joined(operands), f_at.joined(tangents)), shape=np.shape(out))

    def backward(F: Any, g: Any, out: Any, *operands: Any, **parameters: Any) -> Sequence[Any]:
        f_at = _Flat(f, operands, parameters, allowed)
        found = f_at.parted(f_at.transposed(f_at.joined(operands), evaluating.reshape(g, shape=(-1,))))
        return [None if part is None else part[()] for part in found]

    rule.jvp, rule.vjp = forward, backward
    return replace(operation, rule=BY_DIFFERENCES)


def _careful(f: Callable[..., Any]) -> Callable[..., Any]:
    """f with copies of its arrays, of which it may change none; only real numbers go in and come out."""

    @wraps(f)
    def called(*operands: Any, **parameters: Any) -> Any:
        given = [x.copy() if isinstance(x, np.ndarray) else x for x in operands]
        if any(np.asarray(x).dtype.kind == "c" for x in given):
            raise ArgumentError(
                f"an argument of {describe(f)} is complex: differences are of real numbers\n"
                "  take the real and the imaginary part as two arguments"
            )
        out = f(*given, **parameters)
        for before, after in zip(operands, given, strict=True):
            if isinstance(before, np.ndarray) and not np.array_equal(before, after, equal_nan=before.dtype.kind == "f"):
                raise ArgumentError(f"{describe(f)} writes into its argument: let it work on a copy, x = x.copy()")
        if type(out) is not Traced and np.asarray(out).dtype.kind == "c":
            raise ArgumentError(f"{describe(f)} returned complex numbers: return the real and the imaginary part apart")
        return out

    return called


@dataclass(frozen=True, eq=False)
class _Flat:
    """f with its floating arguments as one vector z, and its value as a vector: its derivatives as operations.

    With J the Jacobian and H_i the Hessians of the components: J t, J^T g, and the vectors (t^T H_i s)_i and
    sum_i g_i H_i t. They are linear in t, s and g, and all derivatives of the first two are among the others.
    """

    f: Callable[..., Any]
    operands: Sequence[Any]
    parameters: Mapping[str, Any]
    tolerance: float
    moving: tuple[int, ...] = field(init=False)
    _jacobians: dict[bytes, RealArray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "moving", tuple(i for i, x in enumerate(self.operands) if _is_float(x)))

    # --- the form of the arguments ------------------------------------------------------------------------------------

    def joined(self, values: Sequence[Any]) -> Any:
        """The arguments, or their tangents, one behind the other."""
        parts = []
        for i in self.moving:
            like = self.operands[i]
            value = np.zeros(np.shape(like)) if values[i] is None else values[i]
            parts.append(evaluating.reshape(np.float64(value) if type(value) is float else value, shape=(-1,)))
        return np.concatenate(parts)

    def parted(self, z: Any) -> list[Any]:
        """For each argument its part of a vector, None for one that is not differentiated."""
        parts: list[Any] = [None] * len(self.operands)
        start = 0
        for i in self.moving:
            shape = np.shape(self.operands[i])
            end = start + int(np.prod(shape))
            parts[i] = evaluating.reshape(z[start:end], shape=shape)
            start = end
        return parts

    def samples(self, z: RealArray) -> Samples:
        fixed = [None if i in self.moving else x for i, x in enumerate(self.operands)]

        def at(z: RealArray) -> Any:
            arguments = [
                x if part is None else part.astype(self.operands[i].dtype if hasattr(x, "dtype") else part.dtype)[()]
                for i, (x, part) in enumerate(zip(fixed, self.parted(z), strict=True))
            ]
            return np.ravel(self.f(*arguments, **self.parameters))

        return sampled(at, z, False, name=describe(self.f))

    # --- derivatives --------------------------------------------------------------------------------------------------

    def _operation(self, name: str, evaluate: Any, jvp: Any, vjp: Any) -> Primitive:
        return Primitive(name, evaluate, OPAQUE, Custom(jvp, vjp, "by differences"), Call(name))

    @property
    def product(self) -> Primitive:
        """J t of z and t."""

        def evaluate(z: Any, t: Any) -> Any:
            samples = self.samples(z)
            if not np.any(t):
                return np.zeros(samples.centre.shape)
            return self._slopes(samples, Directions(samples, [np.asarray(t, z.dtype)]), 1)[0]

        def jvp(F: Any, tangents: Sequence[Any], out: Any, z: Any, t: Any) -> Any:
            return _sum((tangents[1], lambda dt: self.product(z, dt)), (tangents[0], lambda dz: self.bent(z, t, dz)))

        def vjp(F: Any, g: Any, out: Any, z: Any, t: Any) -> Sequence[Any]:
            return partial(self.bent_back, z, g, t), partial(self.transposed, z, g)

        return self._operation("change", evaluate, jvp, vjp)

    @property
    def transposed(self) -> Primitive:
        """J^T g of z and g."""

        def evaluate(z: Any, g: Any) -> Any:
            key = z.tobytes()  # all rows of a Jacobian are asked for one after the other
            if key not in self._jacobians:
                samples = self.samples(z)
                self._jacobians[key] = self._slopes(samples, Components(samples, list(np.ndindex(z.shape))), 1)
            return self._jacobians[key] @ np.asarray(g)

        def jvp(F: Any, tangents: Sequence[Any], out: Any, z: Any, g: Any) -> Any:
            return _sum(
                (tangents[1], lambda dg: self.transposed(z, dg)), (tangents[0], lambda dz: self.bent_back(z, g, dz))
            )

        def vjp(F: Any, c: Any, out: Any, z: Any, g: Any) -> Sequence[Any]:
            return partial(self.bent_back, z, g, c), partial(self.product, z, c)

        return self._operation("change_back", evaluate, jvp, vjp)

    @property
    def bent(self) -> Primitive:
        """t^T H_i s for each component i, of z, t and s."""

        def evaluate(z: Any, t: Any, s: Any) -> Any:
            samples = self.samples(z)
            return self._mixed(samples, np.asarray(t), [np.asarray(s)])[0]

        def jvp(F: Any, tangents: Sequence[Any], out: Any, z: Any, t: Any, s: Any) -> Any:
            self._no_third(tangents[0])
            return _sum((tangents[1], lambda dt: self.bent(z, dt, s)), (tangents[2], lambda ds: self.bent(z, t, ds)))

        def vjp(F: Any, g: Any, out: Any, z: Any, t: Any, s: Any) -> Sequence[Any]:
            return self._no_third, partial(self.bent_back, z, g, s), partial(self.bent_back, z, g, t)

        return self._operation("second_change", evaluate, jvp, vjp)

    @property
    def bent_back(self) -> Primitive:
        """The sum of g_i H_i t over the components i, of z, g and t."""

        def evaluate(z: Any, g: Any, t: Any) -> Any:
            samples = self.samples(z)
            return self._mixed(samples, np.asarray(t), list(np.eye(z.size))) @ np.asarray(g)

        def jvp(F: Any, tangents: Sequence[Any], out: Any, z: Any, g: Any, t: Any) -> Any:
            self._no_third(tangents[0])
            return _sum(
                (tangents[1], lambda dg: self.bent_back(z, dg, t)), (tangents[2], lambda dt: self.bent_back(z, g, dt))
            )

        def vjp(F: Any, c: Any, out: Any, z: Any, g: Any, t: Any) -> Sequence[Any]:
            return self._no_third, partial(self.bent, z, t, c), partial(self.bent_back, z, g, c)

        return self._operation("second_change_back", evaluate, jvp, vjp)

    def _no_third(self, tangent: Any = True) -> None:
        if tangent is not None:
            raise DerivativeMissingError(
                f"{describe(self.f)} has no third derivative: differences would leave no digits of it\n"
                "  give it a derivative: chainrule.primitive and define_vjp"
            )

    # --- differences --------------------------------------------------------------------------------------------------

    def _mixed(self, samples: Samples, t: RealArray, others: Sequence[RealArray]) -> RealArray:
        """t^T H_i s for each s of `others`, from second derivatives along t + s and t - s, scaled to one length."""
        found = np.zeros((len(others), samples.centre.size))
        long = float(np.abs(t).max(initial=0.0))
        chosen = [k for k, s in enumerate(others) if long and s.any()]
        if not chosen:
            return found
        scales = np.array([long / np.abs(others[k]).max() for k in chosen])
        lines = [t + sign * a * others[k] for k, a in zip(chosen, scales, strict=True) for sign in (1, -1)]
        kept = [i for i, v in enumerate(lines) if v.any()]
        second = np.zeros((len(lines), samples.centre.size))
        directions = [np.asarray(lines[i], samples.values.dtype) for i in kept]
        second[kept] = self._slopes(samples, Directions(samples, directions), 2)
        found[chosen] = (second[::2] - second[1::2]) / (4 * scales[:, None])
        return found

    def _slopes(self, samples: Samples, lines: Lines, order: int) -> RealArray:
        """The derivative along each line, a row for each; warns of what is not as certain as it should be."""
        if not lines.count or not samples.centre.size:
            return np.zeros((lines.count, *lines.out))
        found, singular = _examined(lines, order)
        if singular is not None:
            raise NonFiniteError(f"{singular.text}; move the point, or give a derivative: chainrule.primitive")
        # Differences of second order lose half of the digits that the first keep, and so does single precision.
        eps = precision(samples.values, samples.centre)
        allowed = max(self.tolerance, eps ** (2 / 3)) ** (1 / order)
        # A derivative of zero is right to a part of what f has in values on its scale.
        natural = np.abs(samples.centre) / lines.scale().astype(np.float64).min() ** order
        size = np.broadcast_to(np.maximum(np.abs(found.slope).max(axis=0), natural), found.slope.shape)
        kinks = np.zeros(found.slope.shape, bool)
        if order == 1:
            apart = _apart(lines, found)
            kinks = (apart[1] > allowed * size) & (apart[1] > apart[0] / 2) & (apart[1] < 2 * apart[0])
            size = np.maximum(size, apart[0])  # where f and its slope are zero, they are right to a part of this
        doubtful = kinks | (found.error > allowed * size)
        if doubtful.any():
            line, *output = (int(i) for i in np.argwhere(doubtful)[0])
            at = (line, *output)
            place, what = lines.place(line, tuple(output))
            why = "there is a kink, and it is the mean of both sides" if kinks[at] else "the values tremble"
            warn(
                f"the derivative of {samples.probe.name}{what} by differences at {place} is {found.slope[at]:.6g} "
                f"± {found.error[at]:.0e}: {why}"
            )
        return found.slope


def _examined(lines: Lines, order: int) -> tuple[Choice, Singularity | None]:
    """The derivatives from both sides; from the side where f is defined, at the end of its domain."""
    first: NonFiniteError | None = None
    for scheme in ("central", "forward", "backward"):
        try:
            return examine(lines, formula(scheme, order, CHOSEN_ACCURACY[scheme]))
        except NonFiniteError as error:
            first = first or error
    assert first is not None
    raise first


def _apart(lines: Lines, found: Choice) -> RealArray:
    """How far the slopes on both sides are apart at two steps, as far as that is more than noise.

    At a kink by the same at both; of a smooth function the difference falls with the step, and what noise makes of it
    grows.
    """
    samples = lines.samples
    centre = lines.spread(samples.centre).astype(np.float64)
    noise = np.maximum(lines.spread(found.noise), precision(samples.values, samples.centre) * np.abs(centre))
    everywhere = np.arange(lines.count)
    steps = np.nanmin(found.step.reshape(lines.count, -1), axis=1)
    apart = np.zeros((2, *found.slope.shape))
    for i, part in enumerate((16, 256)):
        narrow = lines.grid((steps / part).astype(lines.position.dtype), 1)
        with quiet():
            below, above = lines.sample((-1, 1), narrow, everywhere).astype(np.float64)
            bend = np.abs(above + below - 2 * centre)
        per = narrow.astype(np.float64).reshape(-1, *(1,) * (bend.ndim - 1))
        apart[i] = np.where(bend > 32 * noise, bend / per, 0.0)
        if not apart[i].any():
            break
    return apart


def _sum(*terms: tuple[Any, Callable[[Any], Any]]) -> Any:
    """What the tangents that there are add up to."""
    found = [term(tangent) for tangent, term in terms if tangent is not None]
    return found[0] if len(found) == 1 else found[0] + found[1]


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or getattr(getattr(x, "dtype", None), "kind", "-") == "f"
