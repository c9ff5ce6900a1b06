"""Graphs to code that runs: NumPy source for arrays, plain Python for numbers."""
