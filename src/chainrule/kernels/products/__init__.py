"""Matrix products as LLVM IR: which micro kernel, or which call of BLAS, fits sizes and layout.

`registers` is what the kernels do with vectors; `horizontal` reads rows that lie one after the other, `vertical` works
on the same component of many rows, `outer` sums over rows, `gemm` calls BLAS, `packing` copies what fits nothing,
`ahead` fetches what comes next.
"""

from chainrule.kernels.products.ahead import shares
from chainrule.kernels.products.choice import emit_product

__all__ = ["emit_product", "shares"]
