"""The curvature spectrum: the eigenvalues drawn, their errors, and the critical rate."""

from __future__ import annotations

import numpy as np
import pytest
from plot.gallery import hundred_points, mean_squared_error
from plot.layout import drawn_texts, faults

import chainrule as cr


def test_the_textbooks_loss():
    X, _ = hundred_points()
    exact = np.linalg.eigvalsh(2 / 100 * X.T @ X)
    figure = cr.plot.spectrum(cr.curvature(mean_squared_error, np.zeros(2)))
    said = cr.plot.alt(figure)
    assert f"The largest is {exact[1]:.4g}, the smallest {exact[0]:.4g}." in said
    assert f"The critical learning rate 2 / lambda_max is {2 / exact[1]:.4g}. The condition number is 113.9." in said
    assert "λ_max = 63.18: critical rate 2 / λ_max = 0.03165" in [text.get_text() for text in drawn_texts(figure)]


def bent(*values):
    bend = np.array(values)
    return cr.curvature(lambda w: np.sum(bend * w**2) / 2, np.zeros(len(values)))


CASES = {
    "saddle": (bent(2.0, 1.0, -3.0), "Below zero: 1; the loss curves down most along at[2]."),
    "all below": (bent(-1.0, -2.0), "Below zero: 2"),
    "one": (bent(4.0), "The critical learning rate 2 / lambda_max is 0.5."),
    "flat": (bent(0.0, 0.0), "The largest is 0, the smallest 0."),
    "wide": (bent(1e12, 1.0, 1e-3), "The largest is 1e+12"),
    "many": (bent(*np.linspace(1, 100, 300)), "of 300, the largest first"),
    "tiny": (bent(1e-200, 1e-201), "The largest is 1e−200"),
}


@pytest.mark.parametrize("case", CASES)
def test_spectra_of_every_kind(case):
    curvature, words = CASES[case]
    figure = cr.plot.spectrum(curvature)
    assert words in cr.plot.alt(figure)
    assert faults(figure) == []
    assert ("critical" in cr.plot.alt(figure)) == (curvature.largest > 0)


def test_a_curvature_draws_itself():
    curvature, _ = CASES["saddle"]
    assert cr.plot.alt(curvature.plot()) == cr.plot.alt(cr.plot.spectrum(curvature))
