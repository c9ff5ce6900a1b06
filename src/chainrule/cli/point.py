"""The point given with `--at` or `--start`: a JSON file, JSON itself, `x=1,y=2`, or a number."""

from __future__ import annotations

import json
import math
import os
from typing import Any

import numpy as np

import chainrule as cr

__all__ = ["HELP", "read_point"]

HELP = 'A JSON file, or JSON, that maps arguments to numbers and lists; or "x=1,y=2"; or a number.'


def read_point(text: str, option: str = "--at") -> Any:
    """The values by name, or the one value where there is no name; lists become arrays.

    Raises `DataError` that names the option, the line of a file or the part of the text that cannot be read.
    """
    stripped = text.strip()
    if stripped.startswith(("{", "[")):
        return _from_json(stripped, option)
    if os.path.isdir(text):
        raise cr.DataError(f"{text} is a directory, expected a JSON file")
    if os.path.isfile(text):
        try:
            with open(text, encoding="utf-8-sig") as file:
                content = file.read()
        except (OSError, UnicodeDecodeError) as error:
            raise cr.DataError(f"{text}: cannot be read: {error}") from error
        return _from_json(content, text)
    if stripped.lower().endswith(".json"):
        raise cr.DataError(f"there is no file {text}")
    if "=" in stripped:
        return _from_pairs(stripped, option)
    return _number(stripped, option)


def _from_pairs(text: str, option: str) -> dict[str, Any]:
    point: dict[str, Any] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise cr.DataError(f'{option}: {part.strip()!r} is not of the form name=number, as in "x=1,y=2"')
        if name in point:
            raise cr.DataError(f"{option}: {name} is given twice")
        point[name] = _number(value, f"{option}: {name}")
    return point


def _number(text: str, place: str) -> float:
    try:
        number = float(text)
    except ValueError:
        raise cr.DataError(f"{place}: {text.strip()!r} is not a number") from None
    if not math.isfinite(number):
        raise cr.DataError(f"{place} is {number}, expected a finite number")
    return number


def _from_json(text: str, place: str) -> Any:
    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in items:
            if key in found:
                raise cr.DataError(f"{place}: the name {key!r} stands there twice")
            found[key] = value
        return found

    def finite(digits: str) -> float:
        number = float(digits)
        if not math.isfinite(number):
            raise cr.DataError(f"{place}: {digits:.40} is beyond the largest number, 1.8e308")
        return number

    def no_constant(name: str) -> Any:
        raise cr.DataError(f"{place}: {name} is not a number that a derivative can be taken at")

    try:
        value = json.loads(text, object_pairs_hook=pairs, parse_constant=no_constant, parse_float=finite)
    except json.JSONDecodeError as error:
        line = text.split("\n")[error.lineno - 1].rstrip("\r")  # json counts the line after the last break too
        start = max(0, error.colno - 41)
        shown = line[start : error.colno + 39].replace("\t", " ")
        caret = " " * (error.colno - 1 - start)
        raise cr.DataError(
            f"{place}, line {error.lineno}, column {error.colno}: is not JSON: {error.msg}\n  {shown}\n  {caret}^"
        ) from error
    except RecursionError as error:
        raise cr.DataError(f"{place}: lists and objects are nested too deep") from error
    except cr.DataError:
        raise
    except ValueError as error:
        raise cr.DataError(f"{place}: {error}") from error
    return _with_arrays(value, place)


def _with_arrays(value: Any, place: str) -> Any:
    """The value with each rectangular list of numbers as an array."""
    if isinstance(value, dict):
        return {key: _with_arrays(item, f"{place}: {key}") for key, item in value.items()}
    if not isinstance(value, list):
        return value
    leaves = _leaves(value)
    if None in leaves and any(isinstance(leaf, (int, float)) for leaf in leaves):
        raise cr.DataError(f"{place} has a null among its numbers: leave the row out, or put a number there")
    if any(isinstance(leaf, (dict, str)) or leaf is None for leaf in leaves):
        return [_with_arrays(item, f"{place}[{i}]") for i, item in enumerate(value)]
    try:
        array = np.array(value)
        return array.astype(float) if array.dtype.kind == "O" else array
    except (ValueError, OverflowError) as error:
        raise cr.DataError(f"{place} is not a rectangular array of numbers: {error}") from error


def _leaves(value: list[Any]) -> list[Any]:
    leaves: list[Any] = []
    stack = list(value)
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        else:
            leaves.append(item)
    return leaves
