"""The loop that is not unrolled: one operation, whatever the number of its steps.

The operands are the first carries, the xs with one row for each step, and the constants; the result is the vector of
the last carries and the stacked ys (see `core.loop`). Its reverse pass is a loop again, over the steps backwards, and
so is its forward mode; so a scan can be differentiated as often as anything else.
Source: Griewank and Walther, Evaluating Derivatives (2008), chapters 4 and 12, for what is kept and what recomputed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.cotangent import Mask
from chainrule.core.derivative import Derivative
from chainrule.core.graph import Graph, Node
from chainrule.core.loop import Body, Part, floating, unpacked
from chainrule.core.notation import Call
from chainrule.core.primitive import example, primitive
from chainrule.core.record import Record
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Dtype, Shape, ShapeRule
from chainrule.errors import ShapeError

LOOP = Rule("derivative of a loop", "c_i = f(c_(i-1), x_i) gives dc_i = f_c dc_(i-1) + f_x dx_i, step by step")


def _scan(*operands: Any, body: Body, length: int, reverse: bool) -> Any:
    arrays = [np.asarray(operand)[()] for operand in operands]
    at = body.at([array.dtype for array in arrays])
    return Body.engine.run(at, arrays, length, reverse)


def _packed_dtype(*dtypes: Dtype, body: Body, **_: Any) -> Dtype:
    return body.at(dtypes).dtype


@dataclass(frozen=True)
class _Loop(ShapeRule):
    """A row of each of the xs goes into a step; the results of all steps are packed into one vector."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        body, length = parameters["body"], parameters["length"]
        for i, (node, shape) in enumerate(zip(body.graph.inputs, shapes, strict=True)):
            own = (length, *node.shape) if body.carries <= i < body.carries + body.rows else node.shape
            if shape != own:
                raise ShapeError(f"{node.name or 'an operand'} of a scan has shape {shape}, expected {own}")
        parts = body.parts(length)
        return (parts[-1].stop if parts else 0,)

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        body, length = parameters["body"], parameters["length"]
        count = next(np.shape(x)[0] for x, many in zip(operands, batched, strict=True) if many)
        body = body.at([x.dtype for x in operands])
        many_steps, carried, stacked = Body.engine.batched(body, tuple(batched), count)
        given = []
        for i, (x, many) in enumerate(zip(operands, batched, strict=True)):
            if i < body.carries and carried[i] and not many:
                x = F.broadcast_to(x, shape=(count, *np.shape(x)))
            elif many and body.carries <= i < body.carries + body.rows:
                x = F.transpose(x, axes=(1, 0, *range(2, np.ndim(x))))  # a step takes the rows of all examples
            given.append(x)
        packed = apply(*given, **{**parameters, "body": many_steps})
        pieces = []
        own = [part.stop - part.start for part in body.parts(length)]
        every = zip(many_steps.parts(length), (*carried, *stacked), own, strict=True)
        for i, (part, many, size) in enumerate(every):
            piece = F.reshape(F.getitem(packed, pattern=(slice(part.start, part.stop),)), shape=part.shape)
            if not many:
                pieces.append(F.broadcast_to(F.reshape(piece, shape=(1, size)), shape=(count, size)))
                continue
            if i >= body.carries:
                piece = F.transpose(piece, axes=(1, 0, *range(2, len(part.shape))))
            pieces.append(F.reshape(piece, shape=(count, size)))
        return F.concatenate(*pieces, axis=1)


