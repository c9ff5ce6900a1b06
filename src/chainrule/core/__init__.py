"""The core: what a graph, a primitive, a derivative fact and a traced value are."""
