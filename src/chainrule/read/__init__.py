"""The ways in: NumPy functions are traced, formulas are read. Importing it enters the answers to NumPy's functions."""

from chainrule.read import (  # noqa: F401
    numpy_calculus,
    numpy_creation,
    numpy_decompositions,
    numpy_elementwise,
    numpy_fft,
    numpy_functional,
    numpy_indexing,
    numpy_joining,
    numpy_linalg,
    numpy_norms,
    numpy_polynomials,
    numpy_products,
    numpy_queries,
    numpy_reduce,
    numpy_refused,
    numpy_shape,
    numpy_sorting,
    numpy_statistics,
    numpy_ufuncs,
)
