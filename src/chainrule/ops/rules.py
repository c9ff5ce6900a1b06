"""The named rules of calculus, shared by the primitives that they teach.

Where textbooks write a derivative otherwise than the entry computes it, or in a form of its own (a quotient), the rule
says so. An entry computes what keeps the most digits: 1 / sqrt((1 - u)(1 + u)), where a reader expects
1 / sqrt(1 - u^2).
"""

from __future__ import annotations

import math
from typing import Any

from chainrule.core.graph import Node
from chainrule.core.rule import Rule
from chainrule.core.shapes import Array

_UV = ("u", "v")


def _value(x: Array) -> Any:
    """The number that a constant without a name is, else None."""
    return x.parameters["value"] if isinstance(x, Node) and x.is_constant and not (x.name or x.shape) else None


def _pi() -> Any:
    return Node(None, (), {"value": math.pi}, (), float, "pi")


def _power(F: Any, u: Array, n: Any) -> Array:
    return u if n == 1 else F.square(u) if n == 2 else F.power(u, n)


def _power_rule(F: Any, out: Array, u: Array, n: Array) -> Array:
    value = _value(n)
    if value is None:
        return n * F.power(u, n - 1)
    if value in (0, 1):
        return value
    lowered = _power(F, u, value - 1)
    return -lowered if value == -1 else value * lowered


def _exponential_to(F: Any, out: Array, a: Array, u: Array) -> Array:
    """a^u ln(a); of 0^u, which is 0 where it has a derivative, no logarithm is taken."""
    return out * (0.0 if _value(a) == 0 else F.log(a))


def _quotient(F: Any, D: Any, out: Array, u: Array, v: Array) -> Array:
    return (D(u) * v - u * D(v)) / F.square(v)


def _as_power(F: Any, D: Any, out: Array, c: Array, u: Array) -> Array:
    primitive = u.primitive
    if primitive is not None and primitive.rule is SQUARE:
        inverse = F.power(u.operands[0], -2.0)
    elif primitive is not None and primitive.rule is POWER and _value(u.operands[1]) is not None:
        inverse = F.power(u.operands[0], -_value(u.operands[1]))
    else:
        inverse = F.power(u, -1.0)
    return D(inverse if _value(c) == 1 else c * inverse)



CONSTANT = Rule("constant rule", "c' = 0", ("c",))
VARIABLE = Rule("derivative of the variable", "x' = 1", ("x",))
LINEAR_FUNCTION = Rule("derivative of a line", "(a x + b)' = a", ("u",))

SUM = Rule("sum rule", "(u + v)' = u' + v'", _UV, layout=lambda F, D, out, u, v: D(u) + D(v))
DIFFERENCE = Rule("difference rule", "(u - v)' = u' - v'", _UV, layout=lambda F, D, out, u, v: D(u) - D(v))
MINUS = Rule("constant factor rule", "(-u)' = -u'", layout=lambda F, D, out, u: -D(u))
UNIT = Rule("constant factor rule", "(c u)' = c u'")
FACTOR_IN_FRONT = Rule("constant factor rule", "(c u)' = c u'", ("c", "u"), layout=lambda F, D, out, c, u: c * D(u))
FACTOR_BEHIND = Rule("constant factor rule", "(u c)' = u' c", ("u", "c"), layout=lambda F, D, out, u, c: D(u) * c)
PRODUCT = Rule("product rule", "(u v)' = u' v + u v'", _UV, layout=lambda F, D, out, u, v: D(u) * v + u * D(v),
               cases={(False, True): FACTOR_IN_FRONT, (True, False): FACTOR_BEHIND})
DIVISOR = Rule("constant factor rule", "(u / c)' = u' / c", ("u", "c"), layout=lambda F, D, out, u, c: D(u) / c)
AS_POWER = Rule("a quotient as a power", "c / u = c u^(-1)", ("c", "u"), layout=_as_power, condition="u not 0")
QUOTIENT = Rule("quotient rule", "(u / v)' = (u' v - u v') / v^2", _UV, layout=_quotient,
                cases={(False, True): AS_POWER, (True, False): DIVISOR}, condition="v not 0")
