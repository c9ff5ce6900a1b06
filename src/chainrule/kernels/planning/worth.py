"""Whether a program is worth compiling: where NumPy does as well, the function is better left to it."""

from __future__ import annotations

from math import prod

from chainrule.kernels.planning.items import NotPlannedError
from chainrule.kernels.program import Map, Program, Value
from chainrule.kernels.running.blocks import fixed_work

__all__ = ["check_worth"]

_CALLS_COST = 5e4  # nanoseconds of work in loops that pay for the way to the calls of NumPy beside them
_OPERATION, _STAGE = 5, 12  # milliseconds that an operation in a loop, and a loop or product, take to compile
_LONGEST = 3000  # milliseconds, for which no caller wants to wait
_MOST_BYTES = 32 << 20  # of arrays between the stages of a program that is not cut into rows


def check_worth(program: Program) -> None:
    """Raise `NotPlannedError` where a program gains nothing, or takes memory that it should not."""
    stages = list(program.stages())
    operations = sum(len(stage.assignments) for stage in stages if isinstance(stage, Map))
    if _OPERATION * operations + _STAGE * len(stages) > _LONGEST:
        raise NotPlannedError(
            f"{operations} operations in {len(stages)} loops and products take long to compile; "
            "a loop that Python unrolls is one operation as cr.scan"
        )
    called = dict.fromkeys(node.primitive.name for section in program.sections for node, _, _ in section.calls)
    if not any(section.by_row for section in program.sections):
        if called and fixed_work(program) < _CALLS_COST:
            raise NotPlannedError(f"most of it is what NumPy computes: {', '.join(called)}")
        size = _bytes_between(program)
        if size > _MOST_BYTES:
            raise NotPlannedError(f"it is not cut into rows, and would take {size >> 20} MB of memory in between")


def _bytes_between(program: Program) -> int:
    """The memory of fixed values that the caller does not know."""
    found: set[Value] = set()
    for section in program.sections:
        found.update(value for _, _, value in section.calls)
        for stage in section.stages:
            if isinstance(stage, Map):
                found.update(stage.stores)
                found.update(fold.out for fold in stage.folds)
                found.update(out.base for _, out in stage.copies)
            else:
                found.add(stage.out)
    outputs = {value.base for value in program.outputs}
    return sum(prod(value.shape) * value.dtype.itemsize for value in found - outputs if not value.by_row)
