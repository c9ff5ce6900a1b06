"""The records of a descent: where it ended, what it went through, and why it stopped."""

from __future__ import annotations

from dataclasses import InitVar, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.calculus.containers import flatten
from chainrule.learn.clipping import Clip
from chainrule.learn.coordinates import Coordinates
from chainrule.learn.ending import Ending, How
from chainrule.learn.optimizers.optimizer import Optimizer
from chainrule.learn.problem import Problem, measure
from chainrule.numeric.probe import quiet

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from chainrule.learn.verdict import Verdict

__all__ = ["Descent", "History"]


# Without slots: the iterates are taken apart when they are first asked for.
@dataclass(frozen=True, eq=False, repr=False)
class History:
    """What a descent went through.

    Attributes:
        loss: the loss before each step, shape (steps,); with mini-batches, that of the step's batch.
        learning_rate: the rate of each step, shape (steps,); NaN where a line search finds the length of steps.
        gradient_norm: the Euclidean norm of the gradient before each step, shape (steps,).
    """

    loss: NDArray[np.float64]
    learning_rate: NDArray[np.float64]
    gradient_norm: NDArray[np.float64]
    path: InitVar[Callable[[], Sequence[tuple[int, Any]]]]

    def __post_init__(self, path: Callable[[], Sequence[tuple[int, Any]]]) -> None:
        self.__dict__["_take_path"] = path

    @cached_property
    def _path(self) -> Sequence[tuple[int, Any]]:
        take: Callable[[], Sequence[tuple[int, Any]]] = self.__dict__["_take_path"]
        return take()

    @cached_property
    def parameters(self) -> tuple[Any, ...]:
        """The iterates in the form of `start`, beginning with the start itself.

        While they fit into the memory that `keep_history` grants, there is one before each step and one after the last;
        beyond that, every second, fourth, ... is kept, and none if two do not fit.
        """
        return tuple([parameters for _, parameters in self._path])

    @cached_property
    def steps(self) -> tuple[int, ...]:
        """How many steps lie before each of the kept iterates."""
        return tuple([step for step, _ in self._path])

    def __getstate__(self) -> dict[str, Any]:
        return {"_path": self._path, **{name: value for name, value in self.__dict__.items() if name != "_take_path"}}

    def __repr__(self) -> str:
        return f"History(loss of {len(self.loss)} steps, {len(self.parameters)} iterates)"


# Without slots: the verdict is found when it is first asked for, and kept.
@dataclass(frozen=True, eq=False)
class Descent:
    """A run of gradient descent; readable when printed.

    Attributes:
        parameters: the parameters reached, in the form of `start`.
        history: the loss, the learning rate and the gradient's norm before each step, and the iterates.
        steps: how many steps were made.
        asked: how many steps were asked for.
        ending: how it ended.
        optimizer: the rule that made the steps, with its hyperparameters.
        learning_rate: the rate that was asked for, or its schedule; None where a line search finds the length of steps.
        clip: the limit on gradients; None where there was none.
        problem: what was minimised; None after a run was pickled, which keeps its verdict but not its data.

    >>> import chainrule as cr
    >>> run = cr.descend(lambda w: (w - 3.0) ** 2, 0.0, learning_rate=0.5, steps=4)
    >>> run.parameters, run.final_loss, run.steps, run.diverged
    (np.float64(3.0), 0.0, 4, False)
    """

    parameters: Any
    history: History
    steps: int
    asked: int
    ending: Ending = field(repr=False)
    optimizer: Optimizer
    learning_rate: float | Callable[[int], float] | None
    clip: Clip | None
    problem: Problem = field(repr=False)
    final: InitVar[tuple[float, float] | None] = None

    def __post_init__(self, final: tuple[float, float] | None) -> None:
        if final is not None:
            self.__dict__["_final"] = final

    @cached_property
    def _final(self) -> tuple[float, float]:
        with quiet():
            leaves = self.problem.flatten(self.parameters)
            value, slopes = self.problem.evaluate(leaves)
            return value, measure(value, slopes, leaves, self.problem.paths)[0]

    @cached_property
    def batches(self) -> int:
        """How many mini-batches a pass over the data takes; 0 where every step takes all rows."""
        return 0 if self.problem.batches is None else self.problem.batches.per_epoch

    def __getstate__(self) -> dict[str, Any]:
        # A loss is a function, which cannot be pickled; what is still to be learnt from it is found before.
        return {
            **self.__dict__,
            "_final": self._final,
            "verdict": self.verdict,
            "batches": self.batches,
            "problem": None,
        }

    @property
    def final_loss(self) -> float:
        """The loss at `parameters`, over all data; after an interrupt among mini-batches found when first asked for."""
        return self._final[0]

    @property
    def gradient_norm(self) -> float:
        """The Euclidean norm of the gradient at `parameters`, over all data."""
        return self._final[1]

    @property
    def coordinates(self) -> Coordinates:
        """How the parameters become a vector of real numbers, each with its name, such as "w[0]"."""
        return Coordinates(self.parameters, "parameters")

    @property
    def stopped(self) -> str:
        """Why it ended: "steps done", "interrupted", "diverged: ..." with the place, or what a criterion said."""
        return self.ending.text

    @property
    def diverged(self) -> bool:
        """Whether it ended because a number was no longer finite."""
        return self.ending.how is How.NOT_FINITE

    @property
    def interrupted(self) -> bool:
        """Whether it ended by Ctrl-C."""
        return self.ending.how is How.INTERRUPTED

    @cached_property
    def verdict(self) -> Verdict:
        """What happened and why, judged from measurements that are made when it is first asked for."""
        from chainrule.learn.verdict import judge

        return judge(self)

    def plot(self, *, scale: str | None = None, ax: Axes | None = None, dark: bool = False) -> Figure:
        """The loss against the step, as `chainrule.plot.loss_curve` draws it.

        The path is drawn by `chainrule.plot.descent`, and as a GIF by `chainrule.plot.animate`.

        Args:
            scale: "linear" or "log"; None takes the one that fits.
            ax: the axes to draw on; else a new figure.
            dark: for a dark page.

        Raises:
            MissingExtraError: the extra `plot` is not installed.
        """
        from chainrule.plot.loss_curve import loss_curve

        return loss_curve(self, scale=scale, ax=ax, dark=dark)

    def __str__(self) -> str:
        before = float(self.history.loss[0]) if self.steps else self.final_loss
        name = "gradient descent" if self.optimizer.name == "gd" else self.optimizer.name
        lines = [f"{name}, {self.steps:,} step{'' if self.steps == 1 else 's'}: {self.stopped}"]
        lines.append(f"  loss       {before:.6g} before, {self.final_loss:.6g} after")
        for path, leaf in flatten(self.parameters, "parameters")[0]:
            shown = np.array2string(np.asarray(leaf), precision=6, threshold=8, edgeitems=3, separator=", ")
            shape = f" of shape {np.shape(leaf)}" if np.size(leaf) > 8 else ""
            lines.append(f"  {path.removeprefix('parameters.')}{shape} = {' '.join(shown.split())}")
        return "\n".join([*lines, f"  {self.verdict}"])
