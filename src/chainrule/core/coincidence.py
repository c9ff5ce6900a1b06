"""Values that coincide within rounding, and the bases of vectors that they leave open.

`rounding_level`, `equal_values` and `tied_values` stand alone: their source is printed into code that is taken away.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.errors import DegeneracyError

__all__ = [
    "blocks_of",
    "equal_values",
    "first_pair",
    "gradient_of_blocks",
    "rounding_level",
    "tied_values",
    "turn_apart",
    "turns",
    "unitary",
]


def rounding_level(w: Any, *basis: Any) -> Any:
    """How far rounding may have moved each value; of a general matrix the angles between its vectors count too."""
    size = np.max(np.abs(w), axis=-1, keepdims=True, initial=0)
    level = 10 * w.shape[-1] * np.finfo(w.dtype).eps * size + np.zeros_like(np.abs(w))
    for inverse in basis:
        level = level * np.linalg.norm(inverse, axis=-1)
    return level


def equal_values(w: Any, *basis: Any) -> Any:
    """Which pairs of values differ by no more than rounding can have moved them."""
    level = rounding_level(w, *basis)
    return np.abs(w[..., None, :] - w[..., :, None]) <= np.maximum(level[..., None, :], level[..., :, None])


def tied_values(out: Any, of: Any, values: Any, general: Any, read: Any) -> Any:
    """The pairs of equal values of a packed result of which one has a vector that is read; None is all of them."""
    w = out[..., 0, :values]
    equal = equal_values(w, np.linalg.pinv(out[..., 1:, :])) if general else equal_values(w)
    wanted = np.isin(np.arange(values), np.arange(values) if read is None else read)
    return equal & ~np.eye(values, dtype=bool) & (wanted | wanted[:, None])


def blocks_of(equal: Any) -> list[list[int]]:
    """The groups of equal values of one matrix, those of one value included."""
    left = list(range(len(equal)))
    found = []
    while left:
        block = [j for j in left if equal[left[0], j] or j == left[0]]
        left = [j for j in left if j not in block]
        found.append(block)
    return found


def pair_in_words(w: Any, i: int, j: int, of: str, place: tuple[int, ...] = ()) -> str:
    """Two values of one matrix that are equal within rounding, as messages begin."""
    where = f" of matrix {place} of the stack" if place else ""
    return (
        f"{of} {i} and {j}{where} are equal within rounding: {w[i]:.9g} and {w[j]:.9g}, {np.abs(w[i] - w[j]):.1e} apart"
    )


def first_pair(w: Any, equal: Any, of: str) -> str:
    """The first two values that are equal, in words; "" if all differ."""
    for place in np.ndindex(w.shape[:-1]):
        for block in blocks_of(equal[place]):
            if len(block) > 1:
                return pair_in_words(w[place], block[0], block[1], of, place)
    return ""


def unitary(rng: np.random.Generator, n: int, dtype: Any) -> Any:
    """A random unitary matrix, a real one for a real dtype."""
    x = rng.normal(size=(n, n))
    if np.dtype(dtype).kind == "c":
        x = x + 1j * rng.normal(size=(n, n))
    return np.linalg.qr(x)[0].astype(dtype)


def turns(rng: np.random.Generator, equal: Any, dtype: Any) -> Any:
    """For each matrix of a stack a random unitary one that mixes equal values only; a complex one turns all phases."""
    n = equal.shape[-1]
    found = np.zeros(equal.shape, dtype)
    is_complex = np.dtype(dtype).kind == "c"
    found[..., range(n), range(n)] = np.exp(2j * np.pi * rng.uniform(size=equal.shape[:-1])) if is_complex else 1
    for place in map(tuple, np.argwhere(equal.sum((-2, -1)) > n)):
        for block in blocks_of(equal[place]):
            if len(block) > 1:
                found[place][np.ix_(block, block)] = unitary(rng, len(block), dtype)
    return found


def turn_apart(change: Any, equal: Any, sign: int, *bases: Any) -> None:
    """Turns the vectors of equal values, in place, to those that a change of the matrix leaves what they are.

    Args:
        change: that of the matrix, in the basis of its vectors.
        equal: which pairs of values are equal.
        sign: 1 for values in rising order, and -1 in falling.
        bases: the vectors, in columns.

    Source: Kato (1995), Perturbation theory for linear operators, II.5.4.
    """
    n = equal.shape[-1]
    for place in map(tuple, np.argwhere(equal.sum((-2, -1)) > n)):
        for block in blocks_of(equal[place]):
            within = change[place][np.ix_(block, block)]
            turn = np.linalg.eigh((within + np.conj(within.T)) / 2)[1][:, ::sign]
            for basis in bases if len(block) > 1 else ():
                basis[place][:, block] = basis[place][:, block] @ turn


_MOST = 40  # evaluations of the function


def gradient_of_blocks(samples: Any, equal: Any, left: Any, right: Any) -> tuple[Any, Any]:
    """The gradient within the blocks of equal values, brought to the axes of the matrix, and which values are in none.

    Args:
        samples: `samples(count)` gives so many packed results, the values in the first row, with their cotangents.
        equal: which pairs of values are equal.
        left, right: the vectors on both sides, in the first of the results.
    """
    total = np.zeros((*left.shape[:-1], right.shape[-2]), left.dtype)
    alone = np.ones(equal.shape[:-1], bool)
    for place in np.ndindex(equal.shape[:-2]):
        for block in blocks_of(equal[place]):
            if len(block) > 1:
                alone[place][block] = False
                within = _of_block(samples, place, block)
                total[place] += left[place][:, block] @ within @ np.conj(right[place][:, block].T)
    return total, alone


def _of_block(samples: Any, place: tuple[int, ...], block: list[int]) -> Any:
    """The gradient within a block of equal values: a Hermitian matrix, of which their cotangents are the diagonal.

    At one basis of the block's vectors they hold the diagonal alone, at several bases the whole matrix.
    """
    n = len(block)
    if not any(np.any(g[place][:, block]) for _, g in samples(2)):
        return np.zeros((n, n))  # a block that the function does not read
    first = samples(1)[0][0][place]
    words = pair_in_words(np.real(first[0]), block[0], block[1], "values", place)
    # Two bases more than there are unknowns for, so that they can disagree.
    count = 2 + (n + 1 if np.iscomplexobj(first) else n // 2 + 1)
    if count > _MOST:
        raise DegeneracyError(
            f"{words}, and {n - 2} more are\n  the function uses their vectors too, and its gradient takes {count} "
            "evaluations; for a function of a matrix use one that needs no vectors: solve, inv, chainrule.special.expm"
        )
    inverse = np.linalg.pinv(first[1:, block])
    turns = [inverse @ out[place][1:, block] for out, _ in samples(count)]
    found = _of_diagonals(turns, [np.real(g[place][0, block]) for _, g in samples(count)])
    if found is None:
        raise DegeneracyError(
            f"{words}\n  this function gives them different weights, and each by itself has a kink here: there is no "
            "derivative\n  use a function in which they count alike, such as a sum over both, or move them apart"
        )
    return found


def _of_diagonals(turns: Sequence[Any], weights: Sequence[Any]) -> Any:
    """The Hermitian matrix with the diagonal `weights[k]` in the basis `turns[k]`, or None if there is no such one."""
    n = len(weights[0])
    upper = [(a, b) for a in range(n) for b in range(a, n)]
    rows = []
    for turn in turns:
        products = np.conj(turn)[:, None, :] * turn[None, :, :]
        real = np.array([np.real(products[a, b]) * (1 if a == b else 2) for a, b in upper])
        imaginary = np.array([-2 * np.imag(products[a, b]) for a, b in upper if a != b]).reshape(-1, n)
        rows.append((np.concatenate([real, imaginary]) if np.iscomplexobj(turn) else real).T)
    system, right = np.concatenate(rows), np.concatenate(weights)
    solution = np.linalg.lstsq(system, right, rcond=None)[0]
    tolerance = np.sqrt(np.finfo(right.dtype).eps) * np.max(np.abs(right), initial=0)
    if np.max(np.abs(system @ solution - right), initial=0) > tolerance:
        return None
    found = np.zeros((n, n), turns[0].dtype)
    imaginary_part = iter(solution[len(upper) :])
    for (a, b), value in zip(upper, solution, strict=False):
        found[a, b] = value
        if a != b:
            if np.iscomplexobj(found):
                found[a, b] += 1j * next(imaginary_part)
            found[b, a] = np.conj(found[a, b])
    return found
