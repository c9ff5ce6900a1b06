"""Programs of graphs: rows taken out, passes found, operations put together to loops; and the plan as a text."""
