"""Functions of SciPy in entries: imported when called, and the error where SciPy is not installed."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import scipy.special

import chainrule as cr
from chainrule.core.library import SciPyFunction
from chainrule.core.registry import evaluating
from chainrule.errors import ArgumentError, MissingExtraError


def test_it_is_the_function_of_scipy() -> None:
    bessel = SciPyFunction("scipy.special.jv", 1, ("order",))
    for _ in range(2):  # the second time it is known
        assert bessel(2.5, order=2) == scipy.special.jv(2, 2.5)
    assert repr(bessel) == "<scipy.special.jv>"
    assert (bessel.__name__, bessel.module, bessel.nin) == ("jv", "scipy.special", 1)


def test_without_scipy_the_error_is_the_install_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "scipy.special", None)
    gamma = SciPyFunction("scipy.special.gamma", 1)
    with pytest.raises(MissingExtraError, match=r'gamma is computed by SciPy.*pip install "chainrule\[special\]"'):
        gamma(2.0)
    monkeypatch.undo()
    assert gamma(4.0) == 6


def test_complex_numbers_where_scipy_has_real_ones_only() -> None:
    zeta = SciPyFunction("scipy.special.zeta", 1, ("s",))
    with pytest.raises(ArgumentError, match=r"scipy\.special\.zeta takes real numbers only: SciPy has no complex zeta"):
        zeta(1j, s=2)
    with pytest.raises(TypeError, match="not supported for the input types"):
        zeta("text", s=2)


def test_scipy_is_imported_only_when_a_function_of_it_is_called() -> None:
    program = (
        "import sys, chainrule as cr\n"
        "from chainrule import special\n"
        "from chainrule.core.registry import evaluating\n"
        "cr.grad(special.erf)(1.0)\n"
        "assert not any(name.startswith('scipy') for name in sys.modules)\n"
        "assert cr.grad(evaluating.gammaln)(1.5) < 0.04\n"
        "assert 'scipy.special' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_emitted_source_imports_scipy_where_the_function_needs_it() -> None:
    F = evaluating

    def both(x):
        return np.sum(F.gammaln(x) * F.jv(x, order=2))

    text = cr.source(both, np.array([1.5, 2.5]))
    assert text.startswith("import numpy as np\nimport scipy.special\n\n\ndef ")
    assert "scipy.special.gammaln(x)" in text
    assert "scipy.special.jv(2, x)" in text
    assert "scipy.special.jv(3, x)" in text
    assert "scipy" not in cr.source(lambda x: np.sum(F.erfcx(x)), np.ones(2))
    through = cr.source(lambda x: np.sum(F.digamma(x)), np.ones(2))
    assert "_zeta = scipy.special.zeta" in through


def test_a_variable_named_scipy_keeps_clear_of_the_module() -> None:
    F = evaluating

    def f(scipy):
        return F.gammaln(scipy)

    assert "scipy.special.digamma(scipy_)" in cr.source(f, 2.0)
