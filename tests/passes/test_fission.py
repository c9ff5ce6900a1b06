"""A step that is taken apart gives what the whole step gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import chainrule.emit.engine  # enters how a loop runs
import chainrule.ops  # noqa: F401  enters the operations
from chainrule.core.graph import Graph, Guard, Node
from chainrule.core.loop import Body
from chainrule.core.registry import building
from chainrule.passes.fission import fission

F = building
REAL = np.dtype(np.float64)
STEPS = 50


def variable(name: str, *shape: int) -> Node:
    return Node(None, (), {"name": name}, shape, REAL, name)


C, D, S, M = variable("c", 3), variable("d", 3), variable("s", 3), variable("m", 3, 3)
X, K, WIDE = variable("x", 3), variable("k", 3), variable("w", 100)
OUTER = F.multiply(F.expand_dims(F.sin(C), axis=(1,)), X)
ROW = F.expand_dims(X, axis=(0,))
COLUMN = F.expand_dims(F.multiply(C, K), axis=(1,))
DECAY = F.multiply(C, K)


def body(carries: list[tuple[Node, Node]], ys: list[Node], guards: tuple[Guard, ...] = ()) -> Body:
    starts, nexts = zip(*carries, strict=True)
    return Body(Graph((*starts, X, K), (*nexts, *ys), guards, "step"), len(carries), 1)


WHOLE: dict[str, tuple[Body, bool, int]] = {
    # the body, whether something is computed ahead, and how many sums are taken behind
    "nothing": (body([(C, DECAY)], [C]), False, 0),
    "ahead": (body([(C, F.add(DECAY, F.multiply(F.exp(X), K)))], [F.cos(X), C]), True, 0),
    "guard ahead": (
        body([(C, DECAY)], [C], (Guard(F.all(F.less(X, 9.0), axis=(0,), keepdims=False), True),)),
        True,
        0,
    ),
    "a sum": (body([(C, DECAY), (S, F.add(S, F.sin(C)))], []), False, 1),
    "the other way round": (body([(S, F.add(F.sin(C), S)), (C, DECAY)], [C]), False, 1),
    "two sums of one": (body([(C, DECAY), (S, F.add(S, DECAY)), (D, F.add(D, DECAY))], []), False, 2),
    "outer": (body([(C, DECAY), (M, F.add(M, OUTER))], [C]), False, 1),
    "outer of arrays": (body([(C, DECAY), (M, F.add(M, F.multiply(ROW, COLUMN)))], [C]), True, 1),
    "outer, both spread": (
        body([(C, DECAY), (M, F.add(M, F.multiply(F.expand_dims(F.sin(C), axis=(0,)), COLUMN)))], [C]),
        False,
        1,
    ),
    "seen elsewhere": (body([(C, DECAY), (S, F.add(S, F.sin(C)))], [S]), False, 0),
    "spread": (body([(C, DECAY), (S, F.add(S, F.sum(C, axis=(0,), keepdims=False)))], []), False, 0),
    "no room": (body([(C, DECAY), (S, F.add(S, F.sin(C))), (D, F.add(D, F.cos(C)))], []), False, 1),
}  # fmt: skip


@pytest.mark.parametrize("name", WHOLE)
@pytest.mark.parametrize("reverse", [False, True])
def test_the_parts_give_what_the_whole_gives(name: str, reverse: bool) -> None:
    whole, ahead, behind = WHOLE[name]
    rng = np.random.default_rng(1)
    operands = [rng.normal(size=node.shape) for node in whole.graph.inputs]
    operands[whole.carries] = rng.normal(size=(STEPS, 3))
    operands[-1] = rng.uniform(0.5, 1.1, size=3)
    parts = fission(whole)
    assert (parts is not None) == (ahead or behind > 0)
    if parts is not None:
        assert (parts.before is not None) == ahead
        assert len(parts.sums) == behind
    got = Body.engine.run(whole, operands, STEPS, reverse)
    short: Callable[..., Any] = Body.engine.run  # a few steps at a time are not taken apart
    carry, rows = operands[: whole.carries], operands[whole.carries]
    collected = []
    places = [slice(i, i + 10) for i in range(0, STEPS, 10)]
    for place in reversed(places) if reverse else places:
        out = short(whole, [*carry, rows[place], operands[-1]], 10, reverse)
        found = [out[part.start : part.stop].reshape(part.shape) for part in whole.parts(10)]
        carry = found[: whole.carries]
        collected.append(found[whole.carries :])
    ys = [np.concatenate(parts) for parts in zip(*(collected[::-1] if reverse else collected), strict=True)]
    want = np.concatenate([np.ravel(x) for x in (*carry, *ys)])
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-12)


def test_what_is_large_stays_in_the_loop() -> None:
    wide = F.multiply(WIDE, F.sum(X, axis=(0,), keepdims=False))
    many = Body(Graph((WIDE, X, K), (F.add(WIDE, F.exp(wide)), F.sum(wide, axis=(0,), keepdims=False)), name="f"), 1, 1)
    parts = fission(many)
    assert parts is not None
    assert [node.shape for node in parts.before.outputs] == [()]  # type: ignore[union-attr]
    total = variable("t", 100)
    rows = variable("r", 100)
    sums = Body(Graph((total, rows), (F.add(total, rows),), name="f"), 1, 1)
    assert fission(sums) is None
