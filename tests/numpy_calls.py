"""A call of every function of NumPy's that takes arrays, and what chainrule makes of it: measured, not declared.

The tests run each call through every way to its derivative; the page "NumPy, function by function" prints what they
find. A call is an expression of `np` and a few operands, each a letter; all letters in it are differentiated.
"""

from __future__ import annotations

import ast
import io
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.special

import chainrule as cr
import chainrule.read
from chainrule.core.protocol import adapters

__all__ = [
    "CALLS",
    "MODULES",
    "NOT_OF_ARRAYS",
    "Call",
    "Verdict",
    "calls_of",
    "check_first_order",
    "check_second_order",
    "complex_verdict",
    "is_number",
    "public_functions",
    "refusal",
    "verdict",
]

MODULES = {
    "numpy": np,
    "numpy.linalg": np.linalg,
    "numpy.fft": np.fft,
    "numpy.emath": np.emath,
    "numpy.lib.stride_tricks": np.lib.stride_tricks,
}

_rng = np.random.default_rng(17)


def _spread(*shape: int, low: float, high: float) -> Any:
    """Numbers in the interval that are not near to each other, in no order."""
    count = int(np.prod(shape))
    steps = low + (high - low) * (np.arange(count) + _rng.uniform(0.3, 0.7, count)) / count
    return _rng.permutation(steps).reshape(shape)


# x, y, v and t are where every function of a number is defined, but for a few that say so in their call.
OPERANDS: dict[str, Any] = {
    "x": _spread(4, low=0.1, high=0.9),
    "y": _spread(4, low=0.15, high=0.95),
    "v": _spread(3, low=-1.5, high=1.5),
    "w": _spread(3, low=-1.4, high=1.6),
    "t": np.float64(0.37),
    "A": _spread(3, 4, low=-2.0, high=2.0),
    "B": _spread(4, 3, low=-2.0, high=2.0),
    "C": _spread(2, 3, 4, low=-2.0, high=2.0),
    "S": _spread(3, 3, low=-1.0, high=1.0) + 2 * np.eye(3),
}
COMPLEX: dict[str, Any] = {
    letter: value + 1j * _rng.uniform(-0.4, 0.4, np.shape(value)) for letter, value in OPERANDS.items()
}
_HERMITIAN = "(S + np.conj(S).T)"
_DEFINITE = "(S @ np.conj(S).T + np.eye(3))"
_HOLES = "np.where(np.abs(A) < 0.5, np.nan, A)"

# The Bessel functions are differentiated by their argument, of an order that is given.
_ORDERS = {"jn": 2, "yn": 2, "kn": 1, "iv": 0.5, "ive": 1.5, "jv": 0.5, "kv": 1.5, "kve": 0.5, "yv": 1.5}

