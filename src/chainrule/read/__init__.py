"""The ways in: NumPy functions are traced, formulas are read. Importing it enters the answers to NumPy's functions."""
