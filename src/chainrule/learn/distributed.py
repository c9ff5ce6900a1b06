"""Rows that are spread over the workers of a Dask cluster: sums of parts are made where the parts are.

What is sent is a program, the parameters, and sums: never a function of the user's. Each part of the rows has a number,
and its sum a key of the step, so a part that two workers have summed counts once; sums are put together by a tree over
those numbers. So the result does not depend on which workers there are, nor on which of them are lost on the way.
"""

from __future__ import annotations

import importlib
import importlib.metadata
import itertools
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager
from typing import Any, final

from chainrule.errors import ArgumentError, ClusterError, DataError, MissingExtraError
from chainrule.kernels.machine import available, vector_bytes
from chainrule.kernels.running.threads import at_most
from chainrule.learn.batches import BLOCK, Block, Data, InMemory, Streamed, as_data
from chainrule.learn.by_rows import Call, RowProgram, added
from chainrule.learn.data.source import Source

__all__ = ["Spread", "spread_over"]

PARTS = 32  # of rows that would need fewer: enough for as many workers, and few tasks for a scheduler
LEAST, MOST = 2**20, 64 * 2**20  # bytes of a part, if the files allow it
TOGETHER = 8  # sums that one task puts together; a power of two, so that the tree is that of `added`
HELD = 0.4  # of the memory of all workers, up to which rows are kept there rather than read again at each step
COUNTED = 2**16  # rows of a block that is only counted
GRACE = 30.0  # seconds without any worker after which they count as lost
TRIES = 5  # of one sum whose data were lost with a worker


@contextmanager
def spread_over(cluster: Any, data: Any) -> Iterator[tuple[Data, Spread]]:
    """Rows on the workers of a cluster, and what this process knows of them.

    Args:
        cluster: the address of a scheduler, or a client of one, which stays open.
        data: what `descend` takes.

    Raises:
        ArgumentError: the cluster is none of these.
        ClusterError: no scheduler answers, or there are no workers, or they are not like this process.
        MissingExtraError: distributed is not installed.
    """
    client, own = _client(cluster)
    try:
        spread = Spread(client, data)
        try:
            yield spread.data, spread
        finally:
            spread.release()
    finally:
        if own:
            client.close()


def _client(cluster: Any) -> tuple[Any, bool]:
    try:
        distributed = importlib.import_module("distributed")
    except ImportError as error:
        way = 'pip install "chainrule[distributed]"'
        raise MissingExtraError(f"a cluster needs Dask's distributed, which is not installed: {way}") from error
    if isinstance(cluster, distributed.Client):
        if cluster.asynchronous:
            raise ArgumentError("cluster is an asynchronous client: pass one that was made with asynchronous=False")
        if cluster.status != "running":
            raise ClusterError(f"cluster is a client that is {cluster.status}, not connected")
        return cluster, False
    address = getattr(cluster, "scheduler_address", cluster)
    if not isinstance(address, str):
        raise ArgumentError(
            f'cluster is {cluster!r:.60}, expected the address of a scheduler such as "tcp://10.0.0.1:8786", a client '
            "of distributed, or None"
        )
    try:
        return distributed.Client(address, set_as_default=False, timeout=10), True
    except (OSError, ValueError, TimeoutError) as error:
        reason = f"{error}".partition("\n")[0] or type(error).__name__
        raise ClusterError(f"no scheduler answers at {address!r:.80}: {reason}") from error