CALLS: dict[str, tuple[str, ...]] = {
    "scipy.special.expn": ("special.expn(2, x)",),
    "scipy.special.hyp1f1": ("special.hyp1f1(0.5, 1.5, x)",),
    "scipy.special.hyp2f1": ("special.hyp2f1(0.5, 1.5, 2.0, x)",),
    "numpy.allclose": ("np.allclose(A, A)",),
    "numpy.append": ("np.append(A, x)", "np.append(A, A[:1], axis=0)"),
    "numpy.apply_along_axis": ("np.apply_along_axis(lambda row: np.cumsum(row) * row[0], 1, A)",),
    "numpy.apply_over_axes": ("np.apply_over_axes(np.sum, C, (0, 2))",),
    "numpy.arange": ("np.arange(3.0, like=x)",),
    "numpy.arccosh": ("np.arccosh(1 + x)",),
    "numpy.acosh": ("np.acosh(1 + x)",),
    "numpy.argpartition": ("np.argpartition(A, 2)",),
    "numpy.array": ("np.array([[x[0], 1.0], [t, y[1]]], like=x)",),
    "numpy.array_equal": ("np.array_equal(A, A)",),
    "numpy.array_equiv": ("np.array_equiv(A, x)",),
    "numpy.array_split": ("np.array_split(x, 3)",),
    "numpy.asarray": ("np.asarray([x, y**2], like=x)",),
    "numpy.asanyarray": ("np.asanyarray(x, like=x)",),
    "numpy.ascontiguousarray": ("np.ascontiguousarray(A.T, like=A)",),
    "numpy.asfortranarray": ("np.asfortranarray(A, like=A)",),
    "numpy.astype": ("np.astype(A, np.complex128)", "np.astype(A, A.dtype)"),
    "numpy.average": ("np.average(A, axis=1, weights=x)", "np.average(A)"),
    "numpy.bincount": ("np.bincount([0, 2, 2, 1], weights=x)",),
    "numpy.block": ("np.block([[A, v[:, None]], [x, t]])",),
    "numpy.broadcast_arrays": ("np.broadcast_arrays(A, x)",),
    "numpy.broadcast_to": ("np.broadcast_to(x, (3, 4))",),
    "numpy.can_cast": ("np.can_cast(A.dtype, np.float64)",),
    "numpy.choose": ("np.choose([0, 1, 0, 1], [x, y])",),
    "numpy.clip": ("np.clip(A, -0.7, 0.9)", "np.clip(A, -x, 1.05)"),
    "numpy.column_stack": ("np.column_stack([x, y, B])",),
    "numpy.common_type": ("np.common_type(A)",),
    "numpy.compress": ("np.compress([True, False, True], A, axis=0)",),
    "numpy.concat": ("np.concat([x, y])",),
    "numpy.concatenate": ("np.concatenate([A, x[None]])", "np.concatenate([A, x], axis=None)"),
    "numpy.convolve": ("np.convolve(x, v)", "np.convolve(x, v, 'same')", "np.convolve(v, x, 'valid')"),
    "numpy.copyto": ("(W := np.copy(A), np.copyto(W, x))[0]",),
    "numpy.correlate": ("np.correlate(x, v)", "np.correlate(v, x, 'same')", "np.correlate(x, v, 'full')"),
    "numpy.cov": ("np.cov(A)", "np.cov(A, aweights=x)"),
    "numpy.cross": ("np.cross(v, w)", "np.cross(B, v)"),
    "numpy.cumulative_prod": ("np.cumulative_prod(A, axis=1)",),
    "numpy.cumulative_sum": ("np.cumulative_sum(A, axis=0, include_initial=True)",),
    "numpy.delete": ("np.delete(A, [0, 2], axis=1)",),
    "numpy.diag": ("np.diag(v)", "np.diag(A, 1)"),
    "numpy.diag_indices_from": ("S[np.diag_indices_from(S)]",),
    "numpy.diff": ("np.diff(A)", "np.diff(A, 2, axis=0)"),
    "numpy.digitize": ("np.digitize(A, [-1.0, 0.0, 1.0])",),
    "numpy.divmod": ("np.divmod(A, 0.7 + y)",),
    "numpy.dot": ("np.dot(A, B)", "np.dot(x, y)", "np.dot(C, B)"),
    "numpy.dsplit": ("np.dsplit(C, 2)",),
    "numpy.dstack": ("np.dstack([x, y])",),
    "numpy.einsum": ("np.einsum('ij,jk->ik', A, B)", "np.einsum('ii->i', S)", "np.einsum('ijk,k', C, x)"),
    "numpy.einsum_path": ("np.einsum_path('ij,jk', A, B)[1]",),
    "numpy.empty": ("np.empty(0, like=x)",),
    "numpy.empty_like": ("(W := np.empty_like(A), W.__setitem__(..., A**2))[0]",),
    "numpy.expand_dims": ("np.expand_dims(A, (0, 2))",),
    "numpy.extract": ("np.extract(A > 0, A)",),
    "numpy.eye": ("np.eye(3, like=x)",),
    "numpy.fill_diagonal": ("(W := np.copy(S), np.fill_diagonal(W, v))[0]",),
    "numpy.fmod": ("np.fmod(A, 0.7 + y)",),
    "numpy.frexp": ("np.frexp(5 * x)[0]",),
    "numpy.fromfunction": ("np.fromfunction(lambda i: i, (3,), like=x)",),
    "numpy.fromiter": ("np.fromiter([1.0, 2.0], float, like=x)",),
    "numpy.frombuffer": ("np.frombuffer(bytes(8), like=x)",),
    "numpy.fromstring": ("np.fromstring('1 2', sep=' ', like=x)",),
    "numpy.full": ("np.full((2, 3), t, like=x)", "np.full((2, 4), x, like=x)"),
    "numpy.full_like": ("np.full_like(A, t)", "np.full_like(A, x)"),
    "numpy.geomspace": ("np.geomspace(x, y, 5)",),
    "numpy.gradient": (
        "np.gradient(x)",
        "np.gradient(A, 0.5, np.cumsum(x), edge_order=2)",
        "np.gradient(C, axis=(1, 2))",
    ),
    "numpy.heaviside": ("np.heaviside(A, x)",),
    "numpy.histogram": ("np.histogram(A)",),
    "numpy.histogram2d": ("np.histogram2d(x, y)",),
    "numpy.hsplit": ("np.hsplit(A, 2)",),
    "numpy.identity": ("np.identity(2, like=x)",),
    "numpy.inner": ("np.inner(A, x)", "np.inner(C, A)"),
    "numpy.insert": ("np.insert(A, 1, x, axis=0)",),
    "numpy.interp": ("np.interp(x, np.cumsum(y) - 0.5, y)", "np.interp(A, [-1.0, 0.1, 1.0], v, left=t, period=None)"),
    "numpy.intersect1d": ("np.intersect1d(x, y)",),
    "numpy.isclose": ("np.isclose(A, x)",),
    "numpy.isin": ("np.isin(A, x)",),
    "numpy.isnat": ("np.isnat(x)",),
    "numpy.ix_": ("A[np.ix_([0, 2], x > 0.4)]",),
    "numpy.kron": ("np.kron(A, S)", "np.kron(v, x)"),
    "numpy.ldexp": ("np.ldexp(x, [1, 2, -1, 0])",),
    "numpy.lexsort": ("np.lexsort(A)",),
    "numpy.linspace": ("np.linspace(x, y, 5)", "np.linspace(t, v, 4, endpoint=False, axis=-1)"),
    "numpy.logspace": ("np.logspace(x, y, 3)", "np.logspace(t, 1.0, 3, base=x)"),
    "numpy.matmul": ("np.matmul(A, B)", "np.matmul(C, x)", "np.matmul(v, A)"),
    "numpy.matvec": ("np.matvec(A, x)",),
    "numpy.may_share_memory": ("np.may_share_memory(A, x)",),
    "numpy.meshgrid": ("np.meshgrid(x, v)",),
    "numpy.modf": ("np.modf(A)",),
    "numpy.moveaxis": ("np.moveaxis(C, 0, 2)",),
    "numpy.nan_to_num": (f"np.nan_to_num({_HOLES})",),
    **{
        f"numpy.nan{name}": (f"np.nan{name}({_HOLES}, axis=1)", f"np.nan{name}({_HOLES})")
        for name in (
            "argmax",
            "argmin",
            "max",
            "mean",
            "median",
            "min",
            "prod",
            "std",
            "sum",
            "var",
            "cumsum",
            "cumprod",
        )
    },
    "numpy.nanpercentile": (f"np.nanpercentile({_HOLES}, [25, 60], axis=0)",),
    "numpy.nanquantile": (f"np.nanquantile({_HOLES}, x, method='weibull')",),
    "numpy.ones": ("np.ones(3, like=x)",),
    "numpy.outer": ("np.outer(x, v)",),
    "numpy.pad": ("np.pad(A, 1)", "np.pad(A, ((1, 2), (0, 1)), 'reflect')"),
    "numpy.partition": ("np.partition(A, 1)",),
    "numpy.percentile": ("np.percentile(A, 40, axis=1)", "np.percentile(A, [20, 70], method='hazen')"),
    "numpy.permute_dims": ("np.permute_dims(C, (2, 0, 1))",),
    "numpy.piecewise": ("np.piecewise(A, [A < 0, A > 1], [lambda u: u**2, np.exp, 3.0])",),
    "numpy.place": ("(W := np.copy(A), np.place(W, A > 0, x))[0]",),
    "numpy.poly": ("np.poly(x)",),
    "numpy.polyadd": ("np.polyadd(x, v)",),
    "numpy.polyder": ("np.polyder(x)", "np.polyder(x, 2)"),
    "numpy.polydiv": ("np.polydiv(x, v)",),
    "numpy.polyfit": ("np.polyfit(x, y, 2)",),
    "numpy.polyint": ("np.polyint(x)", "np.polyint(v, 2, w)"),
    "numpy.polymul": ("np.polymul(x, v)",),
    "numpy.polysub": ("np.polysub(x, v)",),
    "numpy.polyval": ("np.polyval(v, A)",),
    "numpy.put": ("(W := np.copy(A), np.put(W, [0, 5], x[:2]))[0]",),
    "numpy.put_along_axis": ("(W := np.copy(A), np.put_along_axis(W, np.array([[0], [2], [1]]), v[:, None], 1))[0]",),
    "numpy.putmask": ("(W := np.copy(A), np.putmask(W, A > 0, x))[0]",),
    "numpy.quantile": ("np.quantile(A, 0.3, axis=0)", "np.quantile(A, x, method='normal_unbiased')"),
    "numpy.ravel_multi_index": ("np.ravel_multi_index((np.argmax(A, 0), np.arange(4)), (3, 4))",),
    "numpy.real_if_close": ("np.real_if_close(A)", "np.real_if_close(A + 0j)"),
    "numpy.repeat": ("np.repeat(A, [1, 0, 2], axis=0)", "np.repeat(x, 2)"),
    "numpy.require": ("np.require(A, like=A)",),
    "numpy.reshape": ("np.reshape(A, (2, 6))", "np.reshape(A, (4, 3), order='F')"),
    "numpy.resize": ("np.resize(A, (2, 8))",),
    "numpy.result_type": ("np.result_type(A)",),
    "numpy.roll": ("np.roll(A, 1)", "np.roll(A, (1, -2), (0, 1))"),
    "numpy.rollaxis": ("np.rollaxis(C, 2)",),
    "numpy.roots": ("np.roots(v)",),
    "numpy.save": ("np.save(io.BytesIO(), x)",),
    "numpy.savetxt": ("np.savetxt(io.BytesIO(), x)",),
    "numpy.savez": ("np.savez(io.BytesIO(), x)",),
    "numpy.savez_compressed": ("np.savez_compressed(io.BytesIO(), x)",),
    "numpy.searchsorted": ("np.searchsorted(np.cumsum(x), y)",),
    "numpy.select": ("np.select([A > 0.5, A < -0.5], [A**2, x], t)",),
    "numpy.setdiff1d": ("np.setdiff1d(x, y)",),
    "numpy.setxor1d": ("np.setxor1d(x, y)",),
    "numpy.shares_memory": ("np.shares_memory(A, x)",),
    "numpy.split": ("np.split(A, 2, axis=1)",),
    "numpy.squeeze": ("np.squeeze(A[:, :1])",),
    "numpy.swapaxes": ("np.swapaxes(C, 0, 2)",),
    "numpy.take": ("np.take(A, [0, 2, 2], axis=1)",),
    "numpy.take_along_axis": ("np.take_along_axis(A, np.argsort(A), -1)",),
    "numpy.tensordot": ("np.tensordot(A, B, 1)", "np.tensordot(C, A, ([1, 2], [0, 1]))"),
    "numpy.tile": ("np.tile(A, (2, 1))",),
    "numpy.trapezoid": ("np.trapezoid(A, x)", "np.trapezoid(A, dx=t, axis=0)"),
    "numpy.trapz": ("np.trapz(A, x)",),
    "numpy.tri": ("np.tri(3, like=x)",),
    "numpy.tril_indices_from": ("S[np.tril_indices_from(S)]",),
    "numpy.trim_zeros": ("np.trim_zeros(np.where(x < 0.5, 0.0, x))",),
    "numpy.triu_indices_from": ("S[np.triu_indices_from(S)]",),
    "numpy.union1d": ("np.union1d(x, y)",),
    "numpy.unravel_index": ("A[np.unravel_index(np.argmax(A), A.shape)]",),
    "numpy.unwrap": ("np.unwrap(4 * A)", "np.unwrap(A, period=t)"),
    "numpy.vander": ("np.vander(x)", "np.vander(v, 4, increasing=True)"),
    "numpy.vdot": ("np.vdot(A, A)", "np.vdot(x, y)"),
    "numpy.vecdot": ("np.vecdot(A, x)",),
    "numpy.vecmat": ("np.vecmat(v, A)",),
    "numpy.vsplit": ("np.vsplit(A, 3)",),
    "numpy.vstack": ("np.vstack([x, A])",),
    "numpy.where": ("np.where(A > 0, A, x)",),
    "numpy.zeros": ("(W := np.zeros(3, like=x), W.__setitem__(0, x[0]))[0]",),
    "numpy.emath.arccos": ("np.emath.arccos(x)", "np.emath.arccos(2 + x)"),
    "numpy.emath.arcsin": ("np.emath.arcsin(x)", "np.emath.arcsin(-2 - x)"),
    "numpy.emath.arctanh": ("np.emath.arctanh(x)", "np.emath.arctanh(2 + x)"),
    "numpy.emath.log": ("np.emath.log(x)", "np.emath.log(A)"),
    "numpy.emath.log10": ("np.emath.log10(x)", "np.emath.log10(A)"),
    "numpy.emath.log2": ("np.emath.log2(x)", "np.emath.log2(A)"),
    "numpy.emath.logn": ("np.emath.logn(t, x)", "np.emath.logn(2, A)"),
    "numpy.emath.power": ("np.emath.power(x, t)", "np.emath.power(A, x)", "np.emath.power(x, -2)"),
    "numpy.emath.sqrt": ("np.emath.sqrt(x)", "np.emath.sqrt(A)"),
    "numpy.lib.stride_tricks.sliding_window_view": (
        "np.lib.stride_tricks.sliding_window_view(x, 2)",
        "np.lib.stride_tricks.sliding_window_view(C, (2, 3), axis=(1, 2))",
        "np.lib.stride_tricks.sliding_window_view(A, (2, 2))",
    ),
    "numpy.linalg.cholesky": (f"np.linalg.cholesky({_DEFINITE})",),
    "numpy.linalg.cond": ("np.linalg.cond(S)",),
    "numpy.linalg.cross": ("np.linalg.cross(v, w)",),
    "numpy.linalg.det": ("np.linalg.det(S)",),
    "numpy.linalg.eig": ("np.linalg.eig(S)[0]",),
    "numpy.linalg.eigh": (f"np.linalg.eigh({_HERMITIAN})[0]", f"np.abs(np.linalg.eigh({_HERMITIAN})[1])"),
    "numpy.linalg.eigvals": ("np.linalg.eigvals(S)",),
    "numpy.linalg.eigvalsh": (f"np.linalg.eigvalsh({_HERMITIAN})",),
    "numpy.linalg.inv": ("np.linalg.inv(S)",),
    "numpy.linalg.lstsq": ("np.linalg.lstsq(B, x, rcond=None)[0]",),
    "numpy.linalg.matmul": ("np.linalg.matmul(A, B)",),
    "numpy.linalg.matrix_norm": ("np.linalg.matrix_norm(A)",),
    "numpy.linalg.matrix_power": ("np.linalg.matrix_power(S, 3)", "np.linalg.matrix_power(S, -2)"),
    "numpy.linalg.multi_dot": ("np.linalg.multi_dot([A, B, S])",),
    "numpy.linalg.norm": ("np.linalg.norm(A)", "np.linalg.norm(A, axis=1)", "np.linalg.norm(x, 3)"),
    "numpy.linalg.outer": ("np.linalg.outer(x, v)",),
    "numpy.linalg.pinv": ("np.linalg.pinv(B)",),
    "numpy.linalg.qr": ("np.abs(np.linalg.qr(B)[1])",),
    "numpy.linalg.slogdet": ("np.linalg.slogdet(S)[1]",),
    "numpy.linalg.solve": ("np.linalg.solve(S, v)", "np.linalg.solve(S, A)"),
    "numpy.linalg.svd": ("np.linalg.svd(A, compute_uv=False)", "np.abs(np.linalg.svd(A, full_matrices=False)[0])"),
    "numpy.linalg.tensordot": ("np.linalg.tensordot(A, B, axes=1)",),
    "numpy.linalg.tensorinv": ("np.linalg.tensorinv(np.reshape(S, (3, 3, 1)), 1)",),
    "numpy.linalg.tensorsolve": ("np.linalg.tensorsolve(S, v)",),
    "numpy.linalg.vecdot": ("np.linalg.vecdot(A, x)",),
    "numpy.fft.fft": ("np.fft.fft(x)", "np.fft.fft(A, 5, axis=0, norm='ortho')"),
    "numpy.fft.ifft": ("np.fft.ifft(x)", "np.fft.ifft(A, 2)"),
    "numpy.fft.rfft": ("np.fft.rfft(x)", "np.fft.rfft(A, 5)"),
    "numpy.fft.irfft": ("np.fft.irfft(x)", "np.fft.irfft(A, 5, norm='forward')"),
    "numpy.fft.hfft": ("np.fft.hfft(x)",),
    "numpy.fft.ihfft": ("np.fft.ihfft(x)",),
    "numpy.fft.fft2": ("np.fft.fft2(A)",),
    "numpy.fft.ifft2": ("np.fft.ifft2(A)",),
    "numpy.fft.rfft2": ("np.fft.rfft2(A)",),
    "numpy.fft.irfft2": ("np.fft.irfft2(A)",),
    "numpy.fft.fftn": ("np.fft.fftn(C)", "np.fft.fftn(C, (3, 3), axes=(0, 2))"),
    "numpy.fft.ifftn": ("np.fft.ifftn(C)",),
    "numpy.fft.rfftn": ("np.fft.rfftn(C)", "np.fft.rfftn(C, axes=(2, 1))"),
    "numpy.fft.irfftn": ("np.fft.irfftn(C)",),
    "numpy.fft.fftshift": ("np.fft.fftshift(A)",),
    **{f"scipy.special.{name}": (f"special.{name}({order}, 2 * x)",) for name, order in _ORDERS.items()},
    "numpy.fft.ifftshift": ("np.fft.ifftshift(A, axes=1)",),
}

