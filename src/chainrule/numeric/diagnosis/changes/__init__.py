"""Changes of one step of the backward pass: each file holds one kind, and `step.py` tries them."""
