"""The colours are told apart by readers of any colour vision, and stand out from their ground."""

from __future__ import annotations

import re
from itertools import combinations

import numpy as np
import pytest

from chainrule.views.palette import DARK, LIGHT, Palette

# G. Machado, M. Oliveira, L. Fernandes, A physiologically-based model for simulation of color vision deficiency, IEEE
# Transactions on Visualization and Computer Graphics 15, 2009: the matrices of severity 1, for linear red, green, blue.
VISION = {
    "all cones": np.eye(3),
    "no red cones": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "no green cones": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
# From linear sRGB to CIE XYZ, IEC 61966-2-1.
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
# Some 2.3 are just seen when two areas touch; lines apart from each other need several times as much.
LEAST = 15.0
PALETTES = pytest.mark.parametrize("palette", [LIGHT, DARK], ids=["light", "dark"])


def linear(colour: str) -> np.ndarray:
    assert re.fullmatch("#[0-9a-f]{6}", colour)
    encoded = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)


def contrast(one: str, other: str) -> float:
    """WCAG 2.2."""
    dark, light = sorted(float(linear(colour) @ [0.2126, 0.7152, 0.0722]) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: np.ndarray) -> np.ndarray:
    """CIELAB against the white of sRGB."""
    t = TO_XYZ @ np.clip(rgb, 0, 1) / (TO_XYZ @ np.ones(3))
    x, y, z = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@PALETTES
@pytest.mark.parametrize("vision", VISION)
def test_series_are_told_apart(palette: Palette, vision: str) -> None:
    for one, other in combinations([*palette.series, palette.ink], 2):
        distance = np.linalg.norm(lab(VISION[vision] @ linear(one)) - lab(VISION[vision] @ linear(other)))
        assert distance >= LEAST, f"{one} and {other}: {distance:.1f}"


@PALETTES
def test_series_stand_out_from_the_ground(palette: Palette) -> None:
    for colour in palette.series:
        assert contrast(colour, palette.ground) >= 3.0, colour


@PALETTES
def test_text_is_legible(palette: Palette) -> None:
    # Labels of arrows in a graph have the first of these, gradients and notes the second.
    for colour in (palette.measured, palette.mark, palette.soft, palette.ink):
        assert contrast(colour, palette.ground) >= 4.5, colour


def test_the_distances_agree_with_known_ones() -> None:
    """Black and white are 100 apart in lightness, and a mid grey has the lightness that tables give."""
    assert np.allclose(lab(linear("#ffffff")) - lab(linear("#000000")), [100, 0, 0], atol=0.01)
    assert lab(linear("#777777"))[0] == pytest.approx(50.03, abs=0.01)
    assert contrast("#000000", "#ffffff") == pytest.approx(21.0)