RECIPROCAL = Rule("power rule", "(u^n)' = n u^(n-1) u' with n = -1, for u not 0",
                  partial=lambda F, out, u: -F.power(u, -2.0))
SQUARE = Rule("power rule", "(u^n)' = n u^(n-1) u' with n = 2", partial=lambda F, out, u: 2.0 * u)
POWER_OF_BASE = Rule("power rule", "(u^n)' = n u^(n-1) u'", ("u", "n"), partial=_power_rule)
POWER_OF_EXPONENT = Rule("derivative of the exponential to a base", "(a^u)' = a^u ln(a) u'", ("a", "u"),
                         partial=_exponential_to, condition="a > 0")
POWER = Rule("general power rule", "(u^v)' = u^v (v' ln u + v u' / u)", _UV, condition="u > 0",
             layout=lambda F, D, out, u, v: out * (D(v) * F.log(u) + v * D(u) / u),
             cases={(True, False): POWER_OF_BASE, (False, True): POWER_OF_EXPONENT})
SQUARE_ROOT = Rule("derivative of the square root", "(sqrt u)' = u' / (2 sqrt u)", condition="u > 0",
                   partial=lambda F, out, u: 1.0 / (2.0 * out))
CUBE_ROOT = Rule("derivative of the cube root", "(cbrt u)' = u' / (3 cbrt(u)^2)", condition="u not 0")
HYPOTENUSE = Rule("derivative of the hypotenuse", "(sqrt(u^2 + v^2))' = (u u' + v v') / sqrt(u^2 + v^2)", _UV,
                  layout=lambda F, D, out, u, v: (u * D(u) + v * D(v)) / out, condition="u and v not both 0")
REMAINDER = Rule("derivative of the remainder", "(u mod v)' = u' - floor(u / v) v', between the jumps", _UV)

EXPONENTIAL = Rule("derivative of the exponential", "(e^u)' = e^u u'")
EXPONENTIAL_2 = Rule("derivative of the exponential to a base", "(2^u)' = 2^u ln(2) u'",
                     partial=lambda F, out, u: out * F.log(2.0))
LOGARITHM = Rule("derivative of the logarithm", "(ln u)' = u' / u for u > 0")
LOGARITHM_OF_1_PLUS = Rule("derivative of the logarithm", "(ln(1 + u))' = u' / (1 + u) for u > -1")
LOGARITHM_2 = Rule("derivative of the logarithm to a base", "(log_2 u)' = u' / (u ln 2) for u > 0",
                   partial=lambda F, out, u: 1.0 / (u * F.log(2.0)))
LOGARITHM_10 = Rule("derivative of the logarithm to a base", "(log_10 u)' = u' / (u ln 10) for u > 0",
                    partial=lambda F, out, u: 1.0 / (u * F.log(10.0)))
LOG_OF_SUM = Rule("derivative of the log of a sum of exponentials",
                  "(ln(e^u + e^v))' = s(u - v) u' + s(v - u) v'", _UV)
LOG_OF_SUM_2 = Rule("derivative of the log of a sum of exponentials",
                    "(log_2(2^u + 2^v))' = (2^u u' + 2^v v') / (2^u + 2^v)", _UV,
                    layout=lambda F, D, out, u, v: (F.exp2(u) * D(u) + F.exp2(v) * D(v)) / (F.exp2(u) + F.exp2(v)))

SINE = Rule("derivative of the sine", "(sin u)' = cos(u) u'")
COSINE = Rule("derivative of the cosine", "(cos u)' = -sin(u) u'")
TANGENT = Rule("derivative of the tangent", "(tan u)' = (1 + tan(u)^2) u' for cos(u) not 0")
ARCSINE = Rule("derivative of the arcsine", "(arcsin u)' = u' / sqrt(1 - u^2)", condition="-1 < u < 1",
               partial=lambda F, out, u: 1.0 / F.sqrt(1.0 - F.square(u)))
