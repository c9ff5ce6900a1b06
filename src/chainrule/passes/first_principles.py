"""A derivative from the definition: the limit of the difference quotient, taken one step at a time.

A step replaces LIM[term] by what is equal to it, in which limits of simpler terms may stand. Polynomials, rational
functions and roots are expanded until h can be cancelled; sums, products and quotients are taken apart; exp, ln, sin
and cos rest on the standard limits, also of an inner function. Nothing here uses a derivative that is known already.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from chainrule.core.graph import Graph, Node, constant, topological
from chainrule.core.pending import pending_limit
from chainrule.core.registry import building
from chainrule.core.rule import Rule
from chainrule.errors import ArgumentError
from chainrule.passes.polynomials import Polynomial, added, polynomial
from chainrule.passes.rewrites import is_one, number, operation
from chainrule.passes.simplify import rewrite
from chainrule.passes.stepwise import Application, replaced

__all__ = ["definition", "from_definition"]

F = building

DEFINITION = Rule("definition of the derivative", "f'(x) = lim (f(x + h) - f(x)) / h as h goes to 0")
NO_CHANGE = Rule("a constant does not change", "the difference is 0 for every h")
EXPAND = Rule("expand", "what stands in parentheses is multiplied out")
CANCEL = Rule("cancel", "what is added and subtracted again is left out")
FACTOR_OUT = Rule("factor out h", "every term has a factor h, which the h below cancels")
LET = Rule("let h go to 0", "what is left is continuous in h")
COMMON = Rule("common denominator", "a / b - c / d = (a d - c b) / (b d)")
CONJUGATE = Rule("multiply by the conjugate", "sqrt(a) - sqrt(b) = (a - b) / (sqrt(a) + sqrt(b))")
CUBES = Rule("difference of cubes", "a - b = (a^3 - b^3) / (a^2 + a b + b^2)")
SUM = Rule("limit of a sum", "lim (a + b) = lim a + lim b")
FACTOR = Rule("constant factor", "lim (c a) = c lim a")
ADD_AND_SUBTRACT = Rule("add and subtract", "a b - c d = (a - c) b + c (b - d)")
PRODUCT = Rule("limit of a product", "lim (a b) = lim a lim b; a factor that does not depend on h stays")
ADD_EXPONENTS = Rule("add exponents", "e^(u + k) = e^u e^k")
LOGARITHMS = Rule("difference of logarithms", "ln(a) - ln(b) = ln(a / b)")
ANGLE_SINE = Rule("sine of a sum", "sin(u + k) = sin u cos k + cos u sin k")
ANGLE_COSINE = Rule("cosine of a sum", "cos(u + k) = cos u cos k - sin u sin k")
LIMIT_EXP = Rule("standard limit", "(e^k - 1) / k goes to 1 as k goes to 0")
LIMIT_LOG = Rule("standard limit", "ln(1 + k) / k goes to 1 as k goes to 0")
LIMIT_SINE = Rule("standard limit", "sin(k) / k goes to 1 as k goes to 0")
LIMIT_COSINE = Rule("standard limit", "(cos(k) - 1) / k goes to 0 as k goes to 0")
LIMIT_POWER = Rule("standard limit", "(a^k - 1) / k goes to ln a as k goes to 0")


def definition(term: Node, x: Node) -> tuple[Node, Node]:
    """The limit that defines the derivative of a term by x, still to be taken, and its h."""
    taken = {node.name for node in topological([term])}
    name = next(letter for letter in ("h", "k", "t", "dx", "h_0") if letter not in taken)
    h = Node(None, (), {"name": name}, x.shape, x.dtype, name)
    return _Quotients(x, h).limit(term), h


def from_definition(term: Node, x: Node, start: Node, h: Node) -> Iterator[Application]:
    """The steps from the limit of the difference quotient to the derivative.

    Args:
        term: what is differentiated.
        x: the variable.
        start: the limit, made by `definition`.
        h: its h.

    Raises:
        ArgumentError: for a part of the term no step is known; it is named.

    >>> from chainrule.read.formula import parse
    >>> graph = parse("x^2")
    >>> start, h = definition(graph.outputs[0], graph.inputs[0])
    >>> [step.rule.name for step in from_definition(graph.outputs[0], graph.inputs[0], start, h)]
    ['expand', 'cancel', 'factor out h', 'let h go to 0']
    """
    quotients = _Quotients(x, h)
    quotients.limits[term] = start
    done: set[Node] = set()
    waiting = [(start, term)]
    while waiting:
        limit, of = waiting.pop()
        if limit in done:
            continue
        done.add(limit)
        yield from quotients.steps(limit, of)
        waiting.extend(reversed(quotients.opened))
        quotients.opened.clear()


class _Quotients:
    """The difference quotients of the parts of a term, and the steps that take their limits."""

    def __init__(self, x: Node, h: Node) -> None:
        self.x, self.h = x, h
        self.shifted = {x: F.add(x, h)}
        self.limits: dict[Node, Node] = {}
        self.opened: list[tuple[Node, Node]] = []

    def moved(self, term: Node) -> Node:
        """The term at x + h."""
        return replaced(term, self.shifted, inside=False)

    def limit(self, term: Node) -> Node:
        """LIM of the difference quotient of a term, to be taken in its turn."""
        if term not in self.limits:
            self.limits[term] = pending_limit(F.divide(F.subtract(self.moved(term), term), self.h), self.h)
        self.opened.append((self.limits[term], term))
        return self.limits[term]

    def steps(self, limit: Node, term: Node) -> Iterator[Application]:
        """The steps for one difference quotient; those that they leave open are noted."""
        if not self._moves(term):
            yield _step(NO_CHANGE, limit, constant(0.0))
        elif (whole := self._expanded(term)) is not None:
            yield from self._by_expanding(limit, added(whole[0].node, whole[1], -1), whole[0].plus(whole[1], -1))
        else:
            operands = [(operand, self._moves(operand)) for operand in term.operands]
            method = _METHODS.get(operation(term))
            if method is None or (made := method(self, limit, term, *operands)) is None:
                raise ArgumentError(
                    f"no derivation from the definition is known for {operation(term)}: known are polynomials, "
                    "quotients, roots, exp, ln, sin, cos, and what is composed of these\n"
                    '  method="rules" derives every function'
                )
            yield from made

    def _moves(self, term: Node) -> bool:
        return any(node is self.x for node in topological([term]))

    def _expanded(self, term: Node) -> tuple[Polynomial, Polynomial] | None:
        """The term at x + h and at x, if it is a polynomial in x."""
        both = F.subtract(self.moved(term), term)
        moved = polynomial(both.operands[0], [self.x, self.h])
        still = polynomial(both.operands[1], [self.x, self.h])
        return None if moved is None or still is None else (moved, still)

    def _by_expanding(
        self, limit: Node, written: Node, difference: Polynomial, below: Callable[[Node], Node] | None = None
    ) -> Iterator[Application]:
        """Expand, cancel, factor out h, let h go to 0; `below` puts what else stands in the quotient."""
        h = self.h
        divided = below or (lambda above: above)

        def quotient(above: Node) -> Node:
            over = divided(above)
            if below is None:
                return F.divide(above, h)
            return F.divide(over.operands[0], F.multiply(h, over.operands[1]))

        first = limit
        if not _same(limit.operands[0], quotient(written)):
            first = pending_limit(quotient(written), h)
            yield _step(EXPAND, limit, first)
        cancelled = pending_limit(quotient(difference.node), h)
        yield _step(CANCEL, first, cancelled)
        rest = difference.over(h)
        assert rest is not None  # the difference vanishes at h = 0
        without = pending_limit(divided(rest.node), h)
        yield _step(FACTOR_OUT, cancelled, without)
        yield _step(LET, without, self._at_zero(divided(rest.at_zero(h).node)))

    def _at_zero(self, term: Node) -> Node:
        """The term with 0 for h; x + 0 is x."""
        return replaced(term, {self.shifted[self.x]: self.x}, inside=False)

    # Each method gives the steps for a difference quotient of one kind, or None where it does not fit.

    def _sum(self, limit: Node, term: Node, *operands: tuple[Node, bool]) -> Iterator[Application]:
        parts = [self.limit(operand) for operand, _ in operands]
        yield _step(SUM, limit, getattr(F, operation(term))(*parts))

    def _negative(self, limit: Node, term: Node, u: tuple[Node, bool]) -> Iterator[Application]:
        yield _step(FACTOR, limit, F.negative(self.limit(u[0])))

    def _product(self, limit: Node, term: Node, u: tuple[Node, bool], v: tuple[Node, bool]) -> Iterator[Application]:
        (a, a_moves), (b, b_moves) = u, v
        if not a_moves:
            yield _step(FACTOR, limit, F.multiply(a, self.limit(b)))
            return
        if not b_moves:
            yield _step(FACTOR, limit, F.multiply(self.limit(a), b))
            return
        left, right = (self._rate(operand) for operand in (a, b))
        apart = pending_limit(F.add(F.multiply(left, self.moved(b)), F.multiply(a, right)), self.h)
        yield _step(ADD_AND_SUBTRACT, limit, apart)
        yield _step(PRODUCT, apart, F.add(F.multiply(self.limit(a), b), F.multiply(a, self.limit(b))))

    def _rate(self, term: Node) -> Node:
        return F.divide(F.subtract(self.moved(term), term), self.h)

    def _divide(self, limit: Node, term: Node, u: tuple[Node, bool], v: tuple[Node, bool]) -> Iterator[Application]:
        (a, _), (b, b_moves) = u, v
        if not b_moves:
            yield _step(FACTOR, limit, F.divide(self.limit(a), b))
            return
        above = F.subtract(F.multiply(self.moved(a), b), F.multiply(a, self.moved(b)))
        if is_one(a):
            above = F.subtract(b, self.moved(b))
        below = F.multiply(self.moved(b), b)
        common = pending_limit(F.divide(above, F.multiply(self.h, below)), self.h)
        yield _step(COMMON, limit, common)
        letters = [self.x, self.h]
        first, second = (polynomial(operand, letters) for operand in above.operands)
        if first is not None and second is not None:
            written = added(first.node, second, -1)
            yield from self._by_expanding(common, written, first.plus(second, -1), lambda top: F.divide(top, below))
            return
        apart = F.subtract(F.multiply(self._rate(a), b), F.multiply(a, self._rate(b)))
        divided = pending_limit(F.divide(apart, below), self.h)
        yield _step(ADD_AND_SUBTRACT, common, divided)
        over = F.subtract(F.multiply(self.limit(a), b), F.multiply(a, self.limit(b)))
        yield _step(PRODUCT, divided, F.divide(over, F.square(b)))

    def _root(self, limit: Node, term: Node, u: tuple[Node, bool]) -> Iterator[Application]:
        (inner, _) = u
        below = F.add(self.moved(term), term)
        yield from self._rationalised(CONJUGATE, limit, inner, below, F.multiply(2.0, term))

    def _cube_root(self, limit: Node, term: Node, u: tuple[Node, bool]) -> Iterator[Application]:
        (inner, _) = u
        there = self.moved(term)
        below = F.add(F.add(F.square(there), F.multiply(there, term)), F.square(term))
        yield from self._rationalised(CUBES, limit, inner, below, F.multiply(3.0, F.square(term)))

    def _rationalised(
        self, rule: Rule, limit: Node, inner: Node, below: Node, below_at_zero: Node
    ) -> Iterator[Application]:
        above = F.subtract(self.moved(inner), inner)
        conjugate = pending_limit(F.divide(above, F.multiply(self.h, below)), self.h)
        yield _step(rule, limit, conjugate)
        whole = self._expanded(inner)
        if whole is None:
            yield _step(PRODUCT, conjugate, F.divide(self.limit(inner), below_at_zero))
            return
        written, difference = added(whole[0].node, whole[1], -1), whole[0].plus(whole[1], -1)
        *before, last = self._by_expanding(conjugate, written, difference, lambda top: F.divide(top, below))
        yield from before
        rest = difference.over(self.h)
        assert rest is not None
        yield _step(LET, last.before, F.divide(rest.at_zero(self.h).node, below_at_zero))

    def _change(self, inner: Node) -> Node:
        """k: by how much the inner function changes, expanded where it is a polynomial."""
        whole = self._expanded(inner)
        return F.subtract(self.moved(inner), inner) if whole is None else whole[0].plus(whole[1], -1).node

    def _standard(self, rule: Rule, term: Callable[[Node], Node], k: Node, value: Node) -> tuple[Node, Application]:
        """A standard limit in k, and the step that takes it."""
        limit = pending_limit(term(k), self.h)
        return limit, _step(rule, limit, value, (("k", k),))

    def _exponential(self, limit: Node, term: Node, *operands: tuple[Node, bool]) -> Iterator[Application] | None:
        exponent = operands[-1][0]
        return self._by_adding_exponents(limit, term, exponent, None if len(operands) == 1 else operands[0][0])

    def _by_adding_exponents(self, limit: Node, term: Node, exponent: Node, base: Node | None) -> Iterator[Application]:
        def raised(k: Node) -> Node:
            return F.exp(k) if base is None else F.power(base, k)

        k = self._change(exponent)
        rule, value = (LIMIT_EXP, constant(1.0)) if base is None else (LIMIT_POWER, F.log(base))
        apart = pending_limit(F.divide(F.multiply(term, F.subtract(raised(k), 1.0)), self.h), self.h)
        yield _step(ADD_EXPONENTS, limit, apart, (("u", exponent), ("k", k)))
        standard, taken = self._standard(rule, lambda k: F.divide(F.subtract(raised(k), 1.0), k), k, value)
        yield _step(PRODUCT, apart, self._times_rate(F.multiply(term, standard), exponent))
        yield taken

    def _times_rate(self, factor: Node, inner: Node) -> Node:
        return factor if inner is self.x else F.multiply(factor, self.limit(inner))

    def _logarithm(self, limit: Node, term: Node, u: tuple[Node, bool]) -> Iterator[Application]:
        (inner, _) = u
        k = F.divide(self._change(inner), inner)
        apart = pending_limit(F.divide(F.log(F.add(1.0, k)), self.h), self.h)
        yield _step(LOGARITHMS, limit, apart)
        standard, taken = self._standard(LIMIT_LOG, lambda k: F.divide(F.log(F.add(1.0, k)), k), k, constant(1.0))
        if inner is self.x:
            yield _step(PRODUCT, apart, F.multiply(standard, F.divide(1.0, inner)), (("k", k),))
        else:
            yield _step(PRODUCT, apart, F.multiply(standard, F.divide(self.limit(inner), inner)), (("k", k),))
        yield taken

    def _wave(self, limit: Node, term: Node, u: tuple[Node, bool]) -> Iterator[Application]:
        (inner, _) = u
        k = self._change(inner)
        sine, cosine = F.sin(inner), F.cos(inner)
        rising = operation(term) == "sin"
        rule, kept, turned = (ANGLE_SINE, sine, cosine) if rising else (ANGLE_COSINE, cosine, F.negative(sine))
        combine = F.add if rising else F.subtract
        above = combine(F.multiply(kept, F.cos(k)), F.multiply(cosine if rising else sine, F.sin(k)))
        apart = pending_limit(F.divide(F.subtract(above, kept), self.h), self.h)
        yield _step(rule, limit, apart, (("u", inner), ("k", k)))
        flat, no_change = self._standard(
            LIMIT_COSINE, lambda k: F.divide(F.subtract(F.cos(k), 1.0), k), k, constant(0.0)
        )
        steep, change = self._standard(LIMIT_SINE, lambda k: F.divide(F.sin(k), k), k, constant(1.0))
        total = F.add(F.multiply(kept, flat), F.multiply(turned, steep))
        if not rising:
            total = F.subtract(F.multiply(kept, flat), F.multiply(sine, steep))
        yield _step(SUM, apart, self._times_rate(total, inner))
        yield no_change
        yield change

    def _power(
        self, limit: Node, term: Node, u: tuple[Node, bool], n: tuple[Node, bool]
    ) -> Iterator[Application] | None:
        exponent = number(n[0])
        if exponent is not None and float(exponent).is_integer() and exponent < 0:
            return self._as_fraction(limit, term, u[0], -exponent)
        if exponent == 0.5:
            return self._root(limit, term, u)
        return None if u[1] else self._exponential(limit, term, u, n)

    def _as_fraction(self, limit: Node, term: Node, base: Node, exponent: Any) -> Iterator[Application]:
        power = base if exponent == 1 else F.square(base) if exponent == 2 else F.power(base, float(exponent))
        yield _step(AS_FRACTION, limit, self.limit(F.divide(1.0, power)))


AS_FRACTION = Rule("negative exponent", "u^(-n) = 1 / u^n")

_METHODS: dict[str, Callable[..., Any]] = {
    "add": _Quotients._sum,
    "subtract": _Quotients._sum,
    "negative": _Quotients._negative,
    "multiply": _Quotients._product,
    "divide": _Quotients._divide,
    "sqrt": _Quotients._root,
    "cbrt": _Quotients._cube_root,
    "exp": _Quotients._exponential,
    "power": _Quotients._power,
    "log": _Quotients._logarithm,
    "sin": _Quotients._wave,
    "cos": _Quotients._wave,
}


def _same(one: Node, other: Node) -> bool:
    """Whether two terms are built alike, up to the order of two terms or factors."""
    shared = rewrite(Graph((), (one, other)), ())
    return shared.outputs[0] is shared.outputs[1]


def _step(rule: Rule, before: Node, after: Node, letters: tuple[tuple[str, Node], ...] = ()) -> Application:
    return Application(rule, before, after, letters, None, 0)
