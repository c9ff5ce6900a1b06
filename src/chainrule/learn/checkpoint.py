"""A run kept in a folder, so that it goes on exactly where it was after its process was killed, at any moment.

What the folder holds:

    state-<steps>.npz   where the run stands, of the last two checkpoints: arrays, and a record in JSON
    history.f64         loss, gradient norm and learning rate of each step, three float64 a step
    iterates.bin        the iterates that are kept, each with the number of steps before it
    lock                held while a run uses the folder

A state is written beside its place and moved there once the disk has it, after what it says of the two other files is
on the disk: whichever state is there is whole. The other files only grow; what lies behind the length that a state
names is not part of it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import IO, Any, final

import numpy as np
from numpy.typing import NDArray

from chainrule.core.warning import warn
from chainrule.errors import ArgumentError, DataError
from chainrule.learn.ending import Ending, How
from chainrule.whole_files import write_whole

__all__ = ["Checkpoint", "Saved"]

FORMAT = 1
KEPT = 2  # states
STATE = re.compile(r"state-(\d{1,18})\.npz")
LEFT_BEHIND = re.compile(r"\.state-\d{1,18}\.npz\.[0-9a-f]{12}\.tmp")


@final
@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """Where a run stands.

    Attributes:
        done: how many steps were made.
        leaves: the parameter arrays.
        states: the optimizer's state of each.
        memories: what each criterion to stop remembers.
        history: loss, gradient norm and learning rate of each step, three columns; to be saved, of those steps only
            that are not on the disk.
        iterates: the kept iterates, each with the number of steps before it, in their order.
        stride: every how many steps one is kept.
        ending: how the run has ended; None while it goes on.
        final: the loss over all data and the norm of its gradient, of a run that has ended.
    """

    done: int
    leaves: Sequence[Any]
    states: Sequence[tuple[Any, ...]]
    memories: Sequence[tuple[float, ...]]
    history: NDArray[np.float64]
    iterates: Sequence[tuple[int, Sequence[Any]]]
    stride: int
    ending: Ending | None = None
    final: tuple[float, float] | None = None


@final
class Checkpoint:
    """The folder of one run, held while it is open.

    Raises:
        DataError: the folder cannot be made or used, or another process uses it.
    """

    def __init__(self, folder: str | os.PathLike[str], identity: Mapping[str, str]) -> None:
        try:
            self.folder = os.path.abspath(os.fsdecode(folder))
        except TypeError:
            self.folder = "\0"
        if "\0" in self.folder or not os.fspath(folder):
            raise ArgumentError(f"checkpoint is {folder!r:.60}, expected the name of a folder")
        self.name, self.identity = os.fsdecode(folder), dict(identity)
        self.history = _Growing(os.path.join(self.folder, "history.f64"))
        self.iterates = _Growing(os.path.join(self.folder, "iterates.bin"))
        with self._refusing("used for a checkpoint"):
            os.makedirs(self.folder, exist_ok=True)
            self._lock = open(os.path.join(self.folder, "lock"), "ab")  # noqa: SIM115  # closed by `close`
        if not _locked(self._lock):
            self._lock.close()
            raise DataError(f"{self.name} is in use by another run: wait for it, or give another folder")

    def close(self) -> None:
        """Let the folder go."""
        self._lock.close()

    def load(self, like: Sequence[Any]) -> Saved | None:
        """Where the run stands that the folder holds, None if it holds none; `like` are parameter arrays of its form.

        A file that is damaged is kept under another name, with a warning, and the state before it is taken.

        Raises:
            ArgumentError: the folder holds another run; the message names what is different.
            DataError: it cannot be read, or was written by a later version.
        """
        with self._refusing("read"):
            entries = os.listdir(self.folder)
            for entry in filter(LEFT_BEHIND.fullmatch, entries):
                os.unlink(os.path.join(self.folder, entry))
            found = sorted((int(match[1]) for match in map(STATE.fullmatch, entries) if match), reverse=True)
            for done in found:
                saved = self._load(done, like)
                if saved is not None:
                    return saved
            for file in (self.history, self.iterates):
                if os.path.exists(file.path):
                    self._set_aside(file.path)
                file.begin(0, 0, 0)
        return None

    def save(self, saved: Saved) -> None:
        """Put a state on the disk; raises `DataError` if it cannot be, and then the one before is still there."""
        with self._refusing("written to"):
            self.history.append(np.ascontiguousarray(saved.history, "<f8").tobytes(), saved.done)
            first = self.iterates.upto
            new = ((step, leaves) for step, leaves in saved.iterates if first <= step < saved.done)
            self.iterates.append(
                b"".join(np.int64(step).tobytes() + b"".join(map(_bytes, leaves)) for step, leaves in new), saved.done
            )
        record = {
            "format": FORMAT,
            "identity": self.identity,
            "done": saved.done,
            "memories": len(saved.memories),
            "history": self.history.counted[:2],
            "iterates": self.iterates.counted[:2],
            "stride": saved.stride,
            "ending": saved.ending and [saved.ending.how.value, saved.ending.said, saved.ending.what],
        }
        arrays = {f"leaf{i}": leaf for i, leaf in enumerate(saved.leaves)}
        arrays |= {f"state{i}_{j}": array for i, state in enumerate(saved.states) for j, array in enumerate(state)}
        # As arrays, which keep every bit, also of NaN.
        arrays |= {f"memory{i}": np.array(memory, float) for i, memory in enumerate(saved.memories)}
        arrays["final"] = np.array(saved.final or (), float)
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, record=np.frombuffer(json.dumps(record).encode(), np.uint8), **arrays)
        write_whole(self._path(saved.done), packed.getvalue())
        with self._refusing("written to"):
            older = sorted(int(match[1]) for match in map(STATE.fullmatch, os.listdir(self.folder)) if match)
            for done in [done for done in older if done < saved.done][: 1 - KEPT]:
                os.unlink(self._path(done))

    def _path(self, done: int) -> str:
        return os.path.join(self.folder, f"state-{done}.npz")

    def _load(self, done: int, like: Sequence[Any]) -> Saved | None:
        path = self._path(done)
        with open(path, "rb") as stream:
            packed = io.BytesIO(stream.read())
        try:
            with np.load(packed, allow_pickle=False) as arrays:
                held = {name: arrays[name] for name in arrays.files}
            record = json.loads(held.pop("record").tobytes())
            version = int(record["format"])
            theirs = {str(name): str(value) for name, value in record["identity"].items()}
        # Whatever NumPy, zipfile and json make of a file that is cut off or overwritten, it is damaged.
        except Exception as error:
            self._damaged(path, str(error).partition("\n")[0])
            return None
        if version > FORMAT:
            raise DataError(
                f"{path} has the format {version} of a later version of chainrule, and this one reads {FORMAT}: "
                "install the later one, or give another folder"
            )
        self._must_be_the_same(theirs)
        try:
            saved = self._restored(record, held, like)
        # The same, of a file whose arrays are whole and belong to nothing.
        except Exception as error:
            self._damaged(path, str(error).partition("\n")[0])
            return None
        return saved

    def _restored(self, record: Mapping[str, Any], held: Mapping[str, Any], like: Sequence[Any]) -> Saved:
        done = int(record["done"])
        leaves = [held[f"leaf{i}"][()] for i in range(len(like))]
        for leaf, model in zip(leaves, like, strict=True):
            if leaf.dtype != model.dtype or np.shape(leaf) != np.shape(model):
                raise DataError("its parameters have other shapes")
        states: list[list[Any]] = [[] for _ in leaves]
        for name in held:
            if name.startswith("state"):
                i, j = map(int, name.removeprefix("state").split("_"))
                states[i].insert(j, held[name][()])
        history = np.frombuffer(self.history.begin(*_counted(record["history"]), done), "<f8").reshape(done, 3)
        stride = int(record["stride"])
        iterates = dict(_iterates(self.iterates.begin(*_counted(record["iterates"]), done), like))
        return Saved(
            done=done,
            leaves=leaves,
            states=[tuple(state) for state in states],
            memories=[tuple(held[f"memory{i}"].tolist()) for i in range(int(record["memories"]))],
            history=history,
            iterates=[(step, iterates[step]) for step in sorted(iterates) if step % stride == 0],
            stride=stride,
            ending=_ending(record["ending"]),
            final=None if not held["final"].size else (float(held["final"][0]), float(held["final"][1])),
        )

    def _must_be_the_same(self, theirs: Mapping[str, str]) -> None:
        if theirs == self.identity:
            return
        differences = "; ".join(
            f"{name} is {theirs.get(name, 'not given'):.80} there and {self.identity.get(name, 'not given'):.80} here"
            for name in {**self.identity, **theirs}
            if theirs.get(name) != self.identity.get(name)
        )
        raise ArgumentError(
            f"{self.name} holds a checkpoint of another run: {differences}; give another folder, or delete this one"
        )

    def _damaged(self, path: str, why: str) -> None:
        aside = self._set_aside(path)
        warn(
            f"{os.path.join(self.name, os.path.basename(path))} is damaged ({why or 'unreadable'}); it is kept as "
            f"{os.path.basename(aside)}, and the run goes on from the checkpoint before it, or from the start"
        )

    def _set_aside(self, path: str) -> str:
        head, tail = os.path.split(path)
        number = 1
        while os.path.lexists(aside := os.path.join(head, f"damaged-{number}-{tail}")):
            number += 1
        os.rename(path, aside)
        return aside

    @contextlib.contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise DataError(f"{self.name} cannot be {what}: {error.strerror or error}") from error


@final
class _Growing:
    """A file that is appended to; of what it holds, as many bytes count as a state says, with their checksum.

    Attributes:
        counted: how many bytes count, their checksum, and up to which step they go: one object, which an interrupt
            finds whole.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.counted = (0, 0, 0)

    @property
    def upto(self) -> int:
        return self.counted[2]

    def begin(self, size: int, checksum: int, upto: int) -> bytes:
        """The bytes that count; raises `DataError` unless they are those that were written."""
        held = b""
        if size:
            with open(self.path, "rb") as stream:
                held = stream.read(size)
        if len(held) != size or zlib.crc32(held) != checksum:
            raise DataError(f"{os.path.basename(self.path)} does not hold what it should")
        self.counted = (size, checksum, upto)
        return held

    def append(self, raw: bytes, upto: int) -> None:
        """Write behind the bytes that count, and wait until the disk has it."""
        size, checksum, _ = self.counted
        if raw:
            with open(self.path, "r+b" if os.path.exists(self.path) else "w+b") as stream:
                # What lies behind is of a run that was killed between this file and its state.
                stream.truncate(size)
                stream.seek(size)
                stream.write(raw)
                stream.flush()
                os.fsync(stream.fileno())
        self.counted = (size + len(raw), zlib.crc32(raw, checksum), upto)


def _counted(pair: Sequence[Any]) -> tuple[int, int]:
    size, checksum = map(int, pair)
    return size, checksum


def _ending(stored: Sequence[str] | None) -> Ending | None:
    if stored is None:
        return None
    how, said, what = stored
    return Ending(How(how), said, what)


def _bytes(leaf: Any) -> bytes:
    return np.asarray(leaf).tobytes()


def _iterates(raw: bytes, like: Sequence[Any]) -> Iterator[tuple[int, list[Any]]]:
    place = 0
    while place < len(raw):
        step = int(np.frombuffer(raw, np.int64, 1, place)[0])
        place += 8
        leaves = []
        for leaf in like:
            array = np.frombuffer(raw, leaf.dtype, np.size(leaf), place).reshape(np.shape(leaf)).copy()
            leaves.append(array[()])
            place += array.nbytes
        yield step, leaves


def _locked(file: IO[bytes]) -> bool:
    """Hold a file for this process alone, which the system undoes when the process ends; True where it has no locks."""
    try:
        import fcntl
    except ImportError:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:  # a file system without locks
        return True
    return True
