"""A function that only passes its arguments on is replaced by the call that it makes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from chainrule.emit.include import included_source
from chainrule.emit.wrappers import passed_on


def ordered(x: Any, axis: int) -> Any:
    return np.sort(x, axis=axis)


def joined(*arrays: Any, axis: int) -> Any:
    return np.concatenate(arrays, axis=axis)


def largest(x: Any, axis: int, keepdims: bool) -> Any:
    return np.argmax(x, axis=axis, keepdims=keepdims)


def of_slogdet(a: Any) -> Any:
    return np.linalg.slogdet(a)[1]


def rectified(x: Any) -> Any:
    return np.maximum(x, 0.0)


def sign_twice(x: Any) -> Any:
    return np.maximum(x, x)


def negated(x: Any) -> Any:
    return np.exp(-x)


def ignored(x: Any, axis: int) -> Any:
    return np.exp(x)


def two_lines(x: Any) -> Any:
    y = np.exp(x)
    return np.sin(y)


def builtin(x: Any) -> Any:
    return abs(x)


def nothing(x: Any) -> None:
    np.exp(x)


def real_or_complex(x: Any) -> Any:
    if np.iscomplexobj(x):
        return np.conj(x)
    y: Any = x
    return y


CALLS = [
    (ordered, ["v"], {"axis": 0}, "np.sort(v, axis=0)"),
    (ordered, ["v"], {"axis": -1}, "np.sort(v)"),
    (joined, ["a", "b + c"], {"axis": 1}, "np.concatenate([a, b + c], axis=1)"),
    (joined, ["a"], {"axis": 0}, "np.concatenate([a])"),
    (largest, ["v"], {"axis": 1, "keepdims": False}, "np.argmax(v, axis=1)"),
    (largest, ["v"], {"axis": 1, "keepdims": True}, "np.argmax(v, axis=1, keepdims=True)"),
    (of_slogdet, ["S @ S"], {}, "np.linalg.slogdet(S @ S)[1]"),
    (rectified, ["x - 1"], {}, "np.maximum(x - 1, 0.0)"),
]


@pytest.mark.parametrize(("function", "operands", "parameters", "text"), CALLS, ids=[row[3] for row in CALLS])
def test_the_call_that_it_makes(function: Any, operands: list[str], parameters: dict[str, Any], text: str) -> None:
    assert passed_on(function, operands, parameters) == text


@pytest.mark.parametrize(
    "function", [sign_twice, negated, ignored, two_lines, builtin, nothing, np.exp, real_or_complex]
)
def test_what_does_more_is_taken_along(function: Any) -> None:
    parameters = {"axis": 0} if function is ignored else {}
    assert passed_on(function, ["v"], parameters) is None


def test_a_function_without_text_is_taken_along() -> None:
    namespace: dict[str, Any] = {"np": np}
    exec("def typed(x):\n    return np.exp(x)\n", namespace)
    assert passed_on(namespace["typed"], ["v"], {}) is None


def test_a_branch_for_complex_numbers_is_left_out_of_code_for_real_ones() -> None:
    assert included_source(real_or_complex, True)[1]["real_or_complex"] == (
        "def real_or_complex(x):\n    y = x\n    return y\n"
    )
    assert "np.iscomplexobj(x)" in included_source(real_or_complex)[1]["real_or_complex"]
