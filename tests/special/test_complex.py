"""Special functions of complex arguments: those that SciPy takes have mpmath's derivatives, others are refused."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest
import scipy.special
from numpy_calls import calls_of, complex_verdict, public_functions

import chainrule as cr
from chainrule.core.registry import primitives
from chainrule.errors import ArgumentError

special = cr.special
Z = (1.5 + 0.5j, -0.3 + 2.0j, -2.2 - 3.0j, 0.1 - 0.2j, 1.2 + 7.0j)
HOLOMORPHIC: dict[str, Any] = {
    "gamma": mp.gamma,
    "loggamma": mp.loggamma,
    "digamma": mp.digamma,
    "erf": mp.erf,
    "erfc": mp.erfc,
    "erfcx": lambda z: mp.exp(z * z) * mp.erfc(z),
    "ndtr": lambda z: mp.erfc(-z / mp.sqrt(2)) / 2,
    "log_ndtr": lambda z: mp.log(mp.erfc(-z / mp.sqrt(2)) / 2),
    "expi": mp.ei,
    "exp1": mp.e1,
    "expit": lambda z: 1 / (1 + mp.exp(-z)),
    "gelu": lambda z: z * mp.erfc(-z / mp.sqrt(2)) / 2,
}
FOLLOWED = [(name, f) for name, f in public_functions() if name.startswith("scipy.")]


def along(f: Any, z: complex) -> Any:
    return cr.jvp(f, (np.complex128(z),), (np.complex128(1),))[1]


@pytest.mark.parametrize("name", HOLOMORPHIC)
@pytest.mark.parametrize("z", Z)
def test_derivatives_are_those_of_mpmath(name: str, z: complex) -> None:
    function, exact = getattr(special, name), HOLOMORPHIC[name]
    with mp.workdps(60):
        first, second = (complex(mp.diff(exact, mp.mpc(z), n)) for n in (1, 2))
    assert complex(along(function, z)) == pytest.approx(first, rel=1e-12)
    assert complex(along(lambda t: slope(function, t), z)) == pytest.approx(second, rel=1e-10)


def slope(function: Any, z: Any) -> Any:
    return cr.jvp(function, (z,), (np.complex128(1),))[1]


@pytest.mark.parametrize(("name", "function"), FOLLOWED, ids=[name for name, _ in FOLLOWED])
@pytest.mark.filterwarnings("ignore")
def test_what_scipy_takes_is_taken(name: str, function: Any) -> None:
    """No name of SciPy's is refused for a complex argument that SciPy itself takes."""
    assert complex_verdict(calls_of(name, function))[0] != "no"


@pytest.mark.parametrize("n", [1, 2, 4])
@pytest.mark.parametrize("z", [*Z, -70.4 + 0.3j, -66.0 + 1e-6j, 1e-7j, 3.0 - 1e3j, -90 - 400j])
def test_polygamma_functions(n: int, z: complex) -> None:
    with mp.workdps(60):
        want = complex(mp.psi(n, mp.mpc(z)))
    assert complex(special.polygamma(n, z)) == pytest.approx(want, rel=1e-9 if z.real < -64 else 1e-13)
    assert special.polygamma(n, np.complex64(z)).dtype == np.complex64


@pytest.mark.parametrize("z", [0.4 + 0.2j, 3 - 2j, 6 + 2j, 8 + 1j, 1e5j, -3 + 1j, -2 - 9j, -5 + 4.9j, 20 + 300j])
def test_the_scaled_error_function_has_a_second_derivative(z: complex) -> None:
    with mp.workdps(200 if abs(z) < 100 else 60):
        t = mp.mpc(z)
        value = mp.exp(t * t) * mp.erfc(t)
        first = 2 * t * value - 2 / mp.sqrt(mp.pi)
        second = complex(2 * value + 2 * t * first)
    assert complex(along(lambda t: slope(special.erfcx, t), z)) == pytest.approx(second, rel=2e-11)


def test_a_scaled_bessel_function_is_not_holomorphic() -> None:
    """exp(-|Re z|): its derivative is that of a function of the real and the imaginary part."""
    z, direction = np.complex128(1.3 - 0.4j), np.complex128(0.6 + 0.8j)
    np.testing.assert_allclose(special.ive(1.5, z), scipy.special.ive(1.5, z), rtol=1e-14)
    _, change = cr.jvp(lambda t: special.ive(1.5, t), (z,), (direction,))
    h = 1e-5
    want = (scipy.special.ive(1.5, z + h * direction) - scipy.special.ive(1.5, z - h * direction)) / (2 * h)
    np.testing.assert_allclose(change, want, rtol=1e-9)


@pytest.mark.parametrize(
    "name", ["gammaln", "betaln", "j0", "i0e", "entr", "erfinv", "ndtri", "gammainc", "relu", "softplus", "log_expit"]
)
def test_what_scipy_does_not_take_is_refused(name: str) -> None:
    z = np.array(Z)
    with pytest.raises(ArgumentError, match="real numbers, not complex ones"):
        getattr(special, name)(*[z] * (2 if name in ("betaln", "gammainc") else 1))


def test_source_of_real_functions_does_without_scipy() -> None:
    assert "scipy" not in cr.source(lambda x: special.erf(x) * special.erfcx(x), 0.5)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_the_lambert_function_of_a_complex_number_keeps_its_dtype(dtype: type) -> None:
    z = dtype(1 + 2j)
    w = primitives()["lambertw"].evaluate(z, branch=0)
    assert w.dtype == dtype
    np.testing.assert_allclose(w * np.exp(w), z, rtol=1e-6)