# What is public in NumPy, is called, and is no function of arrays of numbers; by what it is.
NOT_OF_ARRAYS: dict[str, str] = {
    name: what
    for what, names in {
        "settings, tests and information": "get_include get_printoptions getbufsize geterr geterrcall info "
        "printoptions set_printoptions setbufsize seterr seterrcall show_config show_runtime test",
        "text": "base_repr binary_repr format_float_positional format_float_scientific typename",
        "types": "broadcast_shapes isdtype issubdtype mintypecode promote_types iterable isscalar isfortran",
        "files": "fromfile fromregex genfromtxt load loadtxt",
        "dates": "busday_count busday_offset datetime_as_string datetime_data is_busday",
        "indices of given sizes": "diag_indices indices mask_indices tril_indices triu_indices",
        "windows of a given number of points": "bartlett blackman hamming hanning kaiser",
        "frequencies of a given number of points; d= may be traced": "fftfreq rfftfreq",
        "makes functions, matrices or iterators, or asks for plain arrays": "as_strided asarray_chkfinite "
        "asmatrix bmat from_dlpack frompyfunc nested_iters",
    }.items()
    for name in names.split()
}


@dataclass(frozen=True)
class Call:
    """One call of a function, as an expression.

    Attributes:
        function: its full name.
        text: the expression.
        letters: the operands in it.
    """

    function: str
    text: str
    letters: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.function}: {self.text}"

    def __call__(self, *operands: Any, module: Any = np) -> list[Any]:
        """Its results, of which there may be several, with other operands, and by another library."""
        names = {"np": module, "special": scipy.special, "io": io, **dict(zip(self.letters, operands, strict=True))}
        result = eval(_code(self.text), names)
        return list(result) if isinstance(result, (tuple, list)) else [result]

    def point(self, complex_: bool = False) -> tuple[Any, ...]:
        """The operands to try it with."""
        return tuple((COMPLEX if complex_ else OPERANDS)[letter] for letter in self.letters)


