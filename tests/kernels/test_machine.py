"""From IR to addresses: what compiles, what is said when it does not, and when there is nothing to compile with."""

from __future__ import annotations

import ctypes
import gc
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from chainrule.kernels import machine

SQUARES = """
declare double @tgamma(double)
define double @square(double %x) {
  %y = fmul double %x, %x
  ret double %y
}
define internal double @hidden(double %x) {
  ret double %x
}
define double @"gamma"(double %x) {
  %h = call double @hidden(double %x)
  %y = call double @tgamma(double %h)
  ret double %y
}
"""
Real = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHAINRULE_CACHE_DIR", str(tmp_path))
    monkeypatch.delenv("CHAINRULE_KERNELS", raising=False)


def test_code_runs_and_calls_the_c_library() -> None:
    loaded = machine.compile_module(SQUARES, "squares")
    assert Real(loaded.address("square"))(3.0) == 9.0
    assert Real(loaded.address("gamma"))(5.0) == 24.0
    assert set(loaded.functions) == {"square", "gamma"}
    assert loaded.seconds > 0


def test_a_function_that_is_not_there_is_named() -> None:
    loaded = machine.compile_module(SQUARES, "squares")
    with pytest.raises(machine.CompilationError, match="defines no function cube; it defines square, gamma"):
        loaded.address("cube")


def test_the_second_time_comes_from_the_disk() -> None:
    assert not machine.compile_module(SQUARES, "first").cached
    again = machine.compile_module(SQUARES, "second")
    assert again.cached
    assert Real(again.address("gamma"))(5.0) == 24.0


def test_equal_names_do_not_meet() -> None:
    other = SQUARES.replace("fmul", "fadd")
    first, second = (machine.compile_module(text, "same") for text in (SQUARES, other))
    assert Real(first.address("square"))(5.0) == 25.0
    assert Real(second.address("square"))(5.0) == 10.0


def test_code_that_is_dropped_leaves_the_rest() -> None:
    kept = machine.compile_module(SQUARES, "kept")
    for _ in range(20):
        machine.compile_module(SQUARES, "dropped")
    gc.collect()
    assert Real(kept.address("square"))(3.0) == 9.0


def test_what_llvm_refuses_is_an_error_of_chainrules() -> None:
    with pytest.raises(machine.CompilationError, match="wrong cannot be compiled"):
        machine.compile_module("define void @f() { ret i32 }", "wrong")
    with pytest.raises(machine.CompilationError, match="wrong cannot be compiled"):
        machine.compile_module("define double @f(double %x) {\n %y = add double %x, %x\n ret double %y\n}", "wrong")


def test_a_symbol_that_is_missing_is_named(capfd: pytest.CaptureFixture[str]) -> None:
    text = "declare void @nonsense()\ndefine void @f() {\n call void @nonsense()\n ret void\n}"
    with pytest.raises(machine.CompilationError, match="cannot be linked: nonsense not found"):
        machine.compile_module(text, "f")
    assert capfd.readouterr() == ("", "")


def test_wide_vectors_stay_wide() -> None:
    """A vector of the width that is promised takes one register."""
    import llvmlite.binding as llvm

    lanes = machine.vector_bytes() // 8
    kind = f"<{lanes} x double>"
    text = (
        f"define void @f({kind}* %p) {{\n %x = load {kind}, {kind}* %p\n %y = fmul {kind} %x, %x\n"
        f" store {kind} %y, {kind}* %p\n ret void\n}}"
    )
    host = machine._host()
    assembly = host.machine.emit_assembly(llvm.parse_assembly(text))
    assert assembly.count("mul") == 1
    x = (ctypes.c_double * (2 * lanes))(*range(2 * lanes))
    start = -ctypes.addressof(x) % (8 * lanes)
    machine_code = machine.compile_module(text, "wide")
    ctypes.CFUNCTYPE(None, ctypes.c_void_p)(machine_code.address("f"))(ctypes.addressof(x) + start)
    assert x[start // 8 + 1] == float(start // 8 + 1) ** 2


def test_threads_compile_at_once() -> None:
    results: list[float] = []

    def work(number: int) -> None:
        loaded = machine.compile_module(SQUARES.replace("fmul double %x, %x", f"fadd double %x, {number}.0"), "t")
        results.append(Real(loaded.address("square"))(1.0))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(results) == [1.0 + k for k in range(8)]


def test_kernels_can_be_turned_off(monkeypatch: pytest.MonkeyPatch) -> None:
    assert machine.available() == ""
    monkeypatch.setenv("CHAINRULE_KERNELS", "0")
    assert machine.available() == "CHAINRULE_KERNELS=0 turns kernels off"


def test_without_llvmlite_the_reason_is_given() -> None:
    code = (
        "import sys; sys.modules['llvmlite'] = None\nfrom chainrule.kernels import machine\nprint(machine.available())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "llvmlite is not installed: pip install 'chainrule[fast]' brings it\n"


def test_what_cannot_compile_here_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        raise OSError("no executable memory")

    monkeypatch.setattr(machine, "_host", broken)
    assert machine._unsupported.__wrapped__() == "llvmlite cannot compile here: no executable memory"
    monkeypatch.setattr(machine.sys, "byteorder", "big")
    assert "little-endian" in machine._unsupported.__wrapped__()


def test_an_llvmlite_that_is_too_old_is_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    import llvmlite

    monkeypatch.setattr(llvmlite, "__version__", "0.44.0")
    monkeypatch.setattr(machine, "_host", machine._host.__wrapped__)
    reason = "llvmlite cannot compile here: 0.45 or later is needed, and this is 0.44.0"
    assert machine._unsupported.__wrapped__() == reason


@pytest.mark.parametrize(
    ("features", "width"),
    [("+avx2,+fma,+avx512f,+avx512vl,+avx512dq", 64), ("+avx,+avx2,+fma,-avx512f", 32), ("+sse2", 16), ("+neon", 16)],
)
def test_width_follows_the_features(features: str, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    host = machine._Host("x86_64", "cpu", features, "0", None, None)
    monkeypatch.setattr(machine, "_host", lambda: host)
    assert machine.vector_bytes() == width


def test_other_processors_get_no_tuning_of_this_one() -> None:
    assert machine._tuning("aarch64-unknown-linux-gnu") == []
