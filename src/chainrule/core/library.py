"""Functions of SciPy in entries of the registry: SciPy is optional, and is imported when one is first called."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import ArgumentError, MissingExtraError

__all__ = ["SciPyFunction"]


class SciPyFunction:
    """A function of SciPy by its path; calling it imports SciPy.

    Attributes:
        path: where it is found: "scipy.special.gammaln".
        nin: how many operands it takes, as for a ufunc.
        leading: the static parameters that SciPy takes before the operands.

    >>> SciPyFunction("scipy.special.gammaln", 1)(3.0).round(3)
    np.float64(0.693)
    """

    __slots__ = ("__name__", "_function", "leading", "nin", "path")

    def __init__(self, path: str, nin: int, leading: Sequence[str] = ()) -> None:
        self.path = path
        self.nin = nin
        self.leading = tuple(leading)
        self.__name__ = path.rpartition(".")[2]
        self._function: Callable[..., Any] | None = None

    @property
    def module(self) -> str:
        return self.path.rpartition(".")[0]

    def __call__(self, *operands: Any, **parameters: Any) -> Any:
        function = self._function or self._loaded()
        first = [parameters.pop(name) for name in self.leading]
        try:
            return function(*first, *operands, **parameters)
        except TypeError:
            if any(np.iscomplexobj(x) for x in operands):
                raise ArgumentError(
                    f"{self.path} takes real numbers only: SciPy has no complex {self.__name__}"
                ) from None
            raise

    def _loaded(self) -> Callable[..., Any]:
        try:
            function: Callable[..., Any] = getattr(importlib.import_module(self.module), self.__name__)
        except ImportError:
            raise MissingExtraError(
                f'{self.__name__} is computed by SciPy, which is not installed: pip install "chainrule[special]"'
            ) from None
        self._function = function
        return function

    def __repr__(self) -> str:
        return f"<{self.path}>"
