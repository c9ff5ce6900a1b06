"""The animated descent: frames, size, colours and text of the file, and that it is written whole."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from plot.gallery import line_learned

import chainrule as cr
from chainrule.errors import ArgumentError, DataError
from chainrule.plot.animate import _moments


@pytest.mark.parametrize("dark", [False, True])
def test_the_textbooks_descent(tmp_path, dark):
    file = tmp_path / "descent.gif"
    figure = cr.plot.animate(line_learned(0.01), file, names=("bias", "slope"), frames=12, dark=dark)
    assert file.stat().st_size < 500_000
    with Image.open(file) as image:
        assert image.n_frames == 12
        assert image.info["loop"] == 0
        assert image.info["comment"].decode() == cr.plot.alt(figure)
        assert "Reached at (1.793, 3.006) with a loss of 3.3415." in cr.plot.alt(figure)
        durations, grounds, changed = [], [], []
        before = None
        for frame in range(image.n_frames):
            image.seek(frame)
            shown = np.asarray(image.convert("RGB")).astype(int)
            durations.append(image.info["duration"])
            grounds.append(tuple(shown[0, 0]))
            changed.append(0 if before is None else int(np.count_nonzero((shown != before).any(axis=-1))))
            before = shown
    assert durations == [80] * 11 + [2000]
    # The ground is the page's own in every frame, to the last bit, and each frame moves on a little.
    assert set(grounds) == {(20, 23, 28) if dark else (255, 255, 255)}
    assert min(changed[1:]) > 0
    assert max(changed) < 0.1 * before.shape[0] * before.shape[1]
    assert list(tmp_path.iterdir()) == [file]


def test_a_run_that_diverges_and_one_without_steps(tmp_path):
    figure = cr.plot.animate(line_learned(1.0), tmp_path / "away.gif", frames=5)
    assert "leaves the picture at step 2" in cr.plot.alt(figure)
    cr.plot.animate(line_learned(0.1, 0), tmp_path / "still.gif")
    with Image.open(tmp_path / "still.gif") as image:
        assert getattr(image, "n_frames", 1) == 1


@pytest.mark.parametrize(("count", "most"), [(1, 10), (10, 10), (11, 10), (201, 60), (100_000, 60), (3, 2)])
def test_the_first_steps_have_a_frame_each(count, most):
    moments = _moments(count, most)
    assert moments[0] == 0
    assert moments[-1] == count - 1
    assert len(moments) <= most
    assert moments == sorted(set(moments))
    steps = np.diff(moments)
    assert steps.size == 0 or steps[0] == 1 or most == 2
    assert (np.diff(steps) >= -1).all()


@pytest.mark.parametrize(
    ("name", "options", "error", "message"),
    [
        ("descent.png", {}, ArgumentError, "does not end in .gif"),
        ("descent.gif", {"frames": 1}, ArgumentError, "frames is 1, expected a whole number from 2 to 300"),
        ("descent.gif", {"frames": 2.5}, ArgumentError, "frames is 2.5, expected a whole number"),
        ("descent.gif", {"frames": 301}, ArgumentError, "frames is 301"),
        ("missing/descent.gif", {"frames": 2}, DataError, "cannot be written"),
    ],
)
def test_what_is_refused(tmp_path, name, options, error, message):
    with pytest.raises(error, match=message):
        cr.plot.animate(line_learned(0.01), tmp_path / name, **options)
    assert not list(tmp_path.iterdir())
