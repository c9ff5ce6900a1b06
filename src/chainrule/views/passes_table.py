"""The forward and the backward pass as a table: each step with its value, its local derivatives and its gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from chainrule.core.cotangent import Masked
from chainrule.core.graph import Graph, Node
from chainrule.core.record import Record
from chainrule.core.registry import evaluating
from chainrule.passes.columns import in_columns
from chainrule.passes.evaluate import evaluate, values_of
from chainrule.passes.reverse import contributions_of, pull, reverse
from chainrule.passes.simplify import simplify
from chainrule.passes.steps import StepGraph, steps_of
from chainrule.views.text import formula_text

__all__ = ["Contribution", "Local", "Passes", "Step", "gradients_of", "is_float", "local_derivatives", "passes"]


@dataclass(frozen=True)
class Local:
    """The derivative of one step by one of its sources.

    Attributes:
        source: the name of what the step is differentiated by.
        expression: the derivative as a formula; for arrays, what the step sends back for an incoming gradient g.
        value: the number, where the step and its source are scalars; else None.
    """

    source: str
    expression: str
    value: Any


@dataclass(frozen=True)
class Contribution:
    """What one step sends back to one of its sources: a path of the chain rule."""

    step: str
    value: Any


@dataclass(frozen=True)
class Step:
    """One step of a computation, in both passes.

    Attributes:
        name: the author's name for the result, or v1, v2, ...; of an input, its name.
        expression: how it is computed; "" for an input.
        value: of the forward pass.
        locals: its derivative by each source.
        gradient: the derivative of the output by this value: the sum of the contributions.
        contributions: what each step that uses the value sends back.
    """

    name: str
    expression: str
    value: Any
    locals: tuple[Local, ...]
    gradient: Any
    contributions: tuple[Contribution, ...]


@dataclass(frozen=True, eq=False)
class Passes:
    """The forward and the backward pass of a graph at given values, made by its `forward_backward`; prints as a table.

    Attributes:
        value: the output.
        gradients: the derivative of the output by each input, by name.
        steps: the steps in order of computation.
        inputs: the inputs as steps, with what reaches them.
        output: the name of the output.

    >>> import chainrule as cr
    >>> print(cr.graph(lambda w: (w * 3) ** 2, 1.0).forward_backward())
    forward pass
      step   expression   value
      v1     w*3          3
      f      v1^2         9
    <BLANKLINE>
    backward pass
      step   local derivative   gradient of f
      f                         df/df = 1
      v1     df/dv1 = 2v1 = 6   df/dv1 = 1 * 6 = 6
      w      dv1/dw = 3         df/dw = 6 * 3 = 18   a larger w raises f
    """

    value: Any
    gradients: dict[str, Any]
    steps: tuple[Step, ...]
    inputs: tuple[Step, ...]
    output: str
    _again: Any = None

    def unfold(self) -> Passes:
        """The same passes in elementary operations, one a step."""
        return self._again()

    def sentence(self, name: str) -> str:
        """What the gradient by one input says: "a larger w lowers L"."""
        gradient = np.asarray(self.gradients[name])
        if gradient.dtype.kind == "c":
            return ""
        if not gradient.any():
            return f"{name} does not change {self.output} to first order"
        if gradient.ndim == 0:
            return f"a larger {name} {'lowers' if gradient < 0 else 'raises'} {self.output}"
        place = np.unravel_index(int(np.argmax(np.abs(gradient))), gradient.shape)
        part = f"{name}[{', '.join(str(int(i)) for i in place)}]"
        effect = "lowers" if gradient[place] < 0 else "raises"
        return f"{self.output} changes fastest with {part}: a larger one {effect} it"

    def __str__(self) -> str:
        forward, backward = self._tables()
        return f"forward pass\n{_aligned(forward)}\n\nbackward pass\n{_aligned(backward)}"

    def _tables(self) -> tuple[list[list[str]], list[list[str]]]:
        forward = [["step", "expression", "value"]]
        forward += [[step.name, step.expression, short(step.value)] for step in self.steps]
        backward = [["step", "local derivative", f"gradient of {self.output}", ""]]
        for step in (*reversed(self.steps), *self.inputs):
            backward += self._backward_rows(step) if np.asarray(step.value).dtype.kind in "fc" else []
        return forward, backward

    def _backward_rows(self, step: Step) -> list[list[str]]:
        users = [s for s in self.steps if any(local.source == step.name for local in s.locals)]
        symbol = f"d{self.output}/d{step.name}"
        said = self.sentence(step.name) if step.name in self.gradients else ""
        if not users:
            return [[step.name, "", f"{symbol} = {short(step.gradient)}", said]]
        rows: list[list[str]] = []
        for user in users:
            local = next(local for local in user.locals if local.source == step.name)
            number = "" if local.value is None or short(local.value) == local.expression else f" = {short(local.value)}"
            sent = next((c.value for c in step.contributions if c.step == user.name), None)
            product = f"{short(user.gradient)} * {_bracketed(short(local.value))} = " if local.value is not None else ""
            left = f"d{user.name}/d{step.name} = " if local.value is not None else f"from {user.name}: "
            total = symbol if len(users) == 1 else f"  path over {user.name}"
            rows.append(
                [
                    step.name if not rows else "",
                    f"{left}{local.expression}{number}",
                    f"{total} = {product}{'0' if sent is None else short(sent)}",
                    "" if len(users) > 1 else said,
                ]
            )
        if len(users) > 1:
            parts = " + ".join(_bracketed(short(c.value)) for c in step.contributions)
            rows.append(["", "sum over paths", f"{symbol} = {parts} = {short(step.gradient)}", said])
        return rows

    def _repr_html_(self) -> str:
        forward, backward = self._tables()
        return _html("forward pass", forward) + _html("backward pass", backward)


def passes(graph: Graph, arguments: Sequence[Any], elementary: bool = False) -> Passes:
    """Both passes of a graph with one scalar output, at the given inputs."""
    (output,) = graph.outputs
    values = values_of(graph, arguments)
    steps = steps_of(graph, output, elementary=elementary)
    labels = {step.node: step.name for step in steps} | {node: node.name for node in graph.inputs}
    sent: dict[Node, list[tuple[Node, Any]]] = {}
    gradients = gradients_of(graph, output, values, sent)
    home = {member: step.name for step in steps for member in step.members}
    received = {node: _by_step(sent.get(node, []), home) for node in labels}

    def gradient(node: Node) -> Any:
        return gradients[node] if node in gradients else evaluating.zeros_like(values[node])

    built = [
        Step(step.name, formula_text(step.graph), values[step.node], local_derivatives(step, values),
             gradient(step.node), received[step.node])
        for step in steps
    ]  # fmt: skip
    inputs = [Step(node.name, "", values[node], (), gradient(node), received[node]) for node in graph.inputs]
    return Passes(
        values[output],
        {node.name: gradient(node) for node in graph.inputs},
        tuple(built),
        tuple(inputs),
        labels.get(output, output.name),
        lambda: passes(graph, arguments, elementary=True),
    )


def gradients_of(
    graph: Graph,
    output: Node,
    values: Mapping[Node, Any],
    sent: dict[Node, list[tuple[Node, Any]]] | None = None,
) -> dict[Node, Any]:
    """The gradient at every node that the output depends on.

    `sent` is filled with what each operation sends back to its operands, as (operation, contribution).
    """
    records: dict[Node, Record] = {}
    for node in graph.nodes:
        operands = [records.get(operand) for operand in node.operands]
        if (node.is_input or any(operand is not None for operand in operands)) and is_float(node):
            at = [values[operand] for operand in node.operands]
            records[node] = Record(node.primitive, operands, at, values[node], node.parameters)
    if output not in records:
        return {}
    node_of = {record: node for node, record in records.items()}
    gradients: dict[Node, Any] = {}

    def note(record: Record, cotangent: Any, mask: Any, contributions: Sequence[Any]) -> None:
        gradients[node_of[record]] = cotangent
        if record.primitive is None or sent is None:
            return
        terms = contributions_of(evaluating, record, cotangent, mask, order, seeds)
        for operand, term in zip(record.operands, terms, strict=True):
            if operand is not None and term is not None:
                value = term.value if isinstance(term, Masked) else term
                sent.setdefault(node_of[operand], []).append((node_of[record], value))

    order, seeds = list(records.values()), {records[output]: evaluating.ones_like(values[output])}
    with np.errstate(all="ignore"):
        pull(order, seeds, evaluating, note)
    return gradients


def _by_step(sent: Sequence[tuple[Node, Any]], home: Mapping[Node, str]) -> tuple[Contribution, ...]:
    """Contributions by the step that sends them: a step may use its source several times."""
    totals: dict[str, Any] = {}
    for operation, value in sent:
        step = home[operation]
        totals[step] = totals[step] + value if step in totals else value
    return tuple(Contribution(step, value) for step, value in totals.items())


def local_derivatives(step: StepGraph, values: Mapping[Node, Any] | None = None) -> tuple[Local, ...]:
    """The derivatives of a step by its sources, as formulas, and with values as numbers where all are scalars."""
    (out,) = step.graph.outputs
    wanted = [i for i, source in enumerate(step.sources) if is_float(source)]
    if not wanted or not is_float(out):
        return ()
    sources = [step.graph.inputs[i] for i in wanted]
    numbers: Sequence[Any]
    if out.shape == () and all(source.shape == () for source in sources):
        shown = reverse(step.graph, sources)
        with np.errstate(all="ignore"):
            numbers = [None] * len(sources) if values is None else evaluate(shown, *(values[s] for s in step.sources))
    else:
        shown = reverse(step.graph, sources, Node(None, (), {"name": "g"}, out.shape, out.dtype, "g"))
        numbers = [None] * len(sources)
    return tuple(
        Local(source.name, _formula(shown, i), number)
        for i, (source, number) in enumerate(zip(sources, numbers, strict=True))
    )


def _formula(graph: Graph, i: int) -> str:
    (shown,) = simplify(Graph(graph.inputs, (graph.outputs[i],), (), graph.name), for_view=True).outputs
    return formula_text(in_columns(shown))


def is_float(node: Node) -> bool:
    return not isinstance(node.dtype, type) and node.dtype.kind in "fc"


def short(value: Any) -> str:
    """A value in a table's cell: a number with up to six digits, small vectors whole, larger arrays by their shape."""
    array = np.asarray(value)
    if array.size > 6 or array.ndim > 1:
        return f"array{array.shape}".replace(",)", ")")
    text = np.array2string(array, precision=6, suppress_small=False, separator=", ", floatmode="maxprec")
    return text.rstrip(".") if array.ndim == 0 else text


def _bracketed(text: str) -> str:
    return f"({text})" if text.startswith("-") else text


def _aligned(rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = [
        "  " + "   ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    return "\n".join(lines)


def _html(title: str, rows: list[list[str]]) -> str:
    head = "".join(f"<th style='text-align:left'>{escape(cell)}</th>" for cell in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td style='text-align:left'>{escape(cell)}</td>" for cell in row) + "</tr>"
        for row in rows[1:]
    )
    return f"<table><caption>{escape(title)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
