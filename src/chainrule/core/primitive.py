"""A primitive: one array operation, declared once, with everything that is known about it."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from chainrule.core.derivative import Constant, Derivative
from chainrule.core.domain import REAL, Domain
from chainrule.core.graph import Node, build
from chainrule.core.labels import Folding
from chainrule.core.notation import Call, Notation
from chainrule.core.protocol import ufunc_primitives
from chainrule.core.registry import primitives, register
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule, join_dtypes
from chainrule.core.traced import apply, bind_operators
from chainrule.errors import ArgumentError

__all__ = ["Example", "Primitive", "example", "primitive"]


@dataclass(frozen=True, eq=False, slots=True)
class Example:
    """Operands and parameters to try a primitive on: for the tests and the table in the documentation.

    Attributes:
        operands: for each operand its shape, to be filled with numbers from the domain, or an array to take as it is
            (an index, a condition).
        parameters: the static arguments.
    """

    operands: tuple[Any, ...]
    parameters: Mapping[str, Any]


def example(*operands: Any, **parameters: Any) -> Example:
    """An example of operands (a shape each, or an array) and parameters."""
    return Example(operands, parameters)


@dataclass(frozen=True, eq=False, slots=True)
class Primitive:
    """An array operation with its derivative; made by `primitive`, which also enters it in the registry.

    Attributes:
        name: the name in `F` and in the graph; NumPy's name where NumPy has the operation.
        evaluate: computes it on arrays: a NumPy function, or one written with NumPy alone.
        shape: where the axes go; the result's shape and batching follow from it.
        derivative: the one fact of calculus that forward mode, reverse mode and the lesson share.
        notation: how it is written.
        rule: the named rule that teaches its derivative.
        domain: where it is defined, and where it has kinks.
        dtype: the result's dtype from those of the operands; by default NumPy's promotion.
        folding: of an operation that goes over an axis component by component, how it puts them together.
        by_folds: the same value, to rounding, by elementwise operations and by ones that have a folding:
            `(F, *operands, **parameters)`; what rows are gone through with in several passes.
        shortcut: equal to `evaluate` by a shorter way (a method, a ufunc's reduce): for small arrays NumPy's own
            wrappers cost more than the work.
        examples: what to try it on; elementwise operations need none.
        module: where it was declared, so that a pickled graph finds it again.
    """

    name: str
    evaluate: Callable[..., Any]
    shape: ShapeRule
    derivative: Derivative
    notation: Notation = field(default_factory=Call)
    rule: Rule | None = None
    domain: Domain = REAL
    dtype: Callable[..., Dtype] | None = None
    folding: Folding | None = None
    by_folds: Callable[..., Array] | None = None
    shortcut: Callable[..., Any] | None = None
    examples: tuple[Example, ...] = ()
    module: str = ""
    compute: Callable[..., Any] = field(init=False)
    opaque: bool = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "compute", self.shortcut or self.evaluate)
        object.__setattr__(self, "opaque", self.shape.depends_on_values)

    def __call__(self, *operands: Array, **parameters: Any) -> Array:
        """Compute on values; recorded where an operand is traced."""
        return apply(self, operands, parameters)

    def infer(self, operands: Sequence[Node], parameters: Mapping[str, Any]) -> tuple[Shape, Dtype]:
        """The shape and dtype of the result, without computing it."""
        shape = self.shape.infer([operand.shape for operand in operands], parameters)
        dtypes = [operand.dtype for operand in operands]
        if self.dtype is not None:
            return shape, self.dtype(*dtypes, **parameters)
        if isinstance(self.evaluate, np.ufunc):
            return shape, _ufunc_dtype(self.evaluate, dtypes)
        return shape, join_dtypes(*dtypes)

    def __reduce__(self) -> tuple[Any, ...]:
        if not self.module:
            raise ArgumentError(f"a graph with the user's own operation {self.name} cannot be pickled")
        return _find, (self.module, self.name)

    def __deepcopy__(self, memo: Any) -> Primitive:
        return self

    @property
    def is_constant(self) -> bool:
        """Whether its derivative is zero wherever it exists."""
        return isinstance(self.derivative, Constant)

    def __repr__(self) -> str:
        return f"<primitive {self.name}>"


_ufunc_dtypes: dict[tuple[Any, ...], Dtype] = {}


def _ufunc_dtype(ufunc: np.ufunc, dtypes: Sequence[Dtype]) -> Dtype:
    key = (ufunc, *dtypes)
    found = _ufunc_dtypes.get(key)
    if found is None:
        weak = all(isinstance(dtype, type) for dtype in dtypes)
        given = tuple(np.dtype(d) if weak or d is bool else d for d in dtypes)
        found = ufunc.resolve_dtypes((*given, *[None] * ufunc.nout))[-1]
        if weak:  # a result of Python scalars alone stays weak
            found = {"b": bool, "i": int, "u": int, "f": float, "c": complex}[found.kind]
        _ufunc_dtypes[key] = found
    return found


def _find(module: str, name: str) -> Primitive:
    importlib.import_module(module)
    return primitives()[name]


def primitive(name: str, **entry: Any) -> Primitive:
    """Declare a primitive: see `Primitive` for the fields of an entry."""
    made = Primitive(name, module=sys._getframe(1).f_globals["__name__"], **entry)
    if isinstance(made.evaluate, np.ufunc):
        ufunc_primitives.setdefault(made.evaluate, made)
    bind_operators(made)
    register(made, lambda *operands, **parameters: build(made, operands, parameters))
    return made
