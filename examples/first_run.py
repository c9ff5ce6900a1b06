"""The main job on real data: a mistake in a gradient is found, the right one passes, and descent trains the model.

The data is the diabetes study of Efron, Hastie, Johnstone and Tibshirani (Least Angle Regression, Annals of
Statistics, 2004): ten measurements of 442 patients, and y, how far the disease had progressed a year later.
"""

import inspect
import sys
import textwrap
import warnings
from pathlib import Path

import numpy as np
from losses import gradient, loss, wrong_gradient

import chainrule as cr
from chainrule.learn import read_csv

DATA = Path(__file__).parent / "diabetes.csv"
LEARNING_RATE, STEPS = 0.1, 500
WIDTH = 100


def main(folder: Path) -> None:
    # A terminal that cannot show a character gets a substitute rather than no answer.
    sys.stdout.reconfigure(errors="replace")
    table = read_csv(DATA, target="y")
    y = table.y
    measurements = (table.X - table.X.mean(axis=0)) / table.X.std(axis=0)
    X = np.column_stack([np.ones(len(y)), measurements])
    start = np.zeros(X.shape[1])

    print(f"{DATA.name}: {len(y)} patients, {len(table.names)} measurements, and y, the progress of the disease")
    print("model: linear with intercept, on standardised measurements; loss: the mean squared error")

    heading("1. A gradient written by hand, with a mistake in it")
    show_code(wrong_gradient)
    wrong = cr.check(loss, wrong_gradient, start, X, y)
    print(indented(wrong))
    if str(len(y)) in wrong.diagnosis:
        print(f"\n   {len(y)} is the number of patients: the 1/N of the mean was forgotten.")

    heading("2. The same gradient, put right")
    show_code(gradient)
    right = cr.check(loss, gradient, start, X, y)
    print(indented(str(right).splitlines()[0]))

    heading("3. Training: gradient descent, with the exact gradient that nobody had to write")
    run = cr.descend(lambda w: loss(w, X, y), start, LEARNING_RATE, STEPS)
    best = np.linalg.lstsq(X, y)[0]
    least = loss(best, X, y)
    row("", f"{run.steps} steps", "least squares")
    for name, reached, optimum in zip(("intercept", *table.names), run.parameters, best, strict=True):
        row(name, f"{reached:.4f}", f"{optimum:.4f}")
    row("loss before", f"{run.history.loss[0]:.4f}")
    row("loss after", f"{run.final_loss:.4f}", f"{least:.4f}")

    heading("4. The report: data, derivation, check, loss, verdict, weights and code on one page")
    model = cr.models.LinearRegression(optimizer="gd", learning_rate="auto", max_iter=STEPS)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that it has not converged is what the verdict says
        model.fit(table.X, y)
    about = cr.report.training(model, table.X, y, names=table.names, target="y", data=DATA.name)
    page = (folder / "report.html").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    cr.report.write(about, page)
    print(indented(about.verdict))
    print(f"   {page}")


def heading(text: str) -> None:
    print(f"\n\n{text}\n")


def show_code(function: object) -> None:
    source = inspect.getsource(function).rstrip()
    print("\n".join(f"   | {line}" for line in source.splitlines()), end="\n\n")


def row(name: str, *cells: str) -> None:
    print(f"   {name:<12}" + "".join(f"{cell:>16}" for cell in cells))


def indented(text: object) -> str:
    wrapped = (
        textwrap.wrap(line, WIDTH, subsequent_indent="  ", drop_whitespace=False) for line in str(text).splitlines()
    )
    return "\n".join(f"   {line.rstrip()}" for lines in wrapped for line in lines)


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
