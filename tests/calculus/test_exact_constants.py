"""Constants that have no short decimal stay what they are: lines with them hold to thirty digits."""

from __future__ import annotations

import pytest

from chainrule.calculus.explain import explain

CASES = [
    ("e^(3^pi) x", "e^(3^pi)"), ("x^(3^pi)", "3^pi x^(3^pi - 1)"), ("x^sqrt(2)", "sqrt(2) x^(sqrt(2) - 1)"),
    ("x^pi", "pi x^(pi - 1)"), ("x^e/sqrt(3)", "e x^(e - 1)/sqrt(3)"), ("x^(e^2)", "e^2 x^(e^2 - 1)"),
    ("ln(3) x^2", "2x ln(3)"), ("3^pi x^3", "3*3^pi x^2"),
    ("x^2 e^(e^2)", "2e^(e^2) x"), ("(2^pi)^x", "(2^pi)^x ln(2^pi)"), ("sin(sqrt(2) x)", "sqrt(2) cos(sqrt(2) x)"),
    ("x^(1/pi)", "x^(1/pi - 1)/pi"), ("cos(1) x", "cos(1)"), ("x^(0.1 + 0.2)", "0.3x^(-0.7)"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "want"), CASES, ids=[text for text, _ in CASES])
@pytest.mark.parametrize("order", [1, 2])
def test_a_constant_stays_exact(text: str, want: str, order: int) -> None:
    first, *later = explain(text, order=order).parts
    assert first.result.text() == want
    for part in (first, *later):
        checked = [step.evidence for step in part.steps if step.evidence is not None]
        assert {evidence.digits for evidence in (*checked, part.evidence)} == {30}


def test_a_constant_stays_exact_from_the_definition() -> None:
    part = explain("x^(3^pi) + sqrt(2) e^(pi x)", method="limit").parts[0]
    assert {step.evidence.digits for step in part.steps if step.evidence is not None} == {30}
