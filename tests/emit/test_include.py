"""Functions that emitted source takes along: their text runs where it is put, or they are refused."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chainrule.emit.include import included_source
from chainrule.errors import SourceError

HEAD = """\
import math
import numpy as np

RATE = 2.5
PAIR = [1.0, 2.0]
TABLE = np.array([1.0, 2.0, 3.0])
BIG = np.zeros(500)
THING = object()


"""
X = np.array([1.0, 2.0, 4.0])


@pytest.fixture
def function(tmp_path: Path) -> Callable[[str], Any]:
    """The function `f` of a module with this text."""

    def load(text: str) -> Any:
        path = tmp_path / "written.py"
        path.write_text(HEAD + text)
        spec = importlib.util.spec_from_file_location("written", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module.f

    return load


def moved(f: Any) -> Any:
    """The function made of its text alone."""
    name, pieces = included_source(f)
    namespace: dict[str, Any] = {}
    exec("import math\nimport numpy as np\n" + "\n".join(pieces.values()), namespace)
    return namespace[name]


TAKEN = [
    "def f(x):\n    return RATE * x + PAIR[1]\n",
    "def f(x):\n    return TABLE * np.sin(x) * math.pi\n",
    "def f(x: np.ndarray, k: float = 2.0) -> np.ndarray:\n    y: np.ndarray = k * x\n    return y\n",
    "def g(x):\n    return 2 * x\n\n\ndef h(x):\n    return g(x) + 1\n\n\ndef f(x):\n    return g(x) * h(x)\n",
    "def g(n, x):\n    return x if n == 0 else g(n - 1, 2 * x)\n\n\ndef f(x):\n    return g(3, x)\n",
    "def f(x):\n    return sum(float(part) for part in x) * x\n",
    "def f(x):\n    def inner(y):\n        return RATE * y\n    return inner(x)\n",
]


@pytest.mark.parametrize("text", TAKEN)
def test_the_text_runs_elsewhere(function: Callable[[str], Any], text: str) -> None:
    f = function(text)
    np.testing.assert_array_equal(moved(f)(X), f(X))


REFUSED = [
    ("def f(x):\n    return BIG[0] * x\n", "refers to 'BIG', which is neither NumPy nor a number"),
    ("def f(x):\n    return x if THING else -x\n", "refers to 'THING', which is neither NumPy nor a number"),
    ("def f(x):\n    return x + missing\n", "f refers to 'missing', which is not defined"),
    ("def same(f):\n    return f\n\n\n@same\ndef f(x):\n    return x\n", "f has a decorator"),
    ("f = lambda x: x\n", "<lambda> cannot be written as stand-alone source"),
    (
        "def g():\n    k = 2\n    def f(x):\n        return k * x\n    return f\n\n\nf = g()\n",
        "is not a function of a module",
    ),
    ("f = np.sin\n", "sin cannot be written as stand-alone source"),
    ("exec('def f(x):\\n    return 2 * x\\n')\n", "the source of f is not at hand"),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_what_has_no_text_of_its_own_is_refused(function: Callable[[str], Any], text: str, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        included_source(function(text))
