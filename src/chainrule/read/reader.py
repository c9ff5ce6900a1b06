"""The reader of formulas: one grammar for all notations, over the tokens that `tokens.py` and `latex.py` make.

The grammar, loosest first: sums, the sign, products and quotients from left to right (written or implied, alike:
1/2x is (1/2) x), powers from right to left (-x^2 is -(x^2), 2^-x is 2^(-x)). A function written without parentheses
takes the numbers that follow and one factor more, with its power: sin 2x cos x is sin(2x) cos(x), sin x^2 is
sin(x^2); with parentheses it takes what is in them: sin(x)^2 is sin(x) squared, as is sin^2 x. The root sign takes one
factor. A bar behind an operand closes a bar that is open, else it begins a factor.

Operators wait on a stack until one that binds less tightly arrives (Dijkstra's shunting yard), so depth costs no
recursion and time is linear in the length.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from chainrule.core.graph import Node, constant
from chainrule.core.notation import Precedence
from chainrule.core.registry import building
from chainrule.errors import FormulaError
from chainrule.read.arrays import Arithmetic, MisfitError
from chainrule.read.functions import METHODS, Function, functions, logarithm_to
from chainrule.read.notes import Note
from chainrule.read.raised import raised_function, short_exponent
from chainrule.read.shapes import Declaration
from chainrule.read.stack import CLOSING, Group, Operator, Stack, same
from chainrule.read.tokens import Lookahead, Token
from chainrule.read.traps import POWERS, traps
from chainrule.read.vocabulary import CONSTANTS, Vocabulary

__all__ = ["Reader"]

F = building
_APPLICATION = Precedence.POWER - 5  # sin x: looser than a power, tighter than a product
_COEFFICIENT = Precedence.POWER - 4  # the product in sin 2x, which belongs to the argument
_OPERAND = "a number, a name or a parenthesis"
_ROOTS: dict[str, Callable[[Any], Any]] = {
    "√": lambda x: F.sqrt(x), "∛": lambda x: F.cbrt(x), "∜": lambda x: F.power(x, constant(0.25))
}  # fmt: skip
_BINARY = {
    "+": (Precedence.SUM, "add"), "-": (Precedence.SUM, "subtract"), "*": (Precedence.PRODUCT, "multiply"),
    "/": (Precedence.PRODUCT, "divide"), "·": (Precedence.PRODUCT, "dotted"), "×": (Precedence.PRODUCT, "dotted"),
    "⊙": (Precedence.PRODUCT, "multiply"), ".*": (Precedence.PRODUCT, "multiply"),
    "./": (Precedence.PRODUCT, "divide"), "@": (Precedence.PRODUCT, "matmul"), "^": (Precedence.POWER, "power"),
    "**": (Precedence.POWER, "component_power"), ".^": (Precedence.POWER, "component_power"),
}  # fmt: skip
_AFTER_AN_OPERAND = {")", "}", ",", "!", *_BINARY} - {"+", "-"}


class Reader:
    """Reads one formula.

    Args:
        shown: the text for messages, place by place.
        declared: variables by name, in the order of the inputs.
        shapes: the declared shapes.
    """

    def __init__(self, shown: str, declared: Sequence[str], shapes: Declaration) -> None:
        self.stack = Stack(shown)
        self._error = self.stack.error
        self.shapes = shapes
        self.vocabulary = Vocabulary([*declared, *shapes.sizes])
        self.arithmetic = Arithmetic({size: letter for letter, size in shapes.sizes.items()})
        self.variables: dict[str, Node] = {}
        self.notes: dict[Note, None] = {}
        for name in declared:
            self._variable(name)
        self._places = dict.fromkeys(declared, -1)  # where each name appears first

    def read(self, source: Iterable[Token]) -> Node:
        """The formula's node; raises `FormulaError` with the place, or `LimitError`."""
        tokens = Lookahead(self.vocabulary.resolved(source, self.stack.shown, self.notes))
        if tokens[0].kind == "end":
            raise self._error("the formula is empty", 0, _OPERAND)
        position = 0
        wanting = True  # an operand must come next
        while tokens[position].kind != "end" or wanting:
            read = self._operand if wanting else self._after_operand
            position, wanting = read(tokens, position)
        group = self.stack.reduce_to_group()
        if group is not None:
            raise self._error(f"this {group.name} is not closed", group.position, CLOSING[group.sign])
        # The degree of a root stands before what it is the root of, and is read behind it.
        self.variables = dict(sorted(self.variables.items(), key=lambda item: self._places[item[0]]))
        return self.stack.operands[0]

    # An operand is wanted.

    def _operand(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        if token.kind == "number":
            return self._push(constant(float(token.text)), tokens, i)
        if token.kind in ("word", "qualified", "name"):
            return self._word(tokens, i)
        if token.text in CLOSING and token.kind != "close":
            self.stack.close_coefficients()
            self.stack.push(Group(token.text, token.position))
            return i + 1, True
        if token.text in ("-", "+"):
            # Inside a power or an argument the sign belongs to it: 2^-x y is (2^-x) y.
            top = self.stack.top
            precedence = max(Precedence.PREFIX, top.precedence if top else 0)
            build = self.arithmetic.negative if token.text == "-" else same
            application = top.application if top else None
            self.stack.push(Operator(precedence, 1, build, token.position, token.text, application))
            return i + 1, True
        if token.text in _ROOTS:
            self.stack.close_coefficients()
            root = self._mapped(_ROOTS[token.text])
            self.stack.push(Operator(Precedence.POWER, 1, root, token.position, token.text))
            return i + 1, True
        if token.kind == "option":
            return self._option(tokens, i)
        raise self._missing_operand(token)

    def _mapped(self, build: Callable[[Any], Any]) -> Callable[[Node], Node]:
        return lambda x: self.arithmetic.mapped(build, x)

    def _word(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        name, called = token.text, tokens[i + 1].text == "("
        function = self.vocabulary.function(name, called, token.kind == "qualified")
        if function is not None:
            function = self._to_base(function, token)
            self.stack.close_coefficients()
            return self._function(function, tokens, i)
        if name in CONSTANTS and name not in self.variables:
            node = Node(None, (), {"value": CONSTANTS[name]}, (), float, "e" if name == "e" else "pi")
            return self._push(node, tokens, i, coefficient=name != "e")
        if called and name not in self.vocabulary.declared:
            self.notes[Note.CALLED_LETTER] = None
        variable = self._variable(name)
        self._places.setdefault(name, token.position)
        return self._push(variable, tokens, i)

    def _to_base(self, function: Function, token: Token) -> Function:
        """The function, or the logarithm to the base in its index."""
        base = self.vocabulary.base(token.text)
        if not base:
            return function
        if base.isdecimal() and int(base) < 2:
            raise self._error(f"there is no logarithm to the base {base}", token.position, "a base such as 2 or 10")
        if base == "e":
            return function
        if not base.isdecimal():
            self._places.setdefault(base, token.position)
        return logarithm_to(constant(float(base)) if base.isdecimal() else self._variable(base), token.text)

    def _variable(self, name: str) -> Node:
        if name not in self.variables:
            if name in self.shapes.sizes:
                return self._size(name)
            shape, parameters = self.shapes.shape(name), dict[str, Any](name=name)
            if shape:
                parameters["sizes"] = self.shapes.letters(name)
            self.variables[name] = Node(None, (), parameters, shape, np.dtype(float), name)
        return self.variables[name]

    def _size(self, letter: str) -> Node:
        """The size that a letter stands for, taken from the first variable that has it."""
        name, axes = next((name, axes) for name, axes in self.shapes.axes.items() if letter in axes)
        return F.size(self.variables[name], axis=(axes.index(letter),))

    def _push(self, node: Node, tokens: Lookahead, i: int, coefficient: bool = False) -> tuple[int, bool]:
        if tokens[i].kind != "number" and not coefficient:
            self.stack.close_coefficients()
        self.stack.operands.append(node)
        return i + 1, False

    def _function(self, function: Function, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        i += 1
        finish: Callable[[Node], Node] = same
        if tokens[i].text in POWERS:
            function, count, i, note = raised_function(tokens, i, function, self._error)
            self.notes[note] = None
            exponent = constant(float(count))
            if count > 1:
                finish = lambda value: self.arithmetic.power(value, exponent)  # noqa: E731
        following = tokens[i]
        if following.text == "(":
            start = len(self.stack.operands)
            self.stack.push(Group("(", following.position, function, finish, start, token.position))
            return i + 1, True
        if following.kind == "end" or following.text in _AFTER_AN_OPERAND:
            example = ", ".join("xyzuvw"[: function.least])
            raise self._error(f"{function.name} has no argument", following.position, f"{function.name}({example})")
        if function.least > 1 or function.most is None:
            raise self._error(f"{function.name} takes several arguments", following.position, "( and ) around them")
        build = lambda x: finish(function.build(self.arithmetic, x))  # noqa: E731
        operator = Operator(_APPLICATION, 1, build, token.position, open=True)
        operator.application = operator
        self.stack.push(operator)
        return i, True

    def _option(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        """An option such as axis=0 among the arguments of a function."""
        token = tokens[i]
        name, value = (part.strip() for part in token.text.split("=", 1))
        group = self.stack.last
        function = group.function if isinstance(group, Group) else None
        if not isinstance(group, Group) or function is None:
            raise self._error(f"{name} is an option of a function", token.position, _OPERAND)
        if name not in function.options:
            raise self._error(f"{function.name} has no option {name}", token.position, " or ".join(function.options))
        if tokens[i + 1].text not in (",", ")"):
            raise self._error("an option has one value", tokens[i + 1].position, ", or )")
        try:
            group.options[name] = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            raise self._error(f"{value:.20} is no value of {name}", token.position, "a whole number") from None
        return i + 1, False

    def _missing_operand(self, token: Token) -> FormulaError:
        last = self.stack.last
        if token.kind == "end":
            after = f"the opening {last.sign}" if isinstance(last, Group) else "an operator"
            return self._error(
                f"the formula ends after {after}" if last else "nothing to read", token.position, _OPERAND
            )
        if token.text in (")", "}") and isinstance(last, Group) and CLOSING[last.sign] == token.text:
            what = "parentheses" if token.text == ")" else "braces"
            return self._error(f"there is nothing between the {what}", token.position, _OPERAND)
        if token.text == "}":
            return self._error("an exponent or a group ends where an operand is missing", token.position, _OPERAND)
        return self._error(f"{token.text} stands where an operand is missing", token.position, _OPERAND)

    # An operand has been read.

    def _after_operand(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        self.notes.update(dict.fromkeys(traps(tokens, i)))
        if token.text in POWERS:
            return self._power(tokens, i)
        if token.text in _BINARY:
            return self._binary(token, i)
        if token.text in (")", "}"):
            return self._close(tokens, i)
        if token.text == ",":
            return self._comma(tokens, i)
        if token.kind == "close" and self.stack.innermost != token.text:
            raise self._error("this bar was never opened", token.position, "an operator or the end")
        if token.text in ("|", "‖") and token.kind != "open" and self.stack.innermost == token.text:
            return self._close_bar(tokens, i)
        if token.text in ("'", "⊤", ".T"):
            self.stack.replace(self.arithmetic.transposed, token.position)
            return i + 1, False
        if token.kind == "attribute":
            return self._method(tokens, i)
        if token.text == "!":
            raise self._error("a factorial has no derivative between the whole numbers", token.position, "an operator")
        return self._implied_product(tokens, i)

    def _binary(self, token: Token, i: int) -> tuple[int, bool]:
        precedence, name = _BINARY[token.text]
        self.stack.reduce(precedence)
        self.stack.push(Operator(precedence, 2, getattr(self.arithmetic, name), token.position, token.text))
        return i + 1, True

    def _power(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        """A power, or what is written as one: X^T, S^-1, X^-T."""
        token = tokens[i]
        raised, after = short_exponent(tokens, i + 1) if token.text == "^" else ((), i)
        base = self.stack.operands[-1]
        transposing = "⊤" in raised or ("T" in raised and not self._is_number("T"))
        if transposing and (base.shape or self.shapes.axes or "⊤" in raised):
            if raised[0] == "-":
                self.stack.replace(self.arithmetic.inverse, token.position)
            self.stack.replace(self.arithmetic.transposed, token.position)
            return after, False
        if base.shape and raised == ("-", "1"):
            self.stack.replace(self.arithmetic.inverse, token.position)
            return after, False
        # A power waits for the power in its exponent; all others are read from left to right.
        self.stack.reduce(Precedence.POWER + 1)
        top = self.stack.top
        if top is not None and top.precedence == _APPLICATION:
            self.notes[Note.POWER_IN_ARGUMENT] = None
        self.stack.close_coefficients()
        build = getattr(self.arithmetic, _BINARY[token.text][1])
        self.stack.push(Operator(Precedence.POWER, 2, build, token.position, token.text))
        return i + 1, True

    def _is_number(self, name: str) -> bool:
        """Whether a name was declared as that of a number."""
        return name in self.vocabulary.declared and name in self.variables and not self.variables[name].shape

    def _implied_product(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token, previous = tokens[i], tokens[i - 1]
        base = tokens[i + 1].text in POWERS and (
            previous.kind != "number" or (i > 1 and tokens[i - 2].text in POWERS)
        )  # x^2 2^x
        if token.kind == "number" and previous.text not in (")", "|", "‖") and not base:
            raise self._error(
                "a number cannot stand here: it follows a factor", token.position, "an operator such as *"
            )
        self.stack.reduce(_COEFFICIENT)
        top = self.stack.top
        application = top.application if top else None
        if application is not None and application.open and not self._begins_function(tokens, i):
            build = self.arithmetic.product
            self.stack.push(Operator(_COEFFICIENT, 2, build, token.position, application=application))
        else:
            if application is not None:
                self.notes[Note.ONE_FACTOR] = None
            self.stack.reduce(_APPLICATION)
            top = self.stack.top
            if top is not None and top.sign == "/":
                self.notes[Note.QUOTIENT_AND_FACTOR] = None
            self.stack.reduce(Precedence.PRODUCT)
            self.stack.push(Operator(Precedence.PRODUCT, 2, self.arithmetic.product, token.position))
        return i, True

    def _begins_function(self, tokens: Lookahead, i: int) -> bool:
        token = tokens[i]
        if token.kind not in ("word", "qualified"):
            return False
        called = tokens[i + 1].text == "("
        return self.vocabulary.function(token.text, called, token.kind == "qualified") is not None

    def _close(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token = tokens[i]
        group = self.stack.reduce_to_group()
        if group is None:
            raise self._error("this parenthesis was never opened", token.position, "an operator or the end")
        if CLOSING[group.sign] != token.text:
            raise self._error(f"a {group.name} was opened and is not closed before {token.text}",
                              token.position, CLOSING[group.sign])  # fmt: skip
        if group.function is not None:
            self.stack.operands.append(self._call(group, group.function, token))
        elif group.sign == "(":
            self.arithmetic.closed(self.stack.operands[-1])
        return i + 1, False

    def _call(self, group: Group, function: Function, token: Token) -> Node:
        arguments = self.stack.operands[group.start :]
        del self.stack.operands[group.start :]
        if not function.least <= len(arguments) <= (function.most or len(arguments)):
            wanted = f"{function.least} argument{'s' * (function.least > 1)}"
            raise self._error(
                f"{function.name} takes {wanted}{' or more' if function.most is None else ''}, not {len(arguments)}",
                token.position, wanted,
            )  # fmt: skip
        try:
            return group.finish(function.build(self.arithmetic, *arguments, **group.options))
        except MisfitError as error:
            raise self.stack.misfit(error, token.position if error.at_end else group.place) from None

    def _comma(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        token, before, behind = tokens[i], tokens[max(i - 1, 0)], tokens[i + 1]
        group = self.stack.reduce_to_group()
        if group is None or group.function is None:
            way = "an operator"
            if before.kind == behind.kind == "number" and behind.position == token.position + 1:
                whole = before.text.replace(".", "")
                way = f"{whole}.{behind.text}" + f" or {whole}{behind.text}" * (len(behind.text) == 3)
            raise self._error(
                "a comma separates the arguments of a function (a decimal point is .)", token.position, way
            )
        self.stack.push(group)
        return i + 1, True

    def _close_bar(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        """|x|, or ||x||: two bars side by side at both ends are the bars of a norm."""
        token, following = tokens[i], tokens[i + 1]
        group = self.stack.reduce_to_group()
        outer = self.stack.last
        doubled = (
            isinstance(group, Group) and isinstance(outer, Group) and outer.sign == token.text == following.text == "|"
            and outer.position == group.position - 1 and following.position == token.position + 1
        )  # fmt: skip
        if doubled and self.stack.operands[-1].shape:
            self.stack.reduce_to_group()
        elif token.text == "|":
            self.stack.replace(self.arithmetic.absolute, token.position)
            return i + 1, False
        i += 2 if token.text == "|" else 1
        index = tokens[i].text[1:] if tokens[i].kind == "word" and tokens[i].text[0] == "_" else ""
        self.stack.replace(lambda x: self.arithmetic.norm(x, index or "2"), token.position)
        return i + bool(index), False

    def _method(self, tokens: Lookahead, i: int) -> tuple[int, bool]:
        """x.sum() and the like: the function, with what stands before the point as its first operand."""
        token = tokens[i]
        function = functions()[token.text[1:]] if token.text[1:] in METHODS else None
        if function is None or tokens[i + 1].text != "(":
            raise self._error(f"{token.text:.40} is not read in a formula", token.position, "an operator, .T or .sum()")
        group = Group("(", token.position, function, start=len(self.stack.operands) - 1, place=token.position)
        self.stack.push(group)
        if tokens[i + 2].text == ")":
            return i + 2, False
        return i + 2, True
