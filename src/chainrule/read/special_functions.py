"""How a public special function is declared: what it is called in SciPy, what it takes and what its derivative is.

The declaration writes the parts of the docstring that such functions share, so that a function states one sentence and
an example, and all of them speak of arguments, results and errors in the same words.
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any, TypeVar

from chainrule.core.equivalents import stands_for

__all__ = ["AT_LEAST_0", "BROADCASTS", "COMPLEX", "ORDER", "POSITIVE", "REAL", "special_function"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

REAL = "an array of any shape, real"
COMPLEX = "an array of any shape, real or complex"
POSITIVE = "an array of positive numbers"
AT_LEAST_0 = "an array of numbers of at least 0"
BROADCASTS = ", which broadcasts with the others"
ORDER = "the order, a number. There is no derivative by it"


def special_function(
    *paths: str, derivative: str = "", returns: str = "", raises: str = "", scipy: bool = True, **arguments: str
) -> Callable[[_Function], _Function]:
    """Declare a public special function, and complete its docstring.

    Args:
        paths: the functions of SciPy's that it stands for.
        derivative: what its derivative is, after "its derivative is".
        returns: what it returns, where that is no array of the shape of its last argument.
        raises: when it raises `ArgumentError`, beyond what the arguments say.
        scipy: whether SciPy computes it, or a derivative of it.
        arguments: each argument by its name, with what it is.

    >>> @special_function("scipy.special.j0", derivative="-j1(x)", x=REAL)
    ... def j0(x):
    ...     \"\"\"The Bessel function of order 0.\"\"\"
    >>> print(j0.__doc__.split("Raises")[0])
    The Bessel function of order 0.
    <BLANKLINE>
    Args:
        x: an array of any shape, real.
    <BLANKLINE>
    Returns:
        An array of x's shape; its derivative is -j1(x).
    <BLANKLINE>
    <BLANKLINE>
    """
    orders = [name for name, text in arguments.items() if "There is no derivative by it" in text]
    errors = {
        "TraceError": f"{' or '.join(orders)} is traced" if orders else "",
        "ArgumentError": raises or (f"{' or '.join(orders)} is no single number" if orders else ""),
        "MissingExtraError": "SciPy is not installed" if scipy else "",
    }
    result = (returns or f"An array of {list(arguments)[-1]}'s shape") + (
        f"; its derivative is {derivative}" if derivative else ""
    )
    sections = [
        ("Args", [f"{name}: {text}." for name, text in arguments.items()]),
        ("Returns", [f"{result}."]),
        ("Raises", [f"{name}: {text}." for name, text in errors.items() if text]),
    ]
    shared = "\n\n".join(
        f"{title}:\n" + "\n".join(f"    {line}" for line in lines) for title, lines in sections if lines
    )

    def declare(function: _Function) -> _Function:
        said, example, code = inspect.cleandoc(function.__doc__ or "").partition("\n>>> ")
        function.__doc__ = f"{said.strip()}\n\n{shared}\n\n{example.lstrip()}{code}"
        return stands_for(*paths)(function) if paths else function

    return declare


def _wrapped(line: str) -> str:
    return textwrap.fill(line, 112, initial_indent="    ", subsequent_indent="        ")
