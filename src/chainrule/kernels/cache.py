"""Compiled objects on disk, so that the next process need not compile them again.

What is found there runs in this process, so a folder or file that somebody else could have written is left alone, and
an object is used only if it is whole. Nothing that goes wrong here is an error: the module is compiled then.
"""

from __future__ import annotations

import hashlib
import itertools
import os
import stat
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import final

from chainrule.errors import DataError
from chainrule.whole_files import write_whole

__all__ = ["KEPT", "ObjectCache", "key_of", "object_cache"]

KEPT = 256 * 2**20  # bytes of all objects; the oldest give way to new ones
_MAGIC = b"chainrule object 1\n"
_DIGEST = 32
_HEADER = len(_MAGIC) + 2 * _DIGEST
_BETWEEN_SWEEPS = 64  # writes: a look at every file takes longer than a write
_ABANDONED = 3600.0  # seconds after which a half-written file has nobody to finish it
_USED_AGAIN = 86400.0  # seconds after which a use is entered as the file's time, which is its age


def key_of(*parts: str) -> bytes:
    """The name of an object: a digest of all that it was made from."""
    digest = hashlib.blake2b(digest_size=_DIGEST)
    for part in parts:
        raw = part.encode()
        digest.update(len(raw).to_bytes(8, "little"))
        digest.update(raw)
    return digest.digest()


def object_cache() -> ObjectCache:
    """The cache of this user: in CHAINRULE_CACHE_DIR, nowhere if that is empty or 0, else where caches are kept."""
    asked = os.environ.get("CHAINRULE_CACHE_DIR")
    if asked is None:
        return _at(_users())
    return _at("" if asked in ("", "0") else os.path.abspath(asked))


def _users() -> str:
    from platformdirs import user_cache_dir

    return user_cache_dir("chainrule", appauthor=False)


@cache
def _at(directory: str) -> ObjectCache:
    return ObjectCache(directory)


@final
@dataclass
class ObjectCache:
    """Objects in one folder, which may be shared by many processes.

    Attributes:
        directory: where; the objects lie in a folder of their own inside it. "" for nowhere.
        kept: how many bytes.
        note: why objects cannot be kept, as a sentence for the plan, or "".
    """

    directory: str
    kept: int = KEPT
    note: str = ""

    def __post_init__(self) -> None:
        self._writes = itertools.count()
        # Without a home the system's path begins with ~, and would be taken for a folder of that name.
        if self.directory and not os.path.isabs(self.directory):
            self.directory, self.note = "", "compiled code is not kept: there is no home folder"

    @property
    def folder(self) -> str:
        """Where the objects lie."""
        return os.path.join(self.directory, "kernels")

    def read(self, key: bytes) -> bytes | None:
        """The object of this key, or None if it is not there, not whole, or could be somebody else's."""
        if not self.directory:
            return None
        path = self._path(key)
        try:
            if not _is_ours(os.lstat(self.folder), directory=True):
                return None
            with open(path, "rb", opener=_open_here) as stream:
                status = os.fstat(stream.fileno())
                if not _is_ours(status, directory=False):
                    return None
                raw = stream.read()
            if time.time() - status.st_mtime > _USED_AGAIN:
                os.utime(path)
        except OSError:
            return None
        return _unpacked(raw, key)

    def write(self, key: bytes, image: bytes) -> None:
        """Keep an object; where that cannot be done, `note` says why."""
        if not self.directory:
            return
        try:
            os.makedirs(self.directory, exist_ok=True)
            if not os.path.lexists(self.folder):
                os.mkdir(self.folder, 0o700)
        except FileExistsError:
            pass  # another process was first
        except OSError as error:
            self.note = f"compiled code is not kept: {self.folder} cannot be made: {error.strerror or error}"
            return
        try:
            if not _is_ours(os.lstat(self.folder), directory=True):
                self.note = f"compiled code is not kept: others can write to {self.folder}"
                return
            if next(self._writes) % _BETWEEN_SWEEPS == 0:
                self._sweep(room=len(image))
            write_whole(self._path(key), _packed(image, key), durable=False)
        except (OSError, DataError) as error:
            self.note = f"compiled code is not kept: {error}"
            return
        self.note = ""

    def _path(self, key: bytes) -> str:
        return os.path.join(self.folder, f"{key.hex()}.o")

    def _sweep(self, room: int) -> None:
        """Remove what was used longest ago until the rest and the new object fit, and what a killed process left."""
        now = time.time()
        found: list[tuple[float, int, str]] = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                status = entry.stat(follow_symlinks=False)
                if entry.name.endswith(".o"):
                    found.append((status.st_mtime, status.st_size, entry.path))
                elif entry.name.endswith(".tmp") and now - status.st_mtime > _ABANDONED:
                    _remove(entry.path)
        total = room + sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= self.kept:
                break
            _remove(path)
            total -= size


def _remove(path: str) -> None:
    # Another process may have been first, or have it open on a system that minds.
    with suppress(OSError):
        os.unlink(path)


def _open_here(path: str, flags: int) -> int:
    # A link or a pipe that stands in its place is neither followed nor waited for.
    return os.open(path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))


def _is_ours(status: os.stat_result, *, directory: bool) -> bool:
    """Whether nobody else can have written there. Windows keeps caches in the user's profile, and has no such modes."""
    if not (stat.S_ISDIR(status.st_mode) if directory else stat.S_ISREG(status.st_mode)):
        return False
    if not hasattr(os, "geteuid"):
        return True
    writable_by_others = directory and status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    return status.st_uid == os.geteuid() and not writable_by_others


def _packed(image: bytes, key: bytes) -> bytes:
    return _MAGIC + key + _digest(image, key) + image


def _unpacked(raw: bytes, key: bytes) -> bytes | None:
    image = raw[_HEADER:]
    return image if image and raw[:_HEADER] == _MAGIC + key + _digest(image, key) else None


def _digest(image: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(image, digest_size=_DIGEST, key=key).digest()
