"""The primitives, a file a family. Importing this package enters them all in the registry."""

from chainrule.ops import arithmetic, compare, complex, cumulative, einsum, exponential, indexing, like, linalg, norms, piecewise, products, reduce, shape, sorting, special, trigonometric
