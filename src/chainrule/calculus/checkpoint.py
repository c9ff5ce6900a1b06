"""Recompute instead of store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from chainrule.calculus.arguments import function_name
from chainrule.calculus.closed import body_of, check_integers, closed, is_operand, number_or_array
from chainrule.calculus.containers import Rebuild, flatten
from chainrule.core.loop import Body, unpacked
from chainrule.core.registry import evaluating
from chainrule.core.traced import Traced, plain_value
from chainrule.errors import ArgumentError
from chainrule.passes.guards import watched

__all__ = ["checkpoint"]


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, of which a derivative keeps the arguments alone: what lies between is computed again.

    It saves memory for time. Without it a gradient keeps each value on the way; with it those within f live while f
    runs, and again while its part of the backward pass runs. A chain of n checkpointed parts keeps n sets of arguments
    and the inside of one part. Checkpoints nest, and compose with all derivatives and with `vmap`.

    Args:
        f: an ordinary NumPy function of arrays and containers of arrays; what else it takes is passed on as it is. It
            returns arrays, or containers of arrays. Where it draws random numbers or prints, it does so once.

    Returns:
        A function with f's arguments and results. An f with an operation made by `primitive` or with `cr.value` in it
        is called as it is, and keeps its values.

    Source: Griewank and Walther (2000), Algorithm 799: revolve; Chen et al. (2016), Training deep nets with sublinear
    memory cost.

    >>> import numpy as np, chainrule as cr
    >>> layer = cr.checkpoint(lambda w, x: np.tanh(w * x))
    >>> cr.grad(lambda w: np.sum(layer(w, layer(w, np.ones(2)))))(0.5)
    np.float64(1.62...)
    """
    if not callable(f):
        raise ArgumentError(f"checkpoint takes a function, not {f!r:.60}")

    @wraps(f)
    def recomputed(*args: Any, **kwargs: Any) -> Any:
        leaves, rebuild = flatten((args, kwargs), "")
        places = [i for i, (_, leaf) in enumerate(leaves) if is_operand(leaf)]
        given = [number_or_array(leaves[i][1], leaves[i][0]) for i in places]
        if watched():
            return f(*args, **kwargs)
        structure: list[Rebuild] = []

        def call(*arrays: Any) -> Any:
            new = [leaf for _, leaf in leaves]
            for i, array in zip(places, arrays, strict=True):
                new[i] = array
            positional, keywords = rebuild(new)
            return f(*positional, **keywords)

        def leaves_of(result: Any) -> Sequence[Any]:
            outputs, of_result = flatten(result, "the value")
            structure.append(of_result)
            return [number_or_array(leaf, path) for path, leaf in outputs]

        names = [f"x{i}" for i in range(len(given))]
        found = closed(call, [plain_value(x) for x in given], names, leaves_of, function_name(f), f)
        if found.opaque:
            return f(*args, **kwargs)
        operands = [*given, *found.around]
        active = tuple(type(x) is Traced and x.dtype.kind in "fc" for x in operands)
        if not any(active):
            return structure[-1](found.values)
        body = Body.engine.kept(body_of(found, 0, 0), active, True)
        packed = evaluating.scan(*operands, body=body, length=1, reverse=False)
        parts = body.parts(1)[: len(found.values)]
        check_integers(packed, parts)
        results = [evaluating.getitem(part, pattern=(0,)) for part in unpacked(evaluating, packed, parts)]
        return structure[-1](results)

    return recomputed
