"""The result of a gradient check: what was compared, what is wrong, and how small an error would have been seen."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from chainrule.numeric.diagnosis import Diagnosis
from chainrule.numeric.probe import label

__all__ = ["Component", "Direction", "GradientCheck", "Group", "KinkMet"]

ROWS = 12  # of the printed table
LISTED = 5  # kinks and notes that are printed each on a line


@dataclass(frozen=True, slots=True)
class Component:
    """One component of a gradient: what was claimed, what was measured, and how far apart they may be.

    Attributes:
        index: of the component in its array.
        analytic: what was claimed.
        numeric: what was measured.
        difference: analytic minus the reference, which is the exact value where it is trusted, else the measured one.
        tolerance: how large the difference may be.
        name: the argument, with the path inside it where it is a container.
        exact: the exact derivative, where f could be traced and is checked against another gradient.
        error: the error bar of the measured value; infinite where it was not measured.

    >>> component = Component((0, 3), analytic=2.5, numeric=2.0, difference=0.5, tolerance=1e-9, name="W")
    >>> component.label, component.passed
    ('W[0, 3]', False)
    """

    index: tuple[int, ...]
    analytic: float
    numeric: float
    difference: float
    tolerance: float
    name: str = ""
    exact: float | None = None
    error: float = math.inf

    @property
    def passed(self) -> bool:
        """Whether the two values agree within the tolerance; NaN never does."""
        return abs(self.difference) <= self.tolerance

    @property
    def ratio(self) -> float:
        """How many times the tolerance the difference is; infinite where the gradient is NaN or infinite."""
        if not math.isfinite(self.difference) or (self.difference and not self.tolerance):
            return math.inf
        return abs(self.difference) / self.tolerance if self.difference else 0.0

    @property
    def label(self) -> str:
        """The name of the component as one would write it in Python."""
        return label(self.name, self.index)


@dataclass(frozen=True, slots=True)
class Direction:
    """The slope of f along one direction through all components, as claimed and as measured.

    Attributes:
        claimed: the claimed gradient times the direction.
        numeric: the slope as measured.
        tolerance: how far the two may be apart.
        exact: the exact gradient times the direction, where f could be traced.

    >>> Direction(claimed=2.0, numeric=2.0 + 1e-12, tolerance=1e-11).passed
    True
    """

    claimed: float
    numeric: float
    tolerance: float
    exact: float | None = None

    @property
    def passed(self) -> bool:
        """Whether the claimed slope agrees with the measured one; NaN never does."""
        return abs(self.claimed - self.numeric) <= self.tolerance


@dataclass(frozen=True, slots=True)
class Group:
    """Components that belong together and are wrong: an array, rows or columns of it, or a range.

    Attributes:
        label: the group as one would write it in Python, "W2[3, :]".
        size: the number of components in it.
        uncertainty: by how many components its ends may lie elsewhere; 0 where each component was compared.
        worst: the component that is furthest off, or in a group found by bisection one that was measured on its own.

    >>> print(Group("w[120:124]", size=4, uncertainty=2))
    w[120:124] (4 components, its ends within 2)
    """

    label: str
    size: int
    uncertainty: int = 0
    worst: Component | None = None

    def __str__(self) -> str:
        noun = "component" if self.size == 1 else "components"
        ends = f", its ends within {self.uncertainty}" if self.uncertainty else ""
        return f"{self.label} ({self.size} {noun}{ends})"


@dataclass(frozen=True, slots=True)
class KinkMet:
    """A place where the slopes on the two sides of the point differ, so that any value between them is right.

    Attributes:
        label: the component, or the direction.
        left, right: the slopes of the two sides.

    >>> print(KinkMet("x", left=-1.0, right=1.0))
    x: slope -1 on the left, 1 on the right
    """

    label: str
    left: float
    right: float

    def __str__(self) -> str:
        return f"{self.label}: slope {self.left:.7g} on the left, {self.right:.7g} on the right"


@dataclass(frozen=True, slots=True)
class GradientCheck:
    """The result of a gradient check; true when it passed, and readable when printed or shown in a notebook.

    Attributes:
        passed: the verdict.
        worst: the component furthest from agreement in units of its tolerance; None if none was measured by itself.
        components: those compared one by one; of many, only the ones that are wrong the most.
        evaluations: the calls of f.
        diagnosis: the mistake, in words, where one explains the numbers to their error bars; else "".
        resolution: the smallest error in a single component that would have been seen for certain.
        size: the number of components of the gradient.
        wrong: how many of them are known to be wrong.
        mistake: the diagnosis as a record, or None.
        groups: the wrong components summed up.
        kinks: where the slopes of the two sides differ.
        directions: what was measured along random directions, where there are many components.
        notes: what else there is to say: noise, jumps, the steps that have a kink, components below their tolerance.

    >>> from chainrule.numeric import check
    >>> print(check(lambda x, y: x**2 * y, lambda x, y: 4 * x * y, 2.0, 3.0))
    gradient check FAILED: 1 of 1 component is wrong; worst x, ... times its tolerance off
    diagnosis: ...
      component  analytic  exact  numeric         difference  tolerance
      x                24     12  12.0... ± ...           12  ...        wrong
    resolution ..., ... evaluations of f
    """

    passed: bool
    worst: Component | None
    components: tuple[Component, ...]
    evaluations: int
    diagnosis: str
    resolution: float
    size: int = 0
    wrong: int = 0
    mistake: Diagnosis | None = None
    groups: tuple[Group, ...] = ()
    kinks: tuple[KinkMet, ...] = ()
    directions: tuple[Direction, ...] = ()
    notes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return self.passed

    @property
    def verdict(self) -> str:
        """The first line of the report."""
        if not self.size and self.passed:
            return "gradient check passed: there is no component to compare"
        noun = "component" if self.size == 1 else "components"
        if self.passed:
            along = ""
            if self.directions:
                count = len(self.directions)
                way = "exactly, confirmed" if self.directions[0].exact is not None else "as measured"
                along = f", {way} along {count} random direction{'' if count == 1 else 's'}"
            return f"gradient check passed: {self.size} {noun} agree{'s' if self.size == 1 else ''}{along}"
        if self.wrong:
            what = f"{self.wrong} of {self.size} {noun} {'is' if self.wrong == 1 else 'are'} wrong"
        elif self.groups:
            what = f"of {self.size} {noun}, wrong are {', '.join(group.label for group in self.groups[:LISTED])}"
        else:
            what = f"the {self.size} {noun} together are wrong"
        if self.worst is None:
            return f"gradient check FAILED: {what}"
        far = self.worst.ratio
        times = f"{far:.2g} times its tolerance off" if math.isfinite(far) else "not a finite number"
        return f"gradient check FAILED: {what}; worst {self.worst.label}, {times}"

    def __str__(self) -> str:
        lines = [self.verdict, *([f"diagnosis: {self.diagnosis}"] if self.diagnosis else [])]
        if self.size or not self.passed:
            lines += [*self._table(), *self._remarks()]
            lines.append(f"resolution {self.resolution:.2g}, {self.evaluations} evaluations of f")
        return "\n".join(lines)

    def _rows(self) -> list[list[str]]:
        order = sorted(self.components, key=lambda c: -c.ratio) if not self.passed else self.components
        exact = any(c.exact is not None for c in order)
        rows = [["component", "analytic", *(["exact"] if exact else []), "numeric", "difference", "tolerance", ""]]
        for c in order[:ROWS]:
            row = [c.label, _number(c.analytic)]
            if exact:
                row.append("" if c.exact is None else _number(c.exact))
            row += [_measured(c.numeric, c.error), f"{c.difference + 0.0:.2g}", f"{c.tolerance:.2g}"]
            rows.append([*row, "ok" if c.passed else "wrong"])
        return rows if order else []

    def _table(self) -> list[str]:
        rows = self._rows()
        if not rows:
            return []
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        table = []
        for name, *numbers in rows:
            cells = [name.ljust(widths[0]), *(n.rjust(w) for n, w in zip(numbers, widths[1:], strict=True))]
            table.append(("  " + "  ".join(cells)).rstrip())
        more = len(self.components) - ROWS
        return [*table, f"  ... and {more} more"] if more > 0 else table

    def _remarks(self) -> list[str]:
        # A group of one component says no more than its line in the table.
        summed_up = self.groups if any(group.size > 1 for group in self.groups) else ()
        sections: list[tuple[str, Sequence[Any]]] = [
            ("wrong: ", summed_up),
            ("kink at ", self.kinks),
            ("note: ", self.notes),
        ]
        lines = []
        for start, found in sections:
            lines += [f"{start}{thing}" for thing in found[:LISTED]]
            if len(found) > LISTED:
                lines.append(f"  ... and {len(found) - LISTED} more")
        return lines

    def to_dict(self) -> dict[str, Any]:
        """The report in numbers, text, lists and dictionaries, ready for JSON.

        JSON has no NaN and no infinity: these are the texts "NaN", "Infinity" and "-Infinity", which `float` reads.
        None stands for what is not there: an exact derivative where f cannot be traced, what was not measured.

        >>> import json
        >>> from chainrule.numeric import check
        >>> report = check(lambda x: x**2, lambda x: 2 * x, 3.0).to_dict()
        >>> json.loads(json.dumps(report))["passed"]
        True
        """
        return {
            "passed": self.passed,
            "diagnosis": self.diagnosis,
            "worst": None if self.worst is None else self.worst.label,
            "resolution": _number_or_text(self.resolution),
            "evaluations": self.evaluations,
            "size": self.size,
            "wrong": self.wrong,
            "components": _dictionaries(self.components, _component),
            "groups": _dictionaries(self.groups, _group),
            "kinks": [
                {"name": k.label, "left": _number_or_text(k.left), "right": _number_or_text(k.right)}
                for k in self.kinks
            ],
            "directions": _dictionaries(self.directions, _direction),
            "notes": list(self.notes),
        }

    def _repr_html_(self) -> str:
        colour = "#2e7d32" if self.passed else "#c62828"
        parts = [f'<p style="color:{colour}"><b>{escape(self.verdict)}</b></p>']
        if self.diagnosis:
            parts.append(f"<p>diagnosis: <b>{escape(self.diagnosis)}</b></p>")
        rows = self._rows()
        if rows:
            head = "".join(f"<th>{escape(cell)}</th>" for cell in rows[0])
            body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:])
            parts.append(f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>")
        remarks = "".join(f"<li>{escape(line.strip())}</li>" for line in self._remarks())
        parts.append(f"<ul>{remarks}</ul>" if remarks else "")
        parts.append(f"<p>resolution {self.resolution:.2g}, {self.evaluations} evaluations of f</p>")
        return "".join(parts)


def _number(value: float) -> str:
    return f"{value + 0.0:.10g}"  # + 0.0: no minus before a zero


def _measured(value: float, error: float) -> str:
    """A number with as many digits as its error bar supports."""
    if not math.isfinite(value):
        return "not measured" if math.isinf(error) and math.isnan(value) else f"{value}"
    if not math.isfinite(error):
        return _number(value)
    if not error:
        return f"{value + 0.0:.16g} ± 0"
    digits = 1 if not value else math.floor(math.log10(abs(value))) - math.floor(math.log10(error)) + 1
    shown = f"{value + 0.0:#.{min(max(digits, 1), 16)}g}".rstrip(".")
    return f"{shown} ± {error:.1g}"


def _number_or_text(value: float | None) -> float | str | None:
    if value is None or math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _dictionaries(found: Sequence[Any], as_dictionary: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    return [as_dictionary(thing) for thing in found]


def _component(c: Component) -> dict[str, Any]:
    measured = not (math.isnan(c.numeric) and math.isinf(c.error))
    numbers = {
        "analytic": c.analytic,
        "numeric": c.numeric if measured else None,
        "exact": c.exact,
        "error": c.error if measured else None,
        "difference": c.difference,
        "tolerance": c.tolerance,
    }
    return {"name": c.label, **{key: _number_or_text(value) for key, value in numbers.items()}, "passed": c.passed}


def _group(group: Group) -> dict[str, Any]:
    return {
        "name": group.label,
        "size": group.size,
        "uncertainty": group.uncertainty,
        "worst": None if group.worst is None else _component(group.worst),
    }


def _direction(d: Direction) -> dict[str, Any]:
    numbers = {"claimed": d.claimed, "numeric": d.numeric, "tolerance": d.tolerance, "exact": d.exact}
    return {**{key: _number_or_text(value) for key, value in numbers.items()}, "passed": d.passed}
