"""Every elementwise operation of the registry has a lowering, or a reason why it has none."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

import chainrule.ops  # noqa: F401  enters all primitives
from chainrule.core.registry import primitives
from chainrule.core.shapes import elementwise
from chainrule.kernels.lowering import can_lower
from chainrule.kernels.lowering.table import _table, lowering_of

OF_SCIPY = "a table of SciPy's, or a series with as many terms as the operand asks for"
LONG = "a sum of more than a hundred terms, which NumPy computes as fast"
BY_ORDER = "a recurrence of as many steps as the order, which only high derivatives ask for"
LEFT_OUT = {
    "j0": OF_SCIPY, "j1": OF_SCIPY, "jv": OF_SCIPY, "y0": OF_SCIPY, "y1": OF_SCIPY, "yv": OF_SCIPY, "i0": OF_SCIPY,
    "i1": OF_SCIPY, "iv": OF_SCIPY, "k0": OF_SCIPY, "k1": OF_SCIPY, "kv": OF_SCIPY, "i0e": OF_SCIPY, "i1e": OF_SCIPY,
    "ive": OF_SCIPY, "ive_slope": OF_SCIPY, "k0e": OF_SCIPY, "k1e": OF_SCIPY, "kve": OF_SCIPY, "kve_slope": OF_SCIPY,
    "betaln": OF_SCIPY, "beta": OF_SCIPY, "binom": OF_SCIPY, "log_beta_density": OF_SCIPY, "betainc": OF_SCIPY,
    "betaincc": OF_SCIPY, "betainc_moment": LONG, "stdtr": OF_SCIPY, "expi": OF_SCIPY, "exp1": OF_SCIPY,
    "erfcx_integral": LONG, "erfinv": OF_SCIPY, "erfcinv": OF_SCIPY, "ndtri": OF_SCIPY, "gammaln": OF_SCIPY,
    "loggamma": OF_SCIPY, "gamma": OF_SCIPY, "rgamma": OF_SCIPY, "gammasgn": OF_SCIPY, "poch": OF_SCIPY,
    "digamma": OF_SCIPY, "polygamma": OF_SCIPY, "polygamma_change": OF_SCIPY, "zeta": OF_SCIPY,
    "log_gamma_density": LONG, "gammainc": OF_SCIPY, "gammaincc": OF_SCIPY, "gammainc_moment": LONG,
    "gamma_tail": LONG, "log_gammainc": LONG, "log_gammaincc": LONG, "lambertw": OF_SCIPY, "expn": OF_SCIPY,
    "spence": OF_SCIPY, "log_quotient": OF_SCIPY, "hyp1f1": OF_SCIPY, "hyp2f1": OF_SCIPY,
    "sinc_derivative": BY_ORDER,
}  # fmt: skip
ELEMENTWISE = {p.name for p in primitives().values() if p.shape is elementwise}


def test_every_elementwise_operation_has_code_or_a_reason() -> None:
    assert set(_table) | set(LEFT_OUT) == ELEMENTWISE
    assert not set(_table) & set(LEFT_OUT)


@pytest.mark.parametrize("name", LEFT_OUT)
def test_what_has_no_code_is_refused(name: str) -> None:
    assert not can_lower(primitives()[name], [np.dtype(np.float64)], {})


def test_an_operation_of_the_users_that_has_a_name_of_ours_is_not_taken_for_it() -> None:
    mine = primitives()["exp"]
    own = type(mine)("exp", evaluate=np.sin, shape=elementwise, derivative=mine.derivative, module="my_module")
    assert lowering_of(own) is None
    assert not can_lower(own, [np.dtype(np.float64)], {})


def test_what_can_be_lowered_is_known_without_llvmlite() -> None:
    program = (
        "import sys; sys.modules['llvmlite'] = None\n"
        "import numpy as np, chainrule.ops\n"
        "from chainrule.core.registry import primitives\n"
        "from chainrule.kernels.lowering import can_lower\n"
        "assert can_lower(primitives()['exp'], [np.dtype(np.float64)], {})\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
