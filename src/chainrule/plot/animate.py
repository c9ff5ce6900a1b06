"""A descent as an animated GIF: the path grows on the contours of the loss."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.core.plain_numbers import whole_number
from chainrule.errors import ArgumentError
from chainrule.plot.alt import alt
from chainrule.plot.canvas import require_matplotlib
from chainrule.plot.descent import Drawn, draw
from chainrule.plot.loss_line import loss_number
from chainrule.views.palette import DARK, LIGHT
from chainrule.whole_files import write_whole

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from chainrule.learn.descent import Descent

__all__ = ["animate"]

# Milliseconds that a frame is shown, and the last one.
FRAME = 80
LAST = 2_000
MOST_FRAMES = 300
DPI = 80
# Of a GIF's palette: the bands of the contours, the lines, and the shades at the edges of letters.
COLOURS = 256


def animate(
    run: Descent,
    path: str | os.PathLike[str] = "descent.gif",
    *,
    frames: int = 60,
    along: Sequence[str] | None = None,
    names: Sequence[str] | None = None,
    dark: bool = False,
) -> Figure:
    """Write a descent as an animated GIF, in which the path of `chainrule.plot.descent` grows step by step.

    The first steps, which are the longest, are shown one by one, later ones more and more at a time; step and loss are
    written above. It runs again and again, with a pause at the end. The text twin is the comment of the file, which is
    written beside its place and put there whole.

    Args:
        run: what `chainrule.descend` returned, with the iterates in its history.
        path: the file to write, which ends in `.gif`; one that is there is replaced.
        frames: how many frames at most, from 2 to 300.
        along: as in `chainrule.plot.descent`.
        names: as in `chainrule.plot.descent`.
        dark: for a dark page.

    Returns:
        The figure of the last frame, whose `chainrule.plot.alt` describes the run.

    Raises:
        ArgumentError: the ending is another, `frames` is out of range, or what `chainrule.plot.descent` raises.
        DataError: the file cannot be written.
        MissingExtraError: the extra `plot` is not installed.

    >>> import numpy as np, chainrule as cr
    >>> run = cr.descend(lambda w: w[0] ** 2 + 4 * w[1] ** 2, np.array([2.0, 1.0]), learning_rate=0.1, steps=5)
    >>> file = getfixture("tmp_path") / "descent.gif"
    >>> figure = cr.plot.animate(run, file)
    >>> file.read_bytes()[:6]
    b'GIF89a'
    """
    require_matplotlib()
    if not os.fsdecode(path).lower().endswith(".gif"):
        raise ArgumentError(f"{os.fsdecode(path)} does not end in .gif: an animation is written as GIF")
    most = whole_number(frames, "frames", 2, MOST_FRAMES)
    scene = draw(run, along, names, None, dark)
    moments = _moments(len(_points(scene)), most)
    # With one palette what does not move has the same bytes in each frame, and is stored once.
    images = _in_one_palette(_frames(scene, run, moments), astuple(DARK if dark else LIGHT))
    file = io.BytesIO()
    images[0].save(
        file, "GIF", save_all=True, append_images=images[1:], duration=[FRAME] * (len(images) - 1) + [LAST], loop=0,
        comment=alt(scene.figure).encode(), optimize=False,
    )  # fmt: skip
    write_whole(path, file.getvalue())
    return scene.figure


def _in_one_palette(frames: Iterable[NDArray[np.uint8]], wanted: Sequence[str]) -> list[Any]:
    """The frames in one palette: the wanted colours, and the most frequent of the first; others become the nearest.

    Pillow's own palettes lose the colours of small marks, and shift those of wide bands.
    """
    from matplotlib.colors import to_rgb
    from PIL import Image

    images: list[Any] = []
    palette = before = shown = np.empty(0, np.int64)
    for frame in frames:
        coded = frame.astype(np.int64) @ (65536, 256, 1)
        if not images:
            codes, counts = np.unique(coded, return_counts=True)
            own = [int(np.rint(255 * np.array(to_rgb(colour))).astype(int) @ (65536, 256, 1)) for colour in wanted]
            frequent = codes[np.argsort(-counts, kind="stable")]
            palette = _parts(np.array(list(dict.fromkeys([*own, *frequent.tolist()]))[:COLOURS]))
            before, shown = np.full_like(coded, -1), np.zeros(coded.shape, np.uint8)
        # Little changes from frame to frame.
        changed = coded != before
        met, places = np.unique(coded[changed], return_inverse=True)
        nearest = np.argmin(np.sum((_parts(met)[:, None] - palette) ** 2, axis=-1), axis=1)
        shown = shown.copy()
        shown[changed] = nearest[places]
        before = coded
        image = Image.fromarray(shown)
        image.putpalette(palette.astype(np.uint8).tobytes())
        images.append(image)
    return images


def _parts(codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.stack([codes >> 16, codes >> 8 & 255, codes & 255], axis=-1)


def _moments(count: int, most: int) -> list[int]:
    """Of so many iterates those that have a frame: all of them where they fit, else fewer and fewer towards the end."""
    if count <= most:
        return list(range(count))
    even = np.linspace(0.0, 1.0, most)
    # The least power that shows the first steps one by one.
    power = max(1.0, np.log(count - 1) / np.log(max(most - 1, 2)))
    return sorted({round(float(place)) for place in (count - 1) * even**power})


def _points(scene: Drawn) -> NDArray[np.float64]:
    return np.asarray(scene.path.get_xydata(), dtype=float)


def _frames(scene: Drawn, run: Descent, moments: Sequence[int]) -> Iterator[NDArray[np.uint8]]:
    """Each frame as red, green and blue of its pixels; the figure is left as the last frame shows it."""
    figure, axes = scene.figure, scene.axes
    figure.set_dpi(DPI)
    canvas: Any = figure.canvas
    path, reached, title = scene.path, scene.reached, axes.title
    canvas.draw()
    moving = [artist for artist in (path, reached, title) if artist is not None]
    for artist in moving:
        artist.set_animated(True)
    canvas.draw()
    ground = canvas.copy_from_bbox(figure.bbox)
    losses = np.append(run.history.loss, run.final_loss)
    whole = _points(scene)
    # The start and the minimum stay in front of the path.
    front = [line for line in axes.lines if line.get_zorder() > path.get_zorder() and line is not reached]
    for moment in moments:
        canvas.restore_region(ground)
        path.set_data(whole[: moment + 1].T)
        if reached is not None:
            reached.set_data(whole[moment : moment + 1].T)
        step = run.history.steps[moment]
        title.set_text(f"step {step:,}: loss {loss_number(float(losses[step]))}")
        for artist in (path, *front, *moving[1:]):
            axes.draw_artist(artist)
        yield np.array(canvas.buffer_rgba())[..., :3]
    for artist in moving:
        artist.set_animated(False)
