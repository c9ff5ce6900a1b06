"""A function named on the command line, `mymodule:loss` or `path/to/file.py:loss`, and its arguments."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import Callable, Iterator
from difflib import get_close_matches
from types import ModuleType
from typing import Any

import chainrule as cr
from chainrule.cli.point import read_point

__all__ = ["bind", "bound_target", "is_target", "load_function", "named_variables", "running_user_code"]


@contextlib.contextmanager
def running_user_code() -> Iterator[None]:
    """Within it, what the user's code prints goes to the error stream: the output belongs to the command."""
    with contextlib.redirect_stdout(sys.stderr):
        yield


def is_target(text: str) -> bool:
    """Whether the text names a function rather than being a formula, which never holds a colon."""
    return ":" in text


def load_function(target: str) -> Callable[..., Any]:
    """The function that `target` names; raises `ArgumentError` where the module or the function is not to be found."""
    place, colon, name = target.rpartition(":")
    if not colon or not place or not name:
        raise cr.ArgumentError(f"{target!r} names no function: write mymodule:loss or path/to/file.py:loss")
    with running_user_code():
        try:
            module = _load_file(place) if place.endswith(".py") else _load_module(place)
        except SystemExit as error:
            raise cr.ArgumentError(
                f'{place} ended the program while it was imported\n  put what it runs under  if __name__ == "__main__":'
            ) from error
    found: Any = module
    for part in name.split("."):
        if not hasattr(found, part):
            raise cr.ArgumentError(f"{place} has no function {name!r}{_suggestion(module, name)}")
        found = getattr(found, part)
    if not callable(found):
        raise cr.ArgumentError(
            f"{target} is of type {type(found).__name__}, expected a function{_suggestion(module, '')}"
        )
    function: Callable[..., Any] = found
    return function


def named_variables(wrt: str) -> str | list[str]:
    """The variables of --wrt: one, or several with commas."""
    names = [name.strip() for name in wrt.split(",")]
    return names[0] if len(names) == 1 else names


def bound_target(target: str, point: str | None) -> tuple[Callable[..., Any], list[Any], dict[str, Any]]:
    """The function that `target` names, with its arguments at the point of --at; raises `ArgumentError` for none."""
    if point is None:
        raise cr.ArgumentError("a function is followed at a point: give its arguments with --at")
    function = load_function(target)
    return function, *bind(function, read_point(point), target)


def bind(function: Callable[..., Any], point: Any, name: str) -> tuple[list[Any], dict[str, Any]]:
    """The positional and keyword arguments of a call at a point: values by name, or one value for the only argument.

    Raises `ArgumentError` that names what is missing or unknown.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        parameters = []
    if not isinstance(point, dict):
        named = [p for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
        required = [p.name for p in named if p.default is p.empty]
        if len(required) > 1:
            raise cr.ArgumentError(
                f'{name} takes {", ".join(required)}: give each by name, --at point.json or --at "{required[0]}=1,..."'
            )
        return [point], {}
    known = [p.name for p in parameters if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    free = any(p.kind is p.VAR_KEYWORD for p in parameters)
    for key in point:
        if key not in known and not free:
            near = get_close_matches(key, known, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else ""
            raise cr.ArgumentError(f"{name} has no argument {key!r}, it takes {', '.join(known) or 'none'}{hint}")
    args: list[Any] = []
    rest = dict(point)
    for p in parameters:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD):
            continue
        if p.name not in rest:
            if p.default is p.empty:
                raise cr.ArgumentError(f"the point has no {p.name!r}: {name} takes {', '.join(known)}")
            continue
        # Once one with a default is left out, the following go by name.
        if p.kind is not p.KEYWORD_ONLY and len(args) == known.index(p.name):
            args.append(rest.pop(p.name))
    return args, rest


def _load_module(name: str) -> ModuleType:
    sys.path.insert(0, os.getcwd())
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        # A module that it imports in its turn may be what is missing: then the user's own line says so.
        if error.name is None or not (name == error.name or name.startswith(f"{error.name}.")):
            raise
        raise cr.ArgumentError(
            f"there is no module {name!r} in {os.getcwd()} or among the installed ones; "
            f"a file is named with its ending: path/to/{name.rpartition('.')[2]}.py:loss"
        ) from error
    except (ValueError, TypeError) as error:
        if any(part and part.isidentifier() for part in name.split(".")) and not name.startswith("."):
            raise
        raise cr.ArgumentError(f"{name!r} is no name of a module") from error


def _load_file(path: str) -> ModuleType:
    if os.path.isdir(path):
        raise cr.ArgumentError(f"{path} is a directory, expected a file of Python")
    if not os.path.isfile(path):
        raise cr.ArgumentError(f"there is no file {path}")
    # As if it were run as a script: what lies beside it can be imported.
    sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
    name = os.path.splitext(os.path.basename(path))[0]
    spec = importlib.util.spec_from_file_location(name, os.path.abspath(path))
    if spec is None or spec.loader is None:
        raise cr.ArgumentError(f"{path} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    # Dataclasses and pickling look a module up by its name; one that is loaded already keeps it.
    if name not in sys.modules:
        sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


def _suggestion(module: ModuleType, name: str) -> str:
    functions = [
        key
        for key, value in vars(module).items()
        if inspect.isfunction(value) and value.__module__ == module.__name__ and not key.startswith("_")
    ]
    near = get_close_matches(name, functions, n=1) if name else []
    if near:
        return f"; did you mean {near[0]!r}?"
    return f"; it has {', '.join(functions[:10])}" if functions else ""
