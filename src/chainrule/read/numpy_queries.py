"""NumPy's questions about an array that have a plain answer: its number of axes, its shape, its dtype."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from chainrule.core.protocol import answers
from chainrule.core.traced import plain_value
from chainrule.read.arguments import axes_of

__all__: list[str] = []


@answers(np.ndim)
def _ndim(a: Any) -> int:
    return a.ndim


@answers(np.shape)
def _shape(a: Any) -> tuple[int, ...]:
    return a.shape


@answers(np.size)
def _size(a: Any, axis: Any = None) -> int:
    if axis is None:
        return a.size
    count = 1
    for i in axes_of(a.ndim, axis):
        count *= a.shape[i]
    return count


def _of_values(function: Callable[..., Any]) -> Callable[..., Any]:
    """The answer that NumPy gives to the values behind traced arguments."""

    def answer(*arguments: Any, **options: Any) -> Any:
        return function(*(plain_value(argument) for argument in arguments), **options)

    return answer


for _function in (
    np.result_type,
    np.can_cast,
    np.min_scalar_type,
    np.common_type,
    np.may_share_memory,
    np.shares_memory,
    np.array_repr,
    np.array_str,
    np.array2string,
):
    answers(_function)(_of_values(_function))


@answers(np.einsum_path)
def _einsum_path(*operands: Any, **options: Any) -> Any:
    return np.einsum_path(*(plain_value(operand) for operand in operands), **options)


def _of_shape(function: Callable[..., Any]) -> Callable[..., Any]:
    """The answer that NumPy gives to any array of the same shape."""
    return lambda arr, *arguments: function(np.empty(arr.shape), *arguments)


for _indices in (np.diag_indices_from, np.tril_indices_from, np.triu_indices_from):
    answers(_indices)(_of_shape(_indices))
