"""Values as code: what stands for a number, an array or a parameter in emitted NumPy source."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import numpy as np

from chainrule.emit.layout import WIDTH, Binding, Expression
from chainrule.errors import SourceError

__all__ = [
    "SMALL",
    "array_literal",
    "dtype_literal",
    "number_literal",
    "parameter_literal",
    "scalar_literal",
    "short_number",
]

SMALL = 32  # elements: a larger array is data and no part of a program


def number_literal(value: bool | int | float | complex, module: str = "np") -> Expression:
    """A Python number; infinity and NaN are spelled with the module given."""
    if isinstance(value, complex):
        parts = (value.real, value.imag)
        if all(map(math.isfinite, parts)) and not any(p == 0 and math.copysign(1, p) < 0 for p in parts):
            return Expression(repr(value))
        return Expression(f"complex({', '.join(number_literal(part, module).text for part in parts)})")
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return Expression(f"{module}.nan")
        return Expression(f"{module}.inf") if value > 0 else Expression(f"-{module}.inf", Binding.SIGN)
    text = repr(value)
    return Expression(text, Binding.SIGN if text.startswith("-") else Binding.ATOM)


def dtype_literal(dtype: Any) -> str:
    """A dtype as a name in NumPy's namespace; raises `SourceError` for one whose name is not the same everywhere."""
    dtype = np.dtype(dtype)
    if dtype.kind not in "biufc" or dtype.itemsize > (16 if dtype.kind == "c" else 8):
        raise SourceError(f"values of dtype {dtype} cannot be written as source: convert them to float64")
    return f"np.{'bool_' if dtype.kind == 'b' else dtype.name}"


def scalar_literal(value: Any) -> Expression:
    """A NumPy scalar that keeps its dtype."""
    return Expression(f"{dtype_literal(value.dtype)}({_component(value).text})")


def array_literal(array: Any) -> str | None:
    """A small array as `np.array([...])`, or None for a large one."""
    if array.size > SMALL or (array.size == 0 and array.ndim > 1):
        return None
    text = _nested(array)
    plain = array.size and array.dtype in (np.dtype(np.float64), np.dtype(np.int64), np.dtype(bool))
    dtype = "" if plain else f", dtype={dtype_literal(array.dtype)}"
    one_line = f"np.array({text}{dtype})"
    if len(one_line) <= WIDTH - 8:
        return one_line
    if array.ndim > 1:
        rows = [f"{_nested(row)}," for row in array]
    else:
        rows = textwrap.wrap(", ".join(_component(x).text for x in array) + ",", WIDTH - 4)
    return "np.array([\n" + "".join(f"    {row}\n" for row in rows) + f"]{dtype})"


def _nested(array: Any) -> str:
    if array.ndim == 0:
        return _component(array[()]).text
    return f"[{', '.join(_nested(part) for part in array)}]"


def _component(value: Any) -> Expression:
    return number_literal(short_number(value))


def short_number(value: Any) -> Any:
    """A NumPy scalar as a Python number: 0.1 for the float32 0.10000000149011612, where it rounds to the same."""
    number: Any = value.item()
    if value.dtype.kind == "f" and value.dtype.itemsize < 8 and math.isfinite(number):
        short = float(str(value))
        if value.dtype.type(short) == value and math.copysign(1, short) == math.copysign(1, value):
            return short
    return number


def parameter_literal(value: Any) -> str:
    """A static parameter as code; raises `SourceError` for what has no literal."""
    if value is None or value is Ellipsis or isinstance(value, (bool, str)):
        return "..." if value is Ellipsis else repr(value)
    if isinstance(value, np.generic):
        return scalar_literal(value).text
    if isinstance(value, (int, float, complex)):
        return number_literal(value).text
    if isinstance(value, slice):
        return f"slice({', '.join(parameter_literal(end) for end in (value.start, value.stop, value.step))})"
    if type(value) is tuple:
        inside = ", ".join(parameter_literal(part) for part in value)
        return f"({inside},)" if len(value) == 1 else f"({inside})"
    if type(value) is list:
        return f"[{', '.join(parameter_literal(part) for part in value)}]"
    if type(value) is dict:
        return f"{{{', '.join(f'{parameter_literal(k)}: {parameter_literal(v)}' for k, v in value.items())}}}"
    if isinstance(value, np.dtype) or (isinstance(value, type) and issubclass(value, np.generic)):
        return dtype_literal(value)
    if isinstance(value, np.ndarray):
        literal = array_literal(value)
        if literal is not None:
            return literal
    raise SourceError(f"the parameter {value!r:.60} cannot be written as source")
