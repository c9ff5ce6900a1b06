"""Sparse Jacobians and Hessians: the pattern from the graph, a few products by colouring, the entries from these."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import numpy as np

from chainrule.calculus.arguments import Argnums, Selection, function_name
from chainrule.calculus.containers import flatten
from chainrule.calculus.eager import Run
from chainrule.calculus.functions import as_function
from chainrule.calculus.gradients import grad
from chainrule.calculus.mapping import vmap
from chainrule.core.traced import Traced
from chainrule.errors import ArgumentError, DerivationError, ShapeError, TraceError
from chainrule.limits import LIMITS
from chainrule.passes.sparsity.boolean import Indices, Pattern, empty, identity, scipy_sparse
from chainrule.passes.sparsity.colouring import Plan, plan, symmetric_plan
from chainrule.passes.sparsity.dependence import dependence
from chainrule.passes.sparsity.skeleton import skeleton

__all__ = ["SparseDerivative", "sparse_hessian", "sparse_jacobian", "sparsity"]

_BLOCK = 1 << 22  # numbers in the tangents that are carried through f together


def sparsity(f: Callable[..., Any] | str, argnums: Argnums = 0) -> Callable[..., Any]:
    """Where the Jacobian of a function may have entries, as a function of the same arguments.

    Args:
        f: an ordinary NumPy function; its value is an array or a container of arrays.
        argnums: which arguments to differentiate by; several are taken one behind the other.

    Returns:
        A function that gives a `scipy.sparse.csr_array` of booleans: a row for each component of the value, a column
        for each of the argument, both in C order. It holds at all points where f takes the same branches and uses the
        same indices; it may have entries that are always zero, and misses none.

    Raises:
        LimitError: the Jacobian is not sparse; the operation that makes it dense is named.
        MissingExtraError: SciPy is not installed.

    >>> import numpy as np, chainrule as cr
    >>> cr.sparsity(lambda x: x[1:] * x[:-1])(np.zeros(4)).toarray().astype(int)
    array([[1, 1, 0, 0],
           [0, 1, 1, 0],
           [0, 0, 1, 1]])
    """
    function = as_function(f)
    selection = Selection(function, argnums)

    @wraps(function)
    def pattern_at(*args: Any, **kwargs: Any) -> Pattern:
        return _Recorded(function, selection, args, kwargs).pattern()

    pattern_at.__name__ = f"sparsity_{function_name(function)}"
    return pattern_at


def sparse_jacobian(f: Callable[..., Any] | str, argnums: Argnums = 0, pattern: Any = None) -> SparseDerivative:
    """The Jacobian of a function as a sparse matrix, from as many products with it as it has colours.

    Args:
        f: an ordinary NumPy function; its value is an array or a container of arrays.
        argnums: which arguments to differentiate by; several are taken one behind the other.
        pattern: where the Jacobian may have entries, a sparse or dense matrix; by default that of `sparsity`, found at
            the first call, and again where f computes something else.

    Returns:
        A function with f's arguments, whose result is a `scipy.sparse.csr_array` with a row for each component of the
        value and a column for each of the argument, both in C order. Its attributes say what was found: `pattern`,
        `forward` and `reverse` (how many tangents and cotangents it takes). Each result is compared with the product
        with a random tangent.

    Raises:
        DerivationError: the result disagrees with the derivative: the pattern given lacks entries.
        LimitError: the Jacobian is not sparse.
        ShapeError: the pattern has another shape than the Jacobian.
        MissingExtraError: SciPy is not installed.

    Source: Curtis, Powell and Reid (1974); Gebremedhin, Manne and Pothen (2005), What color is your Jacobian?

    >>> import numpy as np, chainrule as cr
    >>> J = cr.sparse_jacobian(lambda x: x[1:] * x[:-1])
    >>> J(np.array([1.0, 2.0, 3.0, 4.0])).toarray()
    array([[2., 1., 0., 0.],
           [0., 3., 2., 0.],
           [0., 0., 4., 3.]])
    >>> J.forward, J.reverse
    (2, 0)
    """
    return SparseDerivative(as_function(f), argnums, pattern, symmetric=False)


def sparse_hessian(f: Callable[..., Any] | str, argnums: Argnums = 0, pattern: Any = None) -> SparseDerivative:
    """The Hessian of a scalar-valued function as a sparse matrix, from as many Hessian-vector products as colours.

    Args:
        f: an ordinary NumPy function; its value has shape ().
        argnums: which arguments to differentiate by; several are taken one behind the other.
        pattern: where the Hessian may have entries; by default found from the graph of the gradient.

    Returns:
        A function with f's arguments, whose result is a symmetric `scipy.sparse.csr_array`; otherwise as
        `sparse_jacobian`. Symmetry saves products: each entry is read from its row or its column.

    Raises:
        NotScalarError: f's value is not a scalar.
        DerivationError, LimitError, ShapeError, MissingExtraError: as `sparse_jacobian`.

    Source: Gebremedhin, Manne and Pothen (2005), section 4: star colouring.

    >>> import numpy as np, chainrule as cr
    >>> H = cr.sparse_hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2))
    >>> H(np.array([1.0, 2.0, 3.0])).toarray()
    array([[4., 2., 0.],
           [2., 6., 4.],
           [0., 4., 0.]])
    """
    return SparseDerivative(grad(f, argnums), argnums, pattern, symmetric=True)


class SparseDerivative:
    """A Jacobian or Hessian as a function that returns a sparse matrix; made by `sparse_jacobian`, `sparse_hessian`.

    Attributes:
        pattern: where the matrix may have entries; None before the first call, if it was not given.
        forward: how many tangents one matrix takes, 0 before the first call.
        reverse: how many cotangents one matrix takes.

    >>> import numpy as np, chainrule as cr
    >>> J = cr.sparse_jacobian(lambda x: np.append(x**2, np.sum(x)))
    >>> J(np.arange(3.0)).nnz, J.forward, J.reverse
    (6, 1, 1)
    """

    def __init__(self, f: Callable[..., Any], argnums: Argnums, pattern: Any, symmetric: bool) -> None:
        self._f, self._selection, self._symmetric = f, Selection(f, argnums), symmetric
        self._given: Pattern = None if pattern is None else _sorted(_read(pattern))
        self._layout: _Layout | None = None
        self.__name__ = f"sparse_{'hessian' if symmetric else 'jacobian'}_{function_name(f).removeprefix('grad_')}"

    @property
    def pattern(self) -> Pattern:
        return self._layout.pattern if self._layout else self._given

    @property
    def forward(self) -> int:
        return self._layout.plan.forward if self._layout else 0

    @property
    def reverse(self) -> int:
        return self._layout.plan.reverse if self._layout else 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        run = _Recorded(self._f, self._selection, args, kwargs)
        layout = self._layout_of(run)
        pattern, data = layout.pattern, layout.places.filled(run, layout.plan)
        matrix = scipy_sparse().csr_array((data, pattern.indices, pattern.indptr), shape=pattern.shape)
        self._compare(run, matrix, layout.plan)
        return matrix.copy()  # one that may be written into: its indices are those of the pattern

    def _layout_of(self, run: _Recorded) -> _Layout:
        """The layout of what f computes: that of the call before, if it computed the same."""
        kept = self._layout  # looked at once: another thread may be at other shapes
        key, shape = None if self._given is not None else run.skeleton(), (run.rows, run.columns)
        if kept is not None and kept.skeleton == key and kept.pattern.shape == shape:
            return kept
        pattern = run.pattern() if self._given is None else self._given
        if pattern.shape != shape:
            raise ShapeError(
                f"the pattern has shape {pattern.shape}, but the derivative has a row for each of {run.rows} "
                f"components of the value and a column for each of {run.columns} of the argument"
            )
        pattern = _sorted(pattern + pattern.T.tocsr() if self._symmetric else pattern)
        chosen = symmetric_plan(pattern) if self._symmetric else plan(pattern)
        self._layout = made = _Layout(key, pattern, chosen, _Places(pattern, chosen, self._symmetric))
        return made

    def _compare(self, run: _Recorded, matrix: Any, chosen: Plan) -> None:
        """Hold the matrix against one product with the derivative, which knows of no pattern."""
        reverse = bool(chosen.reverse and not chosen.forward)
        product = run.pulled if reverse else run.pushed
        v, other = np.random.default_rng(run.rows).standard_normal((2, run.rows if reverse else run.columns))
        want = product(v)
        tested = matrix.T if reverse else matrix
        with np.errstate(all="ignore"):
            found, size = tested @ v, abs(tested) @ abs(v)
            finite = np.isfinite(found) & np.isfinite(want)
            eps = float(np.finfo(want.dtype).eps)
            largest = np.max(size, where=np.isfinite(size), initial=0)
            # What cancels for each column alone leaves its rounding where they are summed.
            allowed = eps**0.5 * (size + largest / 1000) + eps * np.abs(v).max(initial=0)
            wrong = np.where(finite, abs(found - want) > allowed, np.isfinite(found) != np.isfinite(want))
            if wrong.any():
                # Where rounding is as large, the derivative along a sum is not the sum of those along its parts.
                apart = abs(product(v + other) - product(other) - want)
                wrong &= ~(apart > abs(found - want) / 1000)
        if wrong.any():
            i = int(np.argmax(wrong))
            line = "column" if reverse else "row"
            why = (
                "the pattern that was given lacks entries there\n  leave it out, and it is found from the function"
                if self._given is not None
                else "this is a defect of chainrule\n  use chainrule.jacobian, and report it"
            )
            raise DerivationError(
                f"{line} {i} of the sparse derivative of {function_name(self._f)} is wrong: its product with a random "
                f"vector is {found[i]:.6g}, but should be {want[i]:.6g}: {why}"
            )

    def __repr__(self) -> str:
        if self._layout is None:
            return f"<{self.__name__}>"
        rows, columns = self.pattern.shape
        return (
            f"<{self.__name__}: {rows} x {columns} with {self.pattern.nnz} entries "
            f"from {self.forward} tangents and {self.reverse} cotangents>"
        )


class _Recorded:
    """One call of a function, with its arguments and its value as vectors."""

    def __init__(self, f: Callable[..., Any], selection: Selection, args: Any, kwargs: Any) -> None:
        scipy_sparse()  # raises before anything is computed
        self.run = Run(f, selection, args, kwargs)
        for traced, path in zip(self.run.inputs, self.run.paths, strict=True):
            if type(traced.value) is Traced:
                raise TraceError(
                    "a sparse matrix cannot be traced, so it cannot be differentiated or mapped\n"
                    "  use chainrule.jacobian, or chainrule.jvp and vjp"
                )
            if traced.dtype.kind == "c":
                raise ArgumentError(
                    f"{path or 'the argument'} is complex: a sparse derivative is of real numbers\n"
                    "  take the real and the imaginary part as two arguments, or use chainrule.jacobian"
                )
        self.outputs = [output for _, output in flatten(self.run.result, "the value")[0]]
        self.plain = [np.asarray(self.run.plain(output)) for output in self.outputs]
        if any(value.dtype.kind == "c" for value in self.plain):
            raise ArgumentError("the value is complex: a sparse derivative is of real numbers; use chainrule.jacobian")
        if not self.plain or any(value.dtype.kind not in "fiub" for value in self.plain):
            raise ArgumentError(
                f"{function_name(f)} returned {self.run.result!r:.60}: expected an array or a container of arrays"
            )
        self.rows = sum(value.size for value in self.plain)
        self.columns = sum(traced.size for traced in self.run.inputs)
        self.dtype = np.result_type(*(value.dtype for value in self.plain), *(x.dtype for x in self.run.inputs))

    def skeleton(self) -> bytes:
        return skeleton(self.run.records, [self._record(output) for output in self.outputs])

    def _record(self, output: Any) -> Any:
        return output.record if self.run.owns(output) else None

    def pattern(self) -> Pattern:
        whole, start, inputs = identity(self.columns), 0, {}
        for traced, record in zip(self.run.inputs, self.run.input_records, strict=True):
            inputs[record] = whole if traced.size == self.columns else whole[start : start + traced.size]
            start += traced.size
        found = dependence(self.run.records, inputs, LIMITS.sparse_entries)
        parts = [
            found.get(self._record(output), empty(value.size, self.columns))
            for output, value in zip(self.outputs, self.plain, strict=True)
        ]
        return parts[0] if len(parts) == 1 else scipy_sparse().vstack(parts, format="csr")

    def pushed(self, tangents: Any) -> Any:
        """The derivative times a vector, or times each row of a matrix."""
        if not self.rows or not self.columns:
            return np.zeros((*tangents.shape[:-1], self.rows))
        shapes = [x.shape for x in self.run.inputs]

        def product(*leaves: Any) -> list[Any]:
            tangent_of = self.run.push(leaves)
            return [tangent_of(output) for output in self.outputs]

        return self._applied(product, tangents, shapes, [x.dtype for x in self.run.inputs])

    def pulled(self, cotangents: Any) -> Any:
        """The transpose of the derivative times a vector, or times each row of a matrix."""
        if not self.rows or not self.columns:
            return np.zeros((*cotangents.shape[:-1], self.columns))
        product = lambda *leaves: self.run.pull(list(zip(self.outputs, leaves, strict=True)))  # noqa: E731
        return self._applied(product, cotangents, [y.shape for y in self.plain], [y.dtype for y in self.plain])

    @staticmethod
    def _applied(product: Any, given: Any, shapes: list[tuple[int, ...]], dtypes: list[Any]) -> Any:
        ends = np.cumsum([0, *(int(np.prod(shape)) for shape in shapes)])
        lead = given.shape[:-1]
        parts = [
            given[..., start:end].reshape((*lead, *shape)).astype(dtype)[()]
            for start, end, shape, dtype in zip(ends[:-1], ends[1:], shapes, dtypes, strict=True)
        ]
        found = vmap(product)(*parts) if lead else product(*parts)
        return np.concatenate([np.asarray(part).reshape((*lead, -1)) for part in found], axis=-1)


class _Places:
    """For each entry of the pattern the product that holds it, and where."""

    def __init__(self, pattern: Pattern, chosen: Plan, symmetric: bool) -> None:
        rows, columns = np.repeat(np.arange(pattern.shape[0]), np.diff(pattern.indptr)), pattern.indices
        if symmetric:
            key = rows * np.intp(chosen.forward) + chosen.columns[columns]
            # An entry with another of its colour in the row is read from its twin.
            alone = np.bincount(key, minlength=1)[key] == 1
            self.colour = np.where(alone, chosen.columns[columns], chosen.columns[rows])
            self.position = np.where(alone, rows, columns)
            self.reverse = np.zeros(rows.size, bool)
            return
        by_row, by_column = chosen.rows[rows], chosen.columns[columns]
        self.reverse = by_row >= 0 if chosen.rows_first else by_column < 0
        self.colour = np.where(self.reverse, by_row, by_column)
        self.position = np.where(self.reverse, columns, rows)

    def filled(self, run: _Recorded, chosen: Plan) -> Any:
        data = np.zeros(self.colour.size, run.dtype)
        self._fill(data, ~self.reverse, chosen.columns, chosen.forward, run.pushed)
        self._fill(data, self.reverse, chosen.rows, chosen.reverse, run.pulled)
        return data

    def _fill(self, data: Any, mine: Any, colours: Indices, count: int, products: Callable[[Any], Any]) -> None:
        step = max(1, _BLOCK // max(1, colours.size))
        for start in range(0, count, step):
            block = np.arange(start, min(start + step, count))
            found = products((colours == block[:, None]).astype(np.float64))
            wanted = mine & (self.colour >= start) & (self.colour < start + step)
            data[wanted] = found[self.colour[wanted] - start, self.position[wanted]]


@dataclass(frozen=True, slots=True, eq=False)
class _Layout:
    """How one pattern is filled.

    Attributes:
        skeleton: what f computed where the pattern was found; None for one that was given.
        pattern: where there are entries.
        plan: the tangents and cotangents.
        places: in which product each entry stands.
    """

    skeleton: bytes | None
    pattern: Pattern
    plan: Plan
    places: _Places


def _read(pattern: Any) -> Pattern:
    """A pattern that the user gives: the stored entries of a sparse matrix, or what is not zero in a dense one."""
    sparse = scipy_sparse()
    if sparse.issparse(pattern):
        made = sparse.csr_array(pattern)
        return sparse.csr_array((np.ones(made.nnz, bool), made.indices, made.indptr), shape=made.shape)
    try:
        array = np.asarray(pattern)
        made = array.astype(bool)
    except (TypeError, ValueError):
        array = np.zeros(())
    if array.ndim != 2:
        raise ArgumentError(f"the pattern is {pattern!r:.60}: expected a sparse or dense matrix of two axes")
    return sparse.csr_array(made)


def _sorted(pattern: Pattern) -> Pattern:
    pattern.sum_duplicates()
    return pattern
