"""What a function that is not known is told by: its name, what is near, and code that gives it a derivative."""

from __future__ import annotations

import difflib
import inspect
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from chainrule.errors import TraceError

__all__ = ["missing"]

_LETTERS = "xyzuvwst"


def missing(function: Any, known: Iterable[Any]) -> TraceError:
    """The error for a function that met a traced value and has no answer.

    Args:
        function: a ufunc, a method of one, or a function of arrays.
        known: the functions that have an answer.
    """
    module, path = _place(function)
    name = path.rsplit(".", 1)[-1]
    names = sorted({getattr(f, "__name__", "") for f in known})
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.7)  # below it flip is near to ellipk
    hint = f"; near to it are: {', '.join(near)}" if near else ""
    what = f"{module}.{path}" if module else f"the ufunc {name}"
    first, *others = _definition(function, module, path, name if name.isidentifier() else "f")
    code = "\n".join(f"    {line}" for line in (first, *others))
    by_differences = others[0].replace("chainrule.primitive", "chainrule.numeric_rule")
    return TraceError(
        f"{what} is not known to chainrule{hint}\n"
        f"  write it with known functions, or take its derivative by differences: {by_differences}\n"
        f"  or define the derivative, with your formula where this takes differences:\n{code}"
    )


def _place(function: Any) -> tuple[str, str]:
    """The module where a function is found, empty if in none, and its path there."""
    owner = getattr(function, "__self__", None)
    if isinstance(owner, np.ufunc):
        module, path = _place(owner)
        return module, f"{path}.{function.__name__}"
    name = str(getattr(function, "__name__", function))
    if getattr(np, name, None) is function:
        return "numpy", name
    # A ufunc does not know its module, and NumPy's functions name one that is private.
    homes = [
        home
        for home, module in list(sys.modules.items())
        if "._" not in home and home != "__main__" and getattr(module, "__dict__", {}).get(name) is function
    ]
    return min(homes, key=len, default=""), name


def _definition(function: Any, module: str, path: str, name: str) -> list[str]:
    """The lines that make the function an operation with a derivative."""
    letters, options = _operands(function)
    listed, passed = ", ".join(letters), ", **options" if options else ""
    spelled = name if not module else f"{'np' + module[5:] if module.startswith('numpy') else module}.{path}"
    if isinstance(function, np.ufunc) and function.nout > 1:  # an operation has one array as its value
        spelled = f"lambda {listed}: np.stack({spelled}({listed}))"
    imports = "" if not module or module.startswith("numpy") else f"{module}, "
    of = {x: f"lambda {x}: {name}({listed}{passed})" if passed or len(letters) > 1 else name for x in letters}
    terms = [f"np.tensordot(g, chainrule.numeric.jacobian({of[x]}, {x}), np.ndim(g))" for x in letters]
    return [
        f"import {imports}chainrule, numpy as np",
        f"{name} = chainrule.primitive({spelled})",
        f"@chainrule.define_vjp({name})",
        f"def _(g, out, {listed}{passed}):",
        *_returned(terms),
    ]


def _returned(terms: Sequence[str]) -> list[str]:
    if len(terms) == 1:
        return [f"    return {terms[0]}"]
    ends = [*[","] * (len(terms) - 1), ")"]
    return [
        f"    {'return (' if not i else '        '}{term}{end}"
        for i, (term, end) in enumerate(zip(terms, ends, strict=True))
    ]


def _operands(function: Any) -> tuple[str, bool]:
    """A letter for each operand, and whether the function takes options."""
    if isinstance(function, np.ufunc):
        return _LETTERS[: function.nin], False
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return _LETTERS[0], True
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    needed = sum(p.kind in kinds and p.default is p.empty for p in parameters)
    return _LETTERS[: max(1, needed)], True