ARCCOSINE = Rule("derivative of the arccosine", "(arccos u)' = -u' / sqrt(1 - u^2)", condition="-1 < u < 1",
                 partial=lambda F, out, u: -(1.0 / F.sqrt(1.0 - F.square(u))))
ARCTANGENT = Rule("derivative of the arctangent", "(arctan u)' = u' / (1 + u^2)")
POLAR_ANGLE = Rule("derivative of the polar angle", "(atan2(v, u))' = (u v' - v u') / (u^2 + v^2)", ("v", "u"),
                   layout=lambda F, D, out, v, u: (u * D(v) - v * D(u)) / (F.square(u) + F.square(v)),
                   condition="u and v not both 0")
HYPERBOLIC_SINE = Rule("derivative of the hyperbolic sine", "(sinh u)' = cosh(u) u'")
HYPERBOLIC_COSINE = Rule("derivative of the hyperbolic cosine", "(cosh u)' = sinh(u) u'")
HYPERBOLIC_TANGENT = Rule("derivative of the hyperbolic tangent", "(tanh u)' = (1 - tanh(u)^2) u'",
                          partial=lambda F, out, u: 1.0 - F.square(out))
HYPERBOLIC_SECANT = Rule("derivative of the hyperbolic secant", "(sech u)' = -sech(u) tanh(u) u'")
AREA_SINE = Rule("derivative of the inverse hyperbolic sine", "(arsinh u)' = u' / sqrt(1 + u^2)",
                 partial=lambda F, out, u: 1.0 / F.sqrt(1.0 + F.square(u)))
AREA_COSINE = Rule("derivative of the inverse hyperbolic cosine", "(arcosh u)' = u' / sqrt(u^2 - 1)", condition="u > 1",
                   partial=lambda F, out, u: 1.0 / F.sqrt(F.square(u) - 1.0))
AREA_TANGENT = Rule("derivative of the inverse hyperbolic tangent", "(artanh u)' = u' / (1 - u^2) for -1 < u < 1",
                    partial=lambda F, out, u: 1.0 / (1.0 - F.square(u)))
CARDINAL_SINE = Rule("derivative of the cardinal sine",
                     "(sin(pi u) / (pi u))' = (cos(pi u) - sinc(u)) u' / u for u not 0",
                     partial=lambda F, out, u: (F.cos(_pi() * u) - out) / u)
CARDINAL_SINE_AGAIN = Rule("derivative of the cardinal sine", "the derivative of order n has that of order n + 1")

LOGISTIC = Rule("derivative of the logistic function", "s(u)' = s(u) (1 - s(u)) u'",
                partial=lambda F, out, u: out * (1.0 - out))
LOG_LOGISTIC = Rule("derivative of the log of the logistic function", "(ln s(u))' = s(-u) u'")
SOFTPLUS = Rule("derivative of softplus", "(ln(1 + e^u))' = s(u) u'")
LOG_ODDS = Rule("derivative of the log odds", "(ln(u / (1 - u)))' = u' / (u (1 - u)) for 0 < u < 1")
ERROR_FUNCTION = Rule("derivative of the error function", "(erf u)' = 2 / sqrt(pi) e^(-u^2) u'",
                      partial=lambda F, out, u: 2.0 / F.sqrt(_pi()) * F.exp(-F.square(u)))
ERROR_FUNCTION_COMPLEMENT = Rule("derivative of the complementary error function",
                                 "(erfc u)' = -2 / sqrt(pi) e^(-u^2) u'",
                                 partial=lambda F, out, u: -(2.0 / F.sqrt(_pi()) * F.exp(-F.square(u))))
SCALED_ERROR_FUNCTION = Rule("derivative of the scaled complementary error function",
                             "(e^(u^2) erfc u)' = (2 u e^(u^2) erfc u - 2 / sqrt(pi)) u'",
                             partial=lambda F, out, u: 2.0 * u * out - 2.0 / F.sqrt(_pi()))
