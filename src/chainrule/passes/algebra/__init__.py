"""Rewrite rules for reading: they hold in stated domains, and bring a formula to the form that a textbook gives it.

`product.py` and `sum.py` read and write the two forms that the rules work on; the tables stand by subject. Rules of a
product come first, so that the terms of a sum have their form when it is gathered.
"""

from __future__ import annotations

from chainrule.passes.algebra.factors import FACTORS
from chainrule.passes.algebra.fractions import FRACTIONS
from chainrule.passes.algebra.functions import FUNCTIONS
from chainrule.passes.algebra.linear_maps import LINEAR_MAPS
from chainrule.passes.algebra.products import PRODUCTS, SAME_PRODUCT
from chainrule.passes.algebra.sums import COLLECTING, SAME_SUM, SHORTENING
from chainrule.passes.algebra.tangents import TANGENTS

__all__ = ["ALGEBRA"]

# Fractions before factors: e^x/x - e^x/x^2 is e^x (x - 1)/x^2. What only gives equal terms one order comes last: a
# rule that changes the order would undo it.
ALGEBRA = (*LINEAR_MAPS, *PRODUCTS, *FUNCTIONS, *FACTORS, *COLLECTING, *TANGENTS, *FRACTIONS, *SHORTENING,
           SAME_PRODUCT, SAME_SUM)  # fmt: skip
