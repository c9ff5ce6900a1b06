"""The named rules of calculus, shared by the primitives that they teach."""

from chainrule.core.rule import Rule

SUM = Rule("sum rule", "(u + v)' = u' + v'")
DIFFERENCE = Rule("difference rule", "(u - v)' = u' - v'")
CONSTANT_FACTOR = Rule("constant factor rule", "(c u)' = c u'")
PRODUCT = Rule("product rule", "(u v)' = u' v + u v'")
QUOTIENT = Rule("quotient rule", "(u / v)' = (u' v - u v') / v^2")
POWER = Rule("power rule", "(u^n)' = n u^(n-1) u'; with v in the exponent (u^v)' = u^v (v' ln u + v u' / u)")
EXPONENTIAL = Rule("derivative of the exponential", "(e^u)' = e^u u'")
LOGARITHM = Rule("derivative of the logarithm", "(ln u)' = u' / u")
SINE = Rule("derivative of the sine", "(sin u)' = cos(u) u'")
LINEAR_MAP = Rule("linear map", "d(A u) = A du")
MATRIX_PRODUCT = Rule("matrix product rule", "d(U V) = dU V + U dV")
BRANCH = Rule("derivative by branches", "where(c, u, v)' = where(c, u', v')")
STEP = Rule("piecewise constant", "the derivative is 0 between the jumps")
