"""A derivation as plain data, for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from chainrule.views.derivation.both_passes import BothPasses
from chainrule.views.derivation.expression import Expression
from chainrule.views.derivation.record import Part, Step
from chainrule.views.derivation.words import gradient_named, symbol

__all__ = ["part_data", "passes_data"]


def part_data(part: Part, at: Mapping[str, Any]) -> dict[str, Any]:
    """One derivative with all its steps: strings, numbers, lists and dictionaries only."""
    named = gradient_named(part, "text")
    return {
        "derivative": symbol(part, "text"),
        "by": list(part.path),
        "names": dict([named] if named else []),
        "start": _written(part.start),
        "steps": _steps(part),
        "result": _written(part.result),
        "evidence": _evidence(part.evidence),
        "at": dict(at),
        "value": part.value,
        "note": part.note,
    }


def passes_data(passes: BothPasses) -> dict[str, Any]:
    """Both passes and the paths: strings, numbers, lists and dictionaries only."""
    return {
        "forward": [
            {"name": step.name.text(), "expression": _written(step.expression), "value": step.value}
            for step in passes.forward
        ],
        "local_derivatives": [
            {
                "derivative": _written(local.part.start),
                "steps": _steps(local.part),
                "result": _written(local.result),
                "value": local.value,
            }
            for local in passes.locals
        ],
        "backward": [
            {
                "gradient": _written(gradient.step.before),
                "sum": _written(gradient.step.after),
                "value": gradient.value,
                "evidence": _evidence(gradient.step.evidence),
            }
            for gradient in passes.backward
        ],
        "paths": [
            {
                "by": paths.part.by.name,
                "count": paths.count,
                "listed": [
                    {
                        "nodes": [node.text() for node in path.nodes],
                        "product": _written(path.product),
                        "value": path.value,
                    }
                    for path in paths.listed
                ],
            }
            for paths in passes.paths
        ],
    }


def _steps(part: Part) -> list[dict[str, Any]]:
    """Each step with the whole expression after it; a large one is not repeated, and only the term is written."""
    wholes = [step.after for step in part.steps] if part.by_term else part.wholes
    return [_step(step, whole) for step, whole in zip(part.steps, wholes, strict=True)]


def _step(step: Step, whole: Expression) -> dict[str, Any]:
    return {
        "rule": step.rule.name,
        "statement": step.rule.statement,
        "condition": step.rule.condition,
        "before": _written(step.before),
        "after": _written(step.after),
        "whole": _written(whole),
        "substitution": {letter: _written(expression) for letter, expression in step.substitution},
        "inner": _written(step.inner.function) if step.inner else None,
        "depth": step.depth,
        "evidence": _evidence(step.evidence),
    }


def _written(expression: Expression) -> dict[str, str]:
    return {"text": expression.text(), "latex": expression.text("latex")}


def _evidence(evidence: Any) -> dict[str, Any] | None:
    if evidence is None:
        return None
    return {"points": evidence.points, "digits": evidence.digits, "largest_difference": evidence.worst}
