"""Pictures of learning, each as a file: python examples/learning.py FOLDER

A line is learned from a hundred noisy points: the loss and the line after 200 steps, three learning rates side by side
with what is true of each, the losses of many rates, and the path of a descent, standing and as an animated GIF. Light
and dark, as SVG; `--format png` or `pdf` writes others. What each shows is printed, with its numbers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import chainrule as cr

random = np.random.RandomState(42)
x = 10 * random.rand(100)
X, y = np.column_stack([np.ones(100), x]), 3 * x + 2 + 2 * random.randn(100)
START = np.zeros(2)


def loss(w: np.ndarray) -> float:
    return np.mean((y - X @ w) ** 2)


run = cr.descend(loss, START, learning_rate=0.001, steps=200)
faster = cr.descend(loss, START, learning_rate=0.01, steps=200)
rates = cr.compare_learning_rates(loss, START, [0.00001, 0.001, 0.01], steps=200)
swept = cr.learning_rate_sweep(loss, START, steps=200)
optimizers = {"gd": 0.03, "momentum": 0.01, "nesterov": 0.01, "adam": 0.3}
raced = {name: cr.descend(loss, START, rate, 60, optimizer=name) for name, rate in optimizers.items()}
LINE = ("bias", "slope")

# The name of the file, and what draws it on a light or a dark page.
PICTURES: dict[str, Callable[[bool], Figure]] = {
    "loss_curve": lambda dark: cr.plot.loss_curve(run, dark=dark),
    "fit": lambda dark: cr.plot.fit(X, y, run, true=[2.0, 3.0], dark=dark),
    "learning_rates": lambda dark: cr.plot.learning_rates(rates, dark=dark),
    "sweep": lambda dark: cr.plot.sweep(swept, dark=dark),
    "descent": lambda dark: cr.plot.descent(faster, names=LINE, dark=dark),
    "race": lambda dark: cr.plot.race(raced, names=LINE, dark=dark),
    "spectrum": lambda dark: cr.plot.spectrum(cr.curvature(loss, START), dark=dark),
}


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description="Draw the pictures of learning.")
    parser.add_argument("folder", type=Path, help="where the files go; it is made if it is not there")
    parser.add_argument("--format", choices=["svg", "png", "pdf"], default="svg")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        for page in ("light", "dark"):
            figure = draw(page == "dark")
            cr.plot.save(figure, given.folder / f"{name}.{page}.{given.format}")
        print(f"{name}: {cr.plot.alt(figure)}")
    for page in ("light", "dark"):
        cr.plot.animate(faster, given.folder / f"descent.{page}.gif", names=LINE, dark=page == "dark")


if __name__ == "__main__":
    main()
