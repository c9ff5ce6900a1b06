"""Functions of SciPy that get a traced value: each is named in the error, with what stands for it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.interpolate
import scipy.linalg
import scipy.optimize
import scipy.special

import chainrule as cr
from chainrule.core.equivalents import equivalent, stands_for
from chainrule.errors import TraceError

A = np.array([[2.0, 1.0], [1.0, 3.0]])
CALLS: dict[str, tuple[Callable[..., Any], str]] = {
    "logsumexp": (lambda x: scipy.special.logsumexp(x), "use cr.special.logsumexp"),
    "softmax": (lambda x: scipy.special.softmax(x)[0], "use cr.special.softmax"),
    "log_softmax": (lambda x: scipy.special.log_softmax(x)[0], "use cr.special.log_softmax"),
    "multigammaln": (lambda x: scipy.special.multigammaln(x[0] + 4, 2), "use cr.special.multigammaln"),
    "polygamma": (lambda x: scipy.special.polygamma(1, x)[0], "use cr.special.polygamma"),
    "expm": (lambda x: scipy.linalg.expm(A * x[0])[0, 0], "use cr.special.expm"),
    "det": (lambda x: scipy.linalg.det(A * x[0]), r"use np\.linalg\.det"),
    "brentq": (lambda x: scipy.optimize.brentq(lambda t: t - x[0], -9.0, 9.0), "use cr.custom_root"),
    "minimize": (lambda x: scipy.optimize.minimize(lambda t: (t[0] - x[0]) ** 2, 0.0).x[0], "use cr.custom_minimum"),
    "odeint": (lambda x: scipy.integrate.odeint(lambda y, t: -y * x[0], 1.0, [0.0, 1.0])[1, 0], r"use cr\.odeint"),
    "quad": (lambda x: scipy.integrate.quad(lambda t: t * x[0], 0, 1)[0], r"let cr\.numeric_rule"),
    "CubicSpline": (lambda x: scipy.interpolate.CubicSpline(np.arange(3.0), x)(0.5), r"let cr\.numeric_rule"),
    "cosm": (lambda x: scipy.linalg.cosm([[x[0], 0.0], [0.0, 1.0]])[0, 0], r"let cr\.numeric_rule"),
}


@pytest.mark.parametrize("name", CALLS)
def test_the_function_and_the_line_are_named(name: str) -> None:
    call, instead = CALLS[name]

    def f(x: Any) -> Any:
        return np.sin(x[1]) * call(x)

    for way in (cr.grad, cr.graph):
        with pytest.raises(TraceError, match=instead) as caught:
            way(f, np.array([0.5, 1.5, 2.5])) if way is cr.graph else way(f)(np.array([0.5, 1.5, 2.5]))
        message = str(caught.value)
        assert f".{name} cannot be traced" in message
        assert "in test_scipy_calls.py, line" in message


def test_the_users_own_mistakes_are_left_alone() -> None:
    def mistaken(x: Any) -> Any:
        scipy.linalg.solve_triangular(np.ones((2, 3)), np.ones(2))
        return x

    with pytest.raises(ValueError, match="square matrix") as caught:
        cr.grad(mistaken)(1.0)
    assert not isinstance(caught.value, TraceError)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        cr.grad(lambda x: x.nothing)(1.0)


def test_a_name_that_is_bound_later_is_no_obstacle() -> None:
    def f(x: Any) -> Any:
        found = scipy.integrate.quad(lambda t: t * x if t > 2 else later, 0, 1)[0]
        later = 1.0
        return found + later

    with pytest.raises(NameError):
        cr.grad(f)(1.0)


def test_a_ufunc_of_scipy_without_an_equivalent_is_named() -> None:
    with pytest.raises(TraceError, match=r"scipy\.special\.ellipk is not known"):
        cr.grad(lambda x: scipy.special.ellipk(x))(0.5)
    other = np.frompyfunc(lambda x: x, 1, 1)
    with pytest.raises(TraceError, match="is not known"):
        cr.grad(lambda x: other(x))(0.5)


def test_numpy_names_of_scipy_are_followed() -> None:
    for name in ("exp2", "exp10", "expm1", "log1p", "cbrt"):
        function = getattr(scipy.special, name)
        slope = (function(0.7 + 1e-6) - function(0.7 - 1e-6)) / 2e-6
        assert cr.grad(lambda x, function=function: function(x))(0.7) == pytest.approx(slope, rel=1e-8)


def test_what_stands_for_what() -> None:
    found = equivalent("scipy.special.erf")
    assert found == ("cr.special.erf", cr.special.erf)
    assert equivalent("scipy.optimize.shgo") == ("cr.custom_minimum", cr.custom_minimum)
    assert equivalent("scipy.special.nothing") is None
    assert equivalent("scipy") is None

    @stands_for("scipy.special.one", "scipy.special.other")
    def mine() -> None:
        """Declared, but no public name."""

    assert mine.__stands_for__ == ("scipy.special.one", "scipy.special.other")  # type: ignore[attr-defined]
    assert equivalent("scipy.special.one") is None


def test_every_declared_path_exists_in_scipy() -> None:
    import importlib

    for name in cr.special.__all__:
        for path in getattr(getattr(cr.special, name), "__stands_for__", ()):
            module, _, function = path.rpartition(".")
            assert hasattr(importlib.import_module(module), function) or function == "softplus", path
