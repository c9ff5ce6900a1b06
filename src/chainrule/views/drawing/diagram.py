"""What a picture of a graph says: boxes with values and gradients, arrows with local derivatives; not yet where."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from chainrule.core.graph import Graph, Node
from chainrule.errors import ArgumentError
from chainrule.passes.evaluate import values_of
from chainrule.passes.steps import StepGraph, steps_of
from chainrule.views.drawing.folding import Block, fold, leaves_of
from chainrule.views.drawing.labels import elided, four_digits, lines_of, norm, printable
from chainrule.views.passes_table import gradients_of, is_float, local_derivatives
from chainrule.views.text import formula_text

__all__ = ["Arrow", "Box", "Diagram", "Line", "diagram"]

# In a picture of more boxes, what repeats is drawn once; if there are still more than so many, depths share a box.
FOLDED = 30
MOST = 50
# Widths in columns of the font, and the longest list of formulas or names in one box.
BOX = 36
NAME = 24
ARROW = 26
TITLE = 72
LISTED = 5
# Inputs that feed the same boxes are drawn as one from this many on, where the picture is folded.
TOGETHER = 4

_NUMBER = re.compile(r"-?\d+(\.\d*)?(e[-+]\d+)?")

Kind = Literal["input", "constant", "operation", "repeated", "depths"]
Role = Literal["head", "formula", "value", "gradient"]
Meaning = Literal["", "derivative", "sent back", "uses"]


@dataclass(frozen=True)
class Line:
    """A line of text in a box."""

    text: str
    role: Role


@dataclass(frozen=True)
class Box:
    """An input, a constant, a step, or several of them folded.

    Attributes:
        kind: which; each has a shape of its own.
        lines: what stands in it.
        full: all of it in one line, nothing cut.
        result: whether it holds a result.
        several: whether it stands for more than one.
    """

    kind: Kind
    lines: tuple[Line, ...]
    full: str
    result: bool = False
    several: bool = False


@dataclass(frozen=True)
class Arrow:
    """From a source to the step that uses it, with the local derivative.

    Attributes:
        source, target: positions in the list of boxes.
        label: the derivative, cut to what fits; between arrays what is sent back for an incoming gradient g; between
            boxes with several arrows how many they are; "" where there is nothing to say.
        meaning: which of these.
        full: what the label stands for, nothing cut.
        highlighted: whether it is drawn strongly.
    """

    source: int
    target: int
    label: str = ""
    meaning: Meaning = ""
    full: str = ""
    highlighted: bool = False


@dataclass(frozen=True)
class Diagram:
    """All that a picture says."""

    title: str
    boxes: tuple[Box, ...]
    arrows: tuple[Arrow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Numbers:
    """What is known of the nodes of a graph at the values of its inputs, if they have values."""

    of: Mapping[Node, Any] | None
    gradients: Mapping[Node, Any] | None
    by: str

    def lines(self, node: Node, name: str, subject: str = "") -> list[Line]:
        """The value and the gradient of a node; `subject` says whose value it is, where the line before does not."""
        known = node.parameters["value"] if node.is_constant else None if self.of is None else self.of[node]
        if known is None:
            return []
        lines = [Line(_equal(subject, four_digits(known)), "value")]
        if self.gradients is not None and is_float(node) and not node.is_constant:
            gradient = np.asarray(self.gradients[node] if node in self.gradients else np.zeros(node.shape))
            symbol, number = f"d{self.by}/d{name}", four_digits(gradient)
            if number.startswith("array"):
                # Its shape is that of the value, which stands above.
                symbol, number = f"|{symbol}|", norm(gradient)
            lines.append(Line(_equal(symbol, number), "gradient"))
        return lines


def _equal(symbol: str, number: str) -> str:
    """ "symbol = number" with a symbol that is cut, if it must be, and a number that never is."""
    return f"{elided(symbol, BOX - 3 - len(number))} = {number}".lstrip()


def diagram(
    graph: Graph,
    arguments: Sequence[Any] | None = None,
    *,
    elementary: bool = False,
    highlight: Collection[tuple[str, str]] = (),
) -> Diagram:
    """What the picture of a graph says.

    Args:
        graph: the graph.
        arguments: the values of its inputs; None draws the structure only.
        elementary: one box for each operation, whatever names the author gave.
        highlight: arrows to draw strongly, each as the names of what it leaves and of the step that it enters.

    Raises:
        ArgumentError: no arrow goes between two names in `highlight`.
    """
    try:
        pairs = {(str(source), str(target)) for source, target in highlight}
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"highlight holds pairs of names, (source, step): not {highlight!r:.60}") from error
    steps = steps_of(graph, *dict.fromkeys(graph.outputs), elementary=elementary)
    every = [leaves_of(step) for step in steps]
    leaves = [[leaf for leaf in own if not _in_formula(leaf)] for own in every]
    computed = {step.node for step in steps}
    given = {*graph.inputs, *(leaf for own in leaves for leaf in own if leaf not in computed)}
    blocks = fold(steps, every, MOST) if len(steps) + len(given) > FOLDED else [Block((i,)) for i in range(len(steps))]
    owner = {i: place for place, block in enumerate(blocks) for i in block.steps}
    starts: dict[Node, dict[int, None]] = {node: {} for node in graph.inputs}
    for i, own in enumerate(leaves):
        for leaf in own:
            if leaf not in computed:
                starts.setdefault(leaf, {})[owner[i]] = None
    for node in graph.outputs:
        if node not in computed:
            starts.setdefault(node, {})
    groups = _together(starts, len(blocks), folded=len(blocks) < len(steps))
    words = _Words(graph, steps, _numbers(graph, arguments, steps), any(block.depths for block in blocks))
    boxes = [words.start(group) for group in groups] + [words.block(block) for block in blocks]
    place = {start: at for at, group in enumerate(groups) for start in group}
    place |= {step.node: len(groups) + owner[i] for i, step in enumerate(steps)}
    arrows = words.arrows(leaves, place, pairs)
    return Diagram(
        _title(graph),
        tuple(boxes),
        tuple(arrows),
        tuple(words.notes(blocks, arrows)),
    )


def _title(graph: Graph) -> str:
    if not graph.name.isidentifier():
        return elided(printable(graph.name), TITLE)  # a formula, which names its inputs itself
    inputs = ", ".join(printable(node.name) for node in graph.inputs)
    return elided(f"{elided(graph.name, TITLE // 2)}({inputs})", TITLE)


def _in_formula(leaf: Node) -> bool:
    """Numbers stand in the formulas; a constant array is a box, as its data come from somewhere."""
    return leaf.is_constant and leaf.shape == ()


def _numbers(graph: Graph, arguments: Sequence[Any] | None, steps: Sequence[StepGraph]) -> _Numbers:
    if arguments is None:
        return _Numbers(None, None, "")
    with np.errstate(all="ignore"):
        values = values_of(graph, arguments)
    output = graph.outputs[0] if len(graph.outputs) == 1 else None
    if output is None or output.shape != () or not is_float(output) or output.is_constant:
        return _Numbers(values, None, "")
    name = next((step.name for step in steps if step.node is output), output.name)
    return _Numbers(values, gradients_of(graph, output, values), printable(name))


def _together(starts: Mapping[Node, Mapping[int, None]], blocks: int, folded: bool) -> list[list[Node]]:
    """Inputs and constants as they are drawn: one by one, or in a large picture those that feed the same boxes."""
    if not folded and len(starts) + blocks <= MOST:
        return [[start] for start in starts]
    alike: dict[Any, list[Node]] = {}
    for start, fed in starts.items():
        alike.setdefault((start.is_constant, *fed), []).append(start)
    groups: list[list[Node]] = []
    for group in alike.values():
        groups += [group] if len(group) >= TOGETHER else [[start] for start in group]
    if len(groups) + blocks <= FOLDED:
        return groups
    kinds = ([start for start in starts if start.is_constant == constant] for constant in (False, True))
    return [kind for kind in kinds if kind]


class _Words:
    """What stands in the boxes and on the arrows of one graph."""

    def __init__(self, graph: Graph, steps: Sequence[StepGraph], numbers: _Numbers, by_depth: bool) -> None:
        self.graph = graph
        self.steps = steps
        self.numbers = numbers
        self.by_depth = by_depth
        self.results = set(graph.outputs)
        self.names = {step.node: step.name for step in steps}

    def name(self, node: Node) -> str:
        return self.names.get(node) or node.name or formula_text(node)

    def start(self, nodes: Sequence[Node]) -> Box:
        kind: Kind = "constant" if nodes[0].is_constant else "input"
        result = not self.results.isdisjoint(nodes)
        names = [printable(self.name(node)) for node in nodes]
        if len(nodes) > 1:
            head = Line(f"{len(nodes)} {kind}s", "head")
            listed = [Line(text, "formula") for text in lines_of(", ".join(names), BOX, LISTED)]
            return Box(kind, (head, *listed), f"{head.text}: {', '.join(names[:MOST])}", result, several=True)
        (node,), (name,) = nodes, names
        # A number by itself is the result of a function that uses none of its inputs.
        shown = f"{printable(self.graph.name)} = {name}" if _in_formula(node) else name
        values = [] if _in_formula(node) else self.numbers.lines(node, name)
        return _box(kind, f"{kind} {shown}", [elided(shown, BOX)], values, result)

    def block(self, block: Block) -> Box:
        last = self.steps[block.steps[-1]]
        result = any(self.steps[i].node in self.results for i in block.steps)
        name = printable(last.name)
        if not block.body:
            values = self.numbers.lines(last.node, name)
            cut, full = (f"{name} = {printable(formula_text(last.graph))}" for name in (elided(name, NAME), name))
            return _box("operation", full, lines_of(cut, BOX, 2), values, result)
        legend = [Line(elided(text, BOX), "formula") for text in self._legend(block)]
        if block.depths is not None:
            head = f"{len(block.steps)} steps, {_range('depth', *block.depths)}"
            return Box("depths", (Line(head, "head"), *legend), head, result, several=True)
        head = f"× {block.repeats} with other numbers" if block.varies else f"repeated × {block.repeats}"
        values = self.numbers.lines(last.node, name, subject=name)
        full = "; ".join([f"{head}, the last: {self._legend(block)[0]}", *self._legend(block)[1:]])
        return Box("repeated", (Line(f"{head}, the last:", "head"), *legend, *values), full, result, several=True)

    def _legend(self, block: Block) -> list[str]:
        """The formulas of the last repeat, or the first ones of a range of depths."""
        shown = block.body if len(block.body) <= LISTED else block.body[: LISTED - 1]
        left = sum(len(inner.steps) for inner in block.body[len(shown) :])
        return [self._formula(inner) for inner in shown] + ([f"… {left} more steps"] if left else [])

    def _formula(self, block: Block) -> str:
        if block.body:
            return f"× {block.repeats}: {'; '.join(self._legend(block))}"
        step = self.steps[block.steps[-1]]
        return f"{elided(printable(step.name), NAME)} = {printable(formula_text(step.graph))}"

    def arrows(
        self, leaves: Sequence[Sequence[Node]], place: Mapping[Node, int], highlight: set[tuple[str, str]]
    ) -> list[Arrow]:
        between: dict[tuple[int, int], list[tuple[Node, StepGraph]]] = {}
        for step, own in zip(self.steps, leaves, strict=True):
            for leaf in own:
                ends = place[leaf], place[step.node]
                between.setdefault(ends, []).append((leaf, step))
        lit = self._named(between, highlight) if highlight else set()
        return [self._arrow(*ends, uses, ends in lit) for ends, uses in between.items() if ends[0] != ends[1]]

    def _named(
        self, between: Mapping[tuple[int, int], Sequence[tuple[Node, StepGraph]]], pairs: set[tuple[str, str]]
    ) -> set[tuple[int, int]]:
        """The arrows between two names, as the boxes that they join."""
        named = {(self.name(leaf), step.name): ends for ends, uses in between.items() for leaf, step in uses}
        lit = set()
        for pair in sorted(pairs):
            if pair not in named:
                raise ArgumentError(f"no arrow to highlight: {pair!r:.60} is not (source, step) of {self.graph.name}")
            lit.add(named[pair])
        return lit

    def _arrow(self, source: int, target: int, uses: Sequence[tuple[Node, StepGraph]], lit: bool) -> Arrow:
        (leaf, step), *more = uses
        if self.by_depth:
            return Arrow(source, target, highlighted=lit)
        if more:
            label = f"{len(uses)} uses"
            return Arrow(source, target, label, "uses", label, lit)
        derivative = self._derivative(leaf, step)
        if not derivative:
            return Arrow(source, target, highlighted=lit)
        full = f"d{printable(step.name)}/d{printable(self.name(leaf))}"
        if _scalar(step):
            return Arrow(source, target, derivative, "derivative", f"{full} = {derivative}", lit)
        full = f"{full}, for an incoming g: {derivative}"
        return Arrow(source, target, elided(derivative, ARROW), "sent back", full, lit)

    def _derivative(self, leaf: Node, step: StepGraph) -> str:
        if leaf.is_constant or not is_float(leaf) or not is_float(step.node):
            return ""
        sources = [source for source in step.sources if is_float(source)]
        local = local_derivatives(step, self.numbers.of)[sources.index(leaf)]
        formula = printable(local.expression)
        if local.value is None:
            return formula
        value = four_digits(local.value)
        return value if _NUMBER.fullmatch(local.expression) else f"{elided(formula, ARROW - 3 - len(value))} = {value}"

    def notes(self, blocks: Sequence[Block], arrows: Sequence[Arrow]) -> list[str]:
        said = [] if self.graph.outputs else [f"{printable(self.graph.name)} returns no value"]
        if self.by_depth:
            said.append(f"{len(self.steps)} steps: those of consecutive depths share a box")
        elif any(block.body for block in blocks):
            said.append(f"{len(self.steps)} steps: what repeats is drawn once, with × its repeats")
        meanings = {arrow.meaning for arrow in arrows}
        if "derivative" in meanings:
            said.append("on arrows: local derivatives")
        if "sent back" in meanings:
            said.append("on arrows between arrays: what is sent back for an incoming gradient g")
        return said


def _box(kind: Kind, head: str, shown: Sequence[str], values: Sequence[Line], result: bool) -> Box:
    full = ", ".join([" ".join([head, *(line.text for line in values[:1])]), *(line.text for line in values[1:])])
    return Box(kind, (*(Line(text, "formula") for text in shown), *values), full, result)


def _scalar(step: StepGraph) -> bool:
    """Whether the local derivatives are numbers; between arrays they are what is sent back."""
    return step.node.shape == () and all(source.shape == () for source in step.sources if is_float(source))


def _range(word: str, low: int, high: int) -> str:
    return f"{word} {low}" if low == high else f"{word}s {low} to {high}"