@cache
def _code(text: str) -> Any:
    return compile(text, text, "eval")


def public_functions() -> Iterator[tuple[str, Any]]:
    """Every callable of `MODULES` that is no class, and the ufuncs of SciPy that are followed."""
    for path, module in MODULES.items():
        for name in sorted(dir(module)):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # a name on its way out says so when it is looked at
                function = getattr(module, name)
            if not name.startswith("_") and callable(function) and not isinstance(function, type):
                yield f"{path}.{name}", function
    for name in sorted(dir(scipy.special)):
        function = getattr(scipy.special, name)
        if isinstance(function, np.ufunc) and adapters["ufunc of a library"](function) is not None:
            yield f"scipy.special.{name}", function


def calls_of(name: str, function: Any) -> tuple[Call, ...]:
    """The calls of a function: those of the table, or the plain one of a matrix, or of numbers for a ufunc."""
    path = name.replace("numpy", "np", 1).removeprefix("scipy.")
    given = CALLS.get(name)
    if given is None:
        operands = ("x", "y", "t")[: function.nin] if isinstance(function, np.ufunc) else ("A",)
        given = (f"{path}({', '.join(operands)})",)
    return tuple(Call(name, text, _letters(text)) for text in given)


def _letters(text: str) -> tuple[str, ...]:
    found = {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}
    return tuple(letter for letter in OPERANDS if letter in found)


