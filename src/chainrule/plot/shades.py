"""Shades for the height of a function: from the ground of the page to one hue, so that lightness alone tells.

Imported only where Matplotlib is known to be installed.
"""

from __future__ import annotations

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_rgb

from chainrule.views.palette import Palette

__all__ = ["shades"]


def shades(palette: Palette, strongest: float = 0.75) -> LinearSegmentedColormap:
    """The colour map; the strongest shade leaves what is written on it legible."""
    ground, hue = np.array(to_rgb(palette.ground)), np.array(to_rgb(palette.measured))
    return LinearSegmentedColormap.from_list("height", [ground, (1 - strongest) * ground + strongest * hue])
