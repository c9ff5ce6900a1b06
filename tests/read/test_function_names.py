"""How many operands a function of formulas has."""

from __future__ import annotations

import inspect
from dataclasses import replace

import numpy as np
import pytest

from chainrule.core.registry import primitives
from chainrule.read.functions import _operands


def test_a_function_that_does_not_tell_its_signature_has_the_operands_of_its_example(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(function: object) -> None:
        raise ValueError("no signature found")

    monkeypatch.setattr(inspect, "signature", refuse)
    assert _operands(primitives()["where"]) == 3
    assert _operands(replace(primitives()["where"], evaluate=np.sin)) == 1