ERROR_FUNCTION_INTEGRAL = Rule("derivative of a repeated integral of erfc", "with e^(u^2) before the integral of order "
                               "n, it is -2 (n + 1) times that of order n + 1")
INVERSE_ERROR_FUNCTION = Rule("derivative of an inverse function", "(erfinv u)' = sqrt(pi) / 2 e^(erfinv(u)^2) u'",
                              partial=lambda F, out, u: F.sqrt(_pi()) / 2.0 * F.exp(F.square(out)))
INVERSE_ERROR_FUNCTION_COMPLEMENT = Rule("derivative of an inverse function",
                                         "(erfcinv u)' = -sqrt(pi) / 2 e^(erfcinv(u)^2) u'",
                                         partial=lambda F, out, u: -(F.sqrt(_pi()) / 2.0 * F.exp(F.square(out))))
NORMAL_QUANTILE = Rule("derivative of an inverse function", "q' = u' / phi(q) with the normal density phi",
                       partial=lambda F, out, u: F.sqrt(2.0 * _pi()) * F.exp(F.square(out) / 2.0))
LOG_NORMAL_DISTRIBUTION = Rule("derivative of the log of the normal distribution", "(ln Phi(u))' = phi(u) / Phi(u) u'",
                               partial=lambda F, out, u: (
                                   F.exp(-(F.square(u) / 2.0) - out) / F.sqrt(2.0 * _pi())))

GAMMA = Rule("derivative of the gamma function", "Gamma(u)' = Gamma(u) psi(u) u'")
LOG_GAMMA = Rule("derivative of the log gamma function", "(ln Gamma(u))' = psi(u) u'")
DIGAMMA = Rule("derivative of the digamma function", "psi(u)' = psi_1(u) u'")
POLYGAMMA = Rule("derivative of a polygamma function", "psi_n(u)' = psi_(n+1)(u) u'")
POLYGAMMA_CHANGE = Rule("derivative of a change of psi",
                        "(psi_n(u + v) - psi_n(u))' = psi_(n+1)(u + v) (u + v)' - psi_(n+1)(u) u'", _UV)
BETA_OF_ONE = Rule("derivative of the beta function", "B(u, v)' = B(u, v) (psi(u) - psi(u + v)) u'", _UV,
                   partial=lambda F, out, u, v: out * (F.digamma(u) - F.digamma(u + v)))
BETA_OF_OTHER = Rule("derivative of the beta function", "B(u, v)' = B(u, v) (psi(v) - psi(u + v)) v'", _UV,
                     partial=lambda F, out, u, v: out * (F.digamma(v) - F.digamma(u + v)))
BETA = Rule("derivative of the beta function", "B(u, v)' = B(u, v) (psi(u) u' + psi(v) v' - psi(u + v) (u + v)')", _UV,
            layout=lambda F, D, out, u, v: out * (
                F.digamma(u) * D(u) + F.digamma(v) * D(v) - F.digamma(u + v) * (D(u) + D(v))),
            cases={(True, False): BETA_OF_ONE, (False, True): BETA_OF_OTHER})
LOG_BETA_OF_ONE = Rule("derivative of the log beta function", "(ln B(u, v))' = (psi(u) - psi(u + v)) u'", _UV,
                       partial=lambda F, out, u, v: F.digamma(u) - F.digamma(u + v))
LOG_BETA_OF_OTHER = Rule("derivative of the log beta function", "(ln B(u, v))' = (psi(v) - psi(u + v)) v'", _UV,
                         partial=lambda F, out, u, v: F.digamma(v) - F.digamma(u + v))
LOG_BETA = Rule("derivative of the log beta function",
                "(ln B(u, v))' = psi(u) u' + psi(v) v' - psi(u + v) (u + v)'", _UV,
                layout=lambda F, D, out, u, v: (
                    F.digamma(u) * D(u) + F.digamma(v) * D(v) - F.digamma(u + v) * (D(u) + D(v))),
                cases={(True, False): LOG_BETA_OF_ONE, (False, True): LOG_BETA_OF_OTHER})
