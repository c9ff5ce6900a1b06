"""What this machine can do at most, measured in the same run: reading memory, and multiplying matrices."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from chainrule.kernels import machine
from chainrule.kernels.running import threads

# Sixteen vectors at a time, each into a sum of its own, so that nothing is waited for but the memory.
_VECTORS, _LANES = 16, 8


def _reader() -> str:
    vector = f"<{_LANES} x double>"
    step = _VECTORS * _LANES
    lines = [
        "define double @read(ptr %x, i64 %count) {",
        "entry:",
        "  br label %loop",
        "loop:",
        "  %i = phi i64 [0, %entry], [%j, %loop]",
        *(f"  %s{k} = phi {vector} [zeroinitializer, %entry], [%t{k}, %loop]" for k in range(_VECTORS)),
        "  %p = getelementptr double, ptr %x, i64 %i",
    ]
    for k in range(_VECTORS):
        lines += [
            f"  %p{k} = getelementptr double, ptr %p, i64 {k * _LANES}",
            f"  %v{k} = load {vector}, ptr %p{k}, align 8",
            f"  %t{k} = fadd {vector} %s{k}, %v{k}",
        ]
    lines += [
        f"  %j = add i64 %i, {step}",
        "  %more = icmp slt i64 %j, %count",
        "  br i1 %more, label %loop, label %out",
    ]
    lines += ["out:"]
    total = "%t0"
    for k in range(1, _VECTORS):
        lines.append(f"  %u{k} = fadd {vector} {total}, %t{k}")
        total = f"%u{k}"
    lines += [f"  %r = extractelement {vector} {total}, i32 0", "  ret double %r", "}"]
    return "\n".join(lines)


def reading(arrays: Sequence[Any]) -> Callable[[], None]:
    """A call that reads arrays of float64 once, on all cores, and does nothing else."""
    loaded = machine.compile_module(_reader(), "reader")
    read = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_void_p, ctypes.c_int64)(loaded.address("read"))
    chunk = 64 * 1024
    pieces = [
        (array.ctypes.data + 8 * start, min(chunk, array.size - start) // 128 * 128)
        for array in arrays
        for start in range(0, array.size - 127, chunk)
    ]
    groups = [pieces[k * len(pieces) // 64 : (k + 1) * len(pieces) // 64] for k in range(64)]

    def task(index: int) -> None:
        for address, count in groups[index]:
            read(address, count)

    def call(_loaded: Any = loaded) -> None:
        threads.run(task, len(groups))

    return call


def products(pairs: Sequence[tuple[Any, Any]]) -> Callable[[], None]:
    """A call that forms matrix products with NumPy's BLAS on all its threads, into memory that is there."""
    outs = [np.empty((left.shape[0], right.shape[1]), left.dtype) for left, right in pairs]

    def call() -> None:
        for (left, right), out in zip(pairs, outs, strict=True):
            np.matmul(left, right, out=out)

    return call


def least(call: Callable[[], Any], repeats: int = 7) -> float:
    """The shortest of several calls: a limit is what is possible."""
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)
