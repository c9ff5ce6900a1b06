"""Numbers in labels: four digits, the sign as a minus and not as a hyphen, rounding noise as 0."""

from __future__ import annotations

import math

__all__ = ["listed", "number"]


def number(value: float, scale: float = 0.0) -> str:
    """A number as a reader expects it in a label; one that is nothing beside `scale` is 0.

    >>> number(-1.32), number(6e-17, scale=1.0), number(float("-inf"))
    ('−1.32', '0', '−∞')
    """
    if abs(value) <= 1e-12 * scale:
        value = 0.0
    text = f"{value:.4g}" if math.isfinite(value) else {math.inf: "∞", -math.inf: "-∞"}.get(value, "undefined")
    return text.replace("-", "−")


def listed(words: list[str]) -> str:
    """Words in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
