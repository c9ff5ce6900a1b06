"""Gradient checks: the function under test, components and directions measured, wrong groups located, the report."""
