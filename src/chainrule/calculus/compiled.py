"""Compiled functions: traced once for each kind of arguments, then run as kernels or as emitted source."""

from __future__ import annotations

import dataclasses
import functools
import sys
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MethodType
from typing import Any

import numpy as np

from chainrule.calculus.argument_kinds import NotCompilableError, description, is_input, kind_of_call, without_lengths
from chainrule.calculus.arguments import function_name
from chainrule.calculus.branch import Branch, KernelRefusedError, branch
from chainrule.calculus.functions import as_function
from chainrule.calculus.recording import Recorded, parameter_names, record
from chainrule.calculus.ways_in import WayIn, for_floats, no_way, tried_in_turn
from chainrule.errors import DegeneracyError, GuardError, SourceError, TraceError
from chainrule.kernels.cache import object_cache
from chainrule.passes.guards import watched
from chainrule.passes.simplify import simplify_to_run

__all__ = ["WORTHWHILE", "Compiled", "compile"]

WORTHWHILE = 200_000  # component operations of a call that repays a kernel within a short descent
_KINDS = 64  # of arguments, remembered for one function
_BRANCHES = 8  # remembered for one kind of arguments
_WAYS = 4  # in, tried one after the other
_OFTEN = 300  # calls with floats that take longer than a kernel for them takes to compile
_NARROW = ("float16", "float32", "complex64")


def compile(f: Callable[..., Any] | str) -> Compiled:
    """The same function, faster: its operations are recorded once and then run as machine code.

    Functions of arrays run as kernels: loops over vectors, on all cores, through the data in blocks that stay in the
    cache. Where there can be no kernel they run as NumPy code; functions of numbers run as plain Python, and as kernels
    when they are called often. Results are the function's, to rounding, and so are errors; a kernel does not warn.
    `plan` shows what runs. It composes with all of the library: `compile(grad(f))`, and `grad(compile(f))`.

    Compiled anew is what has not been seen: other shapes, dtypes, containers, or another branch that Python takes on
    a value. Python's ints, strings, functions and the like are part of the kind of arguments too: pass a number that
    varies as a float or an array. With an object that may change, f is called as it is. What the function finds around
    it (globals, closures), random numbers and printing included, is captured when it is compiled: pass what changes as
    an argument.

    Args:
        f: an ordinary NumPy function, or a formula.

    Returns:
        A function with the same arguments and results; numbers come back as NumPy's. Where f cannot be traced, it
        is called as it is; `plan` says so.

    >>> import numpy as np
    >>> from chainrule.calculus.gradients import grad
    >>> slope = compile(grad(lambda x: x**2 * np.exp(x)))
    >>> slope(1.0)
    np.float64(8.154845485377136)
    >>> print(slope.plan())
    grad_f
      x: float -> plain Python
    """
    return Compiled(as_function(f))


@dataclass(slots=True)
class _Family:
    """What is known about one kind of arguments."""

    text: str
    loose: Hashable = None  # the kind of arguments without their lengths
    branches: list[Branch] = field(default_factory=list)
    reason: str = ""  # why the function is called as it is
    calls: int = 0  # as far as they have to be counted

    def waits(self, patience: int, leaves: Sequence[Any]) -> bool:
        """Whether calls with arrays are too few so far to compile for them; to be asked at each."""
        if self.calls < patience and any(type(leaf) is np.ndarray for leaf in leaves):
            self.calls += 1
            return True
        return False


