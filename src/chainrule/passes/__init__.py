"""Passes over records and graphs: reverse and forward mode, batching, evaluation."""
