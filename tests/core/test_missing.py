"""The error for a function that is not known: what it shows is run."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
import scipy.special
import scipy.special as sp

import chainrule as cr
from chainrule.core.missing import missing
from chainrule.core.protocol import adapters


def snippet(message: str) -> str:
    """The code at the end of the message, as one would paste it."""
    lines = re.findall(r"^    (.*)$", message, re.M)
    return "\n".join(lines[next(i for i, line in enumerate(lines) if line.startswith("import")) :])


def pasted(message: str) -> dict[str, Any]:
    namespace: dict[str, Any] = {}
    exec(snippet(message), namespace)
    return namespace


def by_differences(message: str) -> Any:
    (line,) = re.findall(r"by differences: (\w+ = .*)$", message, re.M)
    namespace: dict[str, Any] = {"chainrule": cr, "np": np, "scipy": scipy}
    exec(line, namespace)
    return namespace[line.split(" = ")[0]]


def message_of(f: Any, *args: Any) -> str:
    with pytest.raises(cr.TraceError) as caught:
        cr.grad(lambda *args: np.sum(f(*args)))(*args)
    return str(caught.value)


ELLIPTIC = np.array([0.2, 0.5])


@pytest.mark.parametrize(
    ("f", "name", "args", "want"),
    [
        (sp.ellipk, "ellipk", (ELLIPTIC,), (sp.ellipe(ELLIPTIC) / (1 - ELLIPTIC) - sp.ellipk(ELLIPTIC)) / 2 / ELLIPTIC),
        (sp.jv, "jv", (1.0, 0.7), sp.jvp(1, 0.7)),
        (sp.struve, "struve", (0.0, np.array([1.0, 2.0])), 2 / np.pi - sp.struve(1, np.array([1.0, 2.0]))),
        (sp.sici, "sici", (2.0,), np.array([np.sin(2.0) / 2, np.cos(2.0) / 2])),
    ],
)
def test_what_is_pasted_gives_the_derivative(f: Any, name: str, args: Any, want: Any) -> None:
    message = message_of(f, *args) if f is not sp.jv else str(missing(f, ()))
    assert message.startswith(f"scipy.special.{name} is not known to chainrule")
    assert len(snippet(message).splitlines()) <= 6  # the import, and five more at the most
    last = len(args) - 1
    for operation in (pasted(message)[name], by_differences(message)):
        with np.errstate(all="ignore"):
            found = cr.jacobian(operation, argnums=last, mode="reverse")(*args)
        if np.ndim(args[last]) and np.ndim(found) == 2:
            found = np.diag(found)
        np.testing.assert_allclose(found, want, rtol=1e-8)


def test_the_nearest_names() -> None:
    message = str(missing(sp.ellipk, [sp.ellipe, np.sin, np.exp]))
    assert "; near to it are: ellipe\n" in message
    assert "near to it" not in str(missing(sp.ellipk, [np.sin, np.flip, np.clip]))


def test_the_line_of_the_user_stands_below_the_first() -> None:
    lines = message_of(sp.ellipk, 0.5).splitlines()
    assert re.match(r"  in test_missing.py, line \d+", lines[1])


@pytest.mark.parametrize(
    ("function", "title", "definition"),
    [
        (np.add.reduceat, "numpy.add.reduceat", "reduceat = chainrule.primitive(np.add.reduceat)"),
        (np.linalg.eigvals, "numpy.linalg.eigvals", "eigvals = chainrule.primitive(np.linalg.eigvals)"),
        (np.nan_to_num, "numpy.nan_to_num", "nan_to_num = chainrule.primitive(np.nan_to_num)"),
        (np.frompyfunc(abs, 1, 1), "the ufunc abs (vectorized)", "f = chainrule.primitive(f)"),
        (np.fft.fftshift, "numpy.fft.fftshift", "fftshift = chainrule.primitive(np.fft.fftshift)"),
    ],
)
def test_how_functions_are_spelled(function: Any, title: str, definition: str) -> None:
    message = str(missing(function, ()))
    assert message.startswith(f"{title} is not known to chainrule")
    assert definition in message
    compile(snippet(message), "pasted", "exec")


def test_a_function_of_arrays_keeps_its_options() -> None:
    operation = pasted(str(missing(np.nan_to_num, ())))["nan_to_num"]
    x = np.array([1.0, np.nan, 3.0])
    np.testing.assert_array_equal(operation(x, nan=7.0), [1.0, 7.0, 3.0])
    clean = np.array([1.0, 2.0])
    np.testing.assert_allclose(cr.grad(lambda x: np.sum(operation(x, nan=7.0) ** 2))(clean), 2 * clean, rtol=1e-9)


def test_a_function_without_a_signature() -> None:
    assert "def _(g, out, x, **options):" in str(missing(type, ()))


def test_what_asks_for_a_plain_array_is_told_of_differences() -> None:
    with pytest.raises(cr.TraceError, match=r"chainrule.numeric_rule\(f\)"):
        cr.grad(lambda x: np.asarray(x, dtype=float)[0])(np.ones(2))


def test_a_function_of_a_later_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every function of this NumPy has an answer; one that a later one adds has none yet."""
    monkeypatch.delitem(adapters, np.cumsum)
    with pytest.raises(cr.TraceError, match=r"numpy\.cumsum is not known"):
        cr.grad(lambda x: np.sum(np.cumsum(x)))(np.ones(2))
