"""The comparison of images: blind to how letters are rendered, not to what they say and where they stand."""

from __future__ import annotations

import dataclasses

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from plot.images import differences, distance, seen

import chainrule as cr


def picture(**options):
    return cr.plot.step_size(np.exp, 1.0, **options)


BEFORE = seen(picture())
OF_ANOTHER_VERSION = dataclasses.replace(BEFORE, version="3.8")
VERSIONS = pytest.mark.parametrize("before", [BEFORE, OF_ANOTHER_VERSION], ids=["same version", "other version"])


def test_the_same_is_the_same():
    assert differences(seen(picture()), BEFORE) == []


# Not without hinting: letters are of other widths then, and the rows of the legend break elsewhere.
@pytest.mark.parametrize("rendering", [{"text.hinting": "native"}, {"text.antialiased": False}], ids=str)
def test_other_rendering_is_the_same_picture(rendering):
    with matplotlib.rc_context(rendering):
        assert differences(seen(picture()), OF_ANOTHER_VERSION) == []


@VERSIONS
def test_a_label_that_moved_is_named(before):
    moved = picture()
    moved.axes[0].xaxis.labelpad += 10
    assert any(found.startswith("'step h' stood at") for found in differences(seen(moved), before))


@VERSIONS
def test_a_digit_that_changed_is_named(before):
    changed = picture()
    label = changed.axes[0].get_legend().get_texts()[-1]
    was = label.get_text()
    label.set_text(was.replace("6", "9"))
    found = differences(seen(changed), before)
    assert f"{label.get_text()!r} is new" in found
    assert f"{was!r} is gone" in found


def test_a_line_in_another_colour_is_seen():
    changed = picture()
    changed.axes[0].lines[1].set_color("#109c78")
    assert [found.partition(",")[0] for found in differences(seen(changed), BEFORE)] == ["some part looks otherwise"]


@VERSIONS
def test_another_ground_is_seen(before):
    changed = picture()
    changed.set_facecolor("#14171c")
    assert any("looks otherwise" in found for found in differences(seen(changed), before))


def test_another_size_is_another():
    assert distance(BEFORE.pixels, seen(picture(ax=Figure().add_subplot())).pixels) == np.inf
