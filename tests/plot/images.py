"""Whether a picture looks as its baseline does: by its texts, and by its pixels.

**Texts.** A baseline holds what is written and where: every text but the labels of ticks, whose choice is Matplotlib's.
Each has to stand within 8 points of where it stood. Other widths of letters, as between Matplotlib 3.9 and 3.11 or with
other hinting, were seen to move a text by up to 6.7 points; a line of text is 10 high. A label that looks for its place
among the lines may find another one when letters are wider: of those another version has to have the words only.

**Pixels.** The measure is the root mean square of the tile of 24 by 24 pixels where the images differ most, blurred
over 5 pixels. The mean over the whole image would drown what is missing in the white around it; pixel by pixel, a
letter half a pixel wider would be another. With the Matplotlib that drew the baseline, anything beyond rounding counts.
Another version shades letters otherwise and may choose other ticks, as it does on logarithmic axes: 0.3 of the range
then, which a missing area or a lost label still exceeds.

`test_images.py` holds both sides of each.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.image import imread
from PIL import Image
from plot.layout import drawn_texts

# Pixels to an inch of the baselines, width of the blur, side of a tile.
DPI = 72
BLUR = 5
TILE = 24
SAME_VERSION, OTHER_VERSION = 0.03, 0.3
MOVED = 8.0


@dataclass(frozen=True)
class Seen:
    """A picture as it is compared.

    Attributes:
        pixels: red, green and blue between 0 and 1.
        texts: what is written, where its middle stands, in points from the lower left corner, and whether it looks
            for its place.
        version: of Matplotlib, the first two numbers.
    """

    pixels: Any
    texts: list[tuple[str, float, float, bool]]
    version: str


def seen(figure: Figure) -> Seen:
    """What is seen of a figure."""
    file = io.BytesIO()
    write(figure, file)
    return read(file)


def write(figure: Figure, file: Path | io.BytesIO) -> None:
    """Draw a baseline; its texts stand in it too."""
    told = {"Software": ".".join(matplotlib.__version__.split(".")[:2]), "Texts": json.dumps(_texts(figure))}
    figure.savefig(file, format="png", dpi=DPI, facecolor=figure.get_facecolor(), metadata=told)


def read(file: Path | io.BytesIO) -> Seen:
    """What `write` has written."""
    content = io.BytesIO(file.read_bytes() if isinstance(file, Path) else file.getvalue())
    told = Image.open(content).info
    content.seek(0)
    pixels = np.asarray(imread(content, format="png")[..., :3], float)
    return Seen(pixels, [tuple(text) for text in json.loads(told["Texts"])], told["Software"])


def differences(now: Seen, baseline: Seen) -> list[str]:
    """What is not as it was, in words."""
    found = []
    before = list(baseline.texts)
    same_version = now.version == baseline.version
    for text, x, y, placed in now.texts:
        same = [place for place in before if place[0] == text]
        if not same:
            found.append(f"{text!r} is new")
            continue
        nearest = min(same, key=lambda place: max(abs(place[1] - x), abs(place[2] - y)))
        before.remove(nearest)
        if max(abs(nearest[1] - x), abs(nearest[2] - y)) > MOVED and (same_version or not placed):
            found.append(f"{text!r} stood at {nearest[1]}, {nearest[2]} and stands at {x}, {y}")
    found += [f"{text!r} is gone" for text, *_ in before]
    apart = distance(now.pixels, baseline.pixels)
    if apart > (SAME_VERSION if same_version else OTHER_VERSION):
        found.append(f"some part looks otherwise, by {apart:.3f}")
    return found


def distance(one: Any, other: Any) -> float:
    """The root mean square of the tile where two images differ most, after a blur; infinite for other sizes."""
    if one.shape != other.shape:
        return np.inf
    square = np.mean(_blurred(one - other) ** 2, axis=-1)
    # Tiles overlap by half, so that no place lies on the edge of all of its tiles.
    step = TILE // 2
    height, width = square.shape
    rows, columns = range(0, max(height - step, 1), step), range(0, max(width - step, 1), step)
    return float(np.sqrt(max(square[i : i + TILE, j : j + TILE].mean() for i in rows for j in columns)))


def _blurred(image: Any) -> Any:
    """Twice the mean over a square, which is close to a Gaussian."""
    kernel = np.convolve(np.ones(BLUR), np.ones(BLUR)) / BLUR**2
    for axis in (0, 1):
        image = np.apply_along_axis(np.convolve, axis, image, kernel, mode="same")
    return image


def _texts(figure: Figure) -> list[tuple[str, float, float, bool]]:
    axes = [(one.xaxis, one.yaxis, getattr(one, "zaxis", one.xaxis)) for one in figure.axes]
    ticks = {label for three in axes for axis in three for label in axis.get_ticklabels(which="both")}
    points = 72 / figure.dpi
    places = [(text, text.get_window_extent()) for text in drawn_texts(figure) if text not in ticks]
    middles = [(text, (box.x0 + box.x1) / 2 * points, (box.y0 + box.y1) / 2 * points) for text, box in places]
    return [(text.get_text(), round(x, 1), round(y, 1), text.get_gid() == "placed") for text, x, y in middles]
