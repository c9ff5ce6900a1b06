"""Derivatives from the definition: the limit of the difference quotient, one step at a time."""

from __future__ import annotations

from chainrule.passes.first_principles.definition import definition, from_definition
from chainrule.passes.first_principles.one_sided import one_sided_limits

__all__ = ["definition", "from_definition", "one_sided_limits"]
