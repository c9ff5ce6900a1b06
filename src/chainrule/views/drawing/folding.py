"""Fold a long computation: what repeats becomes one block with a count; what remains too long, blocks by depth.

Steps are put in the order of their distance from the results, in which a loop is periodic however its operands stand.
A step repeats another if it applies the same operations to sources that stand equally far back, that are the same, or
that are both inputs; the first pass of a loop takes from outside what the others take from the pass before.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from chainrule.core.graph import Node
from chainrule.passes.steps import StepGraph

__all__ = ["Block", "fold", "leaves_of"]

# The longest body of a loop that is looked for, in steps: the search takes time in proportion.
LONGEST = 256
# Fewer repeats than this are shorter to read one by one.
FEWEST = 3
# Blocks by depth have arrows to most of the later ones; more than these are a tangle.
DEPTHS = 10
# Sources of a step that are compared; a step with more of them repeats nothing.
SOURCES = 32

# A loop around loops is looked for only if folding these has made the row shorter than this part of it.
SHRINKS = 0.9

INPUT, NUMBER, NONE = -1, -2, -3


@dataclass(frozen=True, eq=False)
class Block:
    """Steps that are drawn as one box.

    Attributes:
        steps: their positions in the list of steps.
        body: the blocks of the last repeat, or of a range of depths; empty for a single step.
        repeats: how often the body is repeated.
        varies: whether numbers or indices in the body differ between repeats.
        depths: the first and the last depth, of a block by depth.
    """

    steps: tuple[int, ...]
    body: tuple[Block, ...] = ()
    repeats: int = 1
    varies: bool = False
    depths: tuple[int, int] | None = None


@dataclass(frozen=True, eq=False)
class _Row:
    """Blocks in an order in which sources come first, with what is compared: their structure, and a row a source."""

    blocks: list[Block]
    kinds: np.ndarray[Any, Any]
    sources: np.ndarray[Any, Any]


def fold(steps: Sequence[StepGraph], leaves: Sequence[Sequence[Node]], most: int) -> list[Block]:
    """The steps as blocks, in an order in which sources come first.

    What repeats becomes one block, loops in loops too; if more than `most` remain, consecutive depths are joined.
    `leaves` holds what each step starts from, as `leaves_of` gives it.
    """
    singles = [Block((i,)) for i in range(len(steps))]
    places = {step.node: i for i, step in enumerate(steps)}
    # Tuples of integers, which the garbage collector leaves alone: there may be a hundred thousand.
    reads = [tuple([places.get(leaf, NUMBER if _is_number(leaf) else INPUT) for leaf in own]) for own in leaves]
    to_go = _distances(reads)
    names: dict[Any, int] = {}
    structures = [names.setdefault(_structure(step, exact=False), len(names)) for step in steps]
    # At one distance, sums over a loop go before what the next pass begins with: they have one use, in every pass.
    most_uses = _most_uses(structures, reads)
    order = sorted(range(len(steps)), key=lambda i: (-to_go[i], most_uses[structures[i]], structures[i], i))
    kinds: list[Any] = [structures[i] for i in order]
    blocks = [singles[i] for i in order]
    before = len(blocks) + 1.0
    while len(blocks) < before and (runs := _runs(row := _row(blocks, kinds, reads))):
        before = SHRINKS * len(blocks)
        blocks, kinds = _folded(row, kinds, runs, steps)
    if len(blocks) <= most:
        return blocks
    return _by_depth(blocks, to_go)


def leaves_of(step: StepGraph) -> list[Node]:
    """What a step starts from, constants included, in the order in which its formula names them."""
    leaves: dict[Node, None] = {}
    seen: set[Node] = set()
    stack = [step.node]
    while stack:
        node = stack.pop()
        if node not in step.members:
            leaves[node] = None
        elif node not in seen:
            seen.add(node)
            stack.extend(reversed(node.operands))
    return list(leaves)


def _is_number(node: Node) -> bool:
    return node.is_constant and node.shape == ()


def _structure(step: StepGraph, exact: bool) -> tuple[Any, ...]:
    """The operations of a step and how they are connected; if `exact`, with their numbers and indices too."""
    numbered: dict[Node, int] = {}
    tokens: list[Any] = []
    stack = [step.node]
    while stack:
        node = stack.pop()
        known = node in numbered
        place = numbered.setdefault(node, len(numbered))
        if known or node.primitive is None or node not in step.members:
            value = repr(node.parameters["value"]) if exact and _is_number(node) else ""
            tokens.append((place, value))
            continue
        tokens.append((node.primitive.name, repr(dict(node.parameters)) if exact else ""))
        stack.extend(reversed(node.operands))
    return tuple(tokens)


def _distances(reads: Sequence[Sequence[int]]) -> list[int]:
    """How many steps follow each on the longest way to a result."""
    to_go = [0] * len(reads)
    for i in reversed(range(len(reads))):
        for source in reads[i]:
            if source >= 0:
                to_go[source] = max(to_go[source], to_go[i] + 1)
    return to_go


def _most_uses(structures: Sequence[int], reads: Sequence[Sequence[int]]) -> list[int]:
    """The most uses that a step of each structure has."""
    uses = [0] * len(reads)
    for own in reads:
        for source in own:
            if source >= 0:
                uses[source] += 1
    most = [0] * len(reads)
    for structure, count in zip(structures, uses, strict=True):
        most[structure] = max(most[structure], count)
    return most


def _row(blocks: list[Block], kinds: Sequence[Any], reads: Sequence[Sequence[int]]) -> _Row:
    home = [0] * len(reads)
    for place, block in enumerate(blocks):
        for step in block.steps:
            home[step] = place
    rows: list[tuple[int, ...]] = []
    names: dict[Any, int] = {}
    numbered = np.empty(len(blocks), dtype=np.int64)
    for place, (block, kind) in enumerate(zip(blocks, kinds, strict=True)):
        own = tuple([read if read < 0 else home[read] for step in block.steps for read in reads[step]])
        if len(block.steps) > 1:
            own = tuple([read for read in dict.fromkeys(own) if read != place])
        comparable = len(own) <= SOURCES
        numbered[place] = names.setdefault((kind, len(own)) if comparable else (place,), len(names))
        rows.append(own if comparable else ())
    sources = np.full((max(map(len, rows)), len(rows)), NONE)
    for place, own in enumerate(rows):
        for slot, read in enumerate(own):
            sources[slot, place] = read
    return _Row(blocks, numbered, sources)


def _runs(row: _Row) -> list[tuple[int, int, int]]:
    """Where a body repeats, as (start, period, repeats), shortest periods first taken."""
    n = len(row.blocks)
    free = np.ones(n, dtype=bool)
    found: list[tuple[int, int, int]] = []
    for period in range(1, min(n // FEWEST, LONGEST) + 1):
        if np.count_nonzero(free) < FEWEST * period:
            break
        alike = (row.kinds[:-period] == row.kinds[period:]) & free[:-period] & free[period:]
        if np.count_nonzero(alike) < (FEWEST - 1) * period:
            continue
        strict = alike.copy()
        for own in row.sources:
            strict &= _equal(own[:-period], own[period:], period)
        edges = np.flatnonzero(np.diff(np.concatenate(([False], strict, [False]))))
        starts, ends = edges[::2], edges[1::2]
        long = ends - starts >= (FEWEST - 2) * period
        for begin, end in zip(starts[long].tolist(), ends[long].tolist(), strict=True):
            start = _first_pass(begin, period, alike, row.sources)
            repeats = (end - start) // period + 1
            length = repeats * period
            if repeats >= FEWEST and length > FEWEST and free[start : start + length].all():
                free[start : start + length] = False
                found.append((start, period, repeats))
    return sorted(found)


def _equal(source: Any, later: Any, period: int) -> Any:
    """Whether sources are the same, or stand equally far back."""
    return (later == source) | ((later - source == period) & (source >= 0))


def _first_pass(begin: int, period: int, alike: Any, sources: Any) -> int:
    """Where a run begins if its first pass may read from outside what the next one reads from the run itself."""
    start = begin
    from_run, from_outside = alike.size + period, NONE
    for place in range(begin - 1, max(begin - period, 0) - 1, -1):
        if not alike[place]:
            break
        for source, later in zip(sources[:, place].tolist(), sources[:, place + period].tolist(), strict=True):
            if not _equal(source, later, period):
                from_run, from_outside = min(from_run, later), max(from_outside, source)
        if from_outside < place <= from_run:
            start = place
    return start


def _folded(
    row: _Row,
    kinds: Sequence[Any],
    runs: Sequence[tuple[int, int, int]],
    steps: Sequence[StepGraph],
) -> tuple[list[Block], list[Any]]:
    blocks: list[Block] = []
    new_kinds: list[Any] = []
    place = 0
    for start, period, repeats in [*runs, (len(row.blocks), 0, 0)]:
        blocks += row.blocks[place:start]
        new_kinds += kinds[place:start]
        place = start + period * repeats
        if repeats:
            inside = tuple(i for block in row.blocks[start:place] for i in block.steps)
            exact = [_structure(steps[i], exact=True) for i in inside]
            per_pass = len(inside) // repeats
            varies = any(exact[i] != exact[i % per_pass] for i in range(per_pass, len(exact)))
            body = tuple(row.blocks[place - period : place])
            blocks.append(Block(inside, body, repeats, varies))
            new_kinds.append((repeats, *kinds[start : start + period]))
    return blocks, new_kinds


def _by_depth(blocks: Sequence[Block], to_go: Sequence[int]) -> list[Block]:
    """Consecutive depths drawn together; the last block, which holds the result, stays by itself."""
    deepest = max(to_go)
    first = [deepest - to_go[block.steps[0]] + 1 for block in blocks]
    size = -(-len(blocks) // DEPTHS)
    cuts = [0]
    for place in range(1, len(blocks) - 1):
        if place - cuts[-1] >= size and first[place] != first[place - 1]:
            cuts.append(place)
    joined = []
    for begin, end in pairwise([*cuts, len(blocks) - 1]):
        body = tuple(blocks[begin:end])
        inside = tuple(i for block in body for i in block.steps)
        depths = (first[begin], max(deepest - to_go[i] + 1 for i in inside))
        joined.append(body[0] if len(body) == 1 else Block(inside, body, depths=depths))
    return [*joined, blocks[-1]]