def is_number(value: Any) -> bool:
    """Whether a result has a derivative, by its dtype."""
    return isinstance(value, (float, complex)) or getattr(getattr(value, "dtype", None), "kind", "") in ("f", "c")


def _drawn(rng: np.random.Generator, like: Any) -> Any:
    like = np.asarray(like)
    numbers = rng.normal(size=like.shape)
    numbers = numbers + 1j * rng.normal(size=like.shape) if like.dtype.kind == "c" else numbers
    return numbers.astype(like.dtype)[()]


def _richardson(f: Callable[[float], Any]) -> Any:
    h = 1e-3
    row = [(f(h / 2**k) - f(-h / 2**k)) / (2 * h / 2**k) for k in range(4)]
    for level in range(1, 4):
        row = [(4**level * fine - coarse) / (4**level - 1) for coarse, fine in pairwise(row)]
    return row[0]


def _moved(point: tuple[Any, ...], along: list[Any], t: float) -> tuple[Any, ...]:
    return tuple(x + t * v for x, v in zip(point, along, strict=True))


def _paired(cotangents: Any, tangents: Any) -> float:
    return float(sum(np.real(np.sum(c * t)) for c, t in zip(cotangents, tangents, strict=True)))


def check_first_order(call: Call, complex_: bool = False) -> bool:
    """Value, forward and reverse mode against NumPy and differences of it.

    Returns:
        Whether any result changes with the operands.

    Raises:
        AssertionError: something differs.
    """
    point = call.point(complex_)
    want = call(*point)
    rng = np.random.default_rng(0)
    along = [_drawn(rng, x) for x in point]
    numbers = [i for i, value in enumerate(want) if is_number(value)]

    def f(*operands: Any) -> list[Any]:
        results = call(*operands)
        return [results[i] for i in numbers]

    if not numbers:
        cr.graph(lambda *operands: (call(*operands), sum(np.sum(x) for x in operands))[1], *point)  # runs traced
        return False
    values, tangents = cr.jvp(f, point, along)
    _, pullback = cr.vjp(f, *point)
    weights = [_drawn(rng, want[i]) for i in numbers]
    back = pullback(weights)
    for k, i in enumerate(numbers):
        assert np.shape(values[k]) == np.shape(want[i]), (np.shape(values[k]), np.shape(want[i]))
        assert np.asarray(values[k]).dtype == np.asarray(want[i]).dtype, (values[k].dtype, want[i].dtype)
        np.testing.assert_allclose(values[k], want[i], rtol=1e-11, atol=1e-11)
        slope = _richardson(lambda t, i=i: np.asarray(call(*_moved(point, along, t))[i]))
        np.testing.assert_allclose(tangents[k], slope, rtol=1e-7, atol=1e-7)
    for cotangent, x in zip(back, point, strict=True):
        assert (np.shape(cotangent), cotangent.dtype) == (np.shape(x), x.dtype)
    total = _paired(weights, tangents)
    np.testing.assert_allclose(_paired(back, along), total, rtol=1e-8, atol=1e-9)
    return any(np.any(tangent != 0) for tangent in tangents) or any(np.any(cotangent != 0) for cotangent in back)


