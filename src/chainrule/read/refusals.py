"""Words and signs that are no part of a formula, with the reason and a way out."""

from __future__ import annotations

__all__ = ["SIGNS", "WORDS"]

_COMPARISON = "comparisons are not part of a formula"
_INDEX = "an index or a list is not part of a formula; group with parentheses"
_MONEY = "a unit of money is not part of a formula: write the number alone"
_DERIVATIVE = "a derivative is not part of a formula: explain takes it"
_SUM = "a sum over an index is not read: sum(x) adds the components of x"

SIGNS = {
    "=": "a formula is one side of an equation: write the right-hand side alone",
    '"': "text in quotes is not part of a formula",
    "[": _INDEX,
    "]": _INDEX,
    "{": "group with parentheses",
    "}": "group with parentheses",
    ";": "a formula is one expression",
    ":": "a formula is one expression",
    **dict.fromkeys("<>≤≥≠≈", _COMPARISON),
    "%": "5% is 0.05, and remainders are not part of a formula",
    **dict.fromkeys("€£¥$", _MONEY),
    "°": "angles are in radians: x degrees are x pi/180",
    "∫": "an integral is not part of a formula: write what is integrated",
    "∂": _DERIVATIVE,
    "∇": _DERIVATIVE,
    "∑": _SUM,
    "∏": "a product over an index is not read: prod(x) multiplies the components of x",
    "∞": "infinity is no number of a formula",
    "±": "two formulas in one are not read",
    "∓": "two formulas in one are not read",
    **dict.fromkeys("→⟶", 'a limit is not part of a formula: explain with method="limit" takes one'),
    "…": "every term has to be written",
}
WORDS = {
    "lim": 'a limit is not part of a formula: explain with method="limit" takes that of the difference quotient',
    "int": "an integral is not part of a formula: write what is integrated",
    "diff": _DERIVATIVE,
    "derivative": _DERIVATIVE,
    "mod": "remainders are not part of a formula",
    **dict.fromkeys(("root", "nthroot", "surd"), "the n-th root of x is x^(1/n), and cbrt(x) the cube root"),
}
"""Words that would be a silent mistake as products of letters, or are near to the names of other functions."""
