"""Read a formula, as text, into a graph of scalar inputs.

The grammar, loosest first: sums, the sign, products and quotients from left to right (written or implied, alike:
1/2x is (1/2) x), powers from right to left (-x^2 is -(x^2), 2^-x is 2^(-x)). A function written without parentheses
takes the numbers that follow and one factor more, with its power: sin 2x cos x is sin(2x) cos(x), sin x^2 is
sin(x^2); with parentheses it takes what is in them: sin(x)^2 is sin(x) squared, as is sin^2 x. The root sign takes one
factor. A bar behind an operand closes a bar that is open, else it begins a factor.

Operators wait on a stack until one that binds less tightly arrives (Dijkstra's shunting yard), so depth costs no
recursion and time is linear in the length.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.core.graph import Graph, Node, constant
from chainrule.core.notation import Precedence
from chainrule.core.registry import building
from chainrule.errors import ArgumentError, FormulaError
from chainrule.limits import LIMITS
from chainrule.read.tokens import SUPERSCRIPTS, Lookahead, Token, plain, tokenize
from chainrule.read.vocabulary import CONSTANTS, Function, UnknownWordError, Vocabulary

__all__ = ["parse", "variable_names"]

F = building
_APPLICATION = Precedence.POWER - 5  # sin x: looser than a power, tighter than a product
_COEFFICIENT = Precedence.POWER - 4  # the product in sin 2x, which belongs to the argument
_OPERAND = "a number, a name or a parenthesis"


def parse(text: str, variables: Sequence[str] | str | None = None) -> Graph:
    """The graph of a formula; its inputs are the formula's variables, each a float64 scalar.

    Args:
        text: the formula, such as "x^2 exp(x)".
        variables: names that are variables whatever they look like, as a sequence or a text "x, rate"; they come first
            among the inputs, also where the formula does not use them. Other variables follow in order of appearance.

    Raises:
        FormulaError: the formula cannot be read; the place is marked.
        LimitError: it is larger than `chainrule.limits.Limits` allows.

    >>> from chainrule.passes.evaluate import evaluate
    >>> graph = parse("3x^2 y + y")
    >>> [node.name for node in graph.inputs]
    ['x', 'y']
    >>> float(evaluate(graph, 2.0, 1.0)[0])
    13.0
    """
    return _Reader(text, variable_names(variables)).graph()


def variable_names(variables: Sequence[Any] | str | None) -> list[str]:
    """Declared variables as a list; raises `ArgumentError` for what cannot be a name or is there twice."""
    if isinstance(variables, str):
        variables = variables.replace(",", " ").split()
    names = [] if variables is None else [plain(name) if isinstance(name, str) else name for name in variables]
    for name in names:
        tokens = list(tokenize(name)) if isinstance(name, str) and len(name) < 100 else []
        if len(tokens) != 2 or tokens[0].kind != "word":
            raise ArgumentError(f"{name!r:.60} cannot be the name of a variable: use letters, digits and _")
        if names.count(name) > 1:
            raise ArgumentError(f"the variable {name} is declared twice")
    return names


def _same(x: Any) -> Any:
    return x


@dataclass(slots=True, eq=False)
class _Operator:
    """An operator that waits for its last operand.

    Attributes:
        application: the function without parentheses that this operator stands in or is.
        open: for such a function: its argument has only numbers so far.
    """

    precedence: int
    arity: int
    build: Callable[..., Node]
    position: int
    application: _Operator | None = None
    open: bool = False


@dataclass(slots=True, eq=False)
class _Group:
    """A parenthesis or bar that waits to be closed; with a function, its call."""

    sign: str
    position: int
    function: Function | None = None
    finish: Callable[[Any], Any] = _same
    start: int = 0


class _Reader:
    def __init__(self, text: str, declared: Sequence[str]) -> None:
        self.text = text
        self.shown = plain(text[: LIMITS.formula_length])
        self.vocabulary = Vocabulary(declared)
        self.variables: dict[str, Node] = {}
        for name in declared:
            self._variable(name)
        self.stack: list[_Operator | _Group] = []
        self.operands: list[Node] = []

    def graph(self) -> Graph:
        tokens = Lookahead(self._letters_apart(tokenize(self.text)))
        if tokens[0].kind == "end":
            raise self._error("the formula is empty", 0, _OPERAND)
        position = 0
        wanting = True  # an operand must come next
        while tokens[position].kind != "end" or wanting:
            LIMITS.check("formula_depth", len(self.stack))
            read = self._operand if wanting else self._after_operand
            position, wanting = read(tokens, position)
        group = self._reduce_to_group()
        if group is not None:
            name, closing = ("bar", "|") if group.sign == "|" else ("parenthesis", ")")
            raise self._error(f"this {name} is not closed", group.position, closing)
        return Graph(tuple(self.variables.values()), (self.operands[0],), name=self.text)

    def _letters_apart(self, tokens: Iterable[Token]) -> Iterator[Token]:
        """Check the meaning of each word; one that is a product of letters becomes a word for each."""
        for token, following in itertools.pairwise(tokens):
            called = following.text == "("
            if token.kind != "word" or self.vocabulary.function(token.text, called) is not None:
                yield token
                continue
            try:
                letters = self.vocabulary.letters(token.text, called)
            except UnknownWordError as error:
                raise self._error(error.problem, token.position, error.expected) from None
            places = range(token.position, token.position + len(letters))
            yield from (Token("word", letter, place) for letter, place in zip(letters, places, strict=True))
        yield Token("end", "", len(self.text))

    # An operand is wanted.

    def _operand(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        if token.kind == "number":
            return self._push(constant(float(token.text)), tokens, i)
        if token.kind == "word":
            return self._word(tokens, i)
        if token.text in ("(", "|"):
            self._close_coefficients()
            self.stack.append(_Group(token.text, token.position))
            return i + 1, True
        if token.text in ("-", "+"):
            # Inside a power or an argument the sign belongs to it: 2^-x y is (2^-x) y.
            top = self._top()
            precedence = max(Precedence.PREFIX, top.precedence if top else 0)
            build = F.negative if token.text == "-" else _same
            application = top.application if top else None
            self.stack.append(_Operator(precedence, 1, build, token.position, application))
            return i + 1, True
        if token.text == "√":
            self._close_coefficients()
            self.stack.append(_Operator(Precedence.POWER, 1, F.sqrt, token.position))
            return i + 1, True
        raise self._missing_operand(token)

    def _word(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        function = self.vocabulary.function(token.text, tokens[i + 1].text == "(")
        if function is not None:
            self._close_coefficients()
            return self._function(function, tokens, i)
        name = token.text
        if name in CONSTANTS and name not in self.variables:
            node = Node(None, (), {"value": CONSTANTS[name]}, (), float, "e" if name == "e" else "pi")
            return self._push(node, tokens, i, coefficient=name != "e")
        return self._push(self._variable(name), tokens, i)

    def _variable(self, name: str) -> Node:
        if name not in self.variables:
            self.variables[name] = Node(None, (), {"name": name}, (), np.dtype(float), name)
        return self.variables[name]

    def _push(self, node: Node, tokens: Lookahead, i: int, coefficient: bool = False) -> tuple[int, bool]:
        if tokens[i].kind != "number" and not coefficient:
            self._close_coefficients()
        self.operands.append(node)
        return i + 1, False

    def _function(self, function: Function, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        i += 1
        finish: Callable[[Node], Node] = _same
        if tokens[i].text == "^" or tokens[i].kind == "superscript":
            raised = tokens[i + 1] if tokens[i].text == "^" else tokens[i]
            digits = raised.text.translate(SUPERSCRIPTS)
            if raised.kind == "end" or not digits.isdecimal() or int(digits[:9]) < 2:
                raise self._error(
                    f"{function.name}^ with this exponent can be read in several ways", raised.position,
                    f"a whole number from 2 on, as in {function.name}^2 x; else write 1/{function.name}(x), "
                    f"{function.name}(x)^n or, for the inverse function, its name",
                )  # fmt: skip
            exponent = constant(float(digits))
            finish = lambda value: _power(value, exponent)  # noqa: E731
            i += 2 if tokens[i].text == "^" else 1
        following = tokens[i]
        if following.text == "(":
            self.stack.append(_Group("(", following.position, function, finish, len(self.operands)))
            return i + 1, True
        if following.kind == "end" or following.text in (")", ",", "*", "/", "^", "!"):
            example = ", ".join("xyzuvw"[: function.least])
            raise self._error(f"{function.name} has no argument", following.position, f"{function.name}({example})")
        if function.least > 1:
            raise self._error(f"{function.name} takes several arguments", following.position, "( and ) around them")
        operator = _Operator(_APPLICATION, 1, lambda x: finish(function.build(x)), token.position, open=True)
        operator.application = operator
        self.stack.append(operator)
        return i, True

    def _missing_operand(self, token: Token) -> FormulaError:
        last = self.stack[-1] if self.stack else None
        if token.kind == "end":
            after = f"the opening {last.sign}" if isinstance(last, _Group) else "an operator"
            return self._error(
                f"the formula ends after {after}" if last else "nothing to read", token.position, _OPERAND
            )
        if token.text == ")" and isinstance(last, _Group) and last.sign == "(":
            return self._error("there is nothing between the parentheses", token.position, _OPERAND)
        return self._error(f"{token.text} stands where an operand is missing", token.position, _OPERAND)

    # An operand has been read.

    def _after_operand(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        if token.text in _BINARY:
            return self._binary(token, i)
        if token.kind == "superscript":
            return self._superscript(token, i)
        if token.text == ")":
            return self._close(token, i)
        if token.text == ",":
            return self._comma(token, i)
        if token.text == "|" and self._innermost_sign() == "|":
            self._reduce_to_group()
            self.operands.append(F.abs(self.operands.pop()))
            return i + 1, False
        if token.text == "!":
            raise self._error("a factorial has no derivative between the whole numbers", token.position, "an operator")
        return self._implied_product(tokens, i)

    def _binary(self, token: Token, i: int) -> tuple[int, bool]:
        precedence, build = _BINARY[token.text]
        # A power waits for the power in its exponent; all others are read from left to right.
        self._reduce(precedence + 1 if token.text == "^" else precedence)
        if token.text == "^":
            self._close_coefficients()
        self.stack.append(_Operator(precedence, 2, build, token.position))
        return i + 1, True

    def _superscript(self, token: Token, i: int) -> tuple[int, bool]:
        digits = token.text.translate(SUPERSCRIPTS)
        if not digits.removeprefix("-").isdecimal():
            raise self._error("this exponent is no whole number", token.position, "digits")
        LIMITS.check("number_length", len(digits))
        self._close_coefficients()
        exponent = constant(float(digits.removeprefix("-")))
        self.operands.append(_power(self.operands.pop(), F.negative(exponent) if digits[0] == "-" else exponent))
        return i + 1, False

    def _implied_product(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token, previous = tokens[i], tokens[i - 1]
        if token.kind == "number" and previous.text not in (")", "|"):
            raise self._error(
                "a number cannot stand here: it follows a factor", token.position, "an operator such as *"
            )
        self._reduce(_COEFFICIENT)
        top = self._top()
        application = top.application if top else None
        if application is not None and application.open and not self._begins_function(tokens, i):
            self.stack.append(_Operator(_COEFFICIENT, 2, F.multiply, token.position, application))
        else:
            self._reduce(Precedence.PRODUCT)
            self.stack.append(_Operator(Precedence.PRODUCT, 2, F.multiply, token.position))
        return i, True

    def _begins_function(self, tokens: Lookahead, i: int) -> bool:
        token = tokens[i]
        return token.kind == "word" and self.vocabulary.function(token.text, tokens[i + 1].text == "(") is not None

    def _close(self, token: Token, i: int) -> tuple[int, bool]:
        group = self._reduce_to_group()
        if group is None:
            raise self._error("this parenthesis was never opened", token.position, "an operator or the end")
        if group.sign == "|":
            raise self._error("a bar was opened and is not closed before )", token.position, "|")
        if group.function is not None:
            self.operands.append(group.finish(self._call(group, group.function, token)))
        return i + 1, False

    def _call(self, group: _Group, function: Function, token: Token) -> Node:
        arguments = self.operands[group.start :]
        del self.operands[group.start :]
        if not function.least <= len(arguments) <= (function.most or len(arguments)):
            wanted = f"{function.least} argument{'s' * (function.least > 1)}"
            raise self._error(
                f"{function.name} takes {wanted}{' or more' if function.most is None else ''}, not {len(arguments)}",
                token.position, wanted,
            )  # fmt: skip
        value = function.build(*arguments[: function.least])
        for argument in arguments[function.least :]:
            value = function.build(value, argument)
        return value

    def _comma(self, token: Token, i: int) -> tuple[int, bool]:
        group = self._reduce_to_group()
        if group is None or group.function is None:
            raise self._error(
                "a comma separates the arguments of a function (a decimal point is .)", token.position, "an operator"
            )
        self.stack.append(group)
        return i + 1, True

    # The stack.

    def _top(self) -> _Operator | None:
        entry = self.stack[-1] if self.stack else None
        return entry if isinstance(entry, _Operator) else None

    def _close_coefficients(self) -> None:
        """What is read now is more than a number: the argument of a function without parentheses ends with it."""
        top = self._top()
        if top is not None and top.application is not None:
            top.application.open = False

    def _reduce(self, precedence: int) -> None:
        """Apply the waiting operators that bind at least so tightly."""
        while (top := self._top()) is not None and top.precedence >= precedence:
            self.stack.pop()
            operands = self.operands[-top.arity :]
            del self.operands[-top.arity :]
            self.operands.append(top.build(*operands))

    def _reduce_to_group(self) -> _Group | None:
        self._reduce(0)
        entry = self.stack.pop() if self.stack else None
        return entry if isinstance(entry, _Group) else None

    def _innermost_sign(self) -> str:
        for entry in reversed(self.stack):
            if isinstance(entry, _Group):
                return entry.sign
        return ""

    def _error(self, problem: str, position: int, expected: str = "") -> FormulaError:
        return FormulaError(problem, self.shown, position, expected)


def _power(base: Node, exponent: Node) -> Node:
    if base.is_constant and base.name == "e":
        return F.exp(exponent)
    if exponent.primitive is not None and exponent.primitive.name == "negative":
        (size,) = exponent.operands
        if size.is_constant and not size.name:  # x^-1 is a power of a number: its derivative needs no logarithm
            return F.power(base, constant(-size.parameters["value"]))
    if exponent.is_constant and not exponent.name and exponent.parameters["value"] == 2:
        return F.square(base)  # exact, and its derivative 2 x needs no logarithm
    return F.power(base, exponent)


_BINARY: dict[str, tuple[int, Callable[..., Any]]] = {
    "+": (Precedence.SUM, lambda x, y: F.add(x, y)),
    "-": (Precedence.SUM, lambda x, y: F.subtract(x, y)),
    "*": (Precedence.PRODUCT, lambda x, y: F.multiply(x, y)),
    "/": (Precedence.PRODUCT, lambda x, y: F.divide(x, y)),
    "^": (Precedence.POWER, _power),
}
