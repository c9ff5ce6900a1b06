"""The primitives, a file a family. Importing this package enters them all in the registry."""

from chainrule.ops import arithmetic, exponential, like, linalg, piecewise, reduce, shape, special
