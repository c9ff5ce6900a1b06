"""The search for the mistake: every hypothesis, from the simplest to the most specific, held against the numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from chainrule.numeric.diagnosis.arguments import other_argument
from chainrule.numeric.diagnosis.arrangement import moved, permuted, reshaped
from chainrule.numeric.diagnosis.case import Case
from chainrule.numeric.diagnosis.changes.step import Budget, wrong_step
from chainrule.numeric.diagnosis.combined import Each
from chainrule.numeric.diagnosis.factor import any_factor, norm_factor, sign_or_factor, zero
from chainrule.numeric.diagnosis.hypothesis import Hypothesis, Proposal
from chainrule.numeric.diagnosis.loops import in_loops
from chainrule.numeric.diagnosis.parametrisation import reparametrised
from chainrule.numeric.diagnosis.record import Diagnosis, Mistake
from chainrule.numeric.diagnosis.region import Within, regions
from chainrule.numeric.diagnosis.regularisation import any_term, proportional_term
from chainrule.numeric.diagnosis.statistics import statistics
from chainrule.numeric.diagnosis.summation import not_summed, oversummed
from chainrule.numeric.evidence import Evidence

__all__ = ["HYPOTHESES", "diagnose"]

# To add a hypothesis, write a file like those that are imported here, and enter its proposal in its place.
HYPOTHESES: Sequence[Proposal] = (
    sign_or_factor,
    zero,
    reshaped,
    moved,
    not_summed,
    oversummed,
    other_argument,
    proportional_term,
)
# What would also explain a mistake in one step, but says less than its name: tried after the steps.
UNSPECIFIC: Sequence[Proposal] = (any_term, statistics, reparametrised, norm_factor, any_factor, permuted)
# Inside a region that is described as well as possible, only what treats every component alike.
INSIDE: Sequence[Proposal] = (sign_or_factor, zero, proportional_term, any_term, any_factor)
# What is no more than the ratio of two numbers says nothing of where it comes from.
PLAIN = frozenset({Mistake.SIGN, Mistake.FACTOR, Mistake.SUMMED, Mistake.AVERAGED, Mistake.ZERO})


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """The mistake that explains every component of a failed check within its error bar, or None where none does.

    Of several that do the simplest is named, unless the same check at another point refutes it. Where the search in
    the steps of f ended at its limit without a result, the kind is `Mistake.UNDECIDED` and the diagnosis is false.

    >>> import numpy as np, chainrule as cr
    >>> from chainrule.numeric.diagnosis import diagnose
    >>> from chainrule.numeric.evidence import Evidence, Part
    >>> def loss(w):
    ...     return np.sum(np.sin(w**2))
    >>> w = np.array([0.5, 1.5])
    >>> claimed, reference = np.cos(w**2), 2 * w * np.cos(w**2)
    >>> part = Part("w", point=w, claimed=claimed, reference=reference, tolerance=np.full(2, 1e-12))
    >>> print(diagnose(Evidence([part], {"w": w}, graph=cr.graph(loss, w))))
    the inner factor of step 1 (square; ..., line 2) is missing: its derivative is left out
    """
    case = Case(evidence)
    if not case.wrong:
        return None
    budget = Budget()
    # Mistakes that are tried lead out of the domain of a step easily; such a prediction is NaN, and fits nothing.
    with np.errstate(all="ignore"):
        for hypothesis in _proposed(case, budget):
            fit = hypothesis.misfit(case)
            if fit is not None and fit <= 1 and not _refuted(hypothesis, case):
                return _diagnosis(hypothesis, case, fit)
    if not budget.exhausted:
        return None
    text = f"no mistake explains the numbers of those tried, but the search ended at its limit, after {budget.tried}"
    return Diagnosis(Mistake.UNDECIDED, text, tuple(part.name for part in case.wrong), np.inf)


def _diagnosis(hypothesis: Hypothesis, case: Case, fit: float) -> Diagnosis:
    sentence = hypothesis.sentence(case)
    # A number by itself is explained by many things: at x = 2 a factor x and a factor 2 are the same.
    if case.speaking < 2 and case.elsewhere is None and hypothesis.kind not in PLAIN:
        sentence = f"it may be that {sentence} (one number alone does not tell)"
    return Diagnosis(
        hypothesis.kind,
        sentence,
        tuple(part.name for part in case.wrong),
        fit,
        hypothesis.site,
        hypothesis.region,
        _misfit=lambda other: hypothesis.misfit(Case(other)),
    )


def _refuted(hypothesis: Hypothesis, case: Case) -> bool:
    there = case.elsewhere
    fit = None if there is None else hypothesis.misfit(there)
    return fit is not None and not fit <= 1


def _proposed(case: Case, budget: Budget) -> Iterator[Hypothesis]:
    yield from _of(case, HYPOTHESES)
    wrong = tuple(part.name for part in case.wrong)
    inside = case.only(wrong) if len(wrong) < len(case.parts) else None
    if inside is not None:
        yield from (Within(hypothesis, wrong) for hypothesis in _of(inside, HYPOTHESES))
    yield from _steps(case, budget)
    yield from in_loops(case, budget)
    yield from _of(case, UNSPECIFIC)
    if inside is not None:
        yield from (Within(hypothesis, wrong) for hypothesis in _steps(inside, budget))
        yield from (Within(hypothesis, wrong) for hypothesis in in_loops(inside, budget))
        yield from (Within(hypothesis, wrong) for hypothesis in _of(inside, UNSPECIFIC))
    yield from _in_regions(case, budget)
    if len(wrong) > 1:
        yield from _each(case, budget)


def _steps(case: Case, budget: Budget) -> Iterator[Hypothesis]:
    """A wrong step of f; where what is missing behind it is a multiple of the parameters, it is said as that."""
    for hypothesis in wrong_step(case, budget):
        # Whether the multiple is a constant only another point tells.
        testable = hypothesis.kind is Mistake.PATH_MISSING and case.elsewhere is not None
        if testable and (hypothesis.misfit(case) or 0.0) <= 1:
            wrong = tuple(part.name for part in case.wrong)
            inside = case.only(wrong, case.masks) if len(wrong) == len(case.parts) else case.only(wrong)
            for term in any_term(inside):
                if term.kind is Mistake.TERM_MISSING:
                    named = replace(term, line=hypothesis.line)
                    yield named if len(wrong) == len(case.parts) else Within(named, wrong)
        yield hypothesis


def _of(case: Case, proposals: Sequence[Proposal]) -> Iterator[Hypothesis]:
    for proposal in proposals:
        yield from proposal(case)


def _in_regions(case: Case, budget: Budget) -> Iterator[Hypothesis]:
    """One region of one part, or one of each wrong part with the same mistake in it."""
    wrong = case.wrong
    if case.linear or any(part.claimed.shape != part.reference.shape for part in wrong):
        return
    names = tuple(part.name for part in wrong)
    choices = [list(regions(part)) for part in wrong]
    if not all(choices):
        return
    for number in range(max(map(len, choices))):
        chosen = tuple(choice[min(number, len(choice) - 1)] for choice in choices)
        inside = case.only(names, [region.where for region in chosen])
        for hypothesis in (*_of(inside, INSIDE), *wrong_step(inside, budget)):
            yield Within(hypothesis, names, chosen)


def _each(case: Case, budget: Budget) -> Iterator[Hypothesis]:
    """Every wrong part has its own mistake."""
    found: list[tuple[tuple[str, ...], Hypothesis]] = []
    for part in case.wrong:
        inside = case.only((part.name,))
        proposals = partial(_proposed_alone, inside, budget)
        hypothesis = next((h for h in proposals() if (h.misfit(inside) or 0.0) <= 1 and not _refuted(h, inside)), None)
        if hypothesis is None:
            return
        found.append(((part.name,), hypothesis))
    yield Each(tuple(found))


def _proposed_alone(case: Case, budget: Budget) -> Iterator[Hypothesis]:
    yield from _of(case, HYPOTHESES)
    yield from _steps(case, budget)
    yield from _of(case, UNSPECIFIC)
    yield from _in_regions(case, budget)
