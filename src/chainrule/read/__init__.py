"""The ways in: NumPy functions are traced, formulas are read. Importing it enters the answers to NumPy's functions."""

from chainrule.read import (  # noqa: F401
    numpy_creation,
    numpy_elementwise,
    numpy_fft,
    numpy_indexing,
    numpy_joining,
    numpy_linalg,
    numpy_products,
    numpy_queries,
    numpy_reduce,
    numpy_shape,
    numpy_sorting,
    numpy_ufuncs,
)