@final
class Spread:
    """Rows on the workers of a cluster.

    Attributes:
        data: the same rows, as this process could read them.
    """

    def __init__(self, client: Any, data: Any) -> None:
        self._client, self._run, self._evaluations = client, uuid.uuid4().hex[:12], itertools.count()
        self._programs: dict[int, tuple[RowProgram, Any]] = {}
        self._kind = self._kind_of_all()
        source, width = _source(data)
        known = source.rows
        self._parts = _parts(source, width)
        self._size = max(1, int(BLOCK / width))
        self._held = known is not None and not isinstance(source, InMemory) and self._fits(known * width)
        self._blocks: list[Any] = []
        self._send()
        if known is None:
            counts = self._each(_counted, self._blocks, "count")
            known = sum(self._wait(count) for count in counts)
        if not known:
            raise ArgumentError("data has no rows")
        self.data: Data = source if isinstance(source, InMemory) else Streamed(source, width, known)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return self.data.rows

    @property
    def native(self) -> bool:
        """Whether the workers run the same machine code as this process."""
        return self._kind[1] > 0

    def totals(self, program: RowProgram, call: Call, section: int) -> Any:
        """The sums of a section over all rows, made by the workers."""
        for _ in range(TRIES):
            try:
                return self._wait(self._asked(program, call, section))
            except _LostError:
                # What this process had sent is gone with the last worker that had it.
                self._send()
        raise ClusterError(f"workers are lost faster than {len(self._parts)} parts of the rows can be summed")

    def release(self) -> None:
        """Let the workers forget the rows."""
        self._blocks, self._programs = [], {}

    def _asked(self, program: RowProgram, call: Call, section: int) -> Any:
        """The future of the sums of a section."""
        client = self._client
        name = f"{self._run}-{next(self._evaluations)}-{section}"
        # A task that returns what it was sent can be run again when its worker is lost, and scattered data cannot.
        # Workers get it from one another, as it is wanted.
        sent = self._put(Call(call.fixed, call.rows, call.finished), f"chainrule_at-{name}")
        of_program = self._program(program)
        found = client.map(
            _summed,
            self._blocks,
            program=of_program,
            call=sent,
            section=section,
            kind=self._kind,
            size=self._size,
            key=[f"chainrule_sum-{name}-{i}" for i in range(len(self._blocks))],
            pure=False,
        )
        level = 0
        while len(found) > 1:
            found = [
                client.submit(
                    _merged,
                    found[i : i + TOGETHER],
                    of_program,
                    section,
                    key=f"chainrule_merge-{name}-{level}-{i}",
                    pure=False,
                )
                for i in range(0, len(found), TOGETHER)
            ]
            level += 1
        return found[0]

    def _program(self, program: RowProgram) -> Any:
        """A program on the workers, which compile it when they first use it."""
        known = self._programs.get(id(program))
        if known is None or known[1].cancelled():
            known = program, self._put(program, f"chainrule_program-{self._run}-{next(self._evaluations)}")
            self._programs[id(program)] = known
        return known[1]

    def _send(self) -> None:
        """The parts to the workers, who read them at once if they can keep them."""
        self._programs = {}
        first = next(self._evaluations)
        parts = [self._put(part, f"chainrule_part-{self._run}-{first}-{i}") for i, part in enumerate(self._parts)]
        self._blocks = self._each(_read, parts, "rows", size=self._size) if self._held else parts

    def _put(self, value: Any, key: str) -> Any:
        """The future of a value that some worker has; it warns of none, however large it is."""
        with importlib.import_module("dask").config.set({"distributed.admin.large-graph-warning-threshold": "1TB"}):
            return self._client.submit(_as_it_is, value, key=key, pure=False)

    def _each(self, function: Any, over: Sequence[Any], name: str, **arguments: Any) -> list[Any]:
        first = next(self._evaluations)
        keys = [f"chainrule_{name}-{self._run}-{first}-{i}" for i in range(len(over))]
        found: list[Any] = self._client.map(function, over, key=keys, pure=False, **arguments)
        return found

    def _wait(self, future: Any) -> Any:
        """What a future comes to; raises `_LostError` where that can be known no more."""
        killed = importlib.import_module("distributed").KilledWorker
        alone_since: float | None = None
        while True:
            try:
                return future.result(timeout=1.0)
            except CancelledError:
                self._require_connection()
                raise _LostError from None
            except killed as error:
                raise ClusterError(
                    f"{error.allowed_failures + 1} workers ended while they had the same part of the rows: they may "
                    "have too little memory for it; see their logs"
                ) from error
            except TimeoutError:
                if future.status == "error":
                    raise
            self._require_connection()
            if self._client.nthreads():
                alone_since = None
            else:
                alone_since = alone_since or time.monotonic()
                if time.monotonic() - alone_since > GRACE:
                    raise ClusterError(f"all workers of {self._address} are lost, and none has come in {GRACE:.0f} s")

    def _require_connection(self) -> None:
        if self._client.status != "running":
            raise ClusterError(f"the connection to the scheduler at {self._address} is lost")

    @property
    def _address(self) -> str:
        return str(self._client.scheduler.address)

    def _kind_of_all(self) -> tuple[str, int]:
        """The version of chainrule, and the width of vectors where all compile kernels and have the same; else 0."""
        try:
            self._client.wait_for_workers(1, timeout=GRACE)
        except TimeoutError:
            none = f"the cluster at {self._address} has no workers, and none has come in {GRACE:.0f} s"
            raise ClusterError(none) from None
        mine = _kind()
        try:
            kinds = self._client.run(_kind)
        except Exception as error:
            reason = f"{error}".partition("\n")[0]
            raise ClusterError(
                f"a worker of {self._address} cannot use chainrule: {reason}; install chainrule {mine[0]} there"
            ) from error
        for worker, (version, _) in kinds.items():
            if version != mine[0]:
                raise ClusterError(
                    f"the worker {worker} has chainrule {version}, and this process has {mine[0]}: "
                    "install the same version"
                )
        same = all(kind == mine for kind in kinds.values())
        return mine if same else (mine[0], 0)

    def _fits(self, nbytes: float) -> bool:
        """Whether the workers can keep the rows in memory."""
        limits = self._client.run(_memory).values()
        return not all(limits) or nbytes <= HELD * sum(limits)


