"""LLVM IR of a program: a function for each section, and one for all of them.

- `module`: `emit`, and what the functions ask of their caller.
- `layout`: where values lie. `sections`: the stages of a section, strip after strip.
- `maps`: a map as loops over vectors; `nest`: which loops; `lanes`: vectors in memory; `folds`: reductions in
  registers; `packing`: arrays by row, transposed for the vectors.
- `totals`: sums over rows between the chunks; `whole`: all sections in one call.
"""

from __future__ import annotations

from chainrule.kernels.llvm.module import Emitted, emit

__all__ = ["Emitted", "emit"]
