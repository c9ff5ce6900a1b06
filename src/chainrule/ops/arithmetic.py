"""Arithmetic: sums, products, quotients, powers."""

from __future__ import annotations

from typing import Any

import numpy as np

from chainrule.core.derivative import Elementwise
from chainrule.core.domain import Domain, Interval
from chainrule.core.notation import Fraction, Infix, Power, Precedence, Prefix
from chainrule.core.primitive import primitive
from chainrule.core.shapes import elementwise
from chainrule.ops import rules

add = primitive("add", evaluate=np.add, shape=elementwise,
                derivative=Elementwise(1, 1),
                notation=Infix("+", Precedence.SUM, associative=True), rule=rules.SUM)

subtract = primitive("subtract", evaluate=np.subtract, shape=elementwise,
                     derivative=Elementwise(1, -1),
                     notation=Infix("-", Precedence.SUM), rule=rules.DIFFERENCE)

negative = primitive("negative", evaluate=np.negative, shape=elementwise,
                     derivative=Elementwise(-1),
                     notation=Prefix("-"), rule=rules.CONSTANT_FACTOR)

multiply = primitive("multiply", evaluate=np.multiply, shape=elementwise,
                     derivative=Elementwise(lambda F, out, x, y: y,
                                            lambda F, out, x, y: x),
                     notation=Infix("*", Precedence.PRODUCT, associative=True), rule=rules.PRODUCT)

square = primitive("square", evaluate=np.square, shape=elementwise,
                   derivative=Elementwise(lambda F, out, x: 2 * x),
                   notation=Power("2"), rule=rules.POWER)

divide = primitive("divide", evaluate=np.divide, shape=elementwise,
                   derivative=Elementwise(lambda F, out, x, y: 1 / y,
                                          lambda F, out, x, y: -out / y),
                   notation=Fraction(), rule=rules.QUOTIENT)
