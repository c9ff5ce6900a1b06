"""Constants and primitives of a graph in mpmath: the functions that values of nodes are computed with."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.errors import ChainruleError, ConvergenceError, DerivationError
from chainrule.passes.closed_forms import ROUNDING, exact, is_rough
from chainrule.passes.precise_arrays import ARRAYS
from chainrule.passes.precise_bodies import function_of_body
from chainrule.passes.precise_decompositions import FOLLOWING
from chainrule.passes.precise_scalars import SCALARS

__all__ = ["Number", "Operations"]

Number = Any  # of an mpmath context, a bool or an int; or an array of such

# Beyond 2^4096, where the float64 range is long left, mpmath's functions take seconds and then all memory: numbers
# overflow to infinity and underflow to 0, as floats do.
_LARGEST_EXPONENT = 4096
_UNDEFINED = (ValueError, ZeroDivisionError, OverflowError)


class Operations:
    """What nodes compute, in the mpmath context m.

    Args:
        m: the context.
        rounding: 0, or the number of a trial: every constant that may be a rounding is off by one, up or down.
    """

    def __init__(self, m: Any, rounding: int = 0) -> None:
        self.m = m
        self._rounding = rounding
        self.number = np.frompyfunc(self._number, 1, 1)
        self._converted = np.frompyfunc(self._component, 1, 1)
        self._real = np.frompyfunc(lambda value: m.nan if type(value) is m.mpc else value, 1, 1)

    def constant(self, node: Node) -> Number:
        """The value of a constant: the number that it stands for."""
        value = node.parameters["value"]
        if node.name in ("e", "pi"):
            return +getattr(self.m, node.name)
        if node.shape or not isinstance(value, (float, np.floating)):
            return value if np.asarray(value).dtype.kind in "biu" else self.number(value)
        if not math.isfinite(value):
            return self.m.mpf(value)
        number = exact(self.m, float(value)) if np.dtype(node.dtype) == np.float64 else self.m.mpf(float(value))
        if self._rounding and is_rough(float(value)):
            up = hash((float(value), self._rounding)) & 1024
            number *= 1 + (1 if up else -1) * self.m.mpf(ROUNDING)
        return number

    def follows(self, node: Node) -> bool:
        """Whether the function of a node, where it has moved, takes its value at the sample point too."""
        primitive = node.primitive
        return primitive is not None and primitive.name in FOLLOWING and _is_ours(primitive)

    def function(self, node: Node) -> Callable[..., Number]:
        """The primitive of a node with its parameters, as a function of the values of its operands."""
        primitive, parameters = node.primitive, node.parameters
        assert primitive is not None
        kind = np.dtype(node.dtype).kind
        ours = _is_ours(primitive)
        spelled = SCALARS.get(primitive.name) if ours else None
        if spelled is not None:
            function = self._checked(spelled(self.m), parameters, kind)
            counted = [i for i, x in enumerate(node.operands) if np.dtype(x.dtype).kind in "biu"]
            if node.shape:
                function = _over_arrays(function, len(node.operands), kind)
            return self._of_numbers(function, counted) if counted else function
        precise = ARRAYS.get(primitive.name) if ours else None
        repeated = function_of_body(self, node)
        if repeated is not None:
            return repeated

        def over_objects(*operands: Number) -> Number:
            arrays = [_as_array(x) for x in operands]
            try:
                value = precise(self.m, *arrays, **parameters) if precise else primitive.evaluate(*arrays, **parameters)
                return self._tidied(value, kind)
            except (ConvergenceError, *_UNDEFINED) as error:
                if primitive.opaque and isinstance(error, ChainruleError):  # such as a solver that checks its numbers
                    raise _floats_only(primitive) from error
                return self._tidied(np.full(node.shape, self.m.nan, object), "f")
            except (TypeError, AttributeError, np.linalg.LinAlgError) as error:
                raise _floats_only(primitive) from error

        return over_objects

    def _checked(self, function: Callable[..., Any], parameters: Mapping[str, Any], kind: str) -> Callable[..., Any]:
        """The function of numbers, NaN where it is not defined."""
        m = self.m
        mpf, mpc, nan = m.mpf, m.mpc, m.nan

        def checked(*numbers: Any) -> Any:
            try:
                value = function(*numbers, **parameters)
            except _UNDEFINED:
                return nan
            if type(value) is mpf:
                sign, mantissa, exponent, bits = value._mpf_
                if mantissa and not -_LARGEST_EXPONENT < exponent + bits < _LARGEST_EXPONENT:
                    return m.zero if exponent < 0 else m.ninf if sign else m.inf
            elif type(value) is mpc and kind != "c":
                return nan
            return int(value) if kind in "iu" and m.isfinite(value) else value

        return checked

    def _of_numbers(self, function: Callable[..., Any], counted: Sequence[int]) -> Callable[..., Any]:
        """The function with integers and booleans among its operands made numbers of the context."""

        def converted(*operands: Number) -> Number:
            given = list(operands)
            for i in counted:
                given[i] = self.number(given[i])
            return function(*given)

        return converted

    def _tidied(self, value: Any, kind: str) -> Number:
        array = np.asarray(value)
        if kind in "biu":
            array = array.astype(bool if kind == "b" else np.intp)
        else:  # zeros and ones that NumPy made are Python's: 1 / 3 of these would be a float
            array = np.asarray(self._converted(array), object)
            if kind == "f":
                array = np.asarray(self._real(array), object)
        return array if array.ndim else array.item()

    def _component(self, component: Any) -> Any:
        value = component.item() if isinstance(component, np.ndarray) else component
        if isinstance(value, float) and not value.is_integer():
            raise TypeError(f"{value} has been computed with floats")
        return self.m.convert(value)

    def _number(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return self.m.mpf(value.numerator) / value.denominator
        if isinstance(value, (complex, np.complexfloating)):
            return self.m.mpc(float(value.real), float(value.imag))
        if isinstance(value, (bool, np.bool_, int, np.integer)):
            return self.m.mpf(int(value))
        return self.m.mpf(float(value))


def _is_ours(primitive: Primitive) -> bool:
    """Whether it is an entry of the registry: the user's own operation may have any name."""
    return primitives().get(primitive.name) is primitive


def _as_array(value: Number) -> Any:
    if isinstance(value, np.ndarray):
        return value
    return np.asarray(value, None if isinstance(value, (bool, int, np.generic)) else object)


def _over_arrays(function: Callable[..., Any], count: int, kind: str) -> Callable[..., Any]:
    components = np.frompyfunc(function, count, 1)
    if kind == "b":
        return lambda *operands: components(*operands).astype(bool)
    if kind in "iu":
        return lambda *operands: components(*operands).astype(np.intp)
    return components


def _floats_only(primitive: Primitive) -> DerivationError:
    cited = f" (its rule: {primitive.rule.name})" if primitive.rule else ""
    return DerivationError(
        f"the operation {primitive.name} computes with floats only{cited}: no line with it can be verified"
    )
