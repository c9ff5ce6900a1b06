"""A derivation: derivatives with the rules that lead to them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

from chainrule.errors import ArgumentError
from chainrule.views.derivation.both_passes import BothPasses
from chainrule.views.derivation.data import part_data, passes_data
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.html import derivation_html, passes_html
from chainrule.views.derivation.latex import derivation_latex, passes_latex
from chainrule.views.derivation.markdown import derivation_markdown, passes_markdown
from chainrule.views.derivation.record import Content, Detail, Step
from chainrule.views.derivation.text import derivation_text, passes_text

__all__ = ["DETAILS", "Derivation"]

DETAILS: tuple[Detail, ...] = ("brief", "standard", "every")


@dataclass(frozen=True, eq=False)
class Derivation(Content):
    """Derivatives with the rules that lead to them, made by `chainrule.explain`; prints as the derivation.

    Attributes:
        function: the function, as a graph.
        formula: the function as it is written; of several, the first.
        name: what it is called.
        parts: one for each derivative, in the order in which they were taken; of several functions, those of each in
            turn.
        detail: how much of it is shown: "brief", "standard", "every".
        names: parts of the function that are written as a name, with their names: those that its author named, and of
            a function that is too large to be repeated in each line others too.
        at: the point at which the values stand, by name.
        components: where the function has several values, the name of each and what it is.
        notes: how the formula was read where people read in several ways.
        order: how many times it was differentiated.
        passes: both passes and the paths, where the derivation goes along the graph.

    >>> import chainrule as cr
    >>> derivation = cr.explain("x^2 exp(x)")
    >>> [step.rule.name for step in derivation.steps][:2]
    ['product rule', 'power rule']
    """

    passes: BothPasses | None = None

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, in the order in which they are shown."""
        if self.passes is not None:
            return self.passes.steps
        return tuple(step for part in self.parts for step in part.steps)

    @property
    def rules(self) -> tuple[str, ...]:
        """The names of the rules that are cited, each once."""
        chains = ["chain rule"] * any(step.inner is not None for step in self.steps)
        return tuple(dict.fromkeys([*chains, *(step.rule.name for step in self.steps)]))

    @property
    def result(self) -> Expression | tuple[Expression, ...]:
        """The derivative; for several variables one for each."""
        results = tuple(part.result for part in self.parts)
        return results[0] if len(results) == 1 else results

    def with_detail(self, detail: Detail) -> Derivation:
        """The same derivation, shown in more or less detail."""
        if detail not in DETAILS:
            raise ArgumentError(f"detail is {detail!r}: expected one of {', '.join(DETAILS)}")
        return replace(self, detail=detail)

    def without_values(self) -> Derivation:
        """The same derivation without the point that it was made at and the values there.

        >>> import chainrule as cr
        >>> "6" in str(cr.explain("x^2", at=3.0).without_values())
        False
        """
        return replace(self, at={}, parts=tuple(replace(part, value=None) for part in self.parts))

    def to_text(self, notation: Literal["text", "unicode"] = "text") -> str:
        """The derivation as text, in plain characters or with Unicode's superscripts."""
        return derivation_text(self, notation) if self.passes is None else passes_text(self, self.passes, notation)

    def to_latex(self) -> str:
        """The derivation for math mode: aligned lines with their reasons; needs amsmath, KaTeX or MathJax."""
        return derivation_latex(self) if self.passes is None else passes_latex(self, self.passes)

    def to_markdown(self) -> str:
        """The derivation as Markdown, with formulas between dollar signs."""
        return derivation_markdown(self) if self.passes is None else passes_markdown(self, self.passes)

    def to_html(self) -> str:
        """The derivation as a piece of a page, with its formulas in MathML."""
        return derivation_html(self) if self.passes is None else passes_html(self, self.passes)

    def to_dict(self) -> dict[str, Any]:
        """The derivation as plain data, with every step whatever the detail, for JSON."""
        data: dict[str, Any] = {
            "function": self.formula.text(),
            "components": {name: expression.text() for name, expression in self.components},
            "notes": list(self.notes),
            "derivatives": [part_data(part, self.at) for part in self.parts],
        }
        return data if self.passes is None else data | passes_data(self.passes)

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()
