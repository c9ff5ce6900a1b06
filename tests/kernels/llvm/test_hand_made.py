"""Hand-made programs as machine code."""

from __future__ import annotations

import numpy as np
import pytest
from emitted_programs import Run
from hand_made_kernels import CASES

from chainrule.kernels.llvm import emit


@pytest.mark.filterwarnings("ignore:Mean of empty slice")
@pytest.mark.parametrize("name", sorted(CASES))
@pytest.mark.parametrize("width", [16, 32, 64])
def test_machine_code_computes_what_numpy_does(name: str, width: int) -> None:
    case = CASES[name]()
    run = Run(case.program, width)
    random = np.random.default_rng(3)
    constant_rows = any(value.by_row for value, _ in case.program.constants)
    for rows in (200,) if constant_rows else (0, 1, 3, 63, 64, 65, 300, 1025):
        inputs = case.inputs(random, rows)
        with np.errstate(all="ignore"):
            expected = case.expected(*inputs)
        whole = run.whole(inputs, rows, 256)
        chunks = run.chunks(inputs, rows, 256)
        for got, again, want, axis in zip(whole, chunks, expected, case.program.output_axes, strict=True):
            assert got.tobytes() == again.tobytes()
            got = np.moveaxis(got, 0, axis) if axis and case.program.flat is None else got
            precise = 1e-5 if got.dtype == np.float32 else 1e-12
            np.testing.assert_allclose(got, want, rtol=precise, atol=precise)


def test_the_text_says_what_it_computes() -> None:
    text = emit(CASES["elementwise"]().program, 32).text
    lines = [line.strip() for line in text.splitlines()]
    assert "; map () by row: multiply, exp, multiply" in lines
    steps = ["; v1 = multiply(x, x)", "; v2 = exp(x)", "; out = multiply(v1, v2)"]
    assert [line for line in lines if line in steps] == 2 * steps  # whole vectors, and the last one
    assert 'define void @"section_0"' in text
    assert 'define void @"whole"' in text


def test_the_text_is_the_same_each_time() -> None:
    """The cache of compiled code finds it again by its text."""
    for case in CASES.values():
        assert emit(case().program, 32).text == emit(case().program, 32).text
