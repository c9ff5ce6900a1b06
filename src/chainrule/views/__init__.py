"""Views of a graph: something to read. A view knows layouts, and no operation by name."""
