"""Graphs to machine code: programs of fused loops and products, run over blocks of rows on all cores."""