class _LostError(Exception):
    """Data that this process had sent are on no worker any more."""


def _source(data: Any) -> tuple[Any, float]:
    """Rows as a source or a block, and how many bytes a row has."""
    if not isinstance(data, Source):
        held = as_data(data)
        if not isinstance(held, InMemory):
            raise ArgumentError(
                "with cluster=, data is read by the workers: pass what cr.data.read returns, or arrays in memory"
            )
        return held, max(1.0, held.block.nbytes / held.rows)
    block = Block.of(next(data.blocks(64)))
    return data, max(1.0, block.nbytes / block.rows)


def _parts(source: Any, width: float) -> list[Any]:
    """The rows in parts, whose number depends on the rows and the files alone."""
    whole = MOST if source.rows is None else source.rows * width / PARTS
    size = int(min(max(whole, LEAST), MOST) / width) or 1
    if isinstance(source, InMemory):
        return [[source.block.take(slice(at, at + size))] for at in range(0, source.rows, size)]
    return list(source.parts(size))


# What runs on the workers.

_compiling = threading.Lock()


def _kind() -> tuple[str, int]:
    try:
        version = importlib.metadata.version("chainrule")
    except importlib.metadata.PackageNotFoundError:
        version = "that is not installed"
    return version, 0 if available() else vector_bytes()


def _memory(dask_worker: Any) -> int | None:
    limit: int | None = dask_worker.memory_manager.memory_limit
    return limit


def _as_it_is(value: Any) -> Any:
    return value


def _blocks_of(part: Source, size: int) -> Iterator[Block]:
    """The rows of a part; where it cannot be read, the message says on which worker."""
    try:
        yield from map(Block.of, part.blocks(size))
    except DataError as error:
        where = importlib.import_module("distributed").get_worker().address
        raise DataError(
            f"the worker {where}: {error}; every worker reads the files under the same path: {', '.join(part.paths)}"
        ) from error


def _read(part: Source, size: int) -> list[Block]:
    return list(_blocks_of(part, size))


def _counted(part: Source) -> int:
    return sum(block.rows for block in _blocks_of(part, COUNTED))


def _summed(
    rows: Source | list[Block], program: RowProgram, call: Call, section: int, kind: tuple[str, int], size: int
) -> Any:
    """The sums of a section over the rows of a part, on one thread: Dask runs a task on each of its own."""
    mine = _kind()
    if program.native and mine != kind:
        raise ClusterError(f"a worker that has come later is of another kind: {mine}, the first ones are {kind}")
    with at_most(1):
        with _compiling:
            if call.state is None:
                program.begin(call)
        return program.over(call, section, rows if isinstance(rows, list) else _blocks_of(rows, size))


def _merged(sums: Sequence[Any], program: RowProgram, section: int) -> Any:
    with _compiling:
        runner = program.runner
    return added(sums, lambda into, other: runner.merge(section, into, other))
