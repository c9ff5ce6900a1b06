"""The section with what was learnt."""

from __future__ import annotations

from chainrule.report.page import Section, code, paragraph, table
from chainrule.report.trained import Training

__all__ = ["weights"]

ROWS = 200


def weights(training: Training) -> Section:
    """The weights on the scale of the data, beside the exact ones where there are any."""
    parts = [paragraph(training.model), *([code(training.formula)] if training.formula else [])]
    if training.results:
        parts.append(table(["result", ""], training.results))
    exact = any(w.exact is not None for w in training.weights)
    if training.weights:
        header = ["weight", "by descent", *(["exact"] if exact else [])]
        rows = []
        for weight in training.weights[:ROWS]:
            row = [weight.name, f"{weight.value:.6g}"]
            if exact:
                row.append("" if weight.exact is None else f"{weight.exact:.6g}")
            rows.append(row)
        parts.append(table(header, rows))
    if len(training.weights) > ROWS:
        parts.append(paragraph(f"and {len(training.weights) - ROWS:,} more weights", "soft"))
    if training.remark:
        parts.append(paragraph(training.remark))
    return Section("weights", "What was learnt", "\n".join(parts))
