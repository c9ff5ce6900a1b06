"""Files that are written whole or not at all, whatever happens on the way."""

from __future__ import annotations

import os
import secrets
import shutil

from chainrule.errors import DataError

__all__ = ["write_whole"]


def write_whole(path: str | os.PathLike[str], content: str | bytes, *, durable: bool = True) -> None:
    """Write beside the file, and put the whole in its place once the disk has it.

    A process that is killed leaves the file as it was, or as it was to be. An existing file keeps its permissions; a
    link stays, and what it leads to is replaced; a pipe or a device takes what is written. Text becomes UTF-8.

    Args:
        path: of the file.
        content: all of it.
        durable: False does not wait for the disk: for what can be made again, and says by itself whether it is whole.

    Raises:
        DataError: it cannot be written: a directory, a full disk, a folder that is missing or read-only.
    """
    name = os.fsdecode(path)
    if os.path.isdir(path):
        raise DataError(f"{name} is a directory, expected a file to write to")
    target = os.path.realpath(path)
    raw = content.encode() if isinstance(content, str) else content
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(target, "wb") as stream:
                stream.write(raw)
            return
        beside = os.path.join(os.path.dirname(target), f".{os.path.basename(target)[:100]}.{secrets.token_hex(6)}.tmp")
        try:
            with open(beside, "xb") as stream:
                stream.write(raw)
                stream.flush()
                if durable:
                    os.fsync(stream.fileno())
            if os.path.exists(target):
                shutil.copymode(target, beside)
            os.replace(beside, target)
        except BaseException:
            if os.path.exists(beside):
                os.unlink(beside)
            raise
    except OSError as error:
        raise DataError(f"{name} cannot be written: {error.strerror or error}") from error
