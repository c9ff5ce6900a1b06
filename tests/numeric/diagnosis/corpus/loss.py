"""A loss with its right gradient, both written by hand, and the mistakes that one makes in writing it.

A mistake is an edit of the source of the right gradient: what stands there, and what stands there by mistake.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.numeric.diagnosis import Mistake

__all__ = ["Edit", "Loss", "edited", "entering"]


@dataclass(frozen=True)
class Edit:
    """In the source of the gradient `right` is replaced by `wrong`, once."""

    kind: Mistake
    right: str
    wrong: str


@dataclass(frozen=True)
class Loss:
    """A loss, its gradient with respect to the arguments at `argnums`, and a maker of arguments."""

    f: Callable[..., Any]
    df: Callable[..., Any]
    make: Callable[[np.random.Generator], tuple[Any, ...]]
    edits: Sequence[Edit]
    argnums: tuple[int, ...]

    @property
    def name(self) -> str:
        return self.f.__name__.replace("_", " ")

    def gradients(self, df: Callable[..., Any], args: Sequence[Any]) -> tuple[Any, ...]:
        """One array for each of the chosen arguments."""
        found = df(*args)
        return tuple(found) if len(self.argnums) > 1 else (found,)


def edited(loss: Loss, edit: Edit) -> Callable[..., Any]:
    """The gradient of a loss with the mistake in it."""
    source = textwrap.dedent(inspect.getsource(loss.df))
    assert source.count(edit.right) == 1, f"{loss.name}: {edit.right!r} occurs {source.count(edit.right)} times"
    namespace = dict(loss.df.__globals__)
    exec(compile(source.replace(edit.right, edit.wrong), f"<{loss.name}>", "exec"), namespace)
    return namespace[loss.df.__name__]


def entering(losses: list[Loss]) -> Callable[..., None]:
    """A function that enters a loss in a list."""

    def enter(
        f: Callable[..., Any],
        df: Callable[..., Any],
        make: Callable[[np.random.Generator], tuple[Any, ...]],
        *edits: tuple[Mistake, str, str],
        argnums: tuple[int, ...] = (0,),
    ) -> None:
        losses.append(Loss(f, df, make, tuple(Edit(*edit) for edit in edits), argnums))

    return enter