class _Steps(Derivative):
    """Both modes are loops of the derivative of one step."""

    def push(self, F: Any, record: Record, tangents: Sequence[Array | None]) -> Array:
        length, reverse = record.parameters["length"], record.parameters["reverse"]
        body = _body_of(record)
        given = tuple(t is not None and floating(x.dtype) for t, x in zip(tangents, record.values, strict=True))
        pushed, active, moved = Body.engine.pushed(body, given)
        primals = _split(body, record.values)
        moving = _split(body, [
            (F.zeros_like(x) if t is None else t) if on else None
            for x, t, on in zip(record.values, tangents, active, strict=True)])
        operands = [x for kind in zip(primals, moving, strict=True) for half in kind for x in half if x is not None]
        out = F.scan(*operands, body=pushed, length=length, reverse=reverse)
        found = iter(unpacked(F, out, pushed.parts(length))[body.carries:])
        pieces = []
        for part, on in zip(body.parts(length), (*active[: body.carries], *moved), strict=True):
            size = part.stop - part.start
            if on:
                piece = F.reshape(next(found), shape=(size,))
            else:
                piece = F.zeros_like(F.getitem(record.value, pattern=(slice(part.start, part.stop),)))
            pieces.append(piece if piece.dtype == record.value.dtype else F.cast_like(piece, record.value))
        return F.concatenate(*pieces, axis=0)

    def pull(self, F: Any, record: Record, cotangent: Array, mask: Mask | None) -> Sequence[Array | None]:
        length, reverse = record.parameters["length"], record.parameters["reverse"]
        body = _body_of(record)
        wanted = tuple(o is not None and floating(x.dtype) for o, x in zip(record.operands, record.values, strict=True))
        if not any(wanted):
            return [None] * len(wanted)
        parts, out = body.parts(length), record.value
        kept = body
        if body.kept is None or any(w and not a for w, a in zip(wanted, body.active, strict=True)):
            kept = Body.engine.kept(body, wanted, sparing=False)
            out = F.scan(*record.values, body=kept, length=length, reverse=reverse)
        seeds = unpacked(F, cotangent, [_of_cotangent(part, cotangent) for part in parts])
        ys = len(parts) - body.carries
        seeded = tuple(floating(p.dtype) and _may_count(g) for p, g in zip(parts[-ys:], seeds[-ys:], strict=True)) \
            if ys else ()
        # What the transpose alone looks at has a cotangent only where a derivative was differentiated.
        seeded += (False,) * (len(kept.graph.outputs) - len(parts))
        transposed = Body.engine.transposed(kept, seeded)
        _, rows, constants = _split(body, record.values)
        on_carries, on_rows, on_constants = _split(body, kept.active)
        history = unpacked(F, out, kept.parts(length))[len(kept.graph.outputs) - (kept.kept or 0):]
        operands = [
            *(g for g, on in zip(seeds, on_carries, strict=False) if on),
            *(F.zeros_like(k) for k, on in zip(constants, on_constants, strict=True) if on),
            *rows, *history, *(g for g, on in zip(seeds[body.carries:], seeded, strict=False) if on), *constants]
        back = F.scan(*operands, body=transposed, length=length, reverse=not reverse)
        found = iter(unpacked(F, back, transposed.parts(length)))
        by_carries = [next(found) if on else None for on in on_carries]
        by_constants = [next(found) if on else None for on in on_constants]
        by_rows = [next(found) if on else None for on in on_rows]
        every = (*by_carries, *by_rows, *by_constants)
        return [term if want else None for term, want in zip(every, wanted, strict=True)]


def _body_of(record: Record) -> Body:
    body: Body = record.parameters["body"]
    return body.at([x.dtype for x in record.values])


def _split(body: Body, every: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """What belongs to the carries, to the xs and to the constants."""
    end = body.carries + body.rows
    return every[: body.carries], every[body.carries : end], every[end:]


def _of_cotangent(part: Part, cotangent: Array) -> Part:
    """A result of integers has a cotangent that nobody asks for."""
    return part if floating(part.dtype) else Part(part.start, part.stop, part.shape, np.dtype(cotangent.dtype))


def _may_count(g: Array) -> bool:
    """Whether the cotangent of a part is more than zeros that stand there because nothing depends on it."""
    return not isinstance(g, np.ndarray) or bool(g.any())


def _example_body() -> Body:
    """c' = k exp(-c) + x with the row c x: what the tests try."""
    c, x, k = (Node(None, (), {"name": name}, (2,), np.dtype(np.float64), name) for name in "cxk")
    nexts = building.add(building.multiply(k, building.exp(building.negative(c))), x)
    return Body(Graph((c, x, k), (nexts, building.multiply(c, x)), name="step"), 1, 1)


_BODY = _example_body()

scan = primitive("scan", evaluate=_scan, shape=_Loop(), dtype=_packed_dtype,
                 derivative=_Steps(), notation=Call("scan", unsaid=("length",)), rule=LOOP,
                 examples=tuple(example((2,), (n, 2), (2,), body=_BODY, length=n, reverse=reverse)
                                for n, reverse in ((3, False), (2, True), (0, False))))
