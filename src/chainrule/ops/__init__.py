"""The primitives, a file a family. Importing this package enters them all in the registry.

- `arithmetic`: sums, products, quotients, powers, roots, remainders
- `exponential`: exponentials and logarithms
- `trigonometric`: circular and hyperbolic functions, their inverses
- `special`: the logistic family, softmax and its relatives
- `error_functions`: the error function, scaled and inverse, the normal distribution
- `gamma`, `beta`: the gamma and beta functions, their logarithms and derivatives, the incomplete ones
- `gamma_tails`: logarithms of the incomplete gamma functions
- `bessel`: Bessel functions of both kinds
- `hypergeometric`: Lambert's function, the dilogarithm, hypergeometric functions
- `entropy`: terms of entropies, exponential integrals
- `piecewise`: choosing and rounding: where, maximum, clip, abs, floor
- `compare`: comparisons and logic
- `complex`: the parts of a complex number
- `reduce`: sums, means, extrema and the like over axes
- `norms`: norms of vectors
- `cumulative`: running sums and products
- `sorting`: sorting and searching
- `products`: the product of matrices and vectors
- `convolution`: convolutions of signals
- `sliding`: windows that slide along an axis, and their sum
- `einsum`: products summed over labels
- `fft`: discrete Fourier transforms
- `linalg`: solve, inverse, determinants, Cholesky factor, trace
- `spectral`: eigenvalues and eigenvectors
- `singular`: the singular value decomposition
- `degenerate`: what these divide by, and what holds where values coincide
- `orthogonal`: the QR decomposition
- `pseudoinverse`: the pseudoinverse, the rank
- `least_squares`: least squares
- `matrix_functions`: the exponential of a matrix
- `shape`: moving axes and components
- `indexing`: reading and writing components
- `scan`: the loop that is not unrolled
- `flow`: solutions of differential equations
- `like`: what rules are written with: bring a value to the shape or dtype of another

`rules` holds the named rules of calculus that the entries cite.
"""

from chainrule.ops import (  # noqa: F401, I001  imported for their entries
    arithmetic, bessel, beta, compare, complex, convolution, cumulative, degenerate, einsum, entropy, error_functions,
    exponential, fft, flow, gamma, gamma_tails, hypergeometric, indexing, least_squares, like, linalg, matrix_functions,
    norms, orthogonal, piecewise, products, pseudoinverse, reduce, scan, shape, singular, sliding, sorting, special,
    spectral, trigonometric,
)
