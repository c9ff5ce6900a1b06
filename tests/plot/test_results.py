"""A picture of a result that is given something else says what it expected."""

from __future__ import annotations

import pytest

import chainrule as cr
from chainrule.errors import ArgumentError

MAKERS = {
    "loss_curve": "descend",
    "descent": "descend",
    "animate": "descend",
    "race": "descend",
    "spectrum": "curvature",
    "learning_rates": "compare_learning_rates",
    "sweep": "learning_rate_sweep",
}


@pytest.mark.parametrize("given", [None, 3.0, "x^2", [1.0, 2.0]], ids=repr)
@pytest.mark.parametrize("name", MAKERS)
def test_what_is_no_result_is_refused(name, given):
    with pytest.raises(ArgumentError, match=f"expected what chainrule.{MAKERS[name]} returned, not"):
        getattr(cr.plot, name)(given)
