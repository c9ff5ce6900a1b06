"""The number that a float stands for: 0.1 for one tenth, 0.6931471805599453 for ln 2.

Terms of a graph hold floats where a textbook has exact numbers, and what was computed with floats holds roundings:
0.1 - 1 is -0.9 to seventeen digits. To compare two terms to thirty digits, each float is taken as the simplest number
that it is a rounding of, always the same one for the same float.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

__all__ = ["ROUNDING", "exact", "is_rough"]

ROUNDING = 2.0**-52
_ULPS = 2  # what one or two operations with rounded numbers leave


@dataclass(frozen=True, slots=True)
class _Form:
    """Numbers made from a fraction: `fraction` finds it in floats, `value` makes the number of it in mpmath."""

    fraction: Callable[[float], float]
    value: Callable[[Any, Any], Any]


# What derivative entries and folded constants are made of: multiples of ln 2, ln 10, pi, of their inverses, of
# 1/sqrt(pi) and e, then roots of multiples of pi and 1/pi, and roots and logarithms of fractions.
_FORMS = (
    _Form(lambda x: x / math.log(2.0), lambda m, r: r * m.ln2),
    _Form(lambda x: x / math.log(10.0), lambda m, r: r * m.ln10),
    _Form(lambda x: x * math.log(2.0), lambda m, r: r / m.ln2),
    _Form(lambda x: x * math.log(10.0), lambda m, r: r / m.ln10),
    _Form(lambda x: x / math.pi, lambda m, r: r * m.pi),
    _Form(lambda x: x * math.pi, lambda m, r: r / m.pi),
    _Form(lambda x: x * math.sqrt(math.pi), lambda m, r: r / m.sqrt(m.pi)),
    _Form(lambda x: math.copysign(x * x, x) / math.pi, lambda m, r: m.sign(r) * m.sqrt(abs(r) * m.pi)),
    _Form(lambda x: math.copysign(x * x, x) * math.pi, lambda m, r: m.sign(r) * m.sqrt(abs(r) / m.pi)),
    _Form(lambda x: x / math.e, lambda m, r: r * m.e),
    _Form(lambda x: math.copysign(x * x, x), lambda m, r: m.sign(r) * m.sqrt(abs(r))),
    _Form(lambda x: math.exp(x) if abs(x) < 7 else 0.0, lambda m, r: m.log(r)),
    # The power rule lowers an exponent: pi - 1, e - 2.
    *(_Form(lambda x, n=n: (x + n) / math.pi, lambda m, r, n=n: r * m.pi - n) for n in (1, 2)),  # type: ignore[misc]
    *(_Form(lambda x, n=n: (x + n) / math.e, lambda m, r, n=n: r * m.e - n) for n in (1, 2)),  # type: ignore[misc]
)
_TYPED = 8  # digits of a decimal number that a person has typed; a longer one may have been computed
_SIMPLE = 8192  # the largest denominator of a fraction by itself: the fourth root of 2^52
_SIMPLE_IN_FORM = 400  # and of numerator and denominator in a form: pi/180 and 180/pi are among them


def exact(m: Any, value: float) -> Any:
    """The number that a finite float64 stands for, in the mpmath context m.

    That is a fraction of small denominator; or a number of the forms in the table; or a decimal number of at most 15
    digits; what is none of these is exactly the float.

    >>> import mpmath
    >>> m = mpmath.mp.clone()
    >>> m.dps = 25
    >>> print(exact(m, 0.1) * 10, exact(m, 1 / 3) * 3, exact(m, 0.6931471805599453))
    1.0 1.0 0.6931471805599453094172321
    """
    form, fraction, _ = _meaning(value)
    number = m.mpf(fraction.numerator) / fraction.denominator
    return number if form is None else form.value(m, number)


def is_rough(value: float) -> bool:
    """Whether the number that a float stands for may be off by its rounding: it is none of the forms.

    >>> is_rough(0.1), is_rough(2 / 3), is_rough(0.1234567 * 0.7654321)
    (False, False, True)
    """
    return not value.is_integer() and _meaning(value)[2] > _TYPED


@lru_cache(maxsize=4096)
def _meaning(value: float) -> tuple[_Form | None, Fraction, int]:
    """The form, its fraction, and of a decimal number or a float how many digits it has."""
    found = _fraction(value, _SIMPLE)
    if found is not None:
        return None, found, 0
    for form in _FORMS:
        found = _fraction(form.fraction(value), _SIMPLE_IN_FORM)
        if found is not None and abs(found.numerator) <= _SIMPLE_IN_FORM and _stands_for(form, found, value):
            return form, found, 0
    digits = len(repr(value).partition("e")[0].replace(".", "").strip("-0"))
    return None, Fraction(repr(value) if digits <= 15 else value), digits


def _fraction(value: float, largest: int) -> Fraction | None:
    """The simplest fraction that value is a rounding of, by its continued fraction; None if none is simple enough."""
    if not 1e-8 < abs(value) < 1e8:
        return None
    tolerance = 2 * _ULPS * ROUNDING * abs(value)
    p, q, p_before, q_before = math.floor(value), 1, 1, 0
    rest = value - p
    while q <= largest:
        if abs(p - q * value) <= q * tolerance:
            return Fraction(p, q)
        inverse = 1 / max(rest, 1e-300)
        whole = math.floor(inverse)
        rest = inverse - whole
        p, q, p_before, q_before = whole * p + p_before, whole * q + q_before, p, q
    return None


def _stands_for(form: _Form, fraction: Fraction, value: float) -> bool:
    """Whether the form is within rounding of the value: the inverse that found the fraction may have lost digits."""
    number = float(form.value(_Floats, fraction.numerator / fraction.denominator))
    return abs(number - value) <= _ULPS * ROUNDING * abs(value)


class _Floats:
    """The part of an mpmath context that the forms use, in floats."""

    pi, e, ln2, ln10 = math.pi, math.e, math.log(2.0), math.log(10.0)
    sqrt, log = staticmethod(math.sqrt), staticmethod(math.log)

    @staticmethod
    def sign(x: float) -> float:
        return math.copysign(1.0, x)