BINOMIAL = Rule("derivative of a binomial coefficient",
                "binom(u, v)' = binom(u, v) (psi(u+1) u' - psi(v+1) v' - psi(u-v+1) (u-v)')", _UV,
                layout=lambda F, D, out, u, v: out * (
                    F.digamma(u + 1.0) * D(u) - F.digamma(v + 1.0) * D(v)
                    - F.digamma(u - v + 1.0) * (D(u) - D(v))))
HURWITZ_ZETA = Rule("derivative of the Hurwitz zeta function", "zeta(s, u)' = -s zeta(s + 1, u) u'")
_AN_INTEGRAL = "the integrand at the end, and the mean of the change of its logarithm"
GAMMA_INTEGRAL = Rule("fundamental theorem of calculus", "P(a, x)' = x^(a-1) e^(-x) / Gamma(a) x'", ("a", "x"),
                      partial=lambda F, out, a, x: F.power(x, a - 1.0) * F.exp(-x) / F.gamma(a))
GAMMA_REST = Rule("fundamental theorem of calculus", "Q(a, x)' = -x^(a-1) e^(-x) / Gamma(a) x'", ("a", "x"),
                  partial=lambda F, out, a, x: -(F.power(x, a - 1.0) * F.exp(-x) / F.gamma(a)))
INCOMPLETE_GAMMA = Rule("derivative of the incomplete gamma function", _AN_INTEGRAL, ("a", "x"),
                        cases={(False, True): GAMMA_INTEGRAL})
INCOMPLETE_GAMMA_REST = Rule("derivative of the incomplete gamma function", _AN_INTEGRAL, ("a", "x"),
                             cases={(False, True): GAMMA_REST})
LOG_INCOMPLETE_GAMMA = Rule("derivative of the log of an incomplete gamma function",
                            "that of the function, divided by the function", ("a", "x"))
GAMMA_MOMENT = Rule("derivative of the incomplete gamma function", _AN_INTEGRAL, ("a", "x"))
BETA_INTEGRAL = Rule("fundamental theorem of calculus", "I(a, b, x)' = x^(a-1) (1 - x)^(b-1) / B(a, b) x'",
                     ("a", "b", "x"), partial=lambda F, out, a, b, x: (
                         F.power(x, a - 1.0) * F.power(1.0 - x, b - 1.0) / F.beta(a, b)))
BETA_REST = Rule("fundamental theorem of calculus", "(1 - I(a, b, x))' = -x^(a-1) (1 - x)^(b-1) / B(a, b) x'",
                 ("a", "b", "x"), partial=lambda F, out, a, b, x: (
                     -(F.power(x, a - 1.0) * F.power(1.0 - x, b - 1.0) / F.beta(a, b))))
INCOMPLETE_BETA = Rule("derivative of the incomplete beta function", _AN_INTEGRAL, ("a", "b", "x"),
                       cases={(False, False, True): BETA_INTEGRAL})
INCOMPLETE_BETA_REST = Rule("derivative of the incomplete beta function", _AN_INTEGRAL, ("a", "b", "x"),
                            cases={(False, False, True): BETA_REST})
BETA_MOMENT = Rule("derivative of the incomplete beta function", _AN_INTEGRAL, ("a", "b", "x"))

