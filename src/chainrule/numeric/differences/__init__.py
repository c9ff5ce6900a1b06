"""Finite differences: the formulas, the step that suits a function, and the derivatives taken with them."""
