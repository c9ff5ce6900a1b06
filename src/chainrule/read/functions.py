"""The functions that formulas can use, with their operands and options: of numbers, of arrays and of matrices."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from typing import Any

import numpy as np

import chainrule.ops  # noqa: F401  enters the primitives in the registry
from chainrule.core.graph import Node
from chainrule.core.library import SciPyFunction
from chainrule.core.notation import Call
from chainrule.core.primitive import Primitive
from chainrule.core.registry import building, primitives
from chainrule.core.shapes import elementwise
from chainrule.read.arrays import Arithmetic, MisfitError

__all__ = [
    "METHODS", "Function", "functions", "indexed_function", "inverse_function", "logarithm_to", "qualified_function"
]  # fmt: skip

F = building

# Names in formulas of primitives that are named or written otherwise. A primitive whose notation is a call needs no
# row: it is read as it is written.
_OTHER_NAMES = {
    "ln": "log", "log": "log", "sgn": "sign", "sign": "sign", "abs": "abs", "pow": "power", "tg": "tan", "sqrt": "sqrt",
    "cbrt": "cbrt", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
    "atanh": "arctanh", "arsinh": "arcsinh", "arcosh": "arccosh", "artanh": "arctanh", "sigmoid": "expit",
    "sigma": "expit", "σ": "expit", "expit": "expit", "arctan2": "arctan2", "atan2": "arctan2", "lgamma": "gammaln",
    "Gamma": "gamma", "Γ": "gamma", "psi": "digamma", "ψ": "digamma",
}  # fmt: skip
_PI = Node(None, (), {"value": np.pi}, (), float, "pi")
_COMPOSED: dict[str, Callable[[Any], Any]] = {
    "cot": lambda x: F.divide(F.cos(x), F.sin(x)),
    "sec": lambda x: F.divide(1.0, F.cos(x)),
    "csc": lambda x: F.divide(1.0, F.sin(x)),
    "coth": lambda x: F.divide(F.cosh(x), F.sinh(x)),
    "csch": lambda x: F.divide(1.0, F.sinh(x)),
    "arccot": lambda x: F.subtract(F.divide(_PI, 2.0), F.arctan(x)),  # from 0 to pi
    "arcsec": lambda x: F.arccos(F.divide(1.0, x)),
    "arccsc": lambda x: F.arcsin(F.divide(1.0, x)),
}
_SPELLED = {"cotan": "cot", "ctg": "cot", "cosec": "csc", "arctg": "arctan", "acot": "arccot", "asec": "arcsec"}
_INVERSES = ("sin", "cos", "tan", "sinh", "cosh", "tanh", "cot", "sec", "csc")
_EXTREMA = {"max": "maximum", "min": "minimum", "maximum": "maximum", "minimum": "minimum"}
# By word: the primitive, and the options that it takes beside axis and keepdims, with what they are if not given.
_REDUCTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "sum": ("sum", {}), "mean": ("mean", {}), "prod": ("prod", {}), "logsumexp": ("logsumexp", {}),
    "var": ("var", {"ddof": 0}), "std": ("std", {"ddof": 0}), "norm": ("norm", {"ord": 2}),
}  # fmt: skip
_ALONG_AN_AXIS = ("softmax", "log_softmax")
_OF_MATRICES = {
    "tr": "trace", "trace": "trace", "det": "det", "inv": "inv", "chol": "cholesky", "cholesky": "cholesky",
    "logdet": "logabsdet", "logabsdet": "logabsdet", "solve": "solve",
}  # fmt: skip
_PRODUCTS = {"dot": "matmul", "matmul": "matmul", "outer": "outer", "transpose": "transposed"}
METHODS = ("sum", "mean", "prod", "var", "std", "max", "min", "dot", "trace", "transpose")
"""The functions that can stand behind their first operand, as in x.sum()."""

_LETTER_AND_DIGITS = re.compile(r"[a-z][0-9]+")
_INDEXED = re.compile(r"(\w+)_([0-9]{1,3})")
_LATEX_NAME = re.compile(r"\\operatorname\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Function:
    """A function that formulas can use.

    Attributes:
        name: as it was written.
        least: how many operands it needs.
        most: how many it takes at most; None for any number.
        build: builds it from the arithmetic of the formula, the operands and the options.
        options: the options that it takes.
    """

    name: str
    least: int
    most: int | None
    build: Callable[..., Node]
    options: tuple[str, ...] = ()


def functions() -> Mapping[str, Function]:
    """Every function by its names; made anew when an operation has been declared since."""
    return _functions(len(primitives()))


def indexed_function(word: str) -> Function | None:
    """The function of a family that the index of a name picks out: J_2, psi_1."""
    found = _INDEXED.fullmatch(word)
    if found is None:
        return None
    name, number = "psi" if found[1] == "ψ" else found[1], int(found[2])
    for primitive in primitives().values():
        layout = primitive.notation
        if isinstance(layout, Call) and layout.index and layout.name == name and number:
            build = partial(getattr(building, primitive.name), **{layout.index: number})
            return Function(word, 1, 1, _mapped(build))
    return None


def inverse_function(function: Function) -> Function | None:
    """What f^-1 is for a function f."""
    return functions().get(f"arc{function.name}") if function.name in _INVERSES else None


def logarithm_to(base: Node, word: str) -> Function:
    """The logarithm to a base: log_3 or log_b."""
    value = base.parameters.get("value") if base.is_constant else None
    if value in (2, 10):
        return replace(functions()[f"log{value:.0f}"], name=word)

    def build(arithmetic: Arithmetic, x: Node) -> Node:
        return arithmetic.divide(_logarithm(arithmetic, x), arithmetic.mapped(F.log, base))

    return Function(word, 1, 1, build)


def qualified_function(word: str) -> Function | None:
    """The function that np.word names: beside those of formulas, every function of numbers by its NumPy name."""
    found, known = functions().get(word), primitives()
    if found is None and word in known and known[word].shape is elementwise:
        return _of_numbers(word, known[word])
    return found


@lru_cache(maxsize=1)
def _functions(count: int) -> dict[str, Function]:
    known = primitives()
    made = {word: Function(word, 1, 1, _mapped(build)) for word, build in _COMPOSED.items()}
    for name, primitive in known.items():
        given = any(example.parameters for example in primitive.examples)  # formulas have no way to give them
        if isinstance(primitive.notation, Call) and primitive.shape is elementwise and not given:
            latex = _LATEX_NAME.fullmatch(primitive.notation.latex)
            for word in (name, primitive.notation.name or name, latex[1] if latex else name):
                if not _LETTER_AND_DIGITS.fullmatch(word):  # y1 is a variable; the Bessel function is Y_1
                    made[word] = _of_numbers(word, primitive)
    for word, name in _OTHER_NAMES.items():
        made[word] = _of_numbers(word, known[name])
    for word, name in _SPELLED.items():
        made[word] = replace(made[name], name=word)
    made["lg"] = replace(made["log10"], name="lg")
    for word in ("log", "ln"):
        made[word] = Function(word, 1, 1, _logarithm)
    for word, name in _EXTREMA.items():
        made[word] = _extremum(word, name)
    for word, (name, options) in _REDUCTIONS.items():
        made[word] = Function(word, 1, 1, _reduction(word, name, options), ("axis", "keepdims", *options))
    for word in _ALONG_AN_AXIS:
        made[word] = Function(word, 1, 1, _along(word), ("axis",))
    for word, name in _OF_MATRICES.items():
        count = 2 if word == "solve" else 1
        made[word] = Function(word, count, count, _of_matrix(word, name))
    for word, name in _PRODUCTS.items():
        count = 1 if word == "transpose" else 2
        made[word] = Function(word, count, count, _method(name))
    return made


def _of_numbers(word: str, primitive: Primitive) -> Function:
    count = _operands(primitive)
    return Function(word, count, count, _mapped(getattr(building, primitive.name)))


def _operands(primitive: Primitive) -> int:
    if isinstance(primitive.evaluate, (np.ufunc, SciPyFunction)):
        return primitive.evaluate.nin
    try:
        parameters = inspect.signature(primitive.evaluate).parameters.values()
    except ValueError:  # older versions of NumPy do not tell that of np.where
        return len(primitive.examples[0].operands)
    return sum(p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD) and p.default is p.empty for p in parameters)


def _mapped(build: Callable[..., Any]) -> Callable[..., Node]:
    return lambda arithmetic, *operands: arithmetic.mapped(build, *operands)


def _method(name: str) -> Callable[..., Node]:
    return lambda arithmetic, *operands: getattr(arithmetic, name)(*operands)


def _logarithm(arithmetic: Arithmetic, x: Node) -> Node:
    # log det S, log |det S|: of the logarithm of its size the derivative is the inverse, and it cannot overflow. No
    # more can ln Gamma(x).
    inner = x.operands[0] if x.primitive is not None and x.primitive.name == "abs" else x
    if inner.primitive is not None and inner.primitive.name == "det":
        return F.logabsdet(inner.operands[0])
    if inner.primitive is not None and inner.primitive.name == "gamma":
        return F.gammaln(inner.operands[0])
    return arithmetic.mapped(F.log, x)


def _extremum(word: str, name: str) -> Function:
    pairwise = getattr(building, name)
    reduced = _reduction(word, word, {}) if word in ("max", "min") else None

    def build(arithmetic: Arithmetic, first: Node, *others: Node, **options: Any) -> Node:
        if not others and reduced is not None:
            return reduced(arithmetic, first, **options)
        for other in others:
            first = arithmetic.mapped(pairwise, first, other)
        return first

    return Function(word, 1 if reduced else 2, None, build, ("axis", "keepdims") if reduced else ())


def _reduction(word: str, name: str, defaults: dict[str, Any]) -> Callable[..., Node]:
    def build(arithmetic: Arithmetic, x: Node, axis: Any = None, keepdims: Any = False, **options: Any) -> Node:
        if not x.shape:
            raise _of_a_number(word)
        return getattr(F, name)(x, axis=_axes(word, x, axis), keepdims=bool(keepdims), **{**defaults, **options})

    return build


def _along(name: str) -> Callable[..., Node]:
    def build(arithmetic: Arithmetic, x: Node, axis: Any = -1) -> Node:
        if not x.shape:
            raise _of_a_number(name)
        return arithmetic.mapped(lambda operand: getattr(F, name)(operand, axis=_axes(name, x, axis)), x)

    return build


def _of_a_number(word: str) -> MisfitError:
    if word in _EXTREMA:
        return MisfitError(f"{word} takes two numbers or more, or one array", f"{word}(x, y)", at_end=True)
    return MisfitError(f"{word} is a function of an array, and this is a number",
                       'a variable whose shape is declared, as in shapes="x: N"')  # fmt: skip


def _axes(word: str, x: Node, axis: Any) -> tuple[int, ...]:
    given = tuple(range(x.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(sorted(n + x.ndim if n < 0 else n for n in given))
    if any(not 0 <= n < x.ndim for n in axes) or len(set(axes)) < len(axes):
        raise MisfitError(f"axis={axis} does not fit {word} of an array with {x.ndim} axes", f"0 to {x.ndim - 1}")
    return axes


def _of_matrix(word: str, name: str) -> Callable[..., Node]:
    def build(arithmetic: Arithmetic, x: Node, *others: Node) -> Node:
        if x.ndim < 2 or x.shape[-1] != x.shape[-2]:
            raise MisfitError(f"{word} of {arithmetic.described(x)}", "a square matrix")
        if others and (not others[0].shape or others[0].shape[0 if others[0].ndim == 1 else -2] != x.shape[-1]):
            raise MisfitError(
                f"{word} of {arithmetic.described(x)} and {arithmetic.described(others[0])}",
                "a right-hand side that fits",
            )
        return getattr(F, name)(x, *others)

    return build
