"""Gradients held to a size before a step is made of them: frozen records.

>>> import chainrule as cr
>>> cr.descend("x^4", 10.0, 0.1, steps=1, clip=cr.clipping.by_norm(5.0)).parameters
np.float64(9.5)
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from chainrule.errors import ArgumentError
from chainrule.learn.fields import positive

__all__ = ["Clip", "by_norm", "by_value"]


@dataclass(frozen=True, slots=True)
class Clip(ABC):
    """A limit on the gradient of a step.

    >>> import chainrule as cr
    >>> isinstance(cr.clipping.by_norm(1.0), cr.clipping.Clip)
    True
    """

    @abstractmethod
    def __call__(self, gradients: Sequence[Any], norm: float) -> Sequence[Any]:
        """The gradients of all parameters within the limit, given their common Euclidean norm."""


@final
@dataclass(frozen=True, slots=True)
class by_norm(Clip):
    """The whole gradient is shortened to a Euclidean norm, and keeps its direction.

    Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of training recurrent neural networks", ICML 2013.

    Attributes:
        most: the largest norm, over all parameters together; positive.

    >>> import numpy as np, chainrule as cr
    >>> cr.clipping.by_norm(1.0)([np.array([3.0, 4.0])], 5.0)
    [array([0.6, 0.8])]
    """

    most: float

    def __post_init__(self) -> None:
        positive(self, "most")

    def __call__(self, gradients: Sequence[Any], norm: float) -> Sequence[Any]:
        return [gradient * (self.most / norm) for gradient in gradients] if norm > self.most else gradients


@final
@dataclass(frozen=True, slots=True)
class by_value(Clip):
    """Each component is cut off by itself, which turns the gradient towards a diagonal; a complex one by magnitude.

    Attributes:
        most: the largest magnitude of a component, positive.

    >>> import numpy as np, chainrule as cr
    >>> cr.clipping.by_value(1.0)([np.array([3.0, -0.5])], 3.04)
    [array([ 1. , -0.5])]
    """

    most: float

    def __post_init__(self) -> None:
        positive(self, "most")

    def __call__(self, gradients: Sequence[Any], norm: float) -> Sequence[Any]:
        return [self._cut(gradient) for gradient in gradients] if norm > self.most else gradients

    def _cut(self, gradient: Any) -> Any:
        if gradient.dtype.kind == "c":
            return gradient * (self.most / np.maximum(np.abs(gradient), self.most))
        return np.clip(gradient, -self.most, self.most)


def as_clip(clip: Any) -> Clip | None:
    """A limit as it is, a number as the largest norm; raises `ArgumentError` for what is neither."""
    if clip is None or isinstance(clip, Clip):
        return clip
    if isinstance(clip, bool) or not isinstance(clip, int | float | np.number):
        raise ArgumentError(
            f"clip is {clip!r:.60}, expected the largest norm of a gradient, or one of chainrule.clipping such as "
            "by_value(1.0)"
        )
    return by_norm(clip)  # type: ignore[arg-type]  # the record says what it takes
