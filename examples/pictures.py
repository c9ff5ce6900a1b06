"""Pictures of what a derivative is, each as a file: python examples/pictures.py FOLDER

Light and dark, as SVG; `--format png` or `pdf` writes others. What each shows is printed, with its numbers.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from matplotlib.figure import Figure

import chainrule as cr

# The name of the file, and what draws it on a light or a dark page.
PICTURES: dict[str, Callable[[bool], Figure]] = {
    # 30 miles in half an hour are 60 mph; over shorter and shorter times the average becomes the speed at t = 0.5.
    "average_speed": lambda dark: cr.plot.secants("40t + 40t^2", at=0.5, steps=[-0.5, -0.25, -0.1], dark=dark),
    "secants": lambda dark: cr.plot.secants("x^2", at=1, steps=[2, 1, 0.5, 0.1], dark=dark),
    "tangents_of_a_cubic": lambda dark: cr.plot.tangent("-x^3 + 3x", at=[-1.2, 1, 2], dark=dark),
    "tangents_of_a_parabola": lambda dark: cr.plot.tangent("x^2", at=[-2, 0, 2], dark=dark),
    "sigmoid": lambda dark: cr.plot.derivative("1/(1 + e^-x)", between=(-6, 6), dark=dark),
    "gradient_field": lambda dark: cr.plot.gradient_field("x^2 + y^2", dark=dark),
    # Where the contours are no circles, steepest descent does not lead straight to the minimum.
    "gradient_field_of_a_valley": lambda dark: cr.plot.gradient_field("x^2 + 10y^2", dark=dark),
    "bowl": lambda dark: cr.plot.surface("x^2 + y^2", dark=dark),
}


def main() -> None:
    """Draw all of them."""
    parser = argparse.ArgumentParser(description="Draw the pictures of what a derivative is.")
    parser.add_argument("folder", type=Path, help="where the files go; it is made if it is not there")
    parser.add_argument("--format", choices=["svg", "png", "pdf"], default="svg")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    for name, draw in PICTURES.items():
        for page in ("light", "dark"):
            figure = draw(page == "dark")
            cr.plot.save(figure, given.folder / f"{name}.{page}.{given.format}")
        print(f"{name}: {cr.plot.alt(figure)}")


if __name__ == "__main__":
    main()
