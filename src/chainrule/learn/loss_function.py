"""A loss as a function of the parameters and of rows, from a Python function or a formula."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from chainrule.calculus.arguments import function_name
from chainrule.calculus.compiled import Compiled
from chainrule.calculus.functions import as_function
from chainrule.errors import ArgumentError, FormulaError
from chainrule.learn.batches import Block
from chainrule.read.formula_function import FormulaFunction, formula_function

__all__ = ["of_parameters_and_rows"]

ROWS = "N"  # the letter of the axis of rows, whose size differs from block to block
NAMES = ("X", "y")  # of what comes by position, in a formula


def of_parameters_and_rows(loss: Callable[..., Any] | str, start: Any, rows: Block | None) -> Callable[..., Any]:
    """A loss as a function of the parameters in one argument, and of rows as `Block` passes them.

    In a formula, a dict of parameters has its variables by name, and so have the rows; rows by position are X and y.

    Raises:
        ArgumentError: `loss` is neither a function nor a formula, or a formula has variables of which nothing is known.
        FormulaError: the formula cannot be read.
    """
    if not isinstance(loss, str):
        function = as_function(loss)
        if rows is not None:
            call = len(rows.by_position), *rows.by_name
            known: set[Any] = function.kept.setdefault("calls", set()) if isinstance(function, Compiled) else set()
            if call not in known:
                _takes(function, rows)
                known.add(call)
        return function
    if rows is None:
        function = as_function(loss)
        return (lambda parameters: function(**parameters)) if isinstance(start, dict) else function
    if len(rows.by_position) > len(NAMES):
        raise ArgumentError(
            f"a formula takes its data by name: data={{'X': X, 'y': y, ...}} in place of {len(rows.by_position)} arrays"
        )
    columns = dict(zip(NAMES, rows.by_position, strict=False)) | dict(rows.by_name)
    return _formula(loss, start, columns)


def _takes(function: Callable[..., Any], rows: Block) -> None:
    """Raise `ArgumentError` unless the function can be called with the parameters and these rows."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind(None, *rows.by_position, **rows.by_name)
    except TypeError as error:
        given = ", ".join(map(str, rows.by_name)) or f"{len(rows.by_position)} by position"
        raise ArgumentError(
            f"{function_name(function)}{signature} cannot take the parameters and the arrays of data ({given}): {error}"
        ) from None


def _formula(text: str, start: Any, columns: Mapping[str, Any]) -> Callable[..., Any]:
    words = dict.fromkeys(re.findall(r"[^\W\d]\w*", text))
    shapes: dict[str, Any] = {name: (ROWS, *array.shape[1:]) for name, array in columns.items() if name in words}
    if isinstance(start, dict):
        return _of_named(formula_function(text, shapes=shapes | _shapes(start, words)), shapes, start, columns)
    # The name of the one parameter is the word with which the formula has no other variables than the data.
    failed: list[FormulaError] = []
    for word in words:
        if word not in shapes:
            try:
                found = formula_function(text, shapes=shapes | {word: np.shape(start)})
                if word in found.variables and set(found.variables) <= {*shapes, word}:
                    return _of_named(found, shapes, {word: start}, columns, word)
            except FormulaError as error:
                if not re.search(rf"\b{re.escape(word)}\s*\(", text):  # what is called is no parameter
                    failed.append(error)
            except ArgumentError:
                continue
    if len(failed) == 1:
        raise failed[0]
    return _of_named(formula_function(text, shapes=shapes), shapes, {}, columns)


def _shapes(start: Mapping[str, Any], words: Mapping[str, None]) -> dict[str, Any]:
    return {name: np.shape(value) for name, value in start.items() if name in words}


def _of_named(
    function: FormulaFunction,
    shapes: Mapping[str, Any],
    known: Mapping[str, Any],
    columns: Mapping[str, Any],
    single: str | None = None,
) -> Callable[..., Any]:
    used = [name for name in function.variables if name in shapes]
    both = sorted(set(known) & set(used))
    missing = [name for name in function.variables if name not in shapes and name not in known]
    if both or missing:
        problem = f"{both[0]} is in both" if both else f"{', '.join(missing)} is in neither"
        raise ArgumentError(
            f"{function.text:.60} has the variables {', '.join(function.variables)}; data gives "
            f"{', '.join(map(str, columns))}, and start gives {', '.join(map(str, known)) or 'one without a name'}: "
            f"{problem}; give the parameters as a dict by name"
        )

    def loss(parameters: Any, *arrays: Any, **named: Any) -> Any:
        rows = dict(zip(NAMES, arrays, strict=False)) | named
        of_parameters = parameters if single is None else {single: parameters}
        return function(**{name: rows[name] for name in used}, **of_parameters)

    loss.__name__ = loss.__qualname__ = function.__name__
    return loss
