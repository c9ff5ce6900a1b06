"""Which components of a result depend on which components of the inputs: found from what the primitives declare."""
