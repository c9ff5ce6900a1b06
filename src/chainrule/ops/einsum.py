"""Einstein summation: products of arrays summed over the labels that the result does not have.

`subscripts` names every axis by a letter, as in "ij,jk->ik", without an ellipsis. Each label stands in at least two of
the terms and the result, and axes of one label are of one size: what einsum means beyond that is a sum or a squeeze
beforehand. A label may be repeated in a term, which takes a diagonal, and, other than in NumPy, in the result, which
fills a diagonal and is zero beside it. So the transpose of an einsum is an einsum.
"""

from __future__ import annotations

import string
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.derivative import Multilinear
from chainrule.core.labels import Folding, Labels
from chainrule.core.primitive import example, primitive
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array, Shape, ShapeRule
from chainrule.errors import ArgumentError, ShapeError

PRODUCT_SUM = Rule("product rule of a sum of products", "d sum(U V) = sum(dU V) + sum(U dV)")


def _terms(subscripts: str) -> tuple[list[str], str]:
    terms, _, result = subscripts.partition("->")
    return terms.split(","), result


@dataclass(frozen=True)
class _Labelled(ShapeRule):
    """Every axis has a label; the result has the axes that it names."""

    def infer(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Shape:
        terms, result = _terms(parameters["subscripts"])
        place = f"einsum {parameters['subscripts']!r} of shapes {' and '.join(map(str, shapes))}"
        if len(terms) != len(shapes):
            raise ShapeError(f"{place}: there are {len(terms)} terms for {len(shapes)} operands")
        sizes: dict[str, int] = {}
        for term, shape in zip(terms, shapes, strict=True):
            if len(term) != len(shape):
                raise ShapeError(f"{place}: the term {term!r} names {len(term)} axes of an operand of shape {shape}")
            for label, n in zip(term, shape, strict=True):
                if sizes.setdefault(label, n) != n:
                    raise ShapeError(f"{place}: the label {label} has the sizes {sizes[label]} and {n}")
        unknown = [label for label in result if label not in sizes]
        if unknown:
            raise ShapeError(f"{place}: the label {unknown[0]} of the result stands in no term")
        return tuple(sizes[label] for label in result)

    def batch(self, F: Any, apply: Any, operands: Sequence[Array], batched: Sequence[bool],
              parameters: Mapping[str, Any]) -> Array:
        subscripts = parameters["subscripts"]
        terms, result = _terms(subscripts)
        label = next((letter for letter in string.ascii_letters if letter not in subscripts), None)
        if label is None:
            raise ArgumentError(f"einsum {subscripts!r} uses all 52 letters: none is left for the axis of a batch")
        terms = [label * many + term for term, many in zip(terms, batched, strict=True)]
        return apply(*operands, subscripts=f"{','.join(terms)}->{label}{result}")

    def labels(self, shapes: Sequence[Shape], parameters: Mapping[str, Any]) -> Labels:
        terms, result = _terms(parameters["subscripts"])
        return Labels(tuple(map(tuple, terms)), tuple(result))


def _einsum(*operands: Any, subscripts: str) -> Any:
    terms, _, result = subscripts.partition("->")
    labels = "".join(dict.fromkeys(result))
    # A path and BLAS pay from three operands or some thousand numbers on.
    optimize = len(operands) > 2 or sum(np.size(x) for x in operands) > 5000
    value = np.einsum(terms + "->" + labels, *operands, optimize=optimize)
    if labels == result:
        return value[()]
    full = np.zeros([value.shape[labels.index(label)] for label in result], value.dtype)
    np.einsum(result + "->" + labels, full)[...] = value
    return full


def _transpose(F: Any, g: Array, out: Array, *operands: Array, subscripts: str, position: int) -> Array:
    terms, result = _terms(subscripts)
    others = [i for i in range(len(operands)) if i != position]
    given = ",".join([result, *(terms[i] for i in others)])
    return F.einsum(g, *(operands[i] for i in others), subscripts=f"{given}->{terms[position]}")


einsum = primitive("einsum", evaluate=_einsum, folding=Folding.SUM, shape=_Labelled(),
                   derivative=Multilinear(_transpose, variadic=True), rule=PRODUCT_SUM,
                   examples=(example((2, 3), (3, 4), subscripts="ij,jk->ik"), example((2,), (3,), subscripts="i,j->ji"),
                             example((2, 3), (3, 2), subscripts="ij,ji->"), example((), (3,), subscripts=",i->i"),
                             example((2, 3), (3, 4), (4, 2), subscripts="ij,jk,kl->il"),
                             example((5, 2, 3), (5, 3), subscripts="nij,nj->in"), example((3, 3), subscripts="ii->i"),
                             example((3, 3, 2), (3,), subscripts="iij,i->j"), example((3,), subscripts="i->ii"),
                             example((2, 2), (2, 3), subscripts="aa,ab->aab"), example((3, 2), subscripts="ij->ji"),
                             example((0, 3), (3,), subscripts="ij,j->i"), example((2, 0), (0,), subscripts="ij,j->i"),
                             example((1, 1), (1,), subscripts="ij,j->i"),
                             example((80, 80), (80, 2), subscripts="ij,jk->ik")))
