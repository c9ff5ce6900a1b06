"""Which primitives leave the ordinary kinds of derivative facts, and what every primitive does at its kinks."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from samples import samples_of

import chainrule as cr
from chainrule.calculus.products import jvp, vjp
from chainrule.core.derivative import Custom
from chainrule.core.domain import Kink
from chainrule.core.notation import Notation
from chainrule.core.packed import Decomposition
from chainrule.core.primitive import Primitive
from chainrule.core.registry import primitives
from chainrule.core.rule import Rule
from chainrule.core.shapes import elementwise

TABLE = primitives()

# Each entry with the escape hatch, and why no other kind fits, in a word of its declared reason.
CUSTOM = {
    # not holomorphic
    "real": "not holomorphic", "imag": "not holomorphic", "conj": "not holomorphic",
    "abs_complex": "not holomorphic", "angle": "not holomorphic",
    # every component depends on others
    "cumprod": "recurrence", "products_before": "recurrence", "prod_others": "symmetrically",
    "recurrence": "its own results", "softmax": "depend on each other", "log_softmax": "depend on each other",
    "sort": "order",
    # matrices
    "solve": "right-hand side only", "solve_triangular": "right-hand side only",
    "inv": "every entry of the matrix", "det": "cofactors",
    "logabsdet": "one number from a whole matrix", "log_det": "one number from a whole matrix",
    "cofactor": "second derivative of det",
    "cofactor_change": "third derivative", "cholesky": "the equation that it solves",
    "eigh": "its parts solve", "eigvalsh": "the values solve", "eig": "its parts solve", "eigvals": "the values solve",
    "svd": "its parts solve", "svdvals": "the values solve", "qr": "both factors solve",
    "basis_inverse": "every entry of the matrix", "value_changes": "eigenvalues of its blocks",
    "equal_weights": "checked where values are equal",
    "over_gaps": "differences of values", "over_sums": "differences of values", "over_values": "differences of values",
    "pinv": "the equations that it solves", "lstsq": "right-hand side only", "normal_solve": "right-hand side only",
    "unseen": "right-hand side only",
    "expm": "do not commute", "sqrtm": "do not commute", "logm": "do not commute",
    "expm_change": "in the change only",
    "sqrtm_change": "in the change only", "logm_change": "in the change only",
}  # fmt: skip
COMPLEX = {"real", "imag", "conj", "abs_complex", "angle"}


def test_every_custom_entry_is_listed_with_its_reason() -> None:
    found = {name: p.derivative.reason for name, p in TABLE.items() if isinstance(p.derivative, Custom)}
    assert set(found) == set(CUSTOM)
    for name, reason in found.items():
        assert CUSTOM[name] in reason, f"{name}: {reason}"


def test_every_custom_entry_has_both_modes() -> None:
    for name in CUSTOM:
        derivative = TABLE[name].derivative
        assert isinstance(derivative, Custom)
        assert derivative.jvp is not None, name
        assert derivative.vjp is not None, name


def test_no_function_of_one_real_variable_is_custom() -> None:
    """A function applied to each component has a partial, so its entry is `Elementwise` or `Constant`."""
    for name, p in TABLE.items():
        if p.shape is elementwise and isinstance(p.derivative, Custom):
            assert name in COMPLEX, name


@pytest.mark.parametrize("name", TABLE)
def test_every_entry_is_complete(name: str) -> None:
    entry = TABLE[name]
    assert isinstance(entry.rule, Rule), "the named rule that teaches the derivative"
    assert entry.rule.name
    assert entry.rule.statement
    assert isinstance(entry.notation, Notation)
    assert entry.module.startswith("chainrule.ops.")
    assert list(samples_of(entry)), "examples to try it on, for the tests and the documentation"
    for kink in entry.domain.kinks:
        assert kink.text
        assert "\n" not in kink.text


# --- kinks ------------------------------------------------------------------------------------------------------------

NAN, INF, EPS = np.nan, np.inf, np.finfo(float).eps
_SINGULAR = np.array([[1.0, 2.0], [2.0, 4.0]])
_ROWS = {"axis": (1,), "keepdims": False}

# For each primitive, in the order of its kinks: operands at the kink, parameters, and the documented derivative by each
# operand (of the sum of the results); None where an operand has none.
KINKS: dict[str, list[tuple[tuple[Any, ...], dict[str, Any], tuple[Any, ...]]]] = {
    "abs": [((0.0,), {}, (0.0,))],
    "abs_complex": [((0j,), {}, (0j,))],
    "angle": [((0j,), {}, (complex(NAN, NAN),)), ((-2 + 0j,), {}, (0.5j,))],
    "arccos": [((1.0,), {}, (-INF,))],
    "arccosh": [((1.0,), {}, (INF,))],
    "arcsin": [((-1.0,), {}, (INF,))],
    "arctan2": [((0.0, 0.0), {}, (0.0, 0.0)), ((0.0, -2.0), {}, (-0.5, 0.0))],
    "arctanh": [((1.0,), {}, (INF,))],
    "arg_extremum_so_far": [((np.array([2.0, 1.0, 2.0]),), {"axis": 0, "largest": True}, (np.zeros(3),))],
    "argpartition": [((np.array([2.0, 1.0, 2.0]),), {"axis": 0, "kth": (1,)}, (np.zeros(3),))],
    "beta": [((0.0, 2.0), {}, (-INF, NAN))],
    "betaln": [((0.0, 2.0), {}, (-INF, -0.0))],
    "cbrt": [((0.0,), {}, (INF,))],
    "ceil": [((2.0,), {}, (0.0,))],
    "clip": [((-1.0, -1.0, 2.0), {}, (0.5, 0.5, 0.0))],
    "copysign": [((0.0, 2.0), {}, (0.0, 0.0)), ((3.0, 0.0), {}, (1.0, 0.0))],
    "det_sign": [((_SINGULAR,), {}, (np.zeros((2, 2)),))],
    "digamma": [((0.0,), {}, (INF,))],
    "eigvalsh": [((np.eye(2),), {"UPLO": "L"}, (np.eye(2),))],
    "pinv": [((np.ones((2, 2)),), {"rcond": 1e-12}, (np.full((2, 2), -0.25),))],
    "lstsq": [((np.ones((2, 2)), np.ones((2, 1))), {"rcond": 1e-12}, (np.full((2, 2), -0.25), np.full((2, 1), 0.5)))],
    "svdvals": [((np.eye(2),), {}, (np.eye(2),)), ((np.diag([2.0, 0.0]),), {}, (np.diag([1.0, 0.0]),))],
    "divide": [((3.0, 0.0), {}, (INF, -INF))],
    "divide_no_nan": [((3.0, 0.0), {}, (0.0, 0.0))],
    "entr": [((0.0,), {}, (INF,))],
    "erfcinv": [((0.0,), {}, (-INF,))],
    "erfinv": [((1.0,), {}, (INF,))],
    "exp1": [((0.0,), {}, (-INF,))],
    "expi": [((0.0,), {}, (INF,))],
    "float_power": [((0.0, 0.5), {}, (INF, 0.0)), ((0.0, 0.0), {}, (0.0, -INF))],
    "floor": [((2.0,), {}, (0.0,))],
    "floor_divide": [((4.0, 2.0), {}, (0.0, 0.0))],
    "fmax": [((2.0, 2.0), {}, (0.5, 0.5))],
    "fmin": [((2.0, 2.0), {}, (0.5, 0.5))],
    "fmod": [((4.0, 2.0), {}, (1.0, -2.0))],
    "gamma": [((0.0,), {}, (-INF,))],
    "gammaln": [((0.0,), {}, (-INF,))],
    "rgamma": [((0.0,), {}, (NAN,))],
    "lambertw": [((-0.36787944117144233,), {"branch": 0}, (INF,))],
    "expn": [((0.0,), {"n": 1}, (-INF,))],
    "spence": [((0.0,), {}, (-INF,))],
    "heaviside": [((0.0, 0.5), {}, (0.0, 1.0))],
    "hypot": [((0.0, 0.0), {}, (0.0, 0.0))],
    "i0e": [((0.0,), {}, (0.0,))],
    "i1e": [((0.0,), {}, (0.5,))],
    "ive": [((0.0,), {"order": 2}, (0.0,))],
    "ive_slope": [((0.0,), {"order": 2, "times": 1}, (0.25,))],
    "k0": [((0.0,), {}, (-INF,))],
    "k0e": [((0.0,), {}, (-INF,))],
    "k1": [((0.0,), {}, (-INF,))],
    "k1e": [((0.0,), {}, (-INF,))],
    "kl_div": [((0.0, 2.0), {}, (-INF, 1.0))],
    "kv": [((0.0,), {"order": 2}, (-INF,))],
    "kve": [((0.0,), {"order": 2}, (-INF,))],
    "kve_slope": [((0.0,), {"order": 2, "times": 1}, (INF,))],
    "log": [((0.0,), {}, (INF,))],
    "log10": [((0.0,), {}, (INF,))],
    "log1p": [((-1.0,), {}, (INF,))],
    "log2": [((0.0,), {}, (INF,))],
    "loggamma": [((0.0,), {}, (-INF,))],
    "logit": [((0.0,), {}, (INF,))],
    "max": [((np.array([[1.0, 3.0, 3.0], [2.0, 0.0, 1.0]]),), _ROWS, (np.array([[0, 0.5, 0.5], [1, 0, 0]]),))],
    "maximum": [((2.0, 2.0), {}, (0.5, 0.5))],
    "min": [((np.array([[1.0, 1.0, 1.0], [2.0, 0.0, 1.0]]),), _ROWS, (np.array([[1 / 3] * 3, [0, 1, 0]]),))],
    "minimum": [((2.0, 2.0), {}, (0.5, 0.5))],
    "ndtri": [((0.0,), {}, (INF,))],
    "norm": [((np.array([[0.0, 0.0], [0.0, 5.0]]),), {**_ROWS, "ord": 2}, (np.array([[0.0, 0.0], [0.0, 1.0]]),))],
    "polygamma": [((0.0,), {"order": 1}, (-INF,))],
    "power": [((0.0, 0.5), {}, (INF, 0.0)), ((0.0, 0.0), {}, (0.0, -INF))],
    "reciprocal": [((0.0,), {}, (-INF,))],
    "rel_entr": [((0.0, 2.0), {}, (-INF, -0.0))],
    "relu": [((0.0,), {}, (0.0,))],
    "remainder": [((4.0, 2.0), {}, (1.0, -2.0))],
    "rint": [((2.5,), {}, (0.0,))],
    "sign": [((0.0,), {}, (0.0,))],
    "searchsorted": [((np.array([1.0, 2.0]), 2.0), {"side": "left"}, (np.zeros(2), 0.0))],
    "sort": [((np.array([2.0, 1.0, 2.0]),), {"axis": 0}, (np.ones(3),))],
    "sqrt": [((0.0,), {}, (INF,))],
    "std": [((np.array([[2.0, 2.0], [1.0, 3.0]]),), {**_ROWS, "ddof": 0}, (np.array([[0.0, 0.0], [-0.5, 0.5]]),))],
    "tan": [((np.pi / 2,), {}, (1 + np.square(np.tan(np.pi / 2)),))],
    "trunc": [((2.0,), {}, (0.0,))],
    "y0": [((0.0,), {}, (INF,))],
    "y1": [((0.0,), {}, (NAN,))],
    "yv": [((0.0,), {"order": 2}, (NAN,))],
    "log_gamma_density": [((2.0, 0.0), {}, (-INF, INF))],
    "gammainc": [((2.0, 0.0), {}, (0.0, 0.0))],
    "gammaincc": [((2.0, 0.0), {}, (-0.0, -0.0))],
    "log_gammainc": [((2.0, 0.0), {}, (NAN, INF))],
    "log_gammaincc": [((2.0, 0.0), {}, (0.0, 0.0))],
    "gammainc_moment": [((2.0, 0.0), {"order": 1}, (0.0, NAN))],
    "log_beta_density": [((2.0, 3.0, 0.0), {}, (-INF, 0.5833333333333335, INF))],
    "betainc": [((2.0, 3.0, 1.0), {}, (0.0, 0.0, 0.0))],
    "betaincc": [((2.0, 3.0, 1.0), {}, (-0.0, -0.0, -0.0))],
    "betainc_moment": [((2.0, 3.0, 1.0), {"m": 1, "n": 0}, (0.0, 0.0, 0.0))],
}

CASES = [
    pytest.param(TABLE[name], kink, *row, id=f"{name}-{i}")
    for name, rows in KINKS.items()
    for i, (kink, row) in enumerate(zip(TABLE[name].domain.kinks, rows, strict=True))
]
ELEMENTWISE = [case for case in CASES if case.values[0].shape is elementwise]
at_each_kink = pytest.mark.parametrize(("entry", "kink", "operands", "parameters", "documented"), CASES)


def test_every_primitive_with_kinks_has_a_point_at_each() -> None:
    assert set(KINKS) == {name for name, p in TABLE.items() if p.domain.kinks}


def assert_documented(entry: Primitive, got: Any, want: Any) -> None:
    """The very number; of a decomposition, which divides and multiplies by vectors that are rounded, within that."""
    rounding = 4 * EPS if isinstance(entry.derivative, Decomposition) else 0
    np.testing.assert_allclose(got, want, rtol=rounding, atol=rounding)


@at_each_kink
def test_the_derivative_at_a_kink_is_the_documented_value(
    entry: Primitive, kink: Kink, operands: Any, parameters: Any, documented: Any
) -> None:
    values = [np.asarray(x)[()] for x in operands]
    with np.errstate(all="ignore"):
        out = entry(*values, **parameters)
        assert np.any(kink.where(out, *values, **parameters))
        _, pullback = vjp(lambda *xs: entry(*xs, **parameters), *values)
        found = pullback(np.ones_like(out))
    for got, want in zip(found, documented, strict=True):
        assert_documented(entry, got, want)


@pytest.mark.parametrize(("entry", "kink", "operands", "parameters", "documented"), ELEMENTWISE)
def test_arrays_of_kinks(entry: Primitive, kink: Kink, operands: Any, parameters: Any, documented: Any) -> None:
    """Each component has the derivative of one number, at every size; an empty array has an empty one."""
    for shape in ((), (1,), (3,), (2, 0), (1, 3)):
        values = [np.full(shape, x)[()] for x in operands]
        with np.errstate(all="ignore"):
            _, pullback = vjp(lambda *xs: entry(*xs, **parameters), *values)
            found = pullback(np.ones_like(entry(*values, **parameters)))
        for got, want in zip(found, documented, strict=True):
            np.testing.assert_array_equal(got, np.full(shape, want))


@at_each_kink
def test_forward_mode_takes_the_same_value(
    entry: Primitive, kink: Kink, operands: Any, parameters: Any, documented: Any
) -> None:
    values = [np.asarray(x)[()] for x in operands]
    for i, want in enumerate(documented):
        one = lambda x, i=i: entry(*values[:i], x, *values[i + 1 :], **parameters)
        with np.errstate(all="ignore"):
            _, tangent = jvp(one, (values[i],), (np.ones_like(values[i]),))
        if np.isrealobj(tangent) and np.iscomplexobj(want):
            want = np.real(want)  # a real result changes by Re(g dz)
        assert_documented(entry, np.sum(tangent), np.sum(want))


@at_each_kink
def test_strict_names_the_kink(entry: Primitive, kink: Kink, operands: Any, parameters: Any, documented: Any) -> None:
    values = [np.asarray(x)[()] for x in operands]
    with np.errstate(all="ignore"), cr.strict():
        out, pullback = vjp(lambda *xs: entry(*xs, **parameters), *values)
        with pytest.raises(cr.KinkError) as caught:
            pullback(np.ones_like(out))
    assert entry.name in str(caught.value)
    assert any(k.text in str(caught.value) for k in entry.domain.kinks)


# --- empty arrays and axes of size 1 ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["sum", "prod", "mean", "var", "std", "logsumexp", "norm", "max", "min"])
@pytest.mark.parametrize("keepdims", [False, True])
def test_reductions_of_one_component(name: str, keepdims: bool) -> None:
    """Over an axis of size 1 a reduction is the component itself, or has no spread."""
    given = {"var": {"ddof": 0}, "std": {"ddof": 0}, "norm": {"ord": 2}}.get(name, {})
    x = np.array([[2.0], [3.0]])
    want = 0.0 if name in ("var", "std") else 1.0
    _, pullback = vjp(lambda x: TABLE[name](x, axis=(1,), keepdims=keepdims, **given), x)
    (back,) = pullback(np.ones((2, 1) if keepdims else 2))
    np.testing.assert_array_equal(back, np.full((2, 1), want))


@pytest.mark.parametrize("f", [np.sum, np.prod], ids=["sum", "prod"])
def test_reductions_of_nothing(f: Any) -> None:
    value, gradient = cr.value_and_grad(f)(np.zeros((0, 3)))
    assert value == f(np.zeros(0))
    assert gradient.shape == (0, 3)


@pytest.mark.parametrize("f", [np.max, np.min], ids=["max", "min"])
def test_the_extremum_of_nothing_raises(f: Any) -> None:
    with pytest.raises(ValueError, match="there is nothing in them"):
        cr.grad(f)(np.zeros(0))