BESSEL_0 = Rule("derivative of a Bessel function", "J_0(u)' = -J_1(u) u', and so for Y and K")
BESSEL = Rule("derivative of a Bessel function", "J_n(u)' = (J_(n-1)(u) - J_(n+1)(u)) / 2 u', and so for Y")
MODIFIED_BESSEL_0 = Rule("derivative of a Bessel function", "I_0(u)' = I_1(u) u'")
MODIFIED_BESSEL = Rule("derivative of a Bessel function", "I_n(u)' = (I_(n-1)(u) + I_(n+1)(u)) / 2 u'")
MODIFIED_BESSEL_2 = Rule("derivative of a Bessel function", "K_n(u)' = -(K_(n-1)(u) + K_(n+1)(u)) / 2 u'")
_SCALED_I = "(e^-|u| I_n(u))' = e^-|u| (I_n'(u) - sign(u) I_n(u)) u'"
_SCALED_K = "(e^u K_n(u))' = e^u (K_n'(u) + K_n(u)) u'"
SCALED_BESSEL_0 = Rule("derivative of a Bessel function", _SCALED_I,
                       partial=lambda F, out, u: F.i1e(u) - F.sign(u) * out)
SCALED_BESSEL_1 = Rule("derivative of a Bessel function", _SCALED_I,
                       partial=lambda F, out, u: 0.5 * (F.i0e(u) + F.ive(u, order=2)) - F.sign(u) * out)
SCALED_BESSEL = Rule("derivative of a Bessel function", _SCALED_I, partial=lambda F, out, u, order: (
    0.5 * (F.ive(u, order=order - 1) + F.ive(u, order=order + 1)) - F.sign(u) * out))
SCALED_BESSEL_K_0 = Rule("derivative of a Bessel function", _SCALED_K, partial=lambda F, out, u: out - F.k1e(u))
SCALED_BESSEL_K_1 = Rule("derivative of a Bessel function", _SCALED_K,
                         partial=lambda F, out, u: out - 0.5 * (F.k0e(u) + F.kve(u, order=2)))
SCALED_BESSEL_K = Rule("derivative of a Bessel function", _SCALED_K, partial=lambda F, out, u, order: (
    out - 0.5 * (F.kve(u, order=order - 1) + F.kve(u, order=order + 1))))
SCALED_BESSEL_AGAIN = Rule("derivative of a Bessel function",
                           "a derivative taken `times` times has the one that is taken once more")

LAMBERT = Rule("derivative of Lambert's function", "W(u)' = W(u) / (u (1 + W(u))) u'")
EXPONENTIAL_INTEGRAL_N = Rule("derivative of the exponential integral", "E_n(u)' = -E_(n-1)(u) u'")
DILOGARITHM = Rule("fundamental theorem of calculus", "spence(u)' = ln(u) / (1 - u) u'",
                   partial=lambda F, out, u: F.log(u) / (1.0 - u))
LOG_QUOTIENT = Rule("derivative of ln(u) / (1 - u)", "the derivative of order n has that of order n + 1")
HYPERGEOMETRIC = Rule("derivative of a hypergeometric function", "all parameters rise by 1, times their quotient")
POCHHAMMER = Rule("derivative of a quotient of gamma functions",
                  "(Gamma(u + v) / Gamma(u))' = Gamma(u + v) / Gamma(u) (psi(u + v) (u + v)' - psi(u) u')", _UV)
RECIPROCAL_GAMMA = Rule("derivative of the gamma function", "(1 / Gamma(u))' = -psi(u) / Gamma(u) u'")

ENTROPY = Rule("derivative of an entropy term", "(-u ln u)' = -(ln u + 1) u'")
RELATIVE_ENTROPY = Rule("derivative of a relative entropy term",
                        "(u ln(u / v))' = (ln(u / v) + 1) u' - u / v v'", _UV)
KULLBACK_LEIBLER = Rule("derivative of a relative entropy term",
                        "(u ln(u / v) - u + v)' = ln(u / v) u' + (1 - u / v) v'", _UV)
STUDENT_DISTRIBUTION = Rule("derivative of Student's distribution function",
                            "the density, and by the degrees of freedom an integral of its own", ("n", "t"))
LOG_GAMMA_DENSITY = Rule("derivative of the log of the gamma density",
                         "((a - 1) ln x - x - ln Gamma(a))' = (ln x - psi(a)) a' + ((a - 1) / x - 1) x'", ("a", "x"))
