"""NumPy's BLAS under names of chainrule's own."""

from __future__ import annotations

import ctypes
import threading

import numpy as np
import pytest

from chainrule.kernels import blas
from chainrule.kernels.symbols import address_of, known_symbol

ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE = 101, 111, 112


@pytest.mark.parametrize(("letter", "dtype"), [("d", np.float64), ("s", np.float32)])
def test_products_equal_numpys(letter: str, dtype: type) -> None:
    real = ctypes.c_double if letter == "d" else ctypes.c_float
    gemm = ctypes.CFUNCTYPE(
        None, *[ctypes.c_int] * 3, *[ctypes.c_int64] * 3, real,
        ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p, ctypes.c_int64, real, ctypes.c_void_p, ctypes.c_int64,
    )(blas.addresses()[f"chainrule_{letter}gemm"])  # fmt: skip
    rng = np.random.default_rng(3)
    A, B = rng.normal(size=(70, 30)).astype(dtype), rng.normal(size=(50, 30)).astype(dtype)
    C = np.ones((70, 50), dtype)
    gemm(ROW_MAJOR, NO_TRANSPOSE, TRANSPOSE, 70, 50, 30, 2.0,
         A.ctypes.data, 30, B.ctypes.data, 30, 1.0, C.ctypes.data, 50)  # fmt: skip
    np.testing.assert_allclose(C, 1 + 2 * (A @ B.T), rtol=1e-4 if letter == "s" else 1e-12)


def test_every_function_is_known_as_a_symbol() -> None:
    assert blas.available()
    assert all(known_symbol(name) and address_of(name) == address for name, address in blas.addresses().items())
    assert not known_symbol("chainrule_nonsense")


def test_symbols_of_the_c_library() -> None:
    assert known_symbol("erf")
    assert known_symbol("memcpy")
    assert not known_symbol("no_such_function_of_c")


def test_single_threaded_is_counted_and_undone() -> None:
    control = blas._control()
    assert control is not None
    before = control.get()
    control.set(3)
    try:
        with blas.single_threaded():
            assert control.get() == 1
            with blas.single_threaded():
                assert control.get() == 1
            assert control.get() == 1
        assert control.get() == 3
        inside, leave = threading.Event(), threading.Event()

        def other() -> None:
            with blas.single_threaded():
                inside.set()
                leave.wait(10)

        thread = threading.Thread(target=other)
        with blas.single_threaded():
            thread.start()
            assert inside.wait(10)
        assert control.get() == 1  # the other thread still needs it
        leave.set()
        thread.join()
        assert control.get() == 3
        control.set(1)
        with pytest.raises(KeyError), blas.single_threaded():
            raise KeyError
        assert control.get() == 1
    finally:
        control.set(before)


def test_without_a_library_nothing_is_offered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_libraries", lambda: iter([ctypes.CDLL(None), object()]))
    assert blas.addresses.__wrapped__() == {}
    monkeypatch.setattr(blas, "_control", lambda: None)
    with blas.single_threaded():
        pass


def test_no_control_where_the_library_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blas, "_libraries", lambda: iter([object()]))
    assert blas._control.__wrapped__() is None


def test_small_integers_are_widened_where_arguments_stand_alone() -> None:
    assert blas._takes_wide_integers("linux", "x86_64")
    assert blas._takes_wide_integers("win32", "AMD64")
    assert blas._takes_wide_integers("linux", "aarch64")
    assert not blas._takes_wide_integers("darwin", "arm64")


def test_a_library_that_cannot_be_opened_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def refuse(path: str) -> object:
        opened.append(path)
        raise OSError(path)

    monkeypatch.setattr(blas.ctypes, "CDLL", refuse)
    assert list(blas._libraries()) == []
    assert opened
