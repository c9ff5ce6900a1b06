"""Derivations: what a derivation is made of, and how it is written."""