LOG_BETA_DENSITY = Rule("derivative of the log of the beta density", "the change of its two powers, and of ln B(a, b)",
                        ("a", "b", "x"))
EXPONENTIAL_INTEGRAL = Rule("derivative of the exponential integral", "Ei(u)' = e^u / u u'")
EXPONENTIAL_INTEGRAL_1 = Rule("derivative of the exponential integral", "E_1(u)' = -e^(-u) / u u'")

SOFTMAX = Rule("derivative of softmax", "ds_i = s_i (du_i - sum_j s_j du_j)")
LOG_SOFTMAX = Rule("derivative of log-softmax", "d(ln s_i) = du_i - sum_j s_j du_j")
LOG_SUM_EXP = Rule("derivative of log-sum-exp", "d(ln sum_j e^(u_j)) = sum_j s_j du_j with s = softmax(u)")

ABSOLUTE_VALUE = Rule("derivative of the absolute value", "|u|' = sign(u) u'", condition="u not 0")
SIGN_OF_ANOTHER = Rule("derivative of a value with a given sign", "copysign(u, v)' = sign(u) sign(v) u'", _UV,
                       condition="u not 0")
BRANCH = Rule("derivative by branches", "where(c, u, v)' = where(c, u', v')", ("c", "u", "v"),
              layout=lambda F, D, out, c, u, v: F.where(c, D(u), D(v)))
RECTIFIER = Rule("derivative of the rectifier", "relu(u)' = u' where u > 0, 0 where u < 0, half of u' at 0",
                 partial=lambda F, out, u: F.where(F.greater(u, 0.0), 1.0, 0.0))
MAXIMUM = Rule("derivative of the larger of two", "max(u, v)' = u' where u > v, v' where u < v, their mean where u = v",
               _UV, layout=lambda F, D, out, u, v: F.where(F.greater(u, v), D(u), D(v)))
MINIMUM = Rule("derivative of the lesser of two", "min(u, v)' = u' where u < v, v' where v < u, their mean where u = v",
               _UV, layout=lambda F, D, out, u, v: F.where(F.less(u, v), D(u), D(v)))
CLIP_OF_VALUE = Rule("derivative of a clipped value",
                     "clip(u, a, b)' = u' inside (a, b), 0 outside, half of u' at a and b", ("u", "a", "b"),
                     layout=lambda F, D, out, u, a, b: F.where(F.logical_and(F.less(a, u), F.less(u, b)), D(u), 0.0))
CLIP = Rule("derivative of a clipped value", "clip(u, a, b)' = u' inside (a, b), a' below, b' above", ("u", "a", "b"),
            layout=lambda F, D, out, u, a, b: F.where(F.less(u, a), D(a), F.where(F.less(u, b), D(u), D(b))),
            cases={(True, False, False): CLIP_OF_VALUE})
STEP = Rule("piecewise constant", "the derivative is 0 between the jumps")

LINEAR_MAP = Rule("linear map", "d(A u) = A du")
EXTREMUM = Rule("derivative of a maximum or minimum", "(max u)' = u_k' where u_k is the extremum")
VARIANCE = Rule("derivative of the variance", "d var(u) = (2 / N) sum((u - mean(u)) du); std = sqrt(var)")
REARRANGEMENT = Rule("rearrangement", "the derivative is moved as the components are")
PRODUCT_OF_ALL = Rule("product rule", "(u_1 ... u_n)' = the sum over k of u_k' times the other factors")
MATRIX_PRODUCT = Rule("matrix product rule", "d(U V) = dU V + U dV", ("U", "V"))
COMPLEX_PARTS = Rule("parts of a complex number", "d(Re z) = Re dz, d(Im z) = Im dz, d(conj z) = conj dz")
MODULUS = Rule("derivative of the modulus", "d|z| = Re(conj(z) dz) / |z| for z not 0")
ARGUMENT = Rule("derivative of the argument", "d(arg z) = Im(dz / z) for z not 0")
