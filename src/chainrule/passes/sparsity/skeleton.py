"""What a tape computes, without the values of what it is differentiated by: equal skeletons have equal patterns."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np

from chainrule.core.record import Record
from chainrule.core.shapes import elementwise

__all__ = ["skeleton"]


def skeleton(records: Sequence[Record], outputs: Sequence[Record | None]) -> bytes:
    """A digest of the operations, of what they are applied to, and of the indices and constant matrices among it."""
    position = {record: i for i, record in enumerate(records)}
    digest = hashlib.blake2b(digest_size=16)

    def add(*parts: Any) -> None:
        digest.update(repr(parts).encode())

    for record in records:
        primitive = record.primitive
        operands = [None if operand is None else position[operand] for operand in record.operands]
        add(primitive and (primitive.name, id(primitive)), operands, sorted(record.parameters.items(), key=str))
        add(np.shape(record.value), str(getattr(record.value, "dtype", type(record.value))))
        if primitive is None:
            continue
        if primitive.shape is elementwise:  # its constants scale and shift, and move nothing
            continue
        for value, operand in zip(record.values, record.operands, strict=True):
            array = np.asarray(value)
            if operand is not None and array.dtype.kind in "fc":
                continue  # what moves with the inputs; an index among it is looked at
            add(array.shape, array.dtype.str)
            digest.update(np.ascontiguousarray(array).tobytes())
    add([None if output is None else position[output] for output in outputs])
    return digest.digest()