def check_second_order(call: Call, complex_: bool = False) -> None:
    """Forward over reverse against differences of the gradient of a sum over the results, bent by a square."""
    point = call.point(complex_)
    rng = np.random.default_rng(1)
    along = [_drawn(rng, x) for x in point]
    numbers = [i for i, value in enumerate(call(*point)) if is_number(value)]
    every = tuple(range(len(point)))

    def bent(*operands: Any) -> Any:
        results = call(*operands)
        return sum(np.sum(np.abs(results[i]) ** 2 + np.real(results[i])) for i in numbers)

    gradient = cr.grad(bent, argnums=every)
    _, products = cr.jvp(gradient, point, tuple(along))
    for k, product in enumerate(products):
        slope = _richardson(lambda t, k=k: np.asarray(gradient(*_moved(point, along, t))[k]))
        scale = 1 + float(np.max(np.abs(slope), initial=0.0))
        np.testing.assert_allclose(product / scale, slope / scale, rtol=0, atol=1e-6)


@dataclass(frozen=True)
class Verdict:
    """What was measured of a function.

    Attributes:
        kind: "differentiated", "constant" or "refused".
        reason: why it was refused.
        complex: for complex operands "yes", "no" where it is refused, or "-" where NumPy does not define it.
    """

    kind: str
    reason: str = ""
    complex: str = "-"


