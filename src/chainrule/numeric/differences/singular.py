"""Points where there is no derivative, whatever a difference quotient says: jumps, kinks, vertical tangents.

And steps so steep that they pass for noise: the values beside x are the same over many orders of magnitude of the
distance, on either side another one. Nothing shows there which slope f has at x, until the distance is small enough.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import NonFiniteError
from chainrule.numeric.differences.chosen import CERTAIN, Choice, choose
from chainrule.numeric.differences.lines import Lines
from chainrule.numeric.differences.schemes import Scheme, formula
from chainrule.numeric.differences.steps import nominal_step
from chainrule.numeric.probe import RealArray, precision, quiet

__all__ = ["Singularity", "chosen_derivative", "examine"]

OFFSETS = (-3, -2, -1, 1, 2, 3)

# A step is worth a look only where the values tremble by this many units of rounding; and a jump that lies in a slope
# is told from the stairs of a function that is rounded where it is this part of the values.
UNITS, LOUD = 64, 1e-5

# On either side of a step the values differ by at most this part of it.
SMOOTH = 1e-3

ORDINALS = {1: "", 2: "second ", 3: "third "}


@dataclass(frozen=True, slots=True)
class Singularity:
    """Why f has no derivative along a line; `text` begins with its name and has no way out in it."""

    line: int
    output: tuple[int, ...]
    kind: str
    text: str


def chosen_derivative(
    lines: Lines, rule: Scheme, noise: RealArray | None = None, start: RealArray | None = None
) -> Choice:
    """The derivative along each line with the step that f asks for: raises `NonFiniteError` where there is none."""
    found, singular = examine(lines, rule, noise, start)
    if singular is not None:
        other = {"central": "'forward' or 'backward'", "forward": "'backward'", "backward": "'forward'"}[rule.name]
        way = f"move x, or take scheme={other}"
        if singular.kind == "jump":
            way = "move x, or take scheme='forward' or 'backward' with a step h"
        raise NonFiniteError(f"{singular.text}; {way}")
    return found


def examine(
    lines: Lines, rule: Scheme, noise: RealArray | None = None, start: RealArray | None = None
) -> tuple[Choice, Singularity | None]:
    """The derivative along each line, and the first place where there is none: a jump, a kink, a vertical tangent."""
    with quiet():
        return _examine(lines, rule, noise, start)


def _examine(
    lines: Lines, rule: Scheme, noise: RealArray | None, start: RealArray | None
) -> tuple[Choice, Singularity | None]:
    _require_no_pole(lines)
    found = choose(lines, rule, noise, start)
    beside = _steps_beside(lines, found.noise, formula(rule.name))
    if beside.jump is not None:
        return found, beside.jump
    if beside.start is not None:
        found = choose(lines, rule, beside.noise, beside.start)
    elif (found.blind | found.unclear).any():
        found = _from_within(lines, rule, found)
    unclear = found.unclear
    if unclear.any():
        return found, _without_bound(lines, rule, found, unclear)
    if found.blind.any() or (rule.name == "central" and rule.derivative > 2):
        # An even singularity, such as the cusp of sqrt(abs(x)), cancels in a quotient that is odd, and the reverse.
        below = formula("central", rule.derivative - 1, rule.order) if rule.derivative > 1 else formula("forward", 1, 2)
        hidden = choose(lines, below, found.noise)
        if hidden.diverging.any():
            return found, _without_bound(lines, below, hidden, hidden.diverging)
    return found, None


def _without_bound(lines: Lines, rule: Scheme, found: Choice, where: NDArray[np.bool_]) -> Singularity:
    line, *output = (int(i) for i in np.argwhere(where)[0])
    place, what = lines.place(line, tuple(output))
    nth = ORDINALS.get(rule.derivative, f"{rule.derivative}th ")
    name = f"{lines.samples.probe.name}{what}"
    if not found.diverging[(line, *output)]:
        text = f"the differences for the {nth}derivative of {name} agree at no step at {place}: it is rough there"
        return Singularity(line, tuple(output), "rough", text)
    kinds = "a vertical tangent or a pole" if rule.derivative == 1 else "a kink, or another singularity,"
    text = (
        f"the {nth}derivative of {name} grows without bound as the step goes to 0 at {place}: there is {kinds} and no "
        "such derivative"
    )
    return Singularity(line, tuple(output), "kink" if rule.derivative > 1 else "vertical tangent", text)


def _require_no_pole(lines: Lines) -> None:
    centre = lines.samples.centre
    if np.isinf(centre).any():
        infinite = tuple(int(i) for i in np.argwhere(np.isinf(lines.spread(centre)))[0])
        place, what = lines.place(infinite[0], infinite[1:])
        name, value = lines.samples.probe.name, lines.spread(centre)[infinite]
        raise NonFiniteError(f"{name}{what} is {value} at {place} itself: move x into the domain of the function")


def _from_within(lines: Lines, rule: Scheme, found: Choice) -> Choice:
    """What the narrowest steps say of something that lies within the steps chosen, where they are certain of it."""
    scale = lines.scale().astype(np.float64)
    doubtful = found.blind | found.unclear
    again = doubtful.reshape(lines.count, -1).any(axis=1)
    start = np.where(again, _least(lines), nominal_step(rule, precision(lines.samples.values)) * scale)
    within = choose(lines, rule, found.noise, start.astype(lines.position.dtype))
    certain = ~(within.blind | within.unclear) & (within.error <= CERTAIN * np.abs(within.slope))
    better = doubtful & certain
    return found.where(~better, within)


@dataclass(frozen=True, slots=True)
class _Steps:
    """The noise of f(x) without what is a step in disguise, where to start beside one, and the first jump at x."""

    noise: RealArray
    start: RealArray | None = None
    jump: Singularity | None = None


def _steps_beside(lines: Lines, noise: RealArray, rule: Scheme) -> _Steps:
    centre = lines.samples.centre
    eps = precision(lines.samples.values, centre)
    if not lines.count or not (noise > UNITS * eps * np.abs(centre)).any():
        return _Steps(noise)
    scale = lines.scale().astype(np.float64)
    wide = _beside(lines, eps**0.5 * scale)
    loudness = np.broadcast_to(lines.spread(noise), wide.steps.shape)
    size = np.broadcast_to(np.abs(lines.spread(centre)), wide.steps.shape)
    stepped = wide.steps & (loudness > UNITS * eps * size)
    if not stepped.any():
        return _Steps(noise)
    least = _least(lines)
    near = _beside(lines, least)
    # Alone at the scale of an ordinary step too: no stairs of a function that is rounded.
    alone = stepped & _beside(lines, eps ** (1 / (rule.order + 1)) * scale).steps
    jumps = near.steps & (alone | (stepped & (loudness > LOUD * size)))
    if jumps.any():
        return _Steps(noise, jump=_jump(lines, jumps, near.found))
    if not alone.any():
        return _Steps(noise)
    elementwise = noise.shape == alone.shape and lines.out == ()
    quieter = near.tremble if elementwise else near.tremble.max(axis=0)
    hidden = alone if elementwise else alone.any(axis=0)
    start = np.where(alone.reshape(lines.count, -1).any(axis=1), least, eps ** (1 / (rule.order + 1)) * scale)
    return _Steps(np.where(hidden, np.minimum(noise, quieter), noise), start.astype(lines.position.dtype))


def _least(lines: Lines) -> RealArray:
    # The next numbers beside x: a function that is only steep is smooth from one to the next.
    size = np.abs(lines.position)
    least: RealArray = np.maximum(4 * np.spacing(size), np.asarray(1e-30, size.dtype) ** (size.dtype.itemsize / 8))
    return least


@dataclass(frozen=True, slots=True)
class _Beside:
    """Values of f at three equal distances on either side of x, of shape (6, lines, *out), and what they show."""

    found: RealArray
    steps: NDArray[np.bool_]
    tremble: RealArray


def _beside(lines: Lines, distances: RealArray) -> _Beside:
    steps = lines.grid(distances.astype(lines.position.dtype), max(OFFSETS))
    found = lines.sample(OFFSETS, steps, np.arange(lines.count))
    below, above = found[:3], found[3:]
    centre = np.broadcast_to(lines.spread(lines.samples.centre), below[0].shape)
    middles = np.stack([below.mean(axis=0), centre, above.mean(axis=0)])
    height = np.where(np.isnan(centre), np.abs(middles[2] - middles[0]), np.ptp(middles, axis=0))
    flat = np.ptp(below, axis=0) + np.ptp(above, axis=0) <= SMOOTH * height
    eps = precision(lines.samples.values, lines.samples.centre)
    top = np.abs(found).max(axis=0)
    # Third differences on either side and across: what is smooth leaves nothing in them.
    bends = np.abs(found[0] - 3 * found[1] + 3 * found[2] - centre) + np.abs(
        centre - 3 * found[3] + 3 * found[4] - found[5]
    )
    tremble = np.fmax(np.fmax(bends / 20**0.5, eps * top / 12**0.5), np.finfo(np.float64).tiny)
    return _Beside(found, flat & (height > UNITS * eps * top), tremble)


def _jump(lines: Lines, jumps: NDArray[np.bool_], found: RealArray) -> Singularity:
    line, *output = (int(i) for i in np.argwhere(jumps)[0])
    place, what = lines.place(line, tuple(output))
    before, after = found[(2, line, *output)], found[(3, line, *output)]
    at = f"{lines.samples.probe.name}{what}"
    if before == after:
        here = lines.spread(lines.samples.centre)[(line, *output)]
        text = f"{at} is {here:.6g} at {place} and {before:.6g} beside it: it has no derivative there"
    else:
        text = f"{at} jumps from {before:.6g} to {after:.6g} at {place}: it has no derivative there"
    return Singularity(line, tuple(output), "jump", text)
