"""Gradient checks of what PyTorch and JAX compute, by the same differences as anything else.

A peer is another library of derivatives. Its tensors become NumPy arrays for the differences and go back to it, in
the same dtype and on the same device, for each evaluation. A peer is never imported here: unless the caller has done
so, there can be no tensor of it.
"""

from chainrule.numeric.peers.problem import Problem, adapt

__all__ = ["Problem", "adapt"]
