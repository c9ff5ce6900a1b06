"""The arguments of a function that is named on the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chainrule.cli.target import bind, load_function
from chainrule.errors import ArgumentError


def loss(w: Any, b: Any = 0.0, *rest: Any, scale: Any = 1.0) -> Any: ...


def free(w: Any, **others: Any) -> Any: ...


def called(*args: Any, **kwargs: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    return args, kwargs


@pytest.mark.parametrize(
    ("function", "point", "bound"),
    [
        (loss, 2.0, ([2.0], {})),
        (loss, {"w": 1}, ([1], {})),
        (loss, {"b": 2, "w": 1}, ([1, 2], {})),
        (loss, {"scale": 3, "w": 1}, ([1], {"scale": 3})),
        (lambda x, y=0, z=0: x, {"x": 1, "z": 3}, ([1], {"z": 3})),
        (free, {"w": 1, "other": 2}, ([1], {"other": 2})),
        # A built-in function without a signature takes one value and no names.
        (max, 2.0, ([2.0], {})),
    ],
)
def test_a_point_becomes_arguments(function: Any, point: Any, bound: Any) -> None:
    assert bind(function, point, "loss") == bound


@pytest.mark.parametrize(
    ("function", "point", "said"),
    [
        (lambda w, x: w, 2.0, r'^loss takes w, x: give each by name, --at point.json or --at "w=1,..."$'),
        (loss, {"w": 1, "scal": 3}, "^loss has no argument 'scal', it takes w, b, scale; did you mean 'scale'[?]$"),
        (loss, {"w": 1, "q": 3}, "^loss has no argument 'q', it takes w, b, scale$"),
        (loss, {"b": 1}, "^the point has no 'w': loss takes w, b, scale$"),
        (max, {"w": 1}, "^loss has no argument 'w', it takes none$"),
    ],
)
def test_a_point_that_does_not_fit_is_refused(function: Any, point: Any, said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        bind(function, point, "loss")


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    folder = tmp_path / "losses.py"
    folder.mkdir()
    with pytest.raises(ArgumentError, match=r"losses\.py is a directory, expected a file of Python$"):
        load_function(f"{folder}:loss")


@pytest.mark.parametrize("target", ["..:loss", ".losses:loss"])
def test_what_is_no_name_of_a_module(target: str) -> None:
    with pytest.raises(ArgumentError, match=r"is no name of a module$"):
        load_function(target)
