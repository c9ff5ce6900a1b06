"""NumPy's elementwise functions: those whose names or arguments are not a primitive's own."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import chainrule.ops  # noqa: F401  the ufuncs that have a primitive must be known before their methods are entered
from chainrule.core.equivalents import equivalent
from chainrule.core.protocol import adapters, answers, ufunc_primitives
from chainrule.core.registry import evaluating
from chainrule.core.shapes import Array
from chainrule.core.traced import Traced
from chainrule.core.windows import write
from chainrule.errors import ShapeError, TraceError
from chainrule.read.arguments import array

__all__ = ["astype", "written"]

F = evaluating

# |z| and sign(z) of a complex number are other functions than those of a real one: their ufuncs are answered below.
ufunc_primitives.pop(np.absolute, None)
ufunc_primitives.pop(np.sign, None)


def _is_complex(x: Array) -> bool:
    return np.dtype(x.dtype).kind == "c" if hasattr(x, "dtype") else isinstance(x, complex)


@answers(np.absolute)
def _absolute(x: Array) -> Array:
    return F.abs_complex(x) if _is_complex(x) else F.abs(x)


@answers(np.fabs)
def _fabs(x: Array) -> Array:
    if _is_complex(x):
        raise TraceError("np.fabs takes real numbers: use np.abs for the modulus of a complex one")
    return F.abs(x)


@answers(np.sign)
def _sign(x: Array) -> Array:
    if not _is_complex(x):
        return F.sign(x)
    r = F.abs_complex(x)
    return x / F.where(F.equal(r, 0.0), 1.0, r)


@answers(np.real)
def _real(val: Array) -> Array:
    return F.real(val) if _is_complex(val) else val


@answers(np.imag)
def _imag(val: Array) -> Array:
    return F.imag(val) if _is_complex(val) else F.zeros_like(val)


@answers(np.real_if_close)
def _real_if_close(a: Array, tol: Any = 100) -> Array:
    if not _is_complex(a):
        return a
    size = tol * float(np.finfo(a.dtype).eps) if tol > 1 else tol
    return F.real(a) if bool(np.all(F.abs(F.imag(a)) < size)) else a


@answers(np.iscomplex)
def _iscomplex(x: Array) -> Array:
    return F.not_equal(_imag(x), 0.0)


@answers(np.isreal)
def _isreal(x: Array) -> Array:
    return F.equal(_imag(x), 0.0)


@answers(np.isposinf)
def _isposinf(x: Array, out: Any = None) -> Array:
    return written(out, F.equal(x, math.inf))


@answers(np.isneginf)
def _isneginf(x: Array, out: Any = None) -> Array:
    return written(out, F.equal(x, -math.inf))


@answers(np.angle)
def _angle(z: Array, deg: bool = False) -> Array:
    turn = F.angle(z) if _is_complex(z) else F.where(F.less(z, 0.0), math.pi, F.zeros_like(z))
    return F.rad2deg(turn) if deg else turn


@answers(np.iscomplexobj)
def _iscomplexobj(x: Array) -> bool:
    return _is_complex(x)


@answers(np.isrealobj)
def _isrealobj(x: Array) -> bool:
    return not _is_complex(x)


@answers(np.degrees)
def _degrees(x: Array) -> Array:
    return F.rad2deg(x)


@answers(np.radians)
def _radians(x: Array) -> Array:
    return F.deg2rad(x)


@answers(np.sinc)
def _sinc(x: Array) -> Array:
    return F.sinc(x)


@answers(np.i0)
def _i0(x: Array) -> Array:
    return F.i0(x)


@answers(np.divmod)
def _divmod(x: Array, y: Array) -> tuple[Array, Array]:
    return F.floor_divide(x, y), F.remainder(x, y)


@answers(np.modf)
def _modf(x: Array) -> tuple[Array, Array]:
    whole = F.trunc(x)
    return x - whole, whole


@answers(np.ldexp)
def _ldexp(x: Array, exponent: Array) -> Array:
    return x * F.cast_like(F.power(2.0, exponent), x)


@answers(np.frexp)
def _frexp(x: Array) -> tuple[Array, Array]:
    known = F.logical_and(F.isfinite(x), F.not_equal(x, 0.0))
    size = F.where(known, F.abs(x), 0.5)
    exponent = F.floor(F.log2(size)) + 1
    # The logarithm of a number just below a power of 2 rounds to that of the power.
    exponent = exponent + F.greater_equal(size * F.power(2.0, -exponent), 1.0)
    exponent = exponent - F.less(size * F.power(2.0, -exponent), 0.5)
    exponent = F.where(known, exponent, 0.0)
    return F.where(known, x * F.power(2.0, -exponent), x), F.cast_discrete(exponent, dtype="int32")


@answers(np.fix)
def _fix(x: Array, out: Any = None) -> Array:
    return written(out, F.trunc(x))


@answers(np.round, np.around)
def _round(a: Array, decimals: int = 0, out: Any = None) -> Array:
    return written(out, F.round(a, decimals=int(decimals)))


@answers(np.clip)
def _clip(a: Array, a_min: Any = None, a_max: Any = None, out: Any = None, **bounds: Any) -> Array:
    low, high = bounds.pop("min", a_min), bounds.pop("max", a_max)
    if bounds:
        raise TraceError(f"np.clip of a traced value does not take {', '.join(bounds)}")
    if low is None and high is None:
        result = F.positive(a)
    elif low is None:
        result = F.minimum(a, high)
    elif high is None:
        result = F.maximum(a, low)
    else:
        result = F.clip(a, low, high)
    return written(out, result)


@answers(np.where)
def _where(condition: Array, x: Any = None, y: Any = None) -> Any:
    if (x is None) != (y is None):
        raise TraceError("np.where takes a condition and both branches, or the condition alone")
    return np.nonzero(condition) if x is None else F.where(condition, x, y)


@answers(np.select)
def _select(condlist: Sequence[Array], choicelist: Sequence[Array], default: Any = 0) -> Array:
    if len(condlist) != len(choicelist):
        raise TraceError(f"np.select was given {len(condlist)} conditions and {len(choicelist)} choices: one for each")
    chosen = default
    for condition, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        chosen = F.where(condition, choice, chosen)
    return chosen


@answers(np.nan_to_num)
def _nan_to_num(x: Array, copy: bool = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Array:
    limits = np.finfo(x.dtype)
    high = float(limits.max) if posinf is None else posinf
    low = float(limits.min) if neginf is None else neginf
    result = F.where(F.isnan(x), nan, F.where(F.equal(x, np.inf), high, F.where(F.equal(x, -np.inf), low, x)))
    return result if copy else written(x, result)


@answers(np.isclose)
def _isclose(a: Array, b: Array, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Array:
    near = F.less_equal(np.absolute(a - b), atol + rtol * np.absolute(b))
    close = F.logical_or(F.equal(a, b), F.logical_and(F.isfinite(b), near))
    return F.logical_or(close, F.logical_and(F.isnan(a), F.isnan(b))) if equal_nan else close


@answers(np.allclose)
def _allclose(a: Array, b: Array, rtol: Any = 1e-5, atol: Any = 1e-8, equal_nan: bool = False) -> Array:
    return np.all(_isclose(a, b, rtol, atol, equal_nan))


@answers(np.array_equiv)
def _array_equiv(a1: Array, a2: Array) -> Array:
    try:
        return np.all(F.equal(a1, a2))
    except ValueError:  # the shapes do not broadcast
        return False


@answers(np.isin)
def _isin(
    element: Array, test_elements: Array, assume_unique: bool = False, invert: bool = False, *, kind: Any = None
) -> Array:
    among = np.ravel(array(test_elements))
    element = array(element)
    found = F.any(F.equal(F.expand_dims(element, axis=(element.ndim,)), among), axis=(element.ndim,), keepdims=False)
    return F.logical_not(found) if invert else found


@answers(np.array_equal)
def _array_equal(a1: Array, a2: Array, equal_nan: bool = False) -> Array:
    if np.shape(a1) != np.shape(a2):
        return False
    same = F.equal(a1, a2)
    return np.all(F.logical_or(same, F.logical_and(F.isnan(a1), F.isnan(a2))) if equal_nan else same)


def _logic(name: str, ufunc: np.ufunc) -> Callable[..., Array]:
    def answer(*operands: Array) -> Array:
        if any(np.dtype(x.dtype if hasattr(x, "dtype") else type(x)).kind != "b" for x in operands):
            raise TraceError(
                f"np.{ufunc.__name__} of numbers is not an operation on real numbers\n"
                "  on booleans it is the logical one; for integers leave the trace with chainrule.value(x)"
            )
        return getattr(F, name)(*operands)

    return answer


for _bitwise, _logical in (
    (np.bitwise_and, "logical_and"),
    (np.bitwise_or, "logical_or"),
    (np.bitwise_xor, "logical_xor"),
    (np.invert, "logical_not"),
):
    answers(_bitwise)(_logic(_logical, _bitwise))


def astype(x: Array, dtype: Any) -> Array:
    wanted = np.dtype(dtype)
    if wanted.kind in "fc":
        # From complex to real the imaginary part is dropped, which NumPy only warns of.
        return F.cast(F.real(x) if _is_complex(x) and wanted.kind == "f" else x, dtype=wanted.name)
    if wanted.kind in "iub":
        return F.cast_discrete(x, dtype=wanted.name)
    raise TraceError(f"a traced value cannot be cast to {wanted}: numbers and booleans only")


adapters["astype"] = astype


def written(out: Any, result: Array) -> Array:
    """The result, written into `out` if that is a traced value; a plain array cannot take one."""
    if out is None:
        return result
    if not isinstance(out, Traced):
        raise TraceError(
            "a traced value cannot be written into a plain array by out=: its derivative would be lost\n"
            "  leave out= away, or make the array with np.zeros_like(x) or np.empty_like(x) of a traced x"
        )
    if np.shape(result) != out.shape:
        raise ShapeError(f"out= has shape {out.shape}, but the result has shape {np.shape(result)}")
    write(out, F.set_item(out, result, pattern=(...,)))
    return out


# SciPy's names of NumPy's functions.
_SCIPY: dict[str, Callable[..., Array]] = {
    "exp2": F.exp2,
    "exp10": lambda x: F.power(10.0, x),
    "expm1": F.expm1,
    "log1p": F.log1p,
    "cbrt": F.cbrt,
}


def _library_ufunc(ufunc: np.ufunc) -> Callable[..., Array] | None:
    special = sys.modules.get("scipy.special")  # who calls a function of it has imported it
    if special is None or getattr(special, ufunc.__name__, None) is not ufunc:
        return None
    if ufunc.__name__ in _SCIPY:
        return _SCIPY[ufunc.__name__]
    ours = equivalent(f"scipy.special.{ufunc.__name__}")
    return None if ours is None else ours[1]


adapters["ufunc of a library"] = _library_ufunc