class Compiled:
    """A function that runs as a kernel or as emitted source; made by `compile`.

    Attributes:
        smallest: a call that has fewer component operations is not worth compiling a kernel for; 0 where all are.
        kept: what is made of the function elsewhere and lives as long as it, by the maker's name.
    """

    def __init__(self, f: Callable[..., Any], smallest: float = 0, patience: int = 0) -> None:
        functools.update_wrapper(self, f)
        self._function = f
        self._families: dict[Hashable, _Family] = {}
        self._refused: dict[type, _Family] = {}  # arguments that are called as they are, by the type that is why
        self._weak: set[Hashable] = set()  # kinds of arguments where a Python float must stay one
        self._way_in: WayIn = no_way
        self._ways: list[WayIn] = []
        self.smallest = smallest
        self.kept: dict[str, Any] = {}
        self._patience = patience  # calls of one kind with arrays that are not worth compiling for
        self._lock = threading.Lock()

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> Any:
        # A decorated function is found by its name; what was compiled is compiled, or read from the disk, again.
        named = getattr(self, "__qualname__", "")
        found: Any = sys.modules.get(self.__module__)
        for name in named.split("."):
            found = getattr(found, name, None)
        return named if found is self else (Compiled, (self._function, self.smallest, self._patience))

    def __repr__(self) -> str:
        return f"<compiled {function_name(self._function)}>"

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            found = self._way_in(*args)
            if found is not NotImplemented:
                return found
        return self._call(args, kwargs)

    def in_short(self, *args: Any) -> Any:
        """What the shortest way in gives, or NotImplemented."""
        return self._way_in(*args)

    def alike(self, f: Callable[..., Any]) -> Compiled:
        """Another function, compiled as this one is."""
        return Compiled(f, self.smallest, self._patience)

    def source(self, *args: Any, **kwargs: Any) -> str:
        """What runs for these arguments, as a stand-alone text in Python; "" if the function is called as it is.

        >>> print(compile(lambda x: 3 * x).source(1.0))
        import math
        <BLANKLINE>
        <BLANKLINE>
        def f(x):
            return 3 * x
        <BLANKLINE>
        """
        found = self._branch(args, kwargs)
        return "" if found is None else found.emitted.source()

    def llvm(self, *args: Any, **kwargs: Any) -> str:
        """The LLVM IR of the kernel that runs for these arguments; "" if none does.

        Without arguments: of the kernel that was compiled last.
        """
        if args or kwargs:
            branches = [self._branch(args, kwargs)]
        else:
            branches = [branch for family in reversed(self._families.values()) for branch in family.branches]
        kernels = [branch.kernel.llvm() for branch in branches if branch is not None and branch.kernel is not None]
        return kernels[0] if kernels else ""

    def plan(self) -> str:
        """What it was compiled for so far: a line for each kind of arguments, and what each kernel does."""
        lines = [function_name(self._function)]
        for family in [*self._families.values(), *self._refused.values()]:
            if family.reason:
                lines.append(f"  {family.text} -> called as it is: {family.reason}")
                continue
            for found in family.branches:
                guards = len(found.recorded.graph.guards)
                decisions = f", for one branch of {guards} decision{'s' * (guards > 1)}" if guards else ""
                note = f" ({found.note})" if found.note else ""
                lines.append(f"  {family.text} -> {found.language}{decisions}{note}")
                if found.kernel is not None:
                    lines += [f"    {line}" for line in found.kernel.described().splitlines()[1:]]
        branches = [found for family in self._families.values() for found in family.branches]
        if (note := object_cache().note) and any(found.kernel is not None for found in branches):
            lines.append(f"  {note}")
        return "\n".join(lines if len(lines) > 1 else [*lines, "  not called yet"])

    def _call(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        family, leaves = self._family(args, kwargs)
        if family is None or family.reason or family.waits(self._patience, leaves):
            return self._function(*args, **kwargs)
        known_before = len(family.branches)
        for known in family.branches[:known_before]:
            try:
                return known(leaves)
            except GuardError:
                continue
            # What is degenerate for the code may not be for the function, which says more.
            except (np.linalg.LinAlgError, KernelRefusedError):
                return self._function(*args, **kwargs)
        if len(family.branches) >= _BRANCHES:
            family.reason = f"it takes more than {_BRANCHES} different branches"
            return self._function(*args, **kwargs)
        failure: Exception
        try:
            recorded = self._record(args, kwargs)
        except DegeneracyError:  # true of these values, and of other ones perhaps not
            return self._function(*args, **kwargs)
        except Exception as error:  # the function's own error, or one of tracing: calling it tells which
            failure = error
        else:
            if recorded is None:
                return self._call(args, kwargs)
            try:
                made = branch(recorded, self.smallest, self._similar(family))
            except SourceError as error:
                failure = error
            else:
                with self._lock:
                    first = len(family.branches) == known_before  # else another thread may have made the same branch
                    if first:
                        family.branches.append(made)
                if first:
                    self._remember_way_in(made, args, kwargs)
                return self._call(args, kwargs)
        result = self._function(*args, **kwargs)
        family.reason = _reason(failure)
        return result

    def _family(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[_Family | None, list[Any]]:
        """What is known about arguments of this kind, and their arrays; None where the function is to be called."""
        if watched():  # kinks and NaN are watched on the tape of an uncompiled run
            return None, []
        leaves: list[Any] = []
        try:
            key = kind_of_call(args, kwargs, leaves, False)
            if key in self._weak:
                key = kind_of_call(args, kwargs, leaves := [], True)
            family = self._families.get(key)
        except NotCompilableError as refused:
            if refused.kind is not None and refused.kind not in self._refused and len(self._refused) < _KINDS:
                self._refused[refused.kind] = _Family(self._describe(args, kwargs), reason=refused.reason)
            return None, []
        except (TypeError, RecursionError):
            return None, []
        if family is None:
            family = _Family(self._describe(args, kwargs), without_lengths(key))
            with self._lock:
                if len(self._families) >= _KINDS:
                    del self._families[next(iter(self._families))]
                family = self._families.setdefault(key, family)
        return family, leaves

    def _record(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Recorded | None:
        """The call as a graph; None where these arguments turn out to be of another kind."""
        key = kind_of_call(args, kwargs, [], False)
        weak = key in self._weak

        def as_input(leaf: Any, place: int | str, path: str) -> Any:
            if not is_input(leaf, weak):
                return None
            if type(leaf) is float:
                return np.float64(leaf)
            return leaf.view(np.ndarray) if type(leaf) is np.memmap else leaf

        with np.errstate(all="ignore"):  # what runs afterwards says what goes wrong
            recorded = record(self._function, args, kwargs, as_input)
        if recorded.left:
            raise TraceError("it looks at plain values (chainrule.value, or a text of them), which differ at each call")
        if not weak and any(str(node.dtype) in _NARROW for node in recorded.graph.nodes):
            leaves: list[Any] = []
            kind_of_call(args, kwargs, leaves, False)
            if any(type(leaf) is float for leaf in leaves):
                # Beside float32 a Python float keeps float32, which a float64 input would not.
                with self._lock:
                    self._weak.add(key)
                    self._families.pop(key, None)
                return None
        return dataclasses.replace(recorded, graph=simplify_to_run(recorded.graph)[0])

    def _similar(self, family: _Family) -> list[Branch]:
        """What runs for arguments that differ in lengths alone."""
        with self._lock:
            alike = [other for other in self._families.values() if other.loose == family.loose]
        return [found for other in alike if other is not family for found in other.branches]

    def _branch(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Branch | None:
        """The branch that runs for these arguments; None if the function is called as it is."""
        self(*args, **kwargs)
        family, leaves = self._family(args, kwargs)
        for found in [] if family is None or family.reason else family.branches:
            try:
                found(leaves)
            except GuardError:
                continue
            except KernelRefusedError:
                return None
            return found
        return None

    def _remember_way_in(self, made: Branch, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """For floats, and for small arrays: without a look at what the arguments are."""
        # A float that had to stay Python's is no input: another call with fewer arguments is another call.
        inputs = len(made.recorded.graph.inputs)
        if kwargs or inputs != len(args) or not all(is_input(x, False) for x in args):
            return
        run = made.quick()
        if run is not None and all(type(x) is float for x in args):
            plain: WayIn = for_floats(run, len(args), _OFTEN, lambda: self._compile_for_floats(made, plain))
            self._enter(plain)
        elif (way := made.way_in()) is not None:
            self._enter(way)

    def _compile_for_floats(self, made: Branch, plain: WayIn) -> None:
        """Let machine code do what plain Python did, since it is asked for so often."""
        if made.compile() and (way := made.way_in()) is not None:
            self._enter(way, plain)

    def _enter(self, way: WayIn, instead_of: WayIn | None = None) -> None:
        with self._lock:
            self._ways = [way, *(other for other in self._ways if other is not instead_of)][:_WAYS]
            self._way_in = tried_in_turn(self._ways)

    def _describe(self, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> str:
        named = [*zip(parameter_names(self._function, len(args)), args, strict=True), *kwargs.items()]
        return ", ".join(f"{name}: {description(value)}" for name, value in named) or "no arguments"


def _reason(failure: Exception) -> str:
    """What went wrong, with the line of the user's where it did."""
    said, *more = str(failure).split("\n")
    where, line = [part.strip() for part in [*more, "", ""][:2]]
    return f"{said} ({where}: {line})" if where.startswith("in ") else said
