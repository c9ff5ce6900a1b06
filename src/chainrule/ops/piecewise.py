"""Operations that choose between values: where, maximum, abs."""

from __future__ import annotations

import numpy as np

from chainrule.core.derivative import Select
from chainrule.core.primitive import example, primitive
from chainrule.core.shapes import elementwise, join_dtypes
from chainrule.ops import rules

where = primitive("where", evaluate=np.where, shape=elementwise, dtype=lambda condition, x, y: join_dtypes(x, y),
                  derivative=Select(), rule=rules.BRANCH,
                  examples=(example(np.array([True, False, True]), (3,), (3,)), example(np.array([[True], [False]]), (3,), ()),
                            example(np.array(True), (2,), (2, 2)), example(np.array([], bool), (0,), (1,))))
