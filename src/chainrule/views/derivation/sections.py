"""Both passes and the paths as titled rows of equal expressions: what all written forms of them have in common."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.graph import Node, constant
from chainrule.views.derivation.both_passes import BothPasses, Gradient, Local, Path, Paths
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Detail, Step
from chainrule.views.derivation.words import agreed, number

__all__ = ["ARROWS", "Row", "Section", "evidence_of_passes", "sections_of"]

ARROWS: Mapping[str, str] = {"text": " -> ", "unicode": " → ", "latex": r" \to ", "mathml": "<mo>→</mo>"}


@dataclass(frozen=True, eq=False)
class Row:
    """One line.

    Attributes:
        path: the nodes along which it goes, if it is about a path.
        sides: expressions that are equal.
        reasons: the rules that make them so.
    """

    path: tuple[Expression, ...]
    sides: tuple[Expression, ...]
    reasons: tuple[str, ...] = ()

    def written(self, notation: str) -> list[str]:
        """The sides, without those that say the same as the one before."""
        texts = [side.text(notation) for side in self.sides]
        return [text for text, before in zip(texts, [None, *texts], strict=False) if text != before]

    def along(self, notation: str) -> str:
        """The path with arrows; nothing for a line about none."""
        return ARROWS[notation].join(node.text(notation) for node in self.path)


@dataclass(frozen=True, eq=False)
class Section:
    """Rows under a title, which may begin with an expression."""

    about: Expression | None
    title: str
    rows: tuple[Row, ...]


def sections_of(passes: BothPasses, detail: Detail) -> Iterator[Section]:
    """The forward pass, the local derivatives (not in brief), the backward pass, and the paths of each input."""
    forward = tuple(Row((), (step.name, step.expression, *_numeral(step.value))) for step in passes.forward)
    if forward:
        yield Section(None, "forward pass", forward)
    if detail != "brief" and passes.locals:
        rows = tuple(row for local in passes.locals for row in _local(local, detail))
        yield Section(None, "local derivatives", rows)
    yield Section(None, "backward pass", tuple(map(_gradient, passes.backward)))
    for paths in passes.paths:
        yield Section(paths.part.start, _counted(paths), tuple(_sums(paths)))


def evidence_of_passes(passes: BothPasses) -> str:
    """The evidence as a sentence."""
    agreements = [step.evidence for step in passes.steps if step.evidence is not None]
    agreements += [paths.part.evidence for paths in passes.paths]
    instead = passes.paths[0].part.instead if passes.paths else ""
    return f"{agreed(agreements)}{instead}, and the sums over paths are what reverse mode gives"


def _local(local: Local, detail: Detail) -> Iterator[Row]:
    start = _partial(local.part.start)
    if detail == "every":
        for step in local.part.steps:
            yield Row((), (_partial(step.before), _partial(step.after)), (step.rule.name,))
    reasons = () if detail == "every" else tuple(dict.fromkeys(_told(local.part.steps)))
    yield Row((), (start, local.result, *_numeral(local.value)), reasons)


def _told(steps: tuple[Step, ...]) -> Iterator[str]:
    """The rules worth naming: beside others, those that leave a number go without saying."""
    rules = [step for step in steps if not step.simplifies]
    yield from [step.rule.name for step in rules if not step.after.node.is_constant] or [rules[0].rule.name]


def _partial(expression: Expression) -> Expression:
    return Expression(expression.node, expression.inputs, "leibniz", expression.names)


def _gradient(gradient: Gradient) -> Row:
    numbers = () if gradient.numbers is None else (gradient.numbers,)
    return Row((), (gradient.step.before, gradient.step.after, *numbers, *_numeral(gradient.value)))


def _counted(paths: Paths) -> str:
    if paths.count and not paths.listed:
        return f": {paths.count:,} paths, too many to list"
    return f": {paths.count} path{'' if paths.count == 1 else 's'}" if paths.count else ": no path leads there"


def _sums(paths: Paths) -> Iterator[Row]:
    for path in paths.listed:
        yield _path(path)
    part = paths.part
    if paths.listed:
        if paths.count > 1:
            numbers = () if paths.numbers is None else (paths.numbers, *_numeral(part.value))
            yield Row((), (part.start, part.steps[0].after, *numbers), (part.steps[0].rule.name,))
        yield Row((), (part.start, part.result), ("simplify",) if len(part.steps) > 1 else ())
    else:
        yield Row((), (part.start, *_numeral(part.value)) if paths.count else (part.start, part.result))


def _path(path: Path) -> Row:
    numbers = () if path.numbers is None else (path.numbers,)
    return Row(path.nodes, (path.product, *numbers, *_numeral(path.value)))


def _numeral(value: Any) -> tuple[Expression, ...]:
    """A value as an expression, so that each notation writes it its own way, without a minus before 0."""
    if value is None:
        return ()
    if np.asarray(value).dtype.kind == "b":
        return (Expression(Node(None, (), {}, (), float, str(bool(value))), ()),)
    return (Expression(constant(float(number(value)) + 0.0), ()),)