def verdict(calls: tuple[Call, ...]) -> Verdict:
    """What all calls of a function come to; raises AssertionError where a derivative is wrong."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for call in calls:
            if reason := refusal(call):
                return Verdict("refused", reason)
        changes = [check_first_order(call) for call in calls]
        if any(changes):
            for call in calls:
                check_second_order(call)
    found, complex_changes = complex_verdict(calls)
    return Verdict("differentiated" if any(changes) or complex_changes else "constant", "", found)


def refusal(call: Call) -> str:
    """Why a function is refused, and what to do instead; empty for one that is followed."""
    try:
        cr.vjp(lambda *operands: [x for x in call(*operands) if is_number(x)], *call.point())
    except cr.errors.TraceError as error:
        reason, *_, instead = str(error).split("\n")
        return f"{reason}; {instead.strip()}"
    return ""


def complex_verdict(calls: tuple[Call, ...]) -> tuple[str, bool]:
    """As `verdict`, for complex operands, and whether any result changes with them."""
    found, changes = "-", False
    for call in calls:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                call(*call.point(complex_=True))
            except (TypeError, ValueError, Warning):
                continue  # NumPy itself does not define it there
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                if check_first_order(call, complex_=True):
                    check_second_order(call, complex_=True)
                    changes = True
        except (cr.errors.ChainruleError, TypeError):  # of a complex argument SciPy has no zeta function
            return "no", changes
        found = "yes"
    return found, changes
